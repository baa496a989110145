"""`townhall migrate`: bring the database up to date; a PostgreSQL is never migrated at start."""

from sqlalchemy import create_engine

from townhall.cli import here
from townhall.storage.database import normalised
from townhall.storage.migrations import bring_up_to_date


def command() -> None:
    """Create or update the tables of TOWNHALL_DATABASE_URL."""
    chosen = here.settings()
    with here.one_line(chosen), here.or_away():
        engine = create_engine(normalised(chosen.database_url))
        bring_up_to_date(engine, force=True)
        engine.dispose()
    print("The database is up to date.")
