"""A selection from its candidates to its decision: what an organiser does with a score board.

Belongs here: candidates, close, decision. Does not belong here: the published rule
(`actions.score_rules`), the panel and its sheets (`actions.sheets`), points (`domain.scoring`). May
call domain and storage. Every step goes into the chain of the selection's forum.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlmodel import Session

from townhall import __version__
from townhall.domain import selections as rules
from townhall.domain import text
from townhall.domain.audience import Actor, require
from townhall.domain.errors import Refused
from townhall.domain.questions import COUNTED
from townhall.domain.selections import Candidate, Outlook
from townhall.hall import Change, Hall
from townhall.storage import selections as stored
from townhall.storage.schema import Question, Selection

T = TypeVar("T")
Decide = Callable[[Session, Selection, int], Change[T]]

SCORE = frozenset({"score"})
SEED_LIMIT = 64


@dataclass(frozen=True)
class NewSelection:
    """What a selection starts from; a candidate is a title, or the id of a proposal."""

    title: str
    candidates: tuple[str | int, ...]
    forum: int | None = None
    board: int | None = None


async def create(hall: Hall, actor: Actor, new: NewSelection) -> int:
    """A new selection with the default rule: its id.

    Refuses `selection_exists` when its forum, or without one its title, has an open one already,
    `proposal_unknown` (number), and what `domain.selections.line_up` does.
    """
    require(actor, "selection.manage")
    title = text.clean(new.title, rules.TITLE_LIMIT, field="title")

    def decide(session: Session, now: int) -> Change[int]:
        for other in stored.open_ones(session):
            same_title = text.fold(other.title) == text.fold(title)
            if other.forum_id == new.forum and (new.forum is not None or same_title):
                raise Refused("selection_exists", title=other.title)
        found = _candidates(session, new.candidates)
        row = Selection(
            forum_id=new.forum, board_id=new.board, title=title, rule=rules.default_rule(1, 5)
        )
        made = stored.add(session, row, [(c.letter, c.title, c.proposal) for c in found])
        body = {"selection": made, "rule": row.rule, "candidates": [c.title for c in found]}
        return Change(made, SCORE, ("selection_created", body))

    return await hall.change(new.forum, decide)


async def change_one(hall: Hall, actor: Actor, selection: int, decide: Decide[T]) -> T:
    """Run a change of one selection by an organiser, in the line of its forum.

    Refuses `not_found`, `sign_in`, `not_allowed`.
    """
    require(actor, "selection.manage")
    forum = await hall.read(stored.forum_of, selection)

    def locked(session: Session, now: int) -> Change[T]:
        return decide(session, stored.get(session, selection, lock=True), now)

    return await hall.change(forum, locked)


def require_open(row: Selection) -> None:
    """Refuse `selection_closed` once the score is sealed."""
    if row.state != "open":
        raise Refused("selection_closed")


async def recast(hall: Hall, actor: Actor, selection: int, candidates: Sequence[str | int]) -> None:
    """Put other candidates in; may be repeated until the rule is locked.

    Refuses `selection_locked`, `round_mismatch` when a bound question asks about others, and what
    `create` refuses of candidates.
    """

    def change(session: Session, row: Selection, now: int) -> Change[None]:
        if row.state != "open" or stored.locked_at(row, now) is not None:
            raise Refused("selection_locked")
        found = _candidates(session, candidates)
        check_rounds(stored.rounds(session, row), row, found)
        stored.replace_candidates(session, selection, found)
        body = {"selection": selection, "candidates": [c.title for c in found]}
        return Change(None, SCORE, ("selection_candidates", body))

    await change_one(hall, actor, selection, change)


def _candidates(session: Session, wanted: Sequence[str | int]) -> tuple[Candidate, ...]:
    named = stored.proposals_named(session, [each for each in wanted if isinstance(each, int)])
    found: list[tuple[str, int | None]] = []
    for each in wanted:
        if isinstance(each, str):
            found.append((each, None))
        elif each in named:
            found.append((text.excerpt(named[each][0], rules.TITLE_LIMIT), each))
        else:
            raise Refused("proposal_unknown", number=each)
    return rules.line_up(found)


def check_rounds(
    bound: Sequence[Question], row: Selection, candidates: Sequence[Candidate]
) -> None:
    """Refuse `round_mismatch` (field) unless both rounds score these very candidates on one scale,
    in this forum."""
    for question in bound:
        field = "first" if question.id == row.first_question_id else "final"
        fits = question.kind == "score" and question.forum_id == row.forum_id
        options = [(option["id"], option["title"]) for option in question.options]
        if not fits or not rules.matches(candidates, options):
            raise Refused("round_mismatch", field=field)
        if scale_of(question) != scale_of(bound[-1]):
            raise Refused("round_mismatch", field=field)


def follow(session: Session, question: Question, now: int) -> None:
    """A draft whose votes go into a score was edited: candidates and scale of the score follow.

    Each candidate keeps its proposal. Refuses `selection_locked` once the rule is, and
    `question_scored` when it asks for no scores or the other round asks something else.
    """
    assert question.id is not None
    for row in stored.bound_to(session, question.id):
        assert row.id is not None
        before = stored.lined_up(session, row.id)
        titles = [option["title"] for option in question.options]
        origins = rules.carried([(each.title, each.proposal) for each in before], titles)
        found = rules.line_up(list(zip(titles, origins, strict=True)))
        try:
            check_rounds(stored.rounds(session, row), row, found)
        except Refused:
            raise Refused("question_scored") from None
        low, high = scale_of(question)
        live = {**row.rule["live"], "score_min": low, "score_max": high}
        if list(found) == list(before) and live == row.rule["live"]:
            continue
        if row.state != "open" or stored.locked_at(row, now) is not None:
            raise Refused("selection_locked")
        stored.replace_candidates(session, row.id, found)
        row.rule = {**row.rule, "live": live}
        session.add(row)


def scale_of(question: Question) -> tuple[int, int]:
    """The lowest and highest score of a score question."""
    return question.config.get("min", 1), question.config.get("max", 5)


async def close(
    hall: Hall,
    actor: Actor,
    selection: int,
    *,
    exception: str = "",
    revote: Mapping[str, int] | None = None,
    lot_seed: str = "",
) -> str:
    """Seal the score: the digest of the snapshot. Closing again changes nothing.

    Below the quorum it needs a written `exception`; on a tie for the first place the votes of the
    panel's `revote` among the tied, and if they are equal the `lot_seed` drawn in public. Refuses
    `live_missing`, `live_open`, `live_asked_again` (a bound round was reopened: bind the new one),
    `sympathy_running`, `quorum_missing` (letters, quorum), `tie` (letters), `no_tie`,
    `revote_invalid`.
    """

    def change(session: Session, row: Selection, now: int) -> Change[str]:
        if row.state != "open":
            return Change(row.digest or "")
        _require_inputs(session, row, now)
        document = stored.document(session, row)
        found = rules.outlook(document)
        why = text.clean(
            exception, rules.REASON_LIMIT, lines=True, required=False, field="exception"
        )
        if found.short and not why:
            letters = ", ".join(found.short)
            raise Refused("quorum_missing", field="exception", letters=letters, quorum=found.quorum)
        document = _parted(document, found, revote, lot_seed)
        shut = [question.closed_at or 0 for question in stored.counted_rounds(session, row)]
        row.state, row.closed_at = "closed", max(now, *shut) if shut else now
        row.exception = why if found.short else None
        at = datetime.fromtimestamp(row.closed_at / 1000, UTC).isoformat(timespec="milliseconds")
        document["closing"] = {
            "code": f"townhall {__version__}",
            "closed_at": at,
            "exception": row.exception,
        }
        stored.lock(session, row, stored.locked_at(row, now) or now)
        stored.seal(session, row, document)
        assert row.digest is not None
        first, final = stored.scored_rounds(session, row)
        body = {
            "selection": selection,
            "digest": row.digest,
            "exception": row.exception,
            "rule": row.rule_hash,
            "first": first,
            "final": final,
        }
        return Change(row.digest, SCORE, ("selection_closed", body))

    return await change_one(hall, actor, selection, change)


def _require_inputs(session: Session, row: Selection, now: int) -> None:
    """Every source is complete: the live vote counted, the window of sympathies over."""
    rounds = stored.rounds(session, row)
    final = next((each for each in rounds if each.id == row.final_question_id), None)
    if final is None and rules.weighs(row.rule, "live"):
        raise Refused("live_missing")
    for question in rounds:
        running = question.state in ("open", "closing")
        if running or (question is final and question.state not in COUNTED):
            raise Refused("live_open", title=question.title)
    again = stored.asked_again(session, rounds)
    if again is not None:
        raise Refused("live_asked_again", title=again.title)
    if row.sympathy_until is not None and now < row.sympathy_until:
        raise Refused("sympathy_running")


def _parted(
    document: dict[str, Any], found: Outlook, revote: Mapping[str, int] | None, lot_seed: str
) -> dict[str, Any]:
    """The document with what parts a tie, or a refusal that names what is missing."""
    seed = text.clean(lot_seed, SEED_LIMIT, required=False, field="lot_seed")
    if not found.tied:
        if revote or seed:
            raise Refused("no_tie")
        return document
    if revote:
        seats = document["rule"]["panel"]["seats"]
        counts = revote.values()
        if revote.keys() != set(found.leaders) or min(counts) < 0 or sum(counts) > seats:
            raise Refused("revote_invalid", letters=", ".join(found.leaders), seats=seats)
        document = {**document, "revote": dict(revote)}
    if seed:
        document = {**document, "rule": {**document["rule"], "lot_seed": seed}}
    left = rules.outlook(document)
    if left.tied:
        raise Refused("tie", letters=", ".join(left.leaders), leaders=left.leaders)
    return document


async def decide(
    hall: Hall, actor: Actor, selection: int, *, decision: str, candidate: str, reason: str
) -> None:
    """Write down that the panel confirms the score or departs from it, whom it chose and why.

    May be repeated with the same words. Refuses `selection_open`, `score_hidden` while the result
    is not public, `decision_mismatch` (field) when the choice is not the first (confirms) or is
    the first (departs), `already_decided`, `text_empty`.
    """

    def change(session: Session, row: Selection, now: int) -> Change[None]:
        why = text.clean(reason, rules.REASON_LIMIT, lines=True, field="reason")
        wanted = (decision, candidate, why)
        if row.state == "decided":
            if wanted == (row.decision, row.decided_candidate, row.reason):
                return Change(None)
            raise Refused("already_decided")
        if row.snapshot is None:
            raise Refused("selection_open")
        shown = [(each.state, each.results) for each in stored.counted_rounds(session, row)]
        if not rules.figures_visible("public", row.state, shown):
            raise Refused("score_hidden")
        _check_choice(row.snapshot, decision, candidate)
        row.state, row.decided_at = "decided", now
        row.decision, row.decided_candidate, row.reason = wanted
        session.add(row)
        body = {"selection": selection, "decision": decision, "candidate": candidate, "reason": why}
        return Change(None, SCORE, ("selection_decided", body))

    await change_one(hall, actor, selection, change)


def _check_choice(snapshot: str, decision: str, candidate: str) -> None:
    document = json.loads(snapshot)
    leaders = rules.outlook(document).leaders
    known = [each["id"] for each in document["candidates"]]
    fits = {"confirms": candidate in leaders, "departs": candidate not in leaders}
    if decision not in fits or candidate not in known:
        raise Refused("choice_wrong", field="candidate")
    if not fits[decision]:
        raise Refused("decision_mismatch", field="candidate", first=", ".join(leaders))
