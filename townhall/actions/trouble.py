"""While nothing can be saved: try again, and tell consoles and stages, until it works."""

from collections.abc import Iterable
from contextlib import suppress

from sqlmodel import Session

from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.storage import probe

LEASE_MS = 10_000
"""How long a screen says so after it last heard it: it may be cut off when the trouble ends."""


async def look(hall: Hall, forums: Iterable[int]) -> None:
    """One look; call it every second. `forums` are those that somebody here follows.

    It costs nothing while all is well. Trouble that was over before a look found it is announced
    as well: a screen may have heard of it meanwhile. Whoever was refused comes again by himself.
    """
    trouble = hall.database.trouble
    if trouble.reason is None:
        return
    with suppress(Refused):
        await hall.change(None, _try)
        await hall.change(None, _clear)
        trouble.reason = None
    trouble.until = hall.now() + LEASE_MS if trouble.reason is not None else 0
    for forum in forums:
        hall.hub.moved(forum, frozenset({"trouble"}))


def _try(session: Session, _now: int) -> Change[None]:
    probe.write(session)
    return Change(None)


def _clear(session: Session, _now: int) -> Change[None]:
    probe.clear(session)
    return Change(None)
