"""The product itself as a child process: `townhall serve` on a free port with its own database.

`program` is a module to run in a cold interpreter; fault tests name one that replaces a function
first, or `COLD` where the start itself is measured. `settings` are further variables of its
environment.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.servers.migrated import sqlite
from tests.servers.process import free_port, spawn, wait_until
from tests.servers.warm import Warm, run

ROOT = Path(__file__).resolve().parent.parent.parent
COLD = ("townhall",)


class TownhallServer:
    """One server process at a time; it may be killed and started again on the same database."""

    def __init__(
        self,
        home: Path,
        database_url: str | None = None,
        program: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._home = home
        self._program = program
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | Warm | None = None
        self._url_file = home / "url"
        self.log = home / "server.log"
        self.url = ""
        self.port = free_port()
        home.mkdir(parents=True, exist_ok=True)
        self.database_url = database_url or sqlite(home / "townhall.db")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it accepts; always on the same port."""
        assert self._process is None, "this server runs already"
        self._url_file.unlink(missing_ok=True)
        command = ["serve", "--port", str(self.port), "--url-file", str(self._url_file)]
        self._process = self._begin(command)
        wait_until(self._written, self._process, self.log, 60)
        self.url = self._url_file.read_text().strip()

    def kill(self) -> None:
        """SIGKILL, now: nothing is finished, nothing is said."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, as an operator stops it."""
        self._end(signal.SIGTERM)

    def command(self, *arguments: str | Path) -> str:
        """Run `townhall …` on this server's database; what it printed."""
        code, output, errors = run(list(map(str, arguments)), self._environment())
        if code:
            raise RuntimeError(f"townhall {arguments} failed:\n{output}{errors}")
        return output

    def forum(
        self,
        template: str = "blank",
        *,
        tickets: int = 0,
        tables: int = 0,
        questions: Sequence[dict[str, Any]] = (),
        candidates: str = "",
    ) -> dict[str, Any]:
        """A new forum as `townhall forum new --json` prints it."""
        file = self._home / "questions.json"
        file.write_text(json.dumps(questions), encoding="utf-8")
        options = ["--tickets", str(tickets), "--tables", str(tables), "--questions", file]
        if candidates:
            options += ["--candidates", candidates]
        made: dict[str, Any] = json.loads(
            self.command("forum", "new", "--template", template, *options, "--json")
        )
        return made

    def _begin(self, command: Sequence[str]) -> subprocess.Popen[bytes] | Warm:
        if self._program:
            cold = [sys.executable, "-m", *self._program, *command]
            return spawn(cold, self.log, self._environment(), cwd=ROOT)
        with self.log.open("ab") as log:
            return Warm(command, log, log, self._environment())

    def _written(self) -> bool:
        return self._url_file.exists() and self._url_file.read_text().endswith("\n")

    def _environment(self) -> dict[str, str]:
        ours = {k: v for k, v in os.environ.items() if not k.startswith("TOWNHALL_")}
        return ours | self._settings | {"TOWNHALL_DATABASE_URL": self.database_url}

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        process.wait(timeout=30)
