"""Our own server as a child process: a fresh database in a temporary folder, a free port.

Belongs here: starting, asking `townhall …` for a forum, and what the kernel says about the
process. Does not belong here: load.
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
from collections.abc import Coroutine, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 60.0
LONGEST_RUN = 1_800.0

T = TypeVar("T")


class ServerFailed(Exception):  # noqa: N818 - told in one line
    """Our server did not do what was asked; the text says what."""


class Server:
    """One server on SQLite; it and its folder go with the `with` block."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="townhall-load-"))
        self._log = self._home / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.started = 0.0  # on the clock of time.perf_counter
        self.url = ""

    def __enter__(self) -> Self:
        # Thousands of sockets here and, inherited, in the server.
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        try:
            self._start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    async def alongside(self, work: Coroutine[Any, Any, T], seconds: float = LONGEST_RUN) -> T:
        """Do the work while the server lives; ServerFailed when it ends or time is over."""
        task, deadline = asyncio.create_task(work), time.monotonic() + seconds
        try:
            while not (await asyncio.wait({task}, timeout=1))[0]:
                if self._process is None or self._process.poll() is not None:
                    raise ServerFailed(f"the server ended: {self._last_words()}")
                if time.monotonic() > deadline:
                    raise ServerFailed(f"not done within {seconds:g} s.")
        finally:
            task.cancel()
        return task.result()

    def command(self, *arguments: str) -> str:
        """Run `townhall …` on this server's database; what it printed. Raises ServerFailed."""
        done = subprocess.run(
            [sys.executable, "-m", "townhall", *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=self._environment(),
            cwd=ROOT,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no word"]
            raise ServerFailed(f"townhall {arguments[0]} failed: {said[-1]}")
        return done.stdout

    def forum(self, questions: Sequence[dict[str, Any]], tickets: int) -> dict[str, Any]:
        """A blank forum with these questions, as `townhall forum new --json` prints it."""
        file = self._home / "questions.json"
        file.write_text(json.dumps(questions), encoding="utf-8")
        options = ["--questions", str(file), "--tickets", str(tickets), "--title", "Load"]
        made: dict[str, Any] = json.loads(
            self.command("forum", "new", "--template", "blank", *options, "--json")
        )
        return made

    def cpu(self) -> float:
        """Seconds of processor time that the server has used so far, in all its threads."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self, line: str = "VmRSS") -> float:
        """Megabytes of the server: VmRSS now, VmHWM at its peak."""
        found = next(each for each in self._proc("status").splitlines() if each.startswith(line))
        return int(found.split()[1]) / 1024

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _last_words(self) -> str:
        said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return said[-1] if said else "without a word"

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.pid}/{name}").read_text()

    def _start(self) -> None:
        address = self._home / "url"
        command = [sys.executable, "-m", "townhall", "serve", "--port", "0"]
        with self._log.open("wb") as output:
            self.started = time.perf_counter()
            self._process = subprocess.Popen(
                [*command, "--url-file", str(address)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                cwd=ROOT,
            )
        while not (address.exists() and address.read_text().endswith("\n")):
            late = time.perf_counter() - self.started > START_SECONDS
            if late or self._process.poll() is not None:
                raise ServerFailed(f"the server did not start: {self._last_words()}")
            time.sleep(0.01)
        self.url = address.read_text().strip()

    def _environment(self) -> dict[str, str]:
        ours = {k: v for k, v in os.environ.items() if not k.startswith("TOWNHALL_")}
        database = f"sqlite:///{self._home / 'townhall.db'}"
        return ours | {"TOWNHALL_DATABASE_URL": database, "TOWNHALL_LOG_LEVEL": "warning"}

    def _remove(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self._home, ignore_errors=True)
