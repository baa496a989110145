"""Servers under load as child processes: ours with a fresh database, and those of others.

Belongs here: starting on a processor of its own, asking `townhall …` for a forum, and what the
kernel says about the process. Does not belong here: load.
"""

import asyncio
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from uvicorn.loops.auto import auto_loop_factory

from loadtests import peers
from tests.servers.node import node

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
LONGEST_RUN = 1_800.0

T = TypeVar("T")


class ServerFailed(Exception):  # noqa: N818 - told in one line
    """A server did not do what was asked; the text says what."""


@dataclass(frozen=True)
class Forum:
    """What a crowd has to know of a forum: who may come in, and what is put to the vote."""

    code: str
    moderator: str
    stage: str
    tokens: Sequence[str]
    questions: Sequence[int]

    def auth(self, token: str) -> dict[str, str]:
        """What a socket shows at the door."""
        return {"forum": self.code, "token": token}

    @property
    def auths(self) -> list[dict[str, str]]:
        """The same for every seat."""
        return [self.auth(token) for token in self.tokens]


class Child(ABC):
    """One server process; it and its folder go with the `with` block.

    It runs on the first processor and the load on the others, where there are two.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = 0.0  # on the clock of time.perf_counter
        self.url = ""
        self._home = Path(tempfile.mkdtemp(prefix="townhall-load-"))
        self._log = self._home / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        # Thousands of sockets here and, inherited, in the server.
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def start(self) -> None:
        """Start the process and wait until it accepts connections. Raises ServerFailed."""
        output = self._home / "url"
        output.unlink(missing_ok=True)
        with self._log.open("wb") as log, output.open("wb") as says, on(self._cores):
            self.started = time.perf_counter()
            self._process = subprocess.Popen(
                self._command(output),
                stdin=subprocess.DEVNULL,
                stdout=says if self._says_port else log,
                stderr=log,
                env=self._environment(),
                cwd=ROOT,
            )
        while not output.read_text().endswith("\n"):
            late = time.perf_counter() - self.started > START_SECONDS
            if late or self._process.poll() is not None:
                raise ServerFailed(f"{self.name} did not start: {self._last_words()}")
            time.sleep(0.01)
        said = output.read_text().strip()
        self.url = f"http://127.0.0.1:{said}" if self._says_port else said

    def stop(self) -> None:
        """End the process; it may be started again."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @abstractmethod
    def forum(self, phones: int, questions: int) -> Forum:
        """A forum with so many taken seats and open questions. Raises ServerFailed."""

    def under(self, load: Coroutine[Any, Any, T], seconds: float = LONGEST_RUN) -> T:
        """Run a load on the fastest loop that is installed; see `alongside`."""
        with on(LOAD_CORES), asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            return runner.run(self.alongside(load, seconds))

    async def alongside(self, work: Coroutine[Any, Any, T], seconds: float = LONGEST_RUN) -> T:
        """Do the work while the server lives; ServerFailed when it ends or time is over."""
        task, deadline = asyncio.create_task(work), time.monotonic() + seconds
        try:
            while not (await asyncio.wait({task}, timeout=1))[0]:
                if self._process is None or self._process.poll() is not None:
                    raise ServerFailed(f"{self.name} ended: {self._last_words()}")
                if time.monotonic() > deadline:
                    raise ServerFailed(f"not done within {seconds:g} s.")
        finally:
            task.cancel()
        return task.result()

    def cpu(self) -> float:
        """Seconds of processor time that its processes have used so far, in all their threads."""
        # What clock_getcpuclockid(3) gives, in nanoseconds; /proc/PID/stat counts hundredths.
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self.pids())

    def memory(self, line: str = "VmRSS") -> float:
        """Megabytes of its processes: VmRSS now, VmHWM at its peak."""
        status = [Path(f"/proc/{pid}/status").read_text() for pid in self.pids()]
        lines = (each for one in status for each in one.splitlines() if each.startswith(line))
        return sum(int(each.split()[1]) for each in lines) / 1024

    def pids(self) -> list[int]:
        """The processes that it is made of."""
        assert self._process is not None
        return [self._process.pid]

    @property
    def _cores(self) -> Sequence[int]:
        return SERVER_CORES

    _says_port = True  # whether it prints a port; else it writes its address to a file

    @abstractmethod
    def _command(self, address: Path) -> list[str]: ...

    def _environment(self) -> dict[str, str]:
        return {k: v for k, v in os.environ.items() if not k.startswith("TOWNHALL_")}

    def _last_words(self) -> str:
        said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return said[-1] if said else "without a word"


class Server(Child):
    """Ours, on SQLite in its own folder or on another empty database."""

    _says_port = False

    def __init__(self, name: str = "Townhall on SQLite", database: str = "") -> None:
        super().__init__(name)
        self._database = database or f"sqlite:///{self._home / 'townhall.db'}"

    def start(self) -> None:
        if not self._database.startswith("sqlite"):
            self.command("townhall", "migrate")
        super().start()

    def command(self, module: str, *arguments: str) -> str:
        """Run a program of ours on this server's database; what it printed. Raises ServerFailed."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=self._environment(),
            cwd=ROOT,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no word"]
            raise ServerFailed(f"{module} {arguments[0]} failed: {said[-1]}")
        return done.stdout

    def new_forum(self, questions: Sequence[dict[str, Any]], tickets: int) -> dict[str, Any]:
        """A blank forum with these questions, as `townhall forum new --json` prints it."""
        file = self._home / "questions.json"
        file.write_text(json.dumps(questions), encoding="utf-8")
        options = ["--questions", str(file), "--tickets", str(tickets), "--title", "Load"]
        made: dict[str, Any] = json.loads(
            self.command("townhall", "forum", "new", "--template", "blank", *options, "--json")
        )
        return made

    def forum(self, phones: int, questions: int) -> Forum:
        asked = ["--phones", str(phones), "--questions", str(questions)]
        return Forum(**json.loads(self.command("tests.servers.fill", *asked)))

    def store(self, ballots: int) -> None:
        """Store so many ballots more, in a forum that nobody visits."""
        self.command("tests.servers.fill", "--ballots", str(ballots))

    def _command(self, address: Path) -> list[str]:
        command = [sys.executable, "-m", "townhall", "serve", "--port", "0"]
        return [*command, "--url-file", str(address)]

    def _environment(self) -> dict[str, str]:
        ours = {"TOWNHALL_DATABASE_URL": self._database, "TOWNHALL_LOG_LEVEL": "warning"}
        return super()._environment() | ours


class Several(Server):
    """Ours in several processes under one, on an empty PostgreSQL and with a bus."""

    def __init__(self, workers: int, database: str, redis: str) -> None:
        super().__init__(f"Townhall in {workers} processes", database)
        self._more = {"TOWNHALL_WORKERS": str(workers), "TOWNHALL_REDIS_URL": redis}

    def pids(self) -> list[int]:
        [first] = super().pids()
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    @property
    def _cores(self) -> Sequence[int]:
        return _CORES

    def _environment(self) -> dict[str, str]:
        return super()._environment() | self._more


class Peer(Child):
    """One of `PEERS`, by its name."""

    def forum(self, phones: int, questions: int) -> Forum:
        """It asks nobody who they are, so anything will do."""
        return Forum("", "", "", [""] * phones, range(1, questions + 1))

    def _command(self, address: Path) -> list[str]:
        program = Path(peers.__file__).with_name(peers.PEERS[self.name])
        runs = sys.executable if program.suffix == ".py" else str(node())
        return [runs, str(program), str(peers.PACKET)]


@contextmanager
def on(cores: Sequence[int]) -> Iterator[None]:
    """What runs or is started in here gets these processors; where there is one, nothing moves."""
    if len(_CORES) < 2:
        yield
        return
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, _CORES)


_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
SERVER_CORES, LOAD_CORES = _CORES[:1], _CORES[1:]
