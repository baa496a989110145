"""What a seat may know about itself; goes only to that seat and is never cached."""

from typing import Any

from sqlmodel import Session

from townhall.domain.audience import Actor
from townhall.storage import asks, forums, questions
from townhall.storage.schema import Seat


def me(session: Session, actor: Actor) -> dict[str, Any]:
    """My seat, my ballots with receipts, what I asked and upvoted."""
    facts: dict[str, Any] = {
        "role": actor.role,
        "seat": actor.seat,
        "number": None,
        "kind": actor.seat_kind,
        "table": actor.table,
        "nickname": actor.nickname,
        "votes": {},
        "upvoted": [],
        "asks": [],
    }
    seat = session.get(Seat, actor.seat) if actor.seat is not None else None
    if seat is None or seat.id is None:
        return facts
    votes: dict[str, Any] = {
        str(q): {"status": "counted"} for q in questions.took_part(session, seat.id)
    }
    for ballot in questions.mine(session, seat.id):
        votes[str(ballot.question_id)] = {"status": "counted", **questions.held(ballot)}
    facts.update(
        number=seat.number,
        kind=seat.kind,
        table=seat.table_no,
        nickname=seat.nickname,
        votes=votes,
        upvoted=asks.upvoted(session, seat.id),
        asks=asks.mine(session, seat.id),
    )
    return facts


def present(session: Session, now: int) -> dict[str, int]:
    """How many seats are here by forum code, over all processes whose lease holds."""
    return forums.present(session, now)
