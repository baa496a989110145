"""Copies of a PostgreSQL database, by its own programs `pg_dump` and `pg_restore`.

What `pg_restore` writes goes through a connection of ours, so that what follows is in the same
transaction. `psql` is not asked: it would run the commands of a shell that a copy might hold.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from sqlalchemy import URL, Connection, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from townhall.domain.errors import Refused
from townhall.storage import trouble
from townhall.storage.backups.contents import (
    SavedForum,
    begin_anew,
    forums_in,
    refuse_broken_chain,
    refuse_disguised,
    refuse_newer,
    refuse_secret_open,
)
from townhall.storage.schema import metadata

MARK = b"PGDMP"
_COPY = re.compile(
    r"^COPY \S+ \((?P<columns>.*)\) FROM stdin;\n(?P<rows>.*?)^\\\.$", re.MULTILINE | re.DOTALL
)
_BEGINS_ROWS = re.compile(rb"COPY \S+ \(.*\) FROM stdin;\n")
_FOR_PSQL = (b"\\restrict ", b"\\unrestrict ")
_ESCAPED = re.compile(r"\\(.)")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r"}


def save(url: URL, part: Path, secret_open: bool) -> list[SavedForum]:
    """Dump into `part` in the custom format; what the same snapshot holds.

    The facts of the installation stay here: whoever had its secret could sign page tokens.
    """
    with _connected(url) as connection:
        try:
            found = forums_in(connection)
        except ProgrammingError:
            raise Refused("backup_nothing", where=url.render_as_string()) from None
        if not secret_open:
            refuse_secret_open(connection)
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        options = ["--format=custom", f"--file={part}", f"--snapshot={snapshot}"]
        _run("pg_dump", url, *options, "--no-password", *_OURS, *_UNOWNED)
    return found


def restore(url: URL, file: Path, replace: bool) -> list[SavedForum]:
    """Check a dump, then put it in the place of the database's tables in one transaction."""
    _check(file)
    with _connected(url) as connection:
        _refuse_occupied(connection, replace)
        try:
            _clear(connection)
            _fill(connection, file)
            begin_anew(connection)
            refuse_disguised(connection, file)
            found = forums_in(connection)
            connection.commit()
        except DBAPIError as error:
            raise _failed(error.orig) from None
    return found


_OURS = ("--exclude-table-data=instance", "--exclude-table-data=heartbeat")
_UNOWNED = ("--no-owner", "--no-privileges")


def _clear(connection: Connection) -> None:
    """Drop what is ours: a dump knows only the tables of its own version."""
    for table in [*metadata.tables, "alembic_version"]:
        connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{table}" CASCADE')
    connection.exec_driver_sql("DROP FUNCTION IF EXISTS audit_refuse(), forum_refuse() CASCADE")


def _fill(connection: Connection, file: Path) -> None:
    """Put the tables of a dump in the place of those that are there; the caller commits."""
    driver: Any = connection.connection.driver_connection
    options = ("--clean", "--if-exists", *_UNOWNED, "--file=-")
    with TemporaryFile() as said, driver.cursor() as cursor:
        command = [_program("pg_restore"), *options, str(file)]
        with subprocess.Popen(  # noqa: S603 - its arguments are the operator's own
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
        ) as program:
            assert program.stdout is not None
            try:
                rest = _run_script(cursor, iter(program.stdout))
                if program.wait():
                    said.seek(0)
                    reason = _last_line(said.read().decode(errors="replace"))
                    raise Refused("program_failed", program="pg_restore", reason=reason)
                cursor.execute(rest)
            except connection.dialect.loaded_dbapi.Error as error:
                raise _failed(error) from None
    connection.exec_driver_sql("RESET search_path")


def _run_script(cursor: Any, lines: Iterator[bytes]) -> bytes:
    """Run what `pg_restore` writes as far as the last rows; what is left to run."""
    statements: list[bytes] = []
    for line in lines:
        if _BEGINS_ROWS.fullmatch(line):
            cursor.execute(b"".join(statements))
            statements.clear()
            with cursor.copy(line) as rows:
                for row in iter(lambda: next(lines, _NO_MORE_ROWS), _NO_MORE_ROWS):
                    rows.write(row)
        elif not line.startswith(_FOR_PSQL):
            statements.append(line)
    return b"".join(statements)


_NO_MORE_ROWS = b"\\.\n"


def _failed(error: object) -> Refused:
    """What the database itself refused; its further lines may hold what is stored."""
    return Refused("program_failed", program="PostgreSQL", reason=str(error).split("\n")[0])


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    """One snapshot of the database. Refuses `database_away` (reason)."""
    engine = create_engine(url, isolation_level="REPEATABLE READ", hide_parameters=True)
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        raise Refused("database_away", reason=trouble.away(error)) from None
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
    environment = dict(os.environ)
    command = [_program(program), *options]
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


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Refused("program_missing", program=name)
    return found


def _last_line(said: str) -> str:
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "-")
