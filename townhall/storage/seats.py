"""Seats of a forum and the tickets that lead to them. Queries only.

Belongs here: making seats, redeeming a ticket once, sitting down at a table. Does not belong
here: the sessions that hold a seat (`sessions`) and who may do all this (`actions.people`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, text
from sqlalchemy import select as columns
from sqlmodel import Session, col, select, update

from townhall.storage import locks
from townhall.storage.people import digest
from townhall.storage.schema import Forum, Seat, TableGroup


@dataclass(frozen=True)
class Ticket:
    """A freshly made seat ticket; its token is known only now."""

    number: int
    table: int | None
    token: str


@dataclass(frozen=True)
class Gate:
    """What entering needs to know of a forum."""

    id: int
    code: str
    entry: str  # seats | open
    state: str
    language: str
    starts_at: int


_BY_CODE = select(Forum).where(col(Forum.code) == bindparam("code"))


def gate(session: Session, code: str) -> Gate | None:
    """The forum of a six-digit code."""
    return _gate(session.exec(_BY_CODE, params={"code": code}).first())


def gate_of(session: Session, forum: int) -> Gate | None:
    """The forum of an id."""
    return _gate(session.get(Forum, forum))


def _gate(found: Forum | None) -> Gate | None:
    if found is None or found.id is None:
        return None
    return Gate(found.id, found.code, found.entry, found.state, found.language, found.starts_at)


_FACTS = columns(
    col(Seat.id), col(Seat.number), col(Seat.kind), col(Seat.table_no), col(Seat.nickname)
).where(col(Seat.id).in_(bindparam("seats", expanding=True)))


def facts_of(session: Session, seats: Sequence[int]) -> dict[int, Any]:
    """Number, kind, table_no and nickname of each seat that there is."""
    rows = session.connection().execute(_FACTS, {"seats": list(seats)})
    return {row.id: row for row in rows}


def tables_of(session: Session, forum: int) -> list[int]:
    """The numbers of a forum's tables, in order."""
    rows = session.exec(
        select(TableGroup.number)
        .where(TableGroup.forum_id == forum)
        .order_by(col(TableGroup.number))
    )
    return list(rows)


def mint_tickets(
    session: Session, forum: int, tokens: Sequence[str], tables: Sequence[int], now: int
) -> list[Ticket]:
    """A ticket seat for each token, dealt round robin over the tables (none: no table)."""
    first = _next_number(session, forum, "ticket")
    tickets = [
        Ticket(first + i, tables[i % len(tables)] if tables else None, token)
        for i, token in enumerate(tokens)
    ]
    session.add_all(
        Seat(
            forum_id=forum,
            kind="ticket",
            number=ticket.number,
            table_no=ticket.table,
            ticket_hash=digest(ticket.token),
            created_at=now,
        )
        for ticket in tickets
    )
    session.flush()
    return tickets


def minted(session: Session, forum: int, tokens: Sequence[str]) -> list[Ticket]:
    """The tickets of these tokens that the forum has, by number."""
    named = {digest(token): token for token in tokens}
    rows = session.exec(
        select(Seat)
        .where(Seat.forum_id == forum, col(Seat.ticket_hash).in_(named))
        .order_by(col(Seat.number))
    )
    return [Ticket(row.number, row.table_no, named[row.ticket_hash or ""]) for row in rows]


def places(session: Session, forum: int) -> dict[int, tuple[int, int]]:
    """Where each ticket sits that has a table: its number -> (table, place at the table)."""
    rows = session.exec(
        select(Seat.number, Seat.table_no)
        .where(Seat.forum_id == forum, Seat.kind == "ticket", col(Seat.voided_at).is_(None))
        .order_by(col(Seat.number))
    )
    taken: Counter[int] = Counter()
    found: dict[int, tuple[int, int]] = {}
    for number, table in rows:
        if table is not None:
            taken[table] += 1
            found[number] = (table, taken[table])
    return found


_BY_TICKET: Any = columns(
    col(Seat.id), col(Seat.forum_id), col(Seat.number), col(Seat.device_hash)
).where(col(Seat.ticket_hash) == bindparam("ticket"), col(Seat.voided_at).is_(None))
_REDEEM = text(
    "UPDATE seat SET redeemed_at = :now, device_hash = :device "
    "WHERE id = :seat AND redeemed_at IS NULL AND voided_at IS NULL"
)


@dataclass(frozen=True)
class Ticketed:
    """The seat of a ticket, as it was when it was looked at."""

    id: int
    forum_id: int
    number: int
    device_hash: str | None


def ticket_seat(session: Session, token: str) -> Ticketed | None:
    """The seat of a ticket, redeemed or not, unless it was voided."""
    found = session.connection().execute(_BY_TICKET, {"ticket": digest(token)}).first()
    return None if found is None else Ticketed(*found)


def redeem(session: Session, seat: int, key: str | None, now: int) -> bool:
    """Take an unredeemed ticket's seat for a device; only one caller ever gets True.

    Whoever lost looks at the seat anew: it shows which device was faster.
    """
    values = {"seat": seat, "device": digest(key) if key else None, "now": now}
    return bool(session.connection().execute(_REDEEM, values).rowcount)


def redeemed_by(seat: Ticketed, key: str | None) -> bool:
    """Whether the device with this key redeemed the seat's ticket."""
    return key is not None and seat.device_hash == digest(key)


def add_open_seat(session: Session, forum: int, nickname: str, table: int | None, now: int) -> int:
    """A seat for somebody who came by the code alone."""
    seat = Seat(
        forum_id=forum,
        kind="open",
        number=_next_number(session, forum, "open"),
        nickname=nickname,
        table_no=table,
        redeemed_at=now,
        created_at=now,
    )
    session.add(seat)
    session.flush()
    assert seat.id is not None
    return seat.id


def number_of(session: Session, seat: int) -> int | None:
    """A seat's number within its kind."""
    return session.exec(select(Seat.number).where(Seat.id == seat)).first()


def table_of(session: Session, seat: int) -> int | None:
    """Where a seat sits now."""
    return session.exec(select(Seat.table_no).where(Seat.id == seat)).first()


def ticket_numbered(session: Session, forum: int, number: int) -> int | None:
    """The seat of the ticket with this number on its paper."""
    return session.exec(
        select(Seat.id).where(Seat.forum_id == forum, Seat.kind == "ticket", Seat.number == number)
    ).first()


def sit(session: Session, seat: int, table: int | None) -> None:
    """Move a seat to a table. Ballots already cast keep the table they were cast at."""
    session.exec(update(Seat).where(col(Seat.id) == seat).values(table_no=table))


def name(session: Session, seat: int, nickname: str) -> None:
    """Give a seat the name that its holder wants to be called."""
    session.exec(update(Seat).where(col(Seat.id) == seat).values(nickname=nickname))


def release(session: Session, seat: int) -> None:
    """Make a ticket redeemable again, by any device; the seat and its ballots stay."""
    session.exec(
        update(Seat).where(col(Seat.id) == seat).values(redeemed_at=None, device_hash=None)
    )


def _next_number(session: Session, forum: int, kind: str) -> int:
    """The next number within a kind.

    Joining raises no revision, so on PostgreSQL nothing else would put two joins in a line.
    """
    locks.hold_seats(session, forum)
    highest = session.exec(
        select(func.max(col(Seat.number))).where(Seat.forum_id == forum, Seat.kind == kind)
    ).one()
    return (highest or 0) + 1
