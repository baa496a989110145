"""The real server for browser tests: besides `serve`, the demo, commands with input, and events."""

import subprocess
import sys
from typing import Any

import httpx

from tests.servers.process import wait_until
from tests.servers.townhall import ROOT, TownhallServer


class Townhall(TownhallServer):
    """A server with hands: it can be a quiet demo, and be led through its HTTP twins."""

    def demo(self, crowd: int = 0) -> None:
        """Start the demo with so many simulated people; comes back when every link is printed."""
        options = ["--crowd", str(crowd), "--host", "127.0.0.1", "--port", "0"]
        files = ["--database", str(self.log.with_name("d.db")), "--url-file", str(self._url_file)]
        self._process = self._begin(["demo", *options, *files])
        wait_until(lambda: "/organise" in self.log.read_text(), self._process, self.log, 60)
        self.url = self._url_file.read_text().strip()

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """A command with something typed into it; it may fail."""
        return subprocess.run(
            [sys.executable, "-m", "townhall", *words],
            input=given,
            capture_output=True,
            text=True,
            env=self._environment(),
            cwd=ROOT,
            check=False,
        )

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
