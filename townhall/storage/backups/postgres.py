"""Copies of a PostgreSQL database, by its own programs `pg_dump` and `pg_restore`."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from townhall.domain.errors import Refused
from townhall.storage.backups.contents import (
    Held,
    begin_anew,
    held,
    refuse_broken_chain,
    refuse_newer,
    refuse_secret_open,
)

MARK = b"PGDMP"
_COPY = re.compile(
    r"^COPY \S+ \((?P<columns>.*)\) FROM stdin;\n(?P<rows>.*?)^\\\.$", re.MULTILINE | re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r"}


def save(url: URL, part: Path, secret_open: bool) -> list[Held]:
    """Dump into `part` in the custom format; what the same snapshot holds."""
    with _connected(url) as connection:
        try:
            found = held(connection)
        except ProgrammingError:
            raise Refused("backup_nothing", where=url.render_as_string()) from None
        if not secret_open:
            refuse_secret_open(connection)
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        options = ["--format=custom", f"--file={part}", f"--snapshot={snapshot}"]
        _run("pg_dump", url, *options, *_UNOWNED)
    return found


def restore(url: URL, file: Path, replace: bool) -> list[Held]:
    """Check a dump, then put it in the place of the database's tables in one transaction."""
    _check(file)
    with _connected(url) as connection:
        _refuse_occupied(connection, replace)
    _run("pg_restore", url, *_WHOLE, *_UNOWNED, str(file))
    with _connected(url) as connection:
        begin_anew(connection)
        connection.commit()
        return held(connection)


_UNOWNED = ("--no-owner", "--no-privileges", "--no-password")
_WHOLE = ("--clean", "--if-exists", "--single-transaction", "--exit-on-error")


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    """One snapshot of the database. Refuses `database_away` (reason)."""
    engine = create_engine(url, isolation_level="REPEATABLE READ", hide_parameters=True)
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        raise Refused("database_away", reason=_last_line(str(error.orig))) from None
    finally:
        engine.dispose()


def _check(file: Path) -> None:
    """Read a dump to its end, then its schema and its chains."""
    try:
        _run("pg_restore", None, "--file=/dev/null", str(file))
        revisions = list(_rows(file, "alembic_version", "version_num"))
        links = [
            (int(forum), int(writer), int(n), prev, head, kind, body)
            for forum, writer, n, prev, head, kind, body in _rows(file, "audit", *_LINK)
        ]
        ends = [
            (int(forum), int(writer), int(n), head)
            for forum, writer, n, head in _rows(file, "chain", *_LINK[:3], "head")
        ]
    except Refused as refused:
        if refused.code != "program_failed":
            raise
        raise Refused("backup_damaged", file=file, reason=refused.details["reason"]) from None
    refuse_newer(revisions[0][0] if revisions else None, file)
    refuse_broken_chain(sorted(links), ends, file)


_LINK = ("forum_id", "writer", "n", "prev_hash", "hash", "kind", "body")


def _rows(file: Path, table: str, *columns: str) -> Iterator[tuple[str, ...]]:
    """The rows of one table in a dump, as the text that COPY writes; no column may be NULL."""
    options = ("--data-only", f"--table={table}", "--file=-")
    for found in _COPY.finditer(_run("pg_restore", None, *options, str(file))):
        places = [found["columns"].split(", ").index(name) for name in columns]
        for line in found["rows"].split("\n")[:-1]:
            cells = line.split("\t")
            yield tuple(_ESCAPED.sub(_unescaped, cells[place]) for place in places)


def _unescaped(found: re.Match[str]) -> str:
    return _LETTERS.get(found[1], found[1])


def _refuse_occupied(connection: Connection, replace: bool) -> None:
    """Refuse while a server is connected, or, without `replace`, while there are forums."""
    others = connection.execute(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    ).scalar_one()
    if others:
        raise Refused("restore_in_use")
    if replace or not inspect(connection).has_table("forum"):
        return
    forums = connection.execute(text("SELECT count(*) FROM forum")).scalar_one()
    if forums:
        raise Refused("restore_occupied", forums=forums)


def _run(program: str, url: URL | None, *options: str) -> str:
    """What a program of PostgreSQL printed. The password is not among its arguments."""
    found = shutil.which(program)
    if found is None:
        raise Refused("program_missing", program=program)
    environment = dict(os.environ)
    command = [found, *options]
    if url is not None:
        named = url.set(drivername="postgresql", password=None)
        command.append(f"--dbname={named.render_as_string(hide_password=False)}")
        if url.password:
            environment["PGPASSWORD"] = str(url.password)
    done = subprocess.run(  # noqa: S603 - its arguments are the operator's own
        command,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment,
    )
    if done.returncode:
        raise Refused("program_failed", program=program, reason=_last_line(done.stderr))
    return done.stdout


def _last_line(said: str) -> str:
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "-")
