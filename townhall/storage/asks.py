"""Questions from the floor and the sympathy for them. Queries only.

Belongs here: asks, their upvotes and their state. Does not belong here: who may write or steer
(`actions.asks`) and who sees hidden ones (`screens.asks`).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, func, literal, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from townhall.domain.errors import Refused
from townhall.storage.questions import BINDING_KINDS
from townhall.storage.schema import Ask, AskUpvote, Seat


def listed(session: Session, forum: int, *, hidden: bool) -> list[dict[str, Any]]:
    """The asks of a forum in the order they came; hidden ones on request.

    `upvotes` are those of seats that may vote where it binds, `open` those of seats that anybody
    takes with the code. A forum without the first kind has no reason to part them.
    """
    by_code = func.count(case((col(Seat.kind) == "open", 1)))
    counted = (
        columns(col(AskUpvote.ask_id), func.count().label("n"), by_code.label("open"))
        .join(Seat, col(Seat.id) == col(AskUpvote.seat_id))
        .where(col(Seat.forum_id) == forum)
        .group_by(col(AskUpvote.ask_id))
        .subquery()
    )
    n: ColumnElement[int] = func.coalesce(counted.c.n, 0)
    open_: ColumnElement[int] = literal(0)
    if _has_binding_seats(session, forum):
        open_ = func.coalesce(counted.c.open, 0)
    wanted = (
        columns(
            col(Ask.id),
            col(Ask.text),
            (n - open_).label("upvotes"),
            open_.label("open"),
            col(Ask.state),
            col(Ask.created_at),
        )
        .join(counted, counted.c.ask_id == col(Ask.id), isouter=True)
        .where(col(Ask.forum_id) == forum)
    )
    if not hidden:
        wanted = wanted.where(col(Ask.state) != "hidden")
    rows = session.connection().execute(wanted.order_by(col(Ask.id))).mappings()
    return [dict(row) for row in rows]


def _has_binding_seats(session: Session, forum: int) -> bool:
    binding = select(Seat.id).where(Seat.forum_id == forum, col(Seat.kind).in_(BINDING_KINDS))
    return session.exec(binding.limit(1)).first() is not None


def get(session: Session, ask: int) -> Ask:
    """An ask, or Refused("not_found")."""
    found = session.get(Ask, ask)
    if found is None:
        raise Refused("not_found")
    return found


def forum_of(session: Session, ask: int) -> int:
    """The forum in which something was asked, or Refused("not_found")."""
    return get(session, ask).forum_id


def by_key(session: Session, forum: int, key: str) -> Ask | None:
    """The ask that was written under this key."""
    return session.exec(select(Ask).where(Ask.forum_id == forum, Ask.key == key)).first()


def add(session: Session, ask: Ask) -> int:
    """Store a new ask; its id."""
    session.add(ask)
    session.flush()
    assert ask.id is not None
    return ask.id


def waiting(session: Session, seat: int) -> int:
    """How many of a seat's asks have not been taken up yet."""
    return session.exec(
        select(func.count()).select_from(Ask).where(Ask.seat_id == seat, Ask.state == "open")
    ).one()


def set_upvote(session: Session, ask: int, seat: int, on: bool) -> bool:
    """Give or withdraw a seat's sympathy; whether that changed anything."""
    held = session.get(AskUpvote, (ask, seat))
    if (held is not None) == on:
        return False
    if held is None:
        session.add(AskUpvote(ask_id=ask, seat_id=seat))
    else:
        session.delete(held)
    session.flush()
    return True


def upvotes(session: Session, ask: int) -> int:
    """How many seats sympathise with an ask."""
    return session.exec(
        select(func.count()).select_from(AskUpvote).where(AskUpvote.ask_id == ask)
    ).one()


def set_state(session: Session, ask: Ask, state: str) -> None:
    """Move an ask to a state. The stage holds one: what was there goes back among the open."""
    if state == "on_stage":
        session.connection().execute(
            update(Ask)
            .where(
                col(Ask.forum_id) == ask.forum_id,
                col(Ask.state) == "on_stage",
                col(Ask.id) != ask.id,
            )
            .values(state="open")
        )
    ask.state = state
    session.add(ask)
    session.flush()


_UPVOTED = columns(col(AskUpvote.seat_id), col(AskUpvote.ask_id)).where(
    col(AskUpvote.seat_id).in_(bindparam("seats", expanding=True))
)
_ASKED = columns(col(Ask.seat_id), col(Ask.id)).where(
    col(Ask.seat_id).in_(bindparam("seats", expanding=True))
)


def upvoted(session: Session, seats: Sequence[int]) -> dict[int, list[int]]:
    """The asks that each seat sympathises with."""
    return _by_seat(session, _UPVOTED, seats)


def asked(session: Session, seats: Sequence[int]) -> dict[int, list[int]]:
    """What each seat has asked, hidden ones included."""
    return _by_seat(session, _ASKED, seats)


def _by_seat(session: Session, wanted: Any, seats: Sequence[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {seat: [] for seat in seats}
    for seat, ask in session.connection().execute(wanted, {"seats": list(seats)}):
        found[seat].append(ask)
    return {seat: sorted(asks) for seat, asks in found.items()}
