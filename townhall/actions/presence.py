"""Who is connected, as each process says of itself on a lease."""

from sqlmodel import Session

from townhall.hall import Change, Hall
from townhall.storage import forums

LEASE_MS = 7_000

_last: dict[str, dict[tuple[int, int], int]] = {}


async def beat(hall: Hall, process: str, counts: dict[tuple[int, int], int]) -> None:
    """Store one process's presence, (forum, table or 0) -> seats, and show the consoles.

    Where nobody is here and nobody was, nothing is written, unless a process that has died left
    its presence behind.
    """
    before = _last.get(process, {})
    dead = await hall.read(forums.run_out, hall.now())
    if not (counts or before or dead):
        return

    def decide(session: Session, now: int) -> Change[None]:
        forums.beat(session, process, counts, now, LEASE_MS)
        return Change(None)

    await hall.change(None, decide)
    _last[process] = counts
    moved = {
        f for f, t in counts.keys() | before.keys() if counts.get((f, t)) != before.get((f, t))
    }
    for forum in moved | dead:
        hall.hub.announce(forum, frozenset({"room"}))
