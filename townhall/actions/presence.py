"""Who is connected, as each process says of itself on a lease.

Every process compares what all of them say with what it showed last, so that no news of it has to
travel, and the death of a process is noticed by the others.
"""

from dataclasses import dataclass, field

from sqlmodel import Session

from townhall.hall import Change, Hall
from townhall.storage import forums

LEASE_MS = 7_000


@dataclass
class Presence:
    """What one process said last of itself, and what it showed of all in the last two beats.

    A number is announced twice: a console that greets meanwhile may get the answer, with the number
    before, after the news, and no version tells which of them is older.
    """

    process: str
    said: dict[tuple[int, int], int] = field(default_factory=dict)
    shown: dict[int, int] = field(default_factory=dict)
    before: dict[int, int] = field(default_factory=dict)

    async def beat(self, hall: Hall, counts: dict[tuple[int, int], int]) -> None:
        """Store this process's presence, (forum, table or 0) -> seats, and show the consoles.

        Where nobody is here and nobody was, nothing is written, unless a process that has died
        left its presence behind.
        """

        def decide(session: Session, now: int) -> Change[dict[int, int]]:
            forums.beat(session, self.process, counts, now, LEASE_MS)
            return Change(forums.shown(session))

        ran_out: bool = await hall.read(forums.run_out, hall.now())
        if counts or self.said or ran_out:
            shown = await hall.change(None, decide)
        else:
            shown = await hall.read(forums.shown)
        self.said = counts
        for forum in shown.keys() | self.shown.keys() | self.before.keys():
            lately = {self.before.get(forum), self.shown.get(forum)}
            if lately != {shown.get(forum)}:
                hall.hub.moved(forum, frozenset({"room"}))
        self.before, self.shown = self.shown, shown
