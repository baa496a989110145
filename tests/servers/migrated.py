"""Empty databases at the newest version, as copies of one that was migrated: a test needs one, and
migrating takes ten times as long as copying. How a database is migrated has tests of its own.
"""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine

from townhall.storage.migrations import bring_up_to_date


def sqlite(path: Path) -> str:
    """The URL of a new database at `path`."""
    shutil.copy(_template(), path)
    return f"sqlite:///{path}"


@cache
def _template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="townhall-migrated-")) / "template.db"
    migrate(f"sqlite:///{path}")
    return path


def migrate(url: str) -> None:
    """Bring a database that nobody uses to the newest version."""
    engine = create_engine(url)
    bring_up_to_date(engine, force=True)
    engine.dispose()
