"""Casting a ballot: check the seat, clean the choice, hand it to the writer.

Whether the question is open is decided in the writer's transaction and nowhere else.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from townhall.domain import audit
from townhall.domain import questions as rules
from townhall.domain.audience import Actor, require
from townhall.domain.ballots import BALLOTS, Definition
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.storage import forums, questions
from townhall.storage.ballots import CastBallot
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


_frozen: dict[tuple[str, int], _Frozen] = {}


async def _facts(hall: Hall, question: int) -> _Frozen | None:
    """The frozen facts of an opened question, from memory after the first look."""
    name = (hall.database.epoch, question)
    known = _frozen.get(name)
    if known is None:
        known = await hall.read(_read_frozen, question)
        if known is not None:
            if len(_frozen) >= _CACHED:
                _frozen.clear()
            _frozen[name] = known
    return known


def _read_frozen(session: Session, question: int) -> _Frozen | None:
    row = session.get(Question, question)
    if row is None or row.state == "draft":
        return None
    return _Frozen(row.forum_id, questions.definition(row), row.secret, row.eligibility == "seats")


async def cast(
    hall: Hall,
    actor: Actor,
    *,
    question: int,
    key: str,
    rev: int,
    nonce: str,
    choice: Any,
) -> dict[str, Any]:
    """Cast the actor's ballot; the answer is final unless its status is `busy`.

    `key` and `nonce` are 32 hexadecimal digits drawn by the phone, `rev` its last known plus one
    (1..1000). May be repeated with the same key for ever: the receipt stays the same.
    """
    require(actor, "ballot.cast")
    assert actor.seat is not None
    facts = await _facts(hall, question)
    if facts is None:
        return {"status": "closed", "reason": "not_open"}
    if facts.forum != actor.forum or (facts.seats_only and actor.seat_kind == "open"):
        return {"status": "not_eligible"}
    channel = "open" if actor.seat_kind == "open" else "phone"
    return await _store(
        hall, facts, actor.seat, question, key, rev, nonce, choice, channel, actor.table
    )


async def cast_by_proxy(
    hall: Hall,
    actor: Actor,
    *,
    question: int,
    paper: int,
    key: str,
    rev: int,
    nonce: str,
    choice: Any,
) -> dict[str, Any]:
    """A facilitator enters the ballot of somebody without a phone, on a numbered paper token.

    A paper has a seat from its first good ballot on, at most MOST_PAPERS of them a table. Refuses
    `paper_elsewhere` and `papers_used_up`.
    """
    require(actor, "ballot.proxy")
    assert actor.forum is not None
    assert actor.table is not None
    facts = await _facts(hall, question)
    if facts is None:
        return {"status": "closed", "reason": "not_open"}
    if facts.forum != actor.forum:
        return {"status": "not_eligible"}
    if (wrong := _wrong(facts, choice, actor.table)) is not None:
        return wrong
    forum, table = actor.forum, actor.table

    def seat_of(session: Session, now: int) -> Change[int | None]:
        row = questions.get(session, question, forum)
        if not rules.accepts(row.state, row.closes_at, now):
            # Nothing new is stored; but a ballot whose answer was lost is told so again.
            return Change(forums.paper_used(session, forum, paper, table))
        seat = forums.paper_seat(session, forum, paper, table, MOST_PAPERS, now)
        return Change(seat, frozenset({"room", "turnout"}), ("paper", {"table": table}))

    seat = await hall.change(forum, seat_of)
    if seat is None:
        return {"status": "closed"}
    answer = await _store(hall, facts, seat, question, key, rev, nonce, choice, "proxy", table)
    return {**answer, "paper": paper}


def _wrong(facts: _Frozen, choice: Any, table: int | None) -> dict[str, Any] | None:
    """The answer to a choice that cannot be cast, or None for a good one."""
    try:
        BALLOTS[facts.definition.kind].clean(facts.definition, choice, table)
    except Refused as refused:
        return {"status": "invalid", "reason": str(refused.details.get("reason", refused.code))}
    return None


async def _store(
    hall: Hall,
    facts: _Frozen,
    seat: int,
    question: int,
    key: str,
    rev: int,
    nonce: str,
    choice: Any,
    channel: str,
    table: int | None,
) -> dict[str, Any]:
    if (wrong := _wrong(facts, choice, table)) is not None:
        # What was good when it was counted may have become wrong, such as a sticker on one's table.
        found = await hall.read(questions.by_key, question, key, seat)
        return {"status": "counted_before", **found} if found else wrong
    kind = BALLOTS[facts.definition.kind]
    clean = kind.clean(facts.definition, choice, table)
    written = json.dumps(clean, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    ballot_id = audit.ballot_id(question, key)
    return await hall.cast(
        CastBallot(
            question=question,
            seat=seat,
            rev=rev,
            key=key,
            choice=written,
            cells=kind.cells(facts.definition, clean),
            ballot_id=ballot_id,
            commitment=audit.commitment(question, ballot_id, written, nonce),
            channel=channel,
            table=table,
            secret=facts.secret,
        )
    )


async def status(hall: Hall, actor: Actor, *, question: int, key: str) -> dict[str, Any]:
    """What became of a ballot whose answer was lost; `unknown` when it never arrived."""
    require(actor, "ballot.cast")
    assert actor.seat is not None
    return await hall.read(_status, actor.seat, question, key, hall.now())


def _status(session: Session, seat: int, question: int, key: str, now: int) -> dict[str, Any]:
    found = questions.by_key(session, question, key, seat)
    if found is not None:
        return {"status": "counted_before", **found}
    row = session.get(Question, question)
    if row is None or not rules.accepts(row.state, row.closes_at, now):
        return {"status": "closed"}
    return {"status": "unknown"}
