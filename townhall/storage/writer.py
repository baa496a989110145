"""ONE thread, ONE queue, ONE connection per process: the only place that writes.

An item is a ballot or a function of a session. Adjacent ballots share a transaction (group
commit): whatever gathered while the last commit ran, at most 500. Every other change is a
transaction of its own in the same line, so a close stands behind the ballots that came before it;
what a whole hall does at once, such as joining, is gathered before it and is one change there.
Answers leave only after the commit; a caller that has gone cancels nothing.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from townhall.counts import COUNTS
from townhall.domain.capacity import LARGEST_BATCH
from townhall.domain.errors import Refused
from townhall.storage.ballots import BUSY, SCRUB, Answer, CastBallot
from townhall.storage.batches import Batches
from townhall.storage.database import Database
from townhall.storage.schema import Writer as WriterRow
from townhall.storage.together import Together

log = logging.getLogger(__name__)

LONGEST_QUEUE = 10_000
COMPANY_SECONDS = 0.25  # how long a lone secret ballot waits for others
CROWD, GATHER_SECONDS = 10, 0.005
"""After a batch of a crowd the next is gathered for a moment: a batch costs two threads as much
again as its ballots, most of it in handing the interpreter back and forth."""

Task = Callable[[Session, int], Any]


@dataclass(slots=True)
class _Item:
    """One thing in the line, and who is told what came of it: a value or the exception."""

    work: CastBallot | Task
    told: Callable[[Any], None]
    since: float


class Writer:
    """The line of changes. `start` it inside the loop that awaits its answers."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database = database
        self._now = now
        self._line: deque[_Item] = deque()
        self._arrived = threading.Event()
        self._stopping = False
        self._crowded = False
        self._scrub = False
        self._together = Together(self._all)
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.id = 0
        self.on_batch: Callable[[set[int]], None] = lambda forums: None

    def start(self) -> None:
        """Take a writer id of this process run and start the thread."""
        with Session(self._database.engine) as session:
            row = WriterRow(started_at=self._now())
            session.add(row)
            session.commit()
            assert row.id is not None
            self.id = row.id
        self._scrub = self._database.scrub_due()
        with self._database.engine.connect() as connection:
            self._tidy(connection)
        self._batches = Batches(self.id, self._database.dialect)
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Finish what is in the line, then end the thread."""
        self._stopping = True
        self._arrived.set()
        await asyncio.to_thread(self._thread.join)

    @property
    def alive(self) -> bool:
        """Whether changes are being taken from the line."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """How many items stand in the line."""
        return len(self._line)

    async def change(self, task: Task, then: Callable[[Any], None]) -> Any:
        """Run `task(session, now)` in a transaction of its own; what it raises rolls it back.

        `then(value)` is called after the commit, also when nobody waits for the answer any more.
        """
        waiting = asyncio.get_running_loop().create_future()

        def told(found: Any) -> None:
            if isinstance(found, Exception):
                if not waiting.done():
                    waiting.set_exception(found)
                return
            try:
                then(found)
            finally:
                if not waiting.done():
                    waiting.set_result(found)

        self._enqueue(task, told)
        return await waiting

    async def change_together(self, task: Task, then: Callable[[Any], None]) -> Any:
        """The same for what a whole hall does at once: on SQLite it may share its transaction.

        What `task` refuses takes back what it did, and nothing of the others; any other failure is
        that of all. On PostgreSQL each stays alone: rows that were held until all are done would
        lock two processes against each other.
        """
        if self._database.dialect != "sqlite":
            return await self.change(task, then)
        return await self._together.ask((task, then))

    async def _all(self, asked: Sequence[tuple[Task, Callable[[Any], None]]]) -> list[Any]:
        def each(session: Session, now: int) -> list[Any]:
            return [_behind_a_savepoint(session, task, now) for task, _ in asked]

        def told(found: Sequence[Any]) -> None:
            for (_, then), value in zip(asked, found, strict=True):
                if not isinstance(value, Exception):
                    then(value)

        try:
            found: list[Any] = await self.change(each, told)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked for the changes
            return [_first_refusal(error)] * len(asked)
        return found

    def cast(self, ballot: CastBallot, told: Callable[[Answer], None]) -> None:
        """Store a ballot; `told(answer)` comes in the loop, after the commit.

        A full line, and one that is being finished, answers `busy` at once.
        """
        if self._stopping or len(self._line) >= LONGEST_QUEUE:
            told(dict(BUSY))
        else:
            self._enqueue(ballot, told)

    async def stored(self, ballot: CastBallot) -> Answer:
        """The same for whoever can wait; one who stops waiting takes nothing back."""
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def told(found: Answer) -> None:
            if not waiting.done():
                waiting.set_result(found)

        self.cast(ballot, told)
        return await waiting

    def _enqueue(self, work: CastBallot | Task, told: Callable[[Any], None]) -> None:
        if self._stopping:
            raise Refused("stopping")
        self._line.append(_Item(work, told, time.perf_counter()))
        if not self._arrived.is_set():
            self._arrived.set()

    def _run(self) -> None:
        with self._database.engine.connect() as connection:
            while True:
                self._arrived.wait()
                self._arrived.clear()
                while self._line:
                    try:
                        self._next(connection)
                        self._tidy(connection)
                    except Exception:  # whoever waited for it sends again; the others must go on
                        log.exception("the writer failed and goes on")
                        self._batches.forget()
                if self._stopping:
                    return

    def _tidy(self, connection: Connection) -> None:
        """Let go of old rows where that is due, until it has worked."""
        if self._scrub:
            self._scrub = not self._database.scrub(connection)

    def _next(self, connection: Connection) -> None:
        first = self._line.popleft()
        if not isinstance(first.work, CastBallot):
            try:
                found = self._change(connection, first.work)
            except Exception as error:
                log.exception("a change could not even be taken back")
                found = error
            self._settle([first], [found])
            return
        items = self._gather([first])
        ballots = [item.work for item in items if isinstance(item.work, CastBallot)]
        self._settle(items, self._answers(connection, ballots))

    def _answers(self, connection: Connection, ballots: Sequence[CastBallot]) -> list[Answer]:
        """The answers to a batch, whatever it takes: all at once, carefully, or one by one."""
        for careful in (False, True):
            try:
                return self._batch(connection, ballots, careful=careful)
            except Refused:  # nothing can be saved: one by one neither
                return [dict(BUSY) for _ in ballots]
            except OperationalError:  # the database has gone; it comes back for all or for none
                log.exception("a batch of %d ballots could not be stored", len(ballots))
                return [dict(BUSY) for _ in ballots]
            except IntegrityError:
                log.info("a batch of %d ballots has a key of somebody else's", len(ballots))
            except Exception:
                log.exception("a batch of %d ballots failed", len(ballots))
                break
        return [self._alone(connection, ballot) for ballot in ballots]

    def _gather(self, items: list[_Item]) -> list[_Item]:
        """The ballots that stand next to the first one; a lone secret one waits for company."""
        if self._crowded:
            time.sleep(GATHER_SECONDS)
        self._take_ballots(items)
        self._crowded = len(items) >= CROWD
        alone = len(items) == 1 and isinstance(items[0].work, CastBallot) and items[0].work.secret
        if alone and not self._line and not self._stopping:
            deadline = time.monotonic() + COMPANY_SECONDS
            while len(items) == 1 and (left := deadline - time.monotonic()) > 0:
                self._arrived.wait(left)
                self._arrived.clear()
                if self._line and not isinstance(self._line[0].work, CastBallot):
                    break
                self._take_ballots(items)
            self._arrived.set()
        return items

    def _take_ballots(self, items: list[_Item]) -> None:
        line = self._line
        while line and len(items) < LARGEST_BATCH and isinstance(line[0].work, CastBallot):
            items.append(line.popleft())

    def _change(self, connection: Connection, task: Task) -> Any:
        try:
            with Session(bind=connection) as session:
                value = task(session, self._now())
                session.commit()
                self._scrub = self._scrub or SCRUB in session.info
                return value
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked for the change
            return error
        finally:
            connection.rollback()

    def _batch(
        self, connection: Connection, ballots: Sequence[CastBallot], *, careful: bool
    ) -> list[Answer]:
        began = time.perf_counter()
        try:
            with connection.begin():
                stored = self._batches.store(connection, ballots, self._now(), careful=careful)
        except Exception:
            self._batches.forget()
            raise
        COUNTS.batch.observe(len(ballots))
        COUNTS.commit.observe(time.perf_counter() - began)
        if stored.forums:
            self._call(self.on_batch, stored.forums)
        return stored.answers

    def _alone(self, connection: Connection, ballot: CastBallot) -> Answer:
        """One ballot of a failed batch: a poisoned one must not take the others with it.

        Whether a commit that failed is on disk is unknown; the same key will tell.
        """
        try:
            return self._batch(connection, [ballot], careful=True)[0]
        except Exception:
            log.exception("a ballot could not be stored")
            return dict(BUSY)

    def _settle(self, items: Sequence[_Item], answers: Sequence[Any]) -> None:
        self._call(_answer, items, answers)

    def _call(self, fn: Callable[..., Any], *args: Any) -> None:
        assert self._loop is not None
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(fn, *args)


def _behind_a_savepoint(session: Session, task: Task, now: int) -> Any:
    """What a change comes to, or why it was refused; then nothing of it is left.

    Whatever else it raises is raised: after a full disk SQLite has no savepoint to go back to.
    """
    try:
        with session.begin_nested():
            return task(session, now)
    except (Refused, IntegrityError) as error:
        return error


def _first_refusal(error: Exception) -> Exception:
    """Why nothing could be saved, where going back to a savepoint failed after that."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Refused):
        cause = cause.__context__
    return cause or error


def _answer(items: Sequence[_Item], answers: Sequence[Any]) -> None:
    now = time.perf_counter()
    for item, answer in zip(items, answers, strict=True):
        if isinstance(item.work, CastBallot):
            COUNTS.acknowledged.observe(now - item.since)
        try:
            item.told(answer)
        except Exception:
            log.exception("somebody could not be told what came of a change")
