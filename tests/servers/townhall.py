"""A real server of ours as a child process, and its commands, on a database of a test's own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.servers.process import spawn, wait_until


class Townhall:
    """`townhall serve` on a free port; `command` runs any other command on the same database."""

    def __init__(self, folder: Path, database_url: str | None = None, **settings: str) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self.url = ""
        self._url_file = folder / "url"
        given = {f"TOWNHALL_{name.upper()}": value for name, value in settings.items()}
        self.env = {
            **{name: value for name, value in os.environ.items() if not _ours(name)},
            "TOWNHALL_DATABASE_URL": database_url or f"sqlite:///{folder / 'hall.db'}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **given,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *more: str) -> "Townhall":
        """Start and wait until it accepts; again after `kill` or `stop`, on the same port."""
        port = self.url.rpartition(":")[2] or "0"
        self._url_file.unlink(missing_ok=True)
        self._process = spawn(
            [sys.executable, "-m", "townhall", *(more or ("serve",)), "--port", port]
            + ["--url-file", str(self._url_file)],
            self.log,
            self.env,
        )
        wait_until(self._answers, self._process, self.log)
        self.url = self._url_file.read_text().strip()
        return self

    def _answers(self) -> bool:
        return self._url_file.exists() and self._url_file.read_text().endswith("\n")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """End it politely; its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=30)

    def command(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command beside the server."""
        return subprocess.run(
            [sys.executable, "-m", "townhall", *words],
            input=given,
            capture_output=True,
            text=True,
            env=self.env,
            check=False,
        )

    def forum(self, *words: str) -> dict[str, Any]:
        """A new forum as `townhall forum new --json` prints it."""
        done = self.command("forum", "new", *words, "--json")
        assert done.returncode == 0, done.stderr
        made: dict[str, Any] = json.loads(done.stdout)
        return made

    def send(self, code: str, token: str, event: str, **payload: Any) -> dict[str, Any]:
        """One event through its HTTP twin."""
        answer = httpx.post(
            f"{self.url}/api/f/{code}/{event}",
            json=payload,
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )
        found: dict[str, Any] = answer.json()
        return found


def _ours(name: str) -> bool:
    return name.startswith("TOWNHALL_") and not name.startswith("TOWNHALL_TEST")
