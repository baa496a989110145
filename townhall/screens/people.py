"""What a seat may know about itself; goes only to that seat and is never cached."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from townhall.domain.audience import Actor
from townhall.storage import asks, forums, questions, seats


def me(session: Session, actors: Sequence[Actor]) -> list[dict[str, Any]]:
    """For each: my seat, my ballots with receipts, what I asked and upvoted.

    For many at once, because a whole hall asks at once; the number of statements stays the same.
    """
    held = sorted({actor.seat for actor in actors if actor.seat is not None})
    facts = seats.facts_of(session, held)
    votes = questions.votes_of(session, held)
    upvoted, asked = asks.upvoted(session, held), asks.asked(session, held)

    def one(actor: Actor) -> dict[str, Any]:
        seat = facts.get(actor.seat) if actor.seat is not None else None
        return {
            "role": actor.role,
            "seat": actor.seat,
            "number": seat.number if seat else None,
            "kind": seat.kind if seat else actor.seat_kind,
            "table": seat.table_no if seat else actor.table,
            "nickname": seat.nickname if seat else actor.nickname,
            "votes": {
                str(question): {"status": "counted", **vote}
                for question, vote in (votes[seat.id] if seat else {}).items()
            },
            "upvoted": upvoted[seat.id] if seat else [],
            "asks": asked[seat.id] if seat else [],
        }

    return [one(actor) for actor in actors]


def present(session: Session, now: int) -> dict[str, int]:
    """How many seats are here by forum code, over all processes whose lease holds."""
    return forums.present(session, now)
