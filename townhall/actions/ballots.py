"""Casting a ballot: check the seat, clean the choice, hand it to the writer.

Whether the question is open is decided in the writer's transaction and nowhere else.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from townhall.domain import audit
from townhall.domain import questions as rules
from townhall.domain.audience import Actor, require
from townhall.domain.ballots import BALLOTS, Definition
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.storage import forums, questions
from townhall.storage.ballots import Answer, CastBallot
from townhall.storage.schema import Question

_CACHED = 2_000

MOST_PAPERS = 20
"""Papers that one table may enter: more people without a phone than a table seats is a fraud."""


@dataclass(frozen=True, slots=True)
class _Frozen:
    """What never changes once a question has opened."""

    forum: int
    definition: Definition
    secret: bool
    seats_only: bool


@dataclass(slots=True)
class Vote:
    """What a phone says. `key` and `nonce` are 32 hexadecimal digits that it drew itself, `rev` is
    its last known plus one (1..1000). It may be said again with the same key for ever: the receipt
    stays the same.
    """

    question: int
    key: str
    rev: int
    nonce: str
    choice: Any


_frozen: dict[tuple[str, int], _Frozen] = {}


async def _facts(hall: Hall, question: int) -> _Frozen | None:
    """The frozen facts of an opened question, from memory after the first look."""
    name = (hall.database.epoch, question)
    if name not in _frozen:
        _keep(hall, await hall.read_together(_read_frozen, question))
    return _frozen.get(name)


async def remember_open(hall: Hall, forum: int) -> None:
    """Know the open questions of a forum before a whole hall answers them in one moment."""
    _keep(hall, await hall.read(_read_open, forum))


def _keep(hall: Hall, found: Mapping[int, _Frozen]) -> None:
    if len(_frozen) + len(found) > _CACHED:
        _frozen.clear()
    for question, facts in found.items():
        _frozen[hall.database.epoch, question] = facts


def _read_frozen(session: Session, asked: Sequence[int]) -> list[Mapping[int, _Frozen]]:
    """What was asked for, and with it what the same hall will vote on next."""
    rows = [row for question in set(asked) if (row := session.get(Question, question))]
    found = dict(_facts_of(rows))
    for forum in {row.forum_id for row in rows if row.state == "open"}:
        found |= _read_open(session, forum)
    return [found] * len(asked)


def _read_open(session: Session, forum: int) -> Mapping[int, _Frozen]:
    return _facts_of(row for row in questions.of_forum(session, forum) if row.state == "open")


def _facts_of(rows: Iterable[Question]) -> Mapping[int, _Frozen]:
    return {
        row.id: _Frozen(
            row.forum_id, questions.definition(row), row.secret, row.eligibility == "seats"
        )
        for row in rows
        if row.id is not None and row.state != "draft"
    }


async def cast(hall: Hall, actor: Actor, **said: Any) -> Answer:
    """Cast the actor's ballot (the fields of `Vote`); final unless the status is `busy`."""
    vote = Vote(**said)
    require(actor, "ballot.cast")
    facts = await _facts(hall, vote.question)
    ready = _prepared(facts, actor, vote)
    if isinstance(ready, CastBallot):
        return await hall.cast(ready)
    return await _counted_before(hall, actor.seat, vote, ready)


def cast_now(hall: Hall, actor: Actor, vote: Vote, reply: Callable[[Answer], None]) -> bool:
    """The same without a task, for a hall that votes at once; `reply` comes after the commit.

    False where something must be looked up first: then `cast` it.
    """
    require(actor, "ballot.cast")
    facts = _frozen.get((hall.database.epoch, vote.question))
    ready = None if facts is None else _prepared(facts, actor, vote)
    if not isinstance(ready, CastBallot):
        return False
    hall.writer.cast(ready, reply)
    return True


def _prepared(facts: _Frozen | None, actor: Actor, vote: Vote) -> CastBallot | Answer:
    """The ballot that a vote comes to, or the answer to one that cannot be cast."""
    assert actor.seat is not None
    if facts is None:
        return {"status": "closed", "reason": "not_open"}
    if facts.forum != actor.forum or (facts.seats_only and actor.seat_kind == "open"):
        return {"status": "not_eligible"}
    channel = "open" if actor.seat_kind == "open" else "phone"
    return _ballot(facts, vote, actor.seat, channel, actor.table)


def _ballot(
    facts: _Frozen, vote: Vote, seat: int, channel: str, table: int | None
) -> CastBallot | Answer:
    kind = BALLOTS[facts.definition.kind]
    try:
        clean = kind.clean(facts.definition, vote.choice, table)
    except Refused as refused:
        return {"status": "invalid", "reason": str(refused.details.get("reason", refused.code))}
    written = audit.canonical(clean)
    ballot_id = audit.ballot_id(vote.question, vote.key)
    return CastBallot(
        question=vote.question,
        seat=seat,
        rev=vote.rev,
        key=vote.key,
        said=clean,
        choice=written,
        cells=kind.cells(facts.definition, clean),
        ballot_id=ballot_id,
        commitment=audit.commitment(vote.question, ballot_id, written, vote.nonce),
        channel=channel,
        table=table,
        secret=facts.secret,
    )


async def _counted_before(hall: Hall, seat: int | None, vote: Vote, wrong: Answer) -> Answer:
    """What was good when it was counted may have become wrong, such as a sticker on one's table."""
    if wrong["status"] != "invalid" or seat is None:
        return wrong
    found = await hall.read(questions.by_key, vote.question, vote.key, seat)
    return {"status": "counted_before", **found} if found else wrong


async def cast_by_proxy(hall: Hall, actor: Actor, *, paper: int, **said: Any) -> Answer:
    """A facilitator enters the ballot of somebody without a phone, on a numbered paper token.

    A paper has a seat from its first good ballot on, at most MOST_PAPERS of them a table. Refuses
    `paper_elsewhere` and `papers_used_up`.
    """
    vote = Vote(**said)
    require(actor, "ballot.proxy")
    assert actor.forum is not None
    assert actor.table is not None
    facts = await _facts(hall, vote.question)
    if facts is None:
        return {"status": "closed", "reason": "not_open"}
    if facts.forum != actor.forum:
        return {"status": "not_eligible"}
    forum, table = actor.forum, actor.table
    if not isinstance(ready := _ballot(facts, vote, 0, "proxy", table), CastBallot):
        return ready

    def seat_of(session: Session, now: int) -> Change[int | None]:
        row = questions.get(session, vote.question, forum)
        if not rules.accepts(row.state, row.closes_at, now):
            # Nothing new is stored; but a ballot whose answer was lost is told so again.
            return Change(forums.paper_used(session, forum, paper, table))
        seat = forums.paper_seat(session, forum, paper, table, MOST_PAPERS, now)
        return Change(seat, frozenset({"room", "turnout"}), ("paper", {"table": table}))

    seat = await hall.change(forum, seat_of)
    if seat is None:
        return {"status": "closed"}
    return {**await hall.cast(replace(ready, seat=seat)), "paper": paper}


async def status(hall: Hall, actor: Actor, *, question: int, key: str) -> Answer:
    """What became of a ballot whose answer was lost; `unknown` when it never arrived."""
    require(actor, "ballot.cast")
    assert actor.seat is not None
    return await hall.read(_status, actor.seat, question, key, hall.now())


def _status(session: Session, seat: int, question: int, key: str, now: int) -> Answer:
    found = questions.by_key(session, question, key, seat)
    if found is not None:
        return {"status": "counted_before", **found}
    row = session.get(Question, question)
    if row is None or not rules.accepts(row.state, row.closes_at, now):
        return {"status": "closed"}
    return {"status": "unknown"}
