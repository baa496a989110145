"""One copy of everything, made while the server runs, and putting a copy back.

`sqlite` and `postgres` know what each database needs; `contents` reads what a copy holds. A copy
is complete or is not there, only its owner may read it, and none is made while a secret question
is open: two copies of one vote would show who voted between them, and what was chosen.
"""

from pathlib import Path

from sqlalchemy.engine import make_url

from townhall.domain.errors import Refused
from townhall.storage.backups import files, postgres, sqlite
from townhall.storage.backups.contents import SavedForum
from townhall.storage.database import normalised


def save(database_url: str, file: Path, *, secret_open: bool = False) -> list[SavedForum]:
    """Copy the database to a new file; what the copy holds, forum by forum.

    Refuses `backup_exists` (file), `backup_unwritable` (file, reason), `backup_nothing` (where),
    `program_missing` (program), `program_failed` (program, reason), and without `secret_open`
    `backup_secret_open` (question).
    """
    if file.exists():
        raise Refused("backup_exists", file=file)
    url = make_url(normalised(database_url))
    part = file.with_name(f"{file.name}.part")
    try:
        with files.private(part):
            if url.get_backend_name() == "sqlite":
                held = sqlite.save(url, part, secret_open)
            else:
                held = postgres.save(url, part, secret_open)
            files.durable(part, file)
    except OSError as error:
        raise Refused("backup_unwritable", file=file, reason=error.strerror) from None
    return held


def restore(database_url: str, file: Path, *, replace: bool = False) -> list[SavedForum]:
    """Check a copy, then put it in the place of the database; what it held, forum by forum.

    The restored database has no epoch: the next start draws one, by which every screen notices
    that it looks at other data. Nothing is changed where this refuses: `backup_unreadable` (file,
    reason), `backup_kind` (file), `backup_damaged` (file, reason), `backup_chain` (file, forum,
    writer, n), `backup_newer` (file, found), `restore_in_use`, `program_missing`,
    `program_failed`, and without `replace` `restore_occupied` (forums).
    """
    url = make_url(normalised(database_url))
    lite = url.get_backend_name() == "sqlite"
    try:
        with file.open("rb") as opened:
            if not opened.read(16).startswith(sqlite.MARK if lite else postgres.MARK):
                raise Refused("backup_kind", file=file)
        if lite:
            return sqlite.restore(url, file, replace)
        return postgres.restore(url, file, replace)
    except OSError as error:
        raise Refused("backup_unreadable", file=file, reason=error.strerror) from None
