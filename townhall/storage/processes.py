"""Which processes serve this database: one alone on an SQLite file, several on a PostgreSQL.

On SQLite a lock beside the file says so, which the system takes back from a process that dies. On
PostgreSQL each process puts its name on its connections, so that nothing is left of a dead one.
In the same way one rehearsal at a time holds a lock: whatever copy is there without one is a
dead one's.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from townhall.domain.errors import Refused
from townhall.storage.locks import REHEARSAL

_CALLED = "townhall "


def claim(database: Path) -> IO[str] | None:
    """Hold an SQLite file for this process until what is given back is closed.

    None where nothing can be written beside it: then nobody writes the file either.

    Refuses `database_in_use` while another process holds it: two would each answer for the order
    of the votes, and neither would hear of the other's.
    """
    try:
        held = Path(f"{database}.lock").open("a")  # noqa: SIM115 - held as long as it serves
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise Refused("database_in_use", path=database) from None
    return held


def refuse_served(engine: Engine) -> None:
    """Refuse `database_in_use` while a server uses this database, of whichever version."""
    path = engine.url.database or ""
    if engine.dialect.name == "sqlite":
        if path and path != ":memory:" and (held := claim(Path(path))):
            held.close()
        return
    with Session(engine) as session:
        if count(session):
            raise Refused("database_in_use", path=path)


@contextmanager
def rehearsing(engine: Engine) -> Iterator[None]:
    """Be the only rehearsal on this database for a while; the system ends it with the process.

    Refuses `rehearse_busy` while another process is it.
    """
    with _rehearsing_file(engine) if engine.dialect.name == "sqlite" else _rehearsing_lock(engine):
        yield


@contextmanager
def _rehearsing_file(engine: Engine) -> Iterator[None]:
    # Only to read, since whoever rehearses may be another user than the server.
    path = f"{engine.url.database}.rehearsal"
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)) as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused("rehearse_busy") from None
        yield


@contextmanager
def _rehearsing_lock(engine: Engine) -> Iterator[None]:
    """A connection of its own holds the lock, outside of transactions, for it may take minutes."""
    asked = text(f"SELECT pg_try_advisory_lock({REHEARSAL}, 0)")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.execute(asked).scalar_one():
            raise Refused("rehearse_busy")
        try:
            yield
        finally:
            with suppress(OperationalError):  # a connection that has gone holds no lock
                connection.execute(text(f"SELECT pg_advisory_unlock({REHEARSAL}, 0)"))


def called(process: str) -> str:
    """The name of a serving process on its connections to PostgreSQL."""
    return f"{_CALLED}{process}"


def count(session: Session) -> int:
    """How many processes serve this PostgreSQL database now; 0 on SQLite, which needs no count."""
    if session.get_bind().dialect.name == "sqlite":
        return 0
    found = session.connection().execute(
        text(
            "SELECT count(DISTINCT application_name) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name LIKE :name"
        ),
        {"name": f"{_CALLED}%"},
    )
    return int(found.scalar_one())
