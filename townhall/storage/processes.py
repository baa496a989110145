"""Which processes serve this database: one alone on an SQLite file, several on a PostgreSQL.

On SQLite a lock beside the file says so, which the system takes back from a process that dies. On
PostgreSQL each process puts its name on its connections, so that nothing is left of a dead one.
"""

import fcntl
from pathlib import Path
from typing import IO

from sqlalchemy import text
from sqlmodel import Session

from townhall.domain.errors import Refused

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
