"""Opening the database: reader connections for everyone, one writing connection for the writer.

Readers see one snapshot per call. On SQLite they are `query_only` and never checkpoint; the
writer's connection alone writes, with WAL and `synchronous=FULL`, so that a commit is on disk.
"""

import asyncio
import logging
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Concatenate, Literal, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlmodel import Session, select

from townhall.domain.errors import Refused
from townhall.storage import migrations, processes
from townhall.storage.schema import Instance

P = ParamSpec("P")
T = TypeVar("T")
Dialect = Literal["sqlite", "postgresql"]

log = logging.getLogger(__name__)

READERS = 4
BUSY_MS = 5_000
_SAFE = {"fsync": "on", "full_page_writes": "on"}


class Database:
    """One database: `read` for screens, `engine` for the one writer, `epoch` of this data set."""

    def __init__(self, url: str, serving: str = "") -> None:
        self.url = normalised(url)
        self._serving = serving
        self._claim: IO[str] | None = None
        self.dialect: Dialect = "sqlite" if self.url.startswith("sqlite") else "postgresql"
        self.engine = self._writing_engine()
        try:
            migrations.bring_up_to_date(self.engine)
        except Refused:
            self._let_go()
            raise
        self.readers = self._reading_engine()
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self.epoch = self._instance("epoch")
        self.secret = self._instance("secret")

    def _writing_engine(self) -> Engine:
        if self.dialect == "postgresql":
            # A close waits for its lock and must then see what was committed meanwhile.
            return create_engine(
                self.url,
                pool_size=2,
                pool_pre_ping=True,
                isolation_level="READ COMMITTED",
                connect_args=self._named,
            )
        path = make_url(self.url).database
        if path and path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            if self._serving:
                self._claim = processes.claim(Path(path))
        engine = create_engine(self.url, connect_args={"check_same_thread": False})
        _sqlite_connections(
            engine, "BEGIN IMMEDIATE", ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON")
        )
        return engine

    def _reading_engine(self) -> Engine:
        if self.dialect == "postgresql":
            return create_engine(
                self.url,
                pool_size=READERS,
                pool_pre_ping=True,
                isolation_level="REPEATABLE READ",
                execution_options={"postgresql_readonly": True},
                connect_args=self._named,
            )
        engine = create_engine(
            self.url, pool_size=READERS, connect_args={"check_same_thread": False}
        )
        _sqlite_connections(engine, "BEGIN", ("query_only=ON", "wal_autocheckpoint=0"))
        return engine

    @property
    def _named(self) -> dict[str, str]:
        return {"application_name": processes.called(self._serving)} if self._serving else {}

    def _instance(self, key: str) -> str:
        """A fact of this installation, drawn at first use, by one of those who start at once."""
        with Session(self.engine) as session:
            session.connection().execute(
                text("INSERT INTO instance VALUES (:key, :drawn) ON CONFLICT DO NOTHING"),
                {"key": key, "drawn": secrets.token_hex(16)},
            )
            session.commit()
            return session.exec(select(Instance.value).where(Instance.key == key)).one()

    async def read(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(session, …)` on one snapshot in a reader thread and give back what it returns."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: self.read_here(fn, *args, **kwargs))

    def read_here(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same, in the calling thread (commands and tests)."""
        with Session(self.readers) as session:
            return fn(session, *args, **kwargs)

    def scrub(self, connection: Connection) -> bool:
        """Empty SQLite's log of the pages it has written over; False where that failed for now.

        `connection` is the writer's, between two transactions. It waits for no reader that still
        needs the log, and a full disk is no reason to stop.
        """
        if self.dialect != "sqlite":
            return True
        driver = connection.connection.driver_connection
        assert driver is not None
        try:
            driver.execute("PRAGMA busy_timeout=0")
            return not driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error:
            log.exception("the log of the database could not be emptied")
            return False
        finally:
            driver.execute(f"PRAGMA busy_timeout={BUSY_MS}")

    def close(self) -> None:
        """Let go of every connection; a closed SQLite leaves no -wal file behind."""
        self._pool.shutdown(wait=True)
        self.readers.dispose()
        self._let_go()

    def _let_go(self) -> None:
        self.engine.dispose()
        if self._claim is not None:
            self._claim.close()


def open_database(url: str, serving: str = "") -> Database:
    """Open and, on SQLite, migrate. Refuses a PostgreSQL that is behind or not durable.

    `serving` is the name of a server process; an SQLite file that another one serves is refused.
    """
    database = Database(url, serving)
    if database.dialect == "postgresql":
        with database.engine.connect() as connection:
            _refuse_unsafe(connection)
    return database


def _refuse_unsafe(connection: Connection) -> None:
    """A PostgreSQL that may forget a commit cannot hold binding questions."""
    for name, wanted in _SAFE.items():
        found = connection.execute(text(f"SHOW {name}")).scalar_one()
        if found != wanted:
            raise Refused("database_unsafe", setting=name, found=found, wanted=wanted)
    if connection.execute(text("SHOW synchronous_commit")).scalar_one() == "off":
        raise Refused("database_unsafe", setting="synchronous_commit", found="off", wanted="on")


def normalised(url: str) -> str:
    """`postgresql://` means psycopg 3 here; a bare path means SQLite."""
    if url.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg://" + url.split("://", 1)[1]
    return url if "://" in url else f"sqlite:///{url}"


def _sqlite_connections(engine: Engine, begin: str, pragmas: tuple[str, ...]) -> None:
    """Take transaction control from the driver, which would begin late or not at all."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (f"busy_timeout={BUSY_MS}", "foreign_keys=ON", *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


@contextmanager
def writing(database: Database) -> Iterator[Session]:
    """One transaction on a writing connection, for commands that run without a server."""
    with Session(database.engine) as session:
        yield session
        session.commit()
