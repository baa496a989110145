"""One Alembic history for SQLite and PostgreSQL, inside the package so that a wheel can migrate.

SQLite is brought up to date at start; a PostgreSQL that is behind is refused with a sentence,
because several processes may be starting at once: `townhall migrate` does it there.
"""

import logging
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from townhall.domain.errors import Refused
from townhall.storage import processes

log = logging.getLogger(__name__)


def bring_up_to_date(engine: Engine, *, force: bool = False, alone: bool = False) -> None:
    """Migrate SQLite (or anything, by force); refuse a PostgreSQL that is behind.

    Refuses `database_in_use` where an older server would go on writing as it used to, unless the
    caller has made sure that it is `alone`.
    """
    with engine.connect() as connection:
        head = versions()[-1]
        found = version(connection)
        connection.rollback()
        if found == head:
            return
        if engine.dialect.name != "sqlite" and not force:
            raise Refused("database_behind", found=found or "-", wanted=head)
        if found is not None and not alone:
            processes.refuse_served(engine)
        # Loading Alembic takes a tenth of a start, and few starts have anything to migrate.
        from townhall.storage.migrations.upgrade import upgrade

        upgrade(connection)
        connection.commit()
        log.info("the database was brought from version %s to version %s", found or "0", head)


@cache
def versions() -> tuple[str, ...]:
    """Every version that this program knows, by the names of their files, the newest last."""
    files = (Path(__file__).parent / "versions").glob("[0-9]*_*.py")
    return tuple(sorted(file.name.split("_")[0] for file in files))


def version(connection: Connection) -> str | None:
    """The version that a database has; None for one without tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version"))
    return found.scalar_one_or_none()
