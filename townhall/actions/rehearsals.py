"""A copy of a forum to rehearse in, with everything that lets simulated people in; and its end.

Belongs here: making and deleting copies, keeping what a rehearsal found. Does not belong here: who
walks through it (`crowd`), what the figures mean (`domain.rehearsal`). The forum itself is read
and never written. May call domain, storage and the actions that let people in.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from townhall import __version__
from townhall.actions import cards, people
from townhall.domain.audience import Actor, require
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.storage import audit, forums, processes, rehearsals, seats
from townhall.storage.people import new_token
from townhall.storage.schema import Forum

log = logging.getLogger(__name__)

MOST_DESKS = 20
CUT_SECONDS = 2.5
"""A server cuts the sockets of ended sessions once a second."""
LOOK_SECONDS, EMPTY_LOOKS = 0.25, 40
"""Presence of a server that died has run out by then."""


@dataclass(frozen=True)
class Copy:
    """A copy of a forum and the tokens that open it."""

    id: int
    code: str
    title: str
    moderator: str
    stage: str
    tickets: list[str] = field(default_factory=list)
    desks: list[tuple[int, str]] = field(default_factory=list)


@contextmanager
def alone(hall: Hall) -> Iterator[None]:
    """Be the only rehearsal on this database. Refuses `rehearse_busy`."""
    with processes.rehearsing(hall.database.engine):
        yield


@dataclass(frozen=True)
class Coming:
    """A forum that can be rehearsed: as many phones as it has tickets would come."""

    id: int
    title: str
    tickets: int


async def coming(hall: Hall, code: str) -> Coming:
    """The forum of a code before or after its evening. Refuses `forum_unknown`,
    `rehearse_running`.
    """
    gate = await people.gate(hall, code)

    def look(session: Session) -> Coming:
        row = _resting(session, gate.id)
        counted = forums.seat_counts(session, gate.id).get("ticket", {})
        return Coming(gate.id, row.title, counted.get("registered", 0))

    return await hall.read(look)


def _resting(session: Session, forum: int) -> Forum:
    """A forum that is nobody's copy, while none runs: phones would be in its people's way."""
    row = forums.get(session, forum)
    if row.rehearses is not None:
        raise Refused("forum_unknown", forum=row.code)
    if (running := forums.running(session)) is not None:
        raise Refused("rehearse_running", forum=running)
    return row


async def make(hall: Hall, actor: Actor, forum: int, phones: int, title: str) -> Copy:
    """A copy of a forum with `phones` tickets (1 to 10,000); desks of at most 20 tables.

    Nothing lists it, and its code is too long to be come upon. Refuses `rehearse_running` and
    `tickets_number`.
    """
    require(actor, "house.manage")
    if not 1 <= phones <= cards.MOST_TICKETS:
        raise Refused("tickets_number", most=cards.MOST_TICKETS)

    def decide(session: Session, now: int) -> Change[Copy]:
        original = _resting(session, forum)
        made = rehearsals.duplicate(session, original, title[:80], now)
        row = forums.get(session, made)
        tables = seats.tables_of(session, made)
        drawn = [new_token() for _ in range(phones)]
        seats.mint_tickets(session, made, drawn, tables, now)
        copy = Copy(made, row.code, row.title, new_token(), new_token(), drawn)
        copy.desks.extend((table, new_token()) for table in tables[:MOST_DESKS])
        audit.record(session, made, "forum_made", forums.facts(row))
        for role, token in (("moderator", copy.moderator), ("stage", copy.stage)):
            cards.issue(session, hall, made, role, token, now)  # type: ignore[arg-type]
        for table, token in copy.desks:
            cards.issue(session, hall, made, "facilitator", token, now, table=table)
        return Change(copy)

    return await hall.change(None, decide)


async def delete(hall: Hall, actor: Actor, copy: int) -> None:
    """Delete a copy and everything in it: first nobody is let in, then nothing is left.

    Refuses `not_found` for a forum that is no copy, and for a copy that has gone.
    """
    require(actor, "house.manage")

    def close(session: Session, now: int) -> Change[None]:
        rehearsals.close(session, copy, now)
        return Change(None, frozenset({"forum", "questions", "turnout", "tally"}))

    def remove(session: Session, now: int) -> Change[None]:
        rehearsals.remove(session, copy)
        return Change(None)

    await hall.change(copy, close)
    await asyncio.sleep(CUT_SECONDS)
    for _ in range(EMPTY_LOOKS):
        if not await hall.read(forums.connected, copy, hall.now()):
            break
        await asyncio.sleep(LOOK_SECONDS)
    await hall.change(copy, remove)


async def clear(hall: Hall, actor: Actor) -> int:
    """Delete the copies that rehearsals left behind which were killed; how many."""
    found = await hall.read(rehearsals.copies)
    for copy in found:
        await delete(hall, actor, copy)
    return len(found)


async def clear_at_start(hall: Hall) -> None:
    """The same for a server that starts, unless somebody rehearses just now."""
    try:
        if await hall.read(rehearsals.copies):
            with alone(hall):
                n = await clear(hall, Actor(role="organiser"))
            log.info("%d copies that rehearsals had left were deleted", n)
    except Refused as refused:
        log.info("copies of rehearsals stay: %s", refused)
    except Exception:
        log.exception("copies of rehearsals could not be deleted")


async def keep(hall: Hall, actor: Actor, forum: int, figures: dict[str, Any]) -> None:
    """Keep what a rehearsal of a forum found; the forum's revision and chain stay as they are."""
    require(actor, "house.manage")

    def decide(session: Session, now: int) -> Change[None]:
        rehearsals.keep(session, forum, rehearsals.Found(now, __version__, figures))
        return Change(None, frozenset({"rehearsal"}))

    await hall.change(forum, decide, revise=False)
