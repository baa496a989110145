"""Starting a child process for a test and waiting until it answers."""

import os
import pwd
import random
import resource
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

UNPRIVILEGED = "nobody"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has.

    Below those that the kernel gives to callers: a server that is away for a moment would find
    one of them taken when it comes back.
    """
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(15_000, 32_000)))
            return int(probe.getsockname()[1])


def many_files() -> None:
    """Let this process, and those it starts, open as many files and sockets as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def unprivileged() -> dict[str, Any]:
    """Arguments for subprocess that leave root behind; none where we are not root.

    PostgreSQL refuses to run as root.
    """
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam(UNPRIVILEGED)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}


def spawn(
    command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None, **how: Any
) -> subprocess.Popen[bytes]:
    """Starts `command` with its output in `log`; the caller ends it."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            **how,
        )


class Polled(Protocol):
    """A process that may have ended."""

    def poll(self) -> int | None: ...


class Alone(Protocol):
    """A server that a test may harm."""

    def start(self) -> None: ...

    def remove(self) -> None: ...


S = TypeVar("S", bound=Alone)


@contextmanager
def running(server: S) -> Iterator[S]:
    """Start a server, and leave nothing of it."""
    try:
        server.start()
        yield server
    finally:
        server.remove()


def wait_until(
    answers: Callable[[], bool], process: Polled, log: Path, seconds: float = 30
) -> None:
    """Returns once `answers()` is true; fails with the log when the process ends first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answers():
            return
        if process.poll() is not None:
            raise RuntimeError(f"The server ended while starting:\n{log.read_text()}")
        time.sleep(0.02)
    raise RuntimeError(f"The server did not answer within {seconds} s:\n{log.read_text()}")
