"""The process above the workers: it starts them on one listening socket and keeps their number.

It serves nothing itself, and loads nothing of what serving takes. Each worker is this same command
run anew, so that a roll brings new code in. The worker's standard input is its line to here: over
it the worker says that it accepts, and its end tells the worker that nobody is above it any more.

One socket for all spreads connections as evenly as a socket for each (SO_REUSEPORT) does, and who
stands in its queue when a worker dies is let in by another.
"""

import asyncio
import contextlib
import logging
import random
import signal
import socket
import sys
from asyncio.subprocess import Process

from townhall.cli import here
from townhall.domain.errors import Refused
from townhall.settings import Settings

log = logging.getLogger(__name__)

START_SECONDS = 60.0
STOP_SECONDS = 10.0
LONGEST_PAUSE = 30.0
MOST_FAILURES = 5  # starts in a row that come to nothing while nobody serves
REFUSED = 2


def refuse_alone(settings: Settings) -> None:
    """Refuse `workers_alone` where several processes would have no PostgreSQL or no Redis."""
    shared = settings.database_url.startswith("postgres") and settings.redis_url is not None
    if settings.workers > 1 and not shared:
        raise Refused("workers_alone", n=settings.workers)


def listen(settings: Settings) -> socket.socket:
    """The socket that every worker accepts from, bound; refuses `address_taken`."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((settings.host, settings.port))
    except OSError as error:
        raise Refused(
            "address_taken", host=settings.host, port=settings.port, reason=error.strerror
        ) from None
    return found


def supervise(settings: Settings, listening: socket.socket) -> int:
    """Keep `settings.workers` workers until a signal comes; the exit code of this process."""
    return asyncio.run(_House(settings, listening).run())


class _Worker:
    """One worker: its process, and the line to it."""

    def __init__(self, process: Process, line: socket.socket) -> None:
        self.process = process
        self._line = line

    @classmethod
    async def start(cls, listening: socket.socket, *more: str) -> "_Worker":
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *sys.orig_argv[1:],
                "--worker",
                str(listening.fileno()),
                *more,
                stdin=theirs.fileno(),
                pass_fds=[listening.fileno()],
                start_new_session=True,  # Ctrl-C is for this process, which tells the workers
            )
        return cls(process, ours)

    async def accepts(self) -> bool:
        """Wait until it accepts connections; False when it has ended instead."""
        try:
            async with asyncio.timeout(START_SECONDS):
                return bool(await asyncio.get_running_loop().sock_recv(self._line, 1))
        except (TimeoutError, OSError):
            return False

    async def gone(self) -> int:
        """Wait until it has ended; its exit code."""
        code = await self.process.wait()
        self._line.close()
        return code

    async def stop(self) -> int:
        """Let it finish and say goodbye; one that takes too long is ended, and loses nothing."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                return await self.gone()
        except TimeoutError:
            log.warning("worker %d did not stop in time", self.process.pid)
            self.process.kill()
            return await self.gone()


class _Place:
    """One place among the workers, and who holds it."""

    def __init__(self, house: "_House") -> None:
        self._house = house
        self._changing = asyncio.Lock()
        self._worker: _Worker | None = None

    async def hold(self, worker: _Worker | None) -> None:
        """Have a worker here, one after the other, until the house ends."""
        self._worker = worker
        while not self._house.ending.is_set():
            async with self._changing:
                if self._worker is None or self._worker.process.returncode is not None:
                    self._worker = await self._house.someone()
            if self._worker is not None:
                await self._worker.gone()

    async def roll(self) -> bool:
        """Put a new worker in the place of the present one, which leaves once the new accepts."""
        async with self._changing:
            follower = await self._house.start("--quiet")
            if follower is None:
                return False
            before, self._worker = self._worker, follower
        if before is not None:
            await before.stop()
        return True


class _House:
    """All places, and the signals that concern them."""

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        self._settings = settings
        self._socket = listening
        self._workers: set[_Worker] = set()
        self._serving: set[_Worker] = set()
        self._failures = 0
        self._code = 0
        self._rolling: asyncio.Task[None] | None = None
        self.ending = asyncio.Event()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ending.set)
        places = [_Place(self) for _ in range(self._settings.workers)]
        loop.add_signal_handler(signal.SIGHUP, self._roll, places)
        # The first goes ahead: what refuses one worker is said once, not by each.
        first = await self.start()
        holding = [
            asyncio.create_task(place.hold(first if n == 0 else None))
            for n, place in enumerate(places)
        ]
        await self.ending.wait()
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        await asyncio.gather(*holding)
        return self._code

    async def start(self, *more: str) -> _Worker | None:
        """Try once to start a worker; None when it ended before it accepted connections."""
        worker = await _Worker.start(self._socket, *more)
        self._workers.add(worker)
        if await worker.accepts() and not self.ending.is_set():
            self._failures = 0
            self._serving.add(worker)
            log.info("worker %d serves", worker.process.pid)
            asyncio.ensure_future(worker.gone()).add_done_callback(lambda _: self._left(worker))
            return worker
        # A signal to one that has just ended would reap it, and its code would be lost.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await worker.gone()
        code = await worker.stop()
        self._workers.discard(worker)
        if not self.ending.is_set():
            self._failed(code)
        return None

    async def someone(self) -> _Worker | None:
        """Try until a worker serves, with growing pauses; None when the house ends."""
        while not self.ending.is_set():
            pause = min(LONGEST_PAUSE, 2.0**self._failures - 1) * random.uniform(0.5, 1)  # noqa: S311
            try:
                async with asyncio.timeout(pause):
                    await self.ending.wait()
            except TimeoutError:
                if worker := await self.start("--quiet"):
                    return worker
        return None

    def _left(self, worker: _Worker) -> None:
        self._workers.discard(worker)
        self._serving.discard(worker)
        log.info("worker %d ended (%s)", worker.process.pid, worker.process.returncode)

    def _failed(self, code: int) -> None:
        """A worker did not come up. When nobody serves, a refusal ends the house, and so does the
        last of too many failures in a row."""
        self._failures += 1
        log.warning("a worker could not start (%d)", code)
        if not self._serving and (code == REFUSED or self._failures >= MOST_FAILURES):
            if code != REFUSED:  # it has said why itself
                print(here.sentence(self._settings, Refused("workers_fail")), file=sys.stderr)
            self._code = code if code == REFUSED else 1
            self.ending.set()

    def _roll(self, places: list[_Place]) -> None:
        if self._rolling is None or self._rolling.done():
            self._rolling = asyncio.create_task(self._roll_each(places))

    async def _roll_each(self, places: list[_Place]) -> None:
        """One after the other, so that all but one always serve."""
        for place in places:
            if not await place.roll():
                log.error("the new worker could not start; those that serve stay")
                return
        log.info("every worker is new")
