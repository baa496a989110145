"""One Alembic history for SQLite and PostgreSQL, inside the package so that a wheel can migrate.

SQLite is brought up to date at start; a PostgreSQL that is behind is refused with a sentence,
because several processes may be starting at once: `townhall migrate` does it there.
"""

import logging
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from townhall.domain.errors import Refused
from townhall.storage import processes

log = logging.getLogger(__name__)


def bring_up_to_date(engine: Engine, *, force: bool = False, alone: bool = False) -> None:
    """Migrate SQLite (or anything, by force); refuse a PostgreSQL that is behind.

    Refuses `database_in_use` where an older server would go on writing as it used to, unless the
    caller has made sure that it is `alone`.
    """
    with engine.connect() as connection:
        config = configuration()
        head = newest()
        found = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
        if found == head:
            return
        if engine.dialect.name != "sqlite" and not force:
            raise Refused("database_behind", found=found or "-", wanted=head)
        if found is not None and not alone:
            processes.refuse_served(engine)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        log.info("the database was brought from version %s to version %s", found or "0", head)


@cache
def newest() -> str | None:
    """The version that this program wants a database to have."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def configuration() -> Config:
    """Alembic's settings, without a file: everything lies beside this module."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
