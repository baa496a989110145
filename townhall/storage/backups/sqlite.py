"""Copies of an SQLite database: compact files of their own, written in the order of their keys.

A copy is an SQLite database too. Its `user_version` is the CRC-32 of all its other bytes, because
SQLite itself notices a damaged page only where its structure suffers; 0 means that there is none.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DatabaseError

from townhall.domain.errors import Refused
from townhall.storage import processes
from townhall.storage.backups import files
from townhall.storage.backups.contents import (
    SavedForum,
    begin_anew,
    forums_in,
    refuse_broken_chain,
    refuse_disguised,
    refuse_newer,
    refuse_secret_open,
)
from townhall.storage.database import BUSY_MS

MARK = b"SQLite format 3\0"
_SEAL = slice(60, 64)  # where the header keeps user_version
_CHUNK = 1 << 20
_LINKS = (
    "SELECT forum_id, writer, n, prev_hash, hash, kind, body FROM audit "
    "ORDER BY forum_id, writer, n"
)
_ENDS = "SELECT forum_id, writer, n, head FROM chain"


def save(url: URL, part: Path, secret_open: bool) -> list[SavedForum]:
    """Copy into `part`, an empty file; what the copy holds."""
    path = Path(url.database or "")
    try:
        _copy(path, part)
        with _opened(part) as connection:
            found = forums_in(connection)
            if not secret_open:
                refuse_secret_open(connection)
            begin_anew(connection)
        with part.open("r+b") as file:
            file.seek(_SEAL.start)
            file.write(_seal(part))
    except (sqlite3.Error, DatabaseError) as error:
        raise _no_room(error, part) or Refused("backup_nothing", where=path) from None
    return found


def restore(url: URL, file: Path, replace: bool) -> list[SavedForum]:
    """Check a copy of `file` beside the database, then put it in its place."""
    target = Path(url.database or "")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.restoring")
    part.unlink(missing_ok=True)
    with files.private(part):
        try:
            _refuse_damaged(file)
            _copy(file, part)
            with _opened(part) as connection:
                refuse_newer(
                    connection.execute(text("SELECT version_num FROM alembic_version")).scalar(),
                    file,
                )
                links = connection.execute(text(_LINKS))
                refuse_broken_chain(map(tuple, links), connection.execute(text(_ENDS)).all(), file)
                found = forums_in(connection)
                begin_anew(connection)
                refuse_disguised(connection, file)
                connection.execute(text("PRAGMA user_version = 0"))
        except (sqlite3.Error, DatabaseError, ValueError) as error:
            damaged = Refused("backup_damaged", file=file, reason=_reason(error))
            raise _no_room(error, target) or damaged from None
        with _claimed(target):
            if target.exists():
                _refuse_occupied(target, replace)
            files.belongs_as(part, target if target.exists() else target.parent)
            for left in ("-wal", "-shm", "-journal"):
                target.with_name(target.name + left).unlink(missing_ok=True)
            files.durable(part, target)
    return found


@contextmanager
def _claimed(target: Path) -> Iterator[None]:
    """Keep every server away until the copy is in its place."""
    try:
        held = processes.claim(target)
    except Refused:
        raise Refused("restore_in_use") from None
    with held or nullcontext():
        yield


def _copy(source: Path, part: Path) -> None:
    with closing(_connect(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(part),))


def _seal(file: Path) -> bytes:
    """The CRC-32 of a file without the four bytes that keep it; never 0."""
    with file.open("rb") as opened:
        found = zlib.crc32(opened.read(_SEAL.start))
        opened.seek(_SEAL.stop)
        while chunk := opened.read(_CHUNK):
            found = zlib.crc32(chunk, found)
    return (found or 1).to_bytes(4, "big")


def _connect(path: Path, mode: str = "ro") -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_MS / 1000,
    )


@contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    """One transaction on a finished copy; what it deletes stays nowhere on the disk."""
    engine = create_engine(URL.create("sqlite", database=str(path)), hide_parameters=True)
    try:
        with engine.begin() as connection:
            connection.execute(text("PRAGMA journal_mode = MEMORY"))
            connection.execute(text("PRAGMA secure_delete = ON"))
            yield connection
    finally:
        engine.dispose()


def _refuse_damaged(file: Path) -> None:
    """Refuse `backup_damaged` (file, reason) where a page or an index is not as it must be."""
    with file.open("rb") as opened:
        sealed = opened.read(_SEAL.stop)[_SEAL]
    if any(sealed) and sealed != _seal(file):
        raise Refused("backup_damaged", file=file, reason="CRC-32")
    with closing(_connect(file)) as connection:
        said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said == "ok" and connection.execute("PRAGMA foreign_key_check").fetchone():
            said = "foreign_key_check"
    if said != "ok":
        raise Refused("backup_damaged", file=file, reason=" ".join(said.split()))


def _refuse_occupied(target: Path, replace: bool) -> None:
    """Refuse while somebody has the database open, or, without `replace`, while it holds forums."""
    forums: int | str = "?"
    try:
        with closing(_connect(target, "rw")) as connection:
            connection.execute("PRAGMA busy_timeout=0")
            # Leaving WAL needs the file for oneself, which an idle server does not give away.
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
            forums = 0
            with suppress(sqlite3.OperationalError):  # a database without tables
                forums = connection.execute("SELECT count(*) FROM forum").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise Refused("restore_in_use") from None
    except sqlite3.DatabaseError:
        forums = "?"  # it cannot be read; whoever says --replace knows that
    if forums and not replace:
        raise Refused("restore_occupied", forums=forums)


def _no_room(error: Exception, file: Path) -> Refused | None:
    """What failed because a disk takes no more is no fault of what was read."""
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE")):
        return Refused("backup_unwritable", file=file, reason=str(error))
    return None


def _reason(error: Exception) -> str:
    inner = error.orig if isinstance(error, DatabaseError) else error
    return " ".join(str(inner).split())
