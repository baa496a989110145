"""A server of one's own: `townhall serve` on a free port, a fresh database, and what it costs.

Memory and processor time are read from the system, so figures need Linux.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def many_files() -> None:
    """Let this process, and servers it starts, hold as many sockets as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Server:
    """`with Server() as server:`; the database is gone afterwards, unless it was given."""

    def __init__(self, database: str | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="townhall-load-")
        self.home = Path(self._folder.name)
        self.database = database or f"sqlite:///{self.home / 'townhall.db'}"
        self.log = self.home / "server.log"
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start and wait until it accepts."""
        file = self.home / "url"
        file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "townhall", "serve", "--port", "0", "--url-file", file],
                stdout=log,
                stderr=log,
                env=self._environment(),
                cwd=ROOT,
            )
        while not (file.exists() and file.read_text().endswith("\n")):
            if self._process.poll() is not None:
                raise SystemExit(f"The server did not start:\n{self.log.read_text()}")
            time.sleep(0.01)
        self.url = file.read_text().strip()

    def stop(self) -> None:
        """Stop it as an operator would."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=60)

    def command(self, *arguments: str | Path) -> str:
        """Run `townhall …` on this server's database; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "townhall", *map(str, arguments)],
            check=False,
            capture_output=True,
            text=True,
            env=self._environment(),
            cwd=ROOT,
        )
        if done.returncode:
            raise SystemExit(f"townhall {arguments[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def forum(self, tickets: int, questions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A blank forum with these questions, as `townhall forum new --json` prints it."""
        file = self.home / "questions.json"
        file.write_text(json.dumps(list(questions), ensure_ascii=False), encoding="utf-8")
        options = ["--template", "blank", "--tickets", str(tickets), "--questions", file, "--json"]
        made: dict[str, Any] = json.loads(self.command("forum", "new", *options))
        return made

    def cpu(self) -> float:
        """Seconds of processor time that the server has used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> int:
        """Bytes of memory that the server holds now (resident set)."""
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * PAGE

    def _environment(self) -> dict[str, str]:
        ours = {k: v for k, v in os.environ.items() if not k.startswith("TOWNHALL_")}
        chosen = {"TOWNHALL_DATABASE_URL": self.database, "TOWNHALL_LOG_LEVEL": "warning"}
        return ours | chosen
