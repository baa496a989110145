"""Forums, their tables and presence: queries by the noun `forums`."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from townhall.domain.errors import Refused
from townhall.storage import fresh
from townhall.storage.schema import (
    Forum,
    Heartbeat,
    Note,
    Seat,
    Summary,
    TableGroup,
)

CODE_DIGITS, COPY_DIGITS = 6, 15
"""Of a forum's code, and of a copy's to rehearse in, which nobody comes upon."""


def get(session: Session, forum: int) -> Forum:
    """The forum with this id, or Refused("not_found")."""
    found = session.get(Forum, forum)
    if found is None:
        raise Refused("not_found")
    return found


def facts(forum: Forum) -> dict[str, Any]:
    """What a forum says of itself, for its chain and its export."""
    return {
        "code": forum.code,
        "title": forum.title,
        "host": forum.host,
        "language": forum.language,
        "entry": forum.entry,
        "starts_at": forum.starts_at,
    }


def newest(session: Session, limit: int = 50, *, copies: bool = False) -> Sequence[Forum]:
    """Forums, the latest start first; copies to rehearse in only where asked for."""
    wanted = select(Forum).order_by(col(Forum.starts_at).desc()).limit(limit)
    return session.exec(wanted if copies else wanted.where(col(Forum.rehearses).is_(None))).all()


def running(session: Session) -> str | None:
    """The code of a forum that runs now, if one does; copies to rehearse in aside."""
    found = select(Forum.code).where(Forum.state == "running", col(Forum.rehearses).is_(None))
    return session.exec(found).first()


def add(session: Session, forum: Forum) -> int:
    """Store a new forum under a code that nobody else has; its id.

    A copy to rehearse in has so long a code that nobody comes upon it.
    """
    least = 10 ** (CODE_DIGITS - 1 if forum.rehearses is None else COPY_DIGITS - 1)
    while True:
        forum.code = f"{secrets.randbelow(9 * least) + least}"
        taken = session.exec(select(Forum.id).where(Forum.code == forum.code)).first()
        if taken is None:
            break
    forum.id = fresh.number(session, Forum)
    session.add(forum)
    session.flush()
    assert forum.id is not None
    return forum.id


def add_tables(session: Session, forum: int, count: int, first: int = 1) -> list[int]:
    """`count` tables from the number `first` on; their numbers."""
    numbers = list(range(first, first + count))
    session.add_all(TableGroup(forum_id=forum, number=n) for n in numbers)
    session.flush()
    return numbers


def tables(session: Session, forum: int) -> Sequence[TableGroup]:
    """The tables by number."""
    return session.exec(
        select(TableGroup).where(TableGroup.forum_id == forum).order_by(col(TableGroup.number))
    ).all()


def remove_table(session: Session, forum: int, number: int) -> bool:
    """Take a table away; False where a seat belongs to it or anything was written at it."""
    for used, at in (
        (Seat.forum_id, Seat.table_no),
        (Note.forum_id, Note.table_no),
        (Summary.forum_id, Summary.table_no),
    ):
        if session.exec(select(used).where(used == forum, at == number)).first() is not None:
            return False
    row = session.exec(
        select(TableGroup).where(TableGroup.forum_id == forum, TableGroup.number == number)
    ).one()
    session.delete(row)
    session.flush()
    return True


def table_counts(session: Session) -> dict[int, int]:
    """How many tables each forum has."""
    rows = session.exec(
        select(TableGroup.forum_id, func.count()).group_by(col(TableGroup.forum_id))
    )
    return dict(rows.all())


def ticket_counts(session: Session) -> dict[int, tuple[int, int]]:
    """How many tickets each forum has, and how many of them were redeemed."""
    rows = session.exec(
        select(Seat.forum_id, func.count(), func.count(col(Seat.redeemed_at)))
        .join(Forum, col(Forum.id) == col(Seat.forum_id))
        .where(Seat.kind == "ticket", col(Seat.voided_at).is_(None), col(Forum.rehearses).is_(None))
        .group_by(col(Seat.forum_id))
    )
    return {forum: (minted, redeemed) for forum, minted, redeemed in rows}


def seat_counts(session: Session, forum: int) -> dict[str, dict[str, int]]:
    """Per seat kind: how many are registered, and how many have been redeemed (or joined)."""
    rows = session.exec(
        select(Seat.kind, func.count(), func.count(col(Seat.redeemed_at)))
        .where(Seat.forum_id == forum, col(Seat.voided_at).is_(None))
        .group_by(Seat.kind)
    ).all()
    return {kind: {"registered": n, "redeemed": redeemed} for kind, n, redeemed in rows}


def paper_seat(session: Session, forum: int, number: int, table: int, most: int, now: int) -> int:
    """The seat of a numbered paper token, made at its first use.

    Refuses `paper_elsewhere` (another table has it) and `papers_used_up` (this one has `most`).
    """
    seat = _paper(session, forum, number)
    if seat is None:
        used = session.exec(
            select(func.count())
            .select_from(Seat)
            .where(Seat.forum_id == forum, Seat.kind == "proxy", Seat.table_no == table)
        ).one()
        if used >= most:
            raise Refused("papers_used_up", most=most)
        seat = Seat(
            forum_id=forum,
            kind="proxy",
            number=number,
            table_no=table,
            redeemed_at=now,
            created_at=now,
        )
        session.add(seat)
        session.flush()
    if seat.table_no != table:
        raise Refused("paper_elsewhere", number=number)
    assert seat.id is not None
    return seat.id


def paper_used(session: Session, forum: int, number: int, table: int) -> int | None:
    """The seat of a numbered paper token that this table has used, if it has."""
    seat = _paper(session, forum, number)
    return seat.id if seat is not None and seat.table_no == table else None


def _paper(session: Session, forum: int, number: int) -> Seat | None:
    return session.exec(
        select(Seat).where(Seat.forum_id == forum, Seat.kind == "proxy", Seat.number == number)
    ).first()


def connected(session: Session, forum: int, now: int = 0) -> int:
    """Seats of this forum that are here, over all processes.

    Screens count every lease, because a beat takes away those that ran out; with `now` only the
    leases that hold are counted.
    """
    found = session.exec(
        select(func.coalesce(func.sum(Heartbeat.connected), 0)).where(
            Heartbeat.forum_id == forum, Heartbeat.expires >= now
        )
    ).one()
    return int(found)


def present(session: Session, now: int) -> dict[str, int]:
    """Seats that are here by forum code, where the lease holds; not those of rehearsals."""
    rows = session.exec(
        select(Forum.code, func.sum(Heartbeat.connected))
        .where(
            Heartbeat.forum_id == Forum.id,
            Heartbeat.expires >= now,
            col(Forum.rehearses).is_(None),
        )
        .group_by(Forum.code)
    )
    return {code: int(n) for code, n in rows}


def shown(session: Session) -> dict[int, int]:
    """Forum -> seats that screens show as here, over all processes, wherever anybody is."""
    here = func.sum(Heartbeat.connected)
    rows = session.exec(select(Heartbeat.forum_id, here).group_by(col(Heartbeat.forum_id)))
    return {forum: int(seats) for forum, seats in rows}


def run_out(session: Session, now: int) -> bool:
    """Whether there are leases that ran out: a process that has died left them."""
    return session.exec(select(Heartbeat).where(Heartbeat.expires < now)).first() is not None


def beat(
    session: Session, process: str, counts: dict[tuple[int, int], int], now: int, lease: int
) -> None:
    """Replace one process's presence, (forum, table or 0) -> seats, for `lease` milliseconds.

    Takes away the leases that ran out, whoever left them.
    """
    connection = session.connection()
    connection.execute(
        text("DELETE FROM heartbeat WHERE process = :p OR expires < :now"),
        {"p": process, "now": now},
    )
    rows: list[dict[str, Any]] = [
        {"p": process, "f": forum, "t": table, "n": n, "e": now + lease}
        for (forum, table), n in counts.items()
    ]
    if rows:
        connection.execute(
            text(
                "INSERT INTO heartbeat (process, forum_id, table_no, connected, expires) "
                "VALUES (:p, :f, :t, :n, :e)"
            ),
            rows,
        )
