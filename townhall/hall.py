"""The bag every action receives: database, writer, hub, clock, settings.

`change` is the one way to change anything: write, commit, announce. At most 120 lines, for ever.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from sqlmodel import Session

from townhall.live.bus import News
from townhall.live.hub import Hub
from townhall.settings import Settings
from townhall.storage import audit
from townhall.storage.ballots import CastBallot
from townhall.storage.database import Database
from townhall.storage.writer import Writer

A = TypeVar("A")
P = ParamSpec("P")
T = TypeVar("T")

# What a batch of ballots may move on any screen.
BALLOT_SLICES = frozenset({"tally", "turnout", "room"})


def wall_clock() -> int:
    """UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Change(Generic[T]):
    """What a decision came to: its value, the parts of screens that changed, the audit record."""

    value: T
    slices: frozenset[str] = frozenset()
    audit: tuple[str, dict[str, Any]] | None = None


@dataclass
class Hall:
    """Everything that an action needs; made once by `app`, or by a test."""

    database: Database
    hub: Hub
    settings: Settings
    now: Callable[[], int] = wall_clock
    stopping: bool = False  # this process takes its leave, and no new clients should come
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.writer = Writer(self.database, self.now)
        self.writer.on_batch = self._batch_committed

    async def start(self) -> None:
        """Start the writer; needs the running loop."""
        self.writer.start()

    async def stop(self) -> None:
        """Drain the writer, then close the database."""
        await self.writer.stop()
        self.database.close()

    async def read(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(session, …)` on one snapshot."""
        return await self.database.read(fn, *args, **kwargs)

    async def read_together(self, fn: Callable[[Session, Sequence[A]], Sequence[T]], asked: A) -> T:
        """The same for something that a whole hall asks at once: `fn` answers many questions."""
        return await self.database.read_together(fn, asked)

    async def change(
        self,
        forum: int | None,
        decide: Callable[[Session, int], Change[T]],
        *,
        revise: bool = True,
        together: bool = False,
    ) -> T:
        """Decide and write in one transaction, then announce.

        With a forum its revision is raised first, so that changes to it form a line on both
        databases. `revise=False` is for what no screen's version depends on, such as joining;
        `together` for what a whole hall does at once, and may share a transaction. Whatever
        `decide` raises rolls everything back that it did.
        """

        def task(session: Session, now: int) -> tuple[T, News]:
            raised: frozenset[int] = frozenset()
            if forum is not None and revise:
                raised = frozenset({audit.raise_revision(session, forum)})
            change = decide(session, now)
            if forum is not None and change.audit is not None:
                audit.record(session, forum, *change.audit)
            return change.value, News(change.slices, raised)

        def announce(done: tuple[T, News]) -> None:
            if forum is not None:
                self.hub.announce(forum, done[1])

        write = self.writer.change_together if together else self.writer.change
        done: tuple[T, News] = await write(task, announce)
        return done[0]

    async def cast(self, ballot: CastBallot) -> dict[str, Any]:
        """Store a ballot and give the answer for its phone."""
        return await self.writer.stored(ballot)

    def _batch_committed(self, forums: set[int]) -> None:
        for forum in forums:
            self.hub.announce(forum, News(BALLOT_SLICES))
