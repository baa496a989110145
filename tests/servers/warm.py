"""`townhall …` as a process of its own that need not import everything once more.

A fork server of the standard library has imported the product and waits; what it forks is a
process like any other, that is killed and waited for like any other. Starting cold takes a second
of a processor, which the tests would spend several hundred times. What measures a start, or
replaces a function first, starts cold.
"""

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from townhall import cli

PRELOAD = ["townhall.app", "townhall.cli.forum", "townhall.cli.serve", __name__]

_servers = multiprocessing.get_context("forkserver")
_servers.set_forkserver_preload(PRELOAD)


class Warm:
    """The running process, with what the tests use of `subprocess.Popen`."""

    def __init__(
        self, arguments: Sequence[str], output: IO[bytes], errors: IO[bytes], env: Mapping[str, str]
    ) -> None:
        files = resource.getrlimit(resource.RLIMIT_NOFILE)
        how = (arguments, Path(output.name), Path(errors.name), dict(env), str(Path.cwd()), files)
        self._process = _servers.Process(target=_run, args=how)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, which: signal.Signals) -> None:
        os.kill(self.pid, which)

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
        return code


def run(arguments: Sequence[str], env: Mapping[str, str]) -> tuple[int, str, str]:
    """Run `townhall …` to its end: its exit code, what it printed, and what it complained of."""
    with NamedTemporaryFile() as said, NamedTemporaryFile() as complained:
        code = Warm(arguments, said, complained, env).wait(120)
        return code, said.read().decode(), complained.read().decode()


def _run(
    arguments: Sequence[str],
    output: Path,
    errors: Path,
    env: dict[str, str],
    folder: str,
    files: tuple[int, int],
) -> None:
    for descriptor, path in ((1, output), (2, errors)):
        opened = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    resource.setrlimit(resource.RLIMIT_NOFILE, files)
    sys.argv = ["townhall", *arguments]
    cli.main()
