"""Our own server as a child process, on a temporary database, to be measured.

It is `townhall serve`, started as anybody starts it; what it costs, its /metrics tell to whoever
shows the token that it was started with.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from townhall.domain.errors import Refused

START_SECONDS = 60.0
STOP_SECONDS = 15.0


@contextmanager
def folder(beside: Path | None) -> Iterator[Path]:
    """A temporary folder, on the disk of `beside` where that can be written."""
    usable = beside is not None and beside.is_dir() and os.access(beside, os.W_OK)
    with tempfile.TemporaryDirectory(
        prefix="townhall-", dir=beside if usable else None, ignore_cleanup_errors=True
    ) as made:
        yield Path(made)


@contextmanager
def serving(home: Path, database_url: str, metrics_token: str) -> Iterator[str]:
    """The address of a server on this database; it is ended at the end.

    Refuses `child_failed` (reason) where it does not come up.
    """
    address, log = home / "url", home / "server.log"
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TOWNHALL_")}
    settings = {
        "TOWNHALL_DATABASE_URL": database_url,
        "TOWNHALL_LOG_LEVEL": "warning",
        "TOWNHALL_METRICS_TOKEN": metrics_token,
    }
    command = [sys.executable, "-m", "townhall", "serve", "--port", "0", "--url-file", str(address)]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - this very program
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=ours | settings,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (address.exists() and address.read_text().endswith("\n")):
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace").strip().splitlines() or ["-"]
                raise Refused("child_failed", reason=said[-1])
            time.sleep(0.02)
        yield address.read_text().strip()
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
