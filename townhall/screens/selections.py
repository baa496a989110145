"""The score board of a selection: the slice, the page, the export, the panelist's sheet.

The one place that decides who may see figures. They are computed from the sealed snapshot alone,
so page, stage, export and `townhall score` show the same. Does not belong here: points
(`domain.scoring`) and what is stored (`storage.selections`).
"""

from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlmodel import Session

from townhall.domain import scoring
from townhall.domain import selections as rules
from townhall.domain.audience import Audience
from townhall.domain.errors import Refused
from townhall.storage import boards, forums, proposals, questions
from townhall.storage import selections as stored
from townhall.storage.schema import Board, Forum, Question, Selection
from townhall.storage.selections import Member

Facts = dict[str, Any]
SCORED_LATELY = 16
WEEK_MS = 7 * 86_400_000


def score(session: Session, forum_id: int, audience: Audience, table: int | None) -> Facts | None:
    """The selection that a forum's votes go into; figures once this audience may see them."""
    row = stored.of_forum(session, forum_id)
    if row is None or row.id is None:
        return None
    result = figures(session, row, audience)
    return {
        "selection": row.id,
        "state": row.state,
        "title": row.title,
        "candidates": [{"id": c.letter, "title": c.title} for c in _candidates(session, row)],
        "weights": _weights(row),
        "inputs": inputs(session, row, _latest(session, row)),
        "result": result,
        "rounded": rounded(result),
        "decision": _decision(session, row) if result else None,
    }


def figures(session: Session, row: Selection, audience: Audience) -> Facts | None:
    """The whole result out of the snapshot, or nothing while a vote in it is still hidden."""
    shown = [(each.state, each.results) for each in stored.counted_rounds(session, row)]
    if row.snapshot is None or not rules.figures_visible(audience, row.state, shown):
        return None
    return _scored(row.snapshot)


@lru_cache(maxsize=SCORED_LATELY)
def _scored(snapshot: str) -> Facts:
    """A sealed score never changes, so it is computed once a process."""
    return scoring.to_json(scoring.compute(scoring.parse(scoring.read(snapshot))))


def rounded(result: Facts | None) -> bool:
    """Whether the parts that a screen shows of some candidate do not add up to the total shown."""
    lines = result["candidates"] if result else ()
    return any(
        sum(Decimal(line[source]["display"]) for source in scoring.SOURCES)
        != Decimal(line["total"]["display"])
        for line in lines
    )


def inputs(session: Session, row: Selection, moment: int) -> Facts:
    """Which inputs are complete, and no number but how many sheets are in.

    Sympathies are in when some candidate can have any and no more count at `moment`.
    """
    panel = stored.panel(session, row.id or 0)
    final = [each.sheet for each in panel if each.sheet is not None and each.sheet.final_at]
    out = {
        c.letter: sum(c.letter in each.recused for each in final) for c in _candidates(session, row)
    }
    needed = rules.needed_sheets(row.rule)
    until = stored.sympathies_until(session, row)
    over = row.state != "open" or (until is not None and until <= moment)
    return {
        "sympathy": over and any(c.proposal for c in _candidates(session, row)),
        "live": any(
            each.id == row.final_question_id for each in stored.counted_rounds(session, row)
        ),
        "sheets_final": len(final),
        "panel_seats": row.rule["panel"]["seats"],
        "quorum_met": all(len(final) - gone >= needed for gone in out.values()),
    }


def _latest(session: Session, row: Selection) -> int:
    """The latest moment that this selection's own records know; a slice has no clock."""
    sheets = [each.sheet.saved_at for each in stored.panel(session, row.id or 0) if each.sheet]
    asked = [each.closed_at or each.opened_at or 0 for each in stored.rounds(session, row)]
    return max(0, row.closed_at or 0, *sheets, *asked)


def page(session: Session, selection: int, now: int) -> Facts:
    """The context of board/score.html: what everybody may see, whoever asks."""
    row = stored.get(session, selection)
    result = figures(session, row, "public")
    board = session.get(Board, row.board_id) if row.board_id is not None else None
    return {
        "selection": {
            "id": row.id,
            "title": row.title,
            "state": row.state,
            "rule_version": row.rule_version,
            "rule_hash": row.rule_hash or stored.rule_hash(row.rule),
            "locked_at": stored.locked_at(row, now),
            "closed_at": row.closed_at,
            "exception": row.exception if result else None,
            "history": [
                {"version": old["version"], "reason": old["reason"], "at": old["at"]}
                for old in row.history
            ],
        },
        "forum": _forum(session, row),
        "board": {"key": board.key, "title": board.title} if board else None,
        "candidates": [
            {"id": c["letter"], "title": c["title"], "proposal": c["proposal"]}
            for c in _linked(session, row)
        ],
        "weights": _weights(row),
        "criteria": row.rule["panel"]["criteria"],
        "scale": {"min": row.rule["live"]["score_min"], "max": row.rule["live"]["score_max"]},
        "inputs": inputs(session, row, now),
        "sympathy": _sympathy(session, row, now),
        "newcomers": _newcomers(session, row) if result else None,
        "result": result,
        "rounded": rounded(result),
        "room": _room(session, row) if result else None,
        "decision": _decision(session, row) if result else None,
        "export": _export(row) if result else None,
    }


def _sympathy(session: Session, row: Selection, now: int) -> Facts:
    """Until when sympathies count, and whether that is over."""
    until = stored.sympathies_until(session, row) or row.closed_at
    return {"until": until, "over": until is not None and until <= now}


def _newcomers(session: Session, row: Selection) -> Facts | None:
    """How many of those who gave sympathy made their account within the window; none without any.

    A window without a beginning begins a week before its end. The sealed file does not hold this:
    it is told beside the score, for people to judge.
    """
    until = stored.sympathies_until(session, row) or row.closed_at or 0
    since = row.sympathy_from if row.sympathy_from is not None else until - WEEK_MS
    ids = [c.proposal for c in _candidates(session, row) if c.proposal is not None]
    n, new = proposals.sympathisers(session, ids, row.sympathy_from, until, since)
    return {"n": n, "new": new, "since": since} if n else None


def export(session: Session, selection: int) -> str:
    """The sealed file, byte for byte, once everybody may see it; Refused("score_hidden") before."""
    row = stored.get(session, selection)
    if row.snapshot is None or figures(session, row, "public") is None:
        raise Refused("score_hidden")
    return row.snapshot


def _export(row: Selection) -> Facts:
    return {"url": f"/s/{row.id}.json", "bytes": len((row.snapshot or "").encode())}


def setup(session: Session, selection: int, now: int) -> Facts:
    """The context of organise/selection.html; the window in epoch ms."""
    row = stored.get(session, selection)
    counts = stored.sympathies(session, row)
    asked = questions.of_forum(session, row.forum_id) if row.forum_id is not None else []
    panel = stored.panel(session, selection)
    entered = stored.entered(session, [each.id for each in panel])
    return {
        "selection": {
            "id": row.id,
            "title": row.title,
            "state": row.state,
            "forum": _forum(session, row),
            "locked_at": stored.locked_at(row, now),
            "rule_version": row.rule_version,
            "rule_hash": row.rule_hash,
            "closed_at": row.closed_at,
            "decided_at": row.decided_at,
            "digest": row.digest,
        },
        "candidates": [
            {
                "letter": c.letter,
                "title": c.title,
                "proposal": c.proposal,
                "sympathies": counts[c.letter],
            }
            for c in _candidates(session, row)
        ],
        "rule": _rule(row.rule),
        "questions": [
            {"id": each.id, "title": each.title, "round": each.round}
            for each in asked
            if each.kind == "score"
        ],
        "first": row.first_question_id or "",
        "final": row.final_question_id or "",
        "window": {"from": row.sympathy_from, "until": row.sympathy_until},
        "panel": [_panelist(each, each.id in entered) for each in panel],
        "inputs": inputs(session, row, now),
        "sympathy": _sympathy(session, row, now),
    }


def _panelist(member: Member, entered: bool) -> Facts:
    return {
        "id": member.id,
        "number": member.panelist.number,
        "name": member.panelist.name,
        "state": member.state,
        "entered": entered,
        "recused": member.panelist.recused,
    }


def _rule(rule: Facts) -> Facts:
    name, _, cap = rule["sympathy"]["normalise"].partition(":")
    return {
        "weights": rule["weights"],
        "normalise": name,
        "cap": cap,
        "live_aggregate": rule["live"]["aggregate"],
        "panel_aggregate": rule["panel"]["aggregate"],
        "score_max": rule["panel"]["score_max"],
        "seats": rule["panel"]["seats"],
        "quorum": rule["panel"]["quorum"],
        "criteria": rule["panel"]["criteria"],
    }


def places(session: Session) -> Facts:
    """Forums and boards that a new selection may belong to, with their ids."""
    return {
        "forums": [
            {"id": each.id, "code": each.code, "title": each.title}
            for each in forums.newest(session)
        ],
        "boards": [
            {"id": each.id, "key": each.key, "title": each.title} for each in boards.every(session)
        ],
    }


def sheet(session: Session, panelist: int) -> Facts:
    """The context of panel/sheet.html: one panelist's own sheet and nobody else's."""
    member = stored.member(session, panelist)
    row = stored.get(session, member.panelist.selection_id)
    low, high = rules.scale(row.rule)
    held = member.sheet
    must = member.panelist.recused
    return {
        "selection": {"id": row.id, "title": row.title, "state": row.state},
        "forum": _forum(session, row),
        "panelist": {"number": member.panelist.number, "name": member.panelist.name},
        "candidates": [
            {**each, "must_recuse": each["letter"] in must} for each in _linked(session, row)
        ],
        "criteria": row.rule["panel"]["criteria"],
        "scale": {"min": low, "max": high},
        "sheet": {
            "rev": held.rev if held else 0,
            "scores": held.scores if held else {},
            "recused": held.recused if held else [],
            "comment": held.comment if held else "",
            "final_at": held.final_at if held else None,
            "saved_at": held.saved_at if held else None,
        },
    }


def _candidates(session: Session, row: Selection) -> list[rules.Candidate]:
    return stored.lined_up(session, row.id or 0)


def _linked(session: Session, row: Selection) -> list[Facts]:
    """The candidates with where their proposals are read."""
    found = _candidates(session, row)
    named = stored.proposals_named(session, [c.proposal for c in found if c.proposal is not None])
    return [
        {
            "letter": c.letter,
            "title": c.title,
            "proposal": {"board": named[c.proposal][1], "id": c.proposal}
            if c.proposal in named
            else None,
        }
        for c in found
    ]


def _weights(row: Selection) -> dict[str, str]:
    return {source: str(points) for source, points in row.rule["weights"].items()}


def _forum(session: Session, row: Selection) -> Facts | None:
    found = session.get(Forum, row.forum_id) if row.forum_id is not None else None
    return (
        {"code": found.code, "title": found.title, "starts_at": found.starts_at} if found else None
    )


def _decision(session: Session, row: Selection) -> Facts | None:
    if row.state != "decided":
        return None
    titles = {c.letter: c.title for c in _candidates(session, row)}
    return {
        "decision": row.decision,
        "departs": row.decision == "departs",
        "candidate": row.decided_candidate,
        "title": titles.get(row.decided_candidate or "", ""),
        "reason": row.reason,
        "decided_at": row.decided_at,
        "panel": len(stored.panel(session, row.id or 0)),
    }


def _room(session: Session, row: Selection) -> Facts | None:
    """Who voted in the final round, as its certificate says."""
    final: list[Question] = [
        each for each in stored.counted_rounds(session, row) if each.id == row.final_question_id
    ]
    found = questions.certificates(session, [each.id for each in final if each.id is not None])
    for certificate in found.values():
        return {
            "voted": certificate.counted,
            "present": certificate.present,
            "channels": certificate.channels,
        }
    return None
