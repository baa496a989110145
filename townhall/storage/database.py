"""Opening the database: reader connections for everyone, one writing connection for the writer.

Readers see one snapshot per call. On SQLite they are `query_only` and never checkpoint; the
writer's connection alone writes, with WAL and `synchronous=FULL`, so that a commit is on disk.
"""

import asyncio
import logging
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Concatenate, Literal, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, delete, event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col

from townhall.domain.errors import Refused
from townhall.storage import migrations, processes
from townhall.storage.ballots import COUNTS, SCRUB, UNLINKED
from townhall.storage.schema import Instance
from townhall.storage.together import Together
from townhall.storage.trouble import Trouble

A = TypeVar("A")
P = ParamSpec("P")
T = TypeVar("T")
Dialect = Literal["sqlite", "postgresql"]

log = logging.getLogger(__name__)

READERS = 4
BUSY_MS = 5_000
SCRUB_WAIT_MS = 1_000
_ANY_THREAD = {"check_same_thread": False}
_STATEMENTS_KEPT = 64
"""Prepared statements of the writer's connection on SQLite: those of a batch in each of its sizes.
The large ones hold a third of a megabyte each. Python's own choice is 128."""
_IMPATIENT = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}
"""A database host that vanishes without a word must not stop a process for minutes."""
_SAFE = {"fsync": "on", "full_page_writes": "on"}


class Database:
    """One database: `read` for screens, `engine` for the one writer, `epoch` of this data set.

    What a statement that failed was given stays out of the log: it may be a ballot.
    """

    def __init__(self, url: str, serving: str = "") -> None:
        self.url = normalised(url)
        self._serving = serving
        self._claim: IO[str] | None = None
        self.dialect: Dialect = "sqlite" if self.url.startswith("sqlite") else "postgresql"
        self.trouble = Trouble()
        self.engine = self._writing_engine()
        self.trouble.watch(self.engine)
        try:
            migrations.bring_up_to_date(self.engine, alone=self._claim is not None)
        except Refused:
            self._let_go()
            raise
        self.readers = self._reading_engine()
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._together: dict[Callable[..., Any], Together[Any, Any]] = {}
        self.epoch = self._instance("epoch")
        self.secret = self._instance("secret")

    def _writing_engine(self) -> Engine:
        if self.dialect == "postgresql":
            # A close waits for its lock and must then see what was committed meanwhile.
            return create_engine(
                self.url,
                hide_parameters=True,
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
        engine = create_engine(
            self.url,
            connect_args={**_ANY_THREAD, "cached_statements": _STATEMENTS_KEPT},
            hide_parameters=True,
        )
        _sqlite_connections(
            engine, "BEGIN IMMEDIATE", ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON")
        )
        return engine

    def _reading_engine(self) -> Engine:
        if self.dialect == "postgresql":
            return create_engine(
                self.url,
                hide_parameters=True,
                pool_size=READERS,
                pool_pre_ping=True,
                isolation_level="REPEATABLE READ",
                execution_options={"postgresql_readonly": True},
                connect_args=self._named,
            )
        engine = create_engine(
            self.url,
            pool_size=READERS,
            connect_args=_ANY_THREAD,
            hide_parameters=True,
        )
        _sqlite_connections(engine, "BEGIN", ("query_only=ON", "wal_autocheckpoint=0"))
        return engine

    @property
    def _named(self) -> dict[str, Any]:
        """How a connection is made: in a few seconds or not, and dead ones are noticed as soon."""
        named = {"application_name": processes.called(self._serving)} if self._serving else {}
        return {**_IMPATIENT, **named}

    def _instance(self, key: str) -> str:
        """A fact of this installation, drawn at first use, by one of those who start at once."""
        with Session(self.engine) as session:
            row = session.get(Instance, key)
            if row is None:
                session.connection().execute(
                    text("INSERT INTO instance VALUES (:key, :drawn) ON CONFLICT DO NOTHING"),
                    {"key": key, "drawn": secrets.token_hex(16)},
                )
                session.commit()
                row = session.get_one(Instance, key)
            return row.value

    async def read(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(session, …)` on one snapshot in a reader thread and give back what it returns."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: self.read_here(fn, *args, **kwargs))

    async def read_together(self, fn: Callable[[Session, Sequence[A]], Sequence[T]], asked: A) -> T:
        """The answer of `fn(session, questions)` to one question among those of one moment.

        `fn` is a function of a module: who asks the same function is answered from one look.
        """
        together = self._together.get(fn)
        if together is None:
            together = Together(lambda questions: self.read(fn, questions))
            self._together[fn] = together
        found: T = await together.ask(asked)
        return found

    def read_here(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same, in the calling thread (commands and tests)."""
        with Session(self.readers, info={Trouble: self.trouble}) as session:
            return fn(session, *args, **kwargs)

    def scrub_due(self) -> bool:
        """Whether a process that was killed may have left something to `scrub`."""
        if self.dialect == "sqlite":
            return True
        with Session(self.readers) as session:
            return session.get(Instance, SCRUB) is not None

    def scrub(self, connection: Connection) -> bool:
        """Let go of row versions that could join the two lists of a secret question.

        They lie in SQLite's log, and on PostgreSQL in the tables' old files. `connection` is the
        writer's, between two transactions. It waits long for nobody, and a full disk is no reason
        to stop: False where it failed for now.
        """
        try:
            if self.dialect == "sqlite":
                return _emptied_log(connection)
            return _rewrite(self.engine)
        except (sqlite3.Error, DBAPIError, Refused):
            log.exception("old rows could not be removed")
            return False

    def free_bytes(self) -> int | None:
        """Free space where an SQLite file lies; None where nobody here can know."""
        path = make_url(self.url).database if self.dialect == "sqlite" else None
        return shutil.disk_usage(Path(path).parent).free if path else None

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


def _emptied_log(connection: Connection) -> bool:
    """Empty SQLite's log of the pages it has written over; False while a reader needs it."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute("PRAGMA busy_timeout=0")
        return not driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_MS}")


_SEEN = text(
    "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
    "AND age(backend_xmin) >= age(CAST(CAST(:close AS xid8) AS xid))) "
    "OR EXISTS (SELECT 1 FROM pg_prepared_xacts "
    "WHERE age(transaction) >= age(CAST(CAST(:close AS xid8) AS xid))) "
    "OR EXISTS (SELECT 1 FROM pg_replication_slots "
    "WHERE age(xmin) >= age(CAST(CAST(:close AS xid8) AS xid)))"
)
"""Whether somebody may still see what the transaction `close` removed: then it is kept."""


def _rewrite(engine: Engine) -> bool:
    """Put what counts into new files and drop the old ones; ballots wait meanwhile.

    False where somebody still sees the old rows, for then they would be carried along.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        close = connection.execute(
            select(col(Instance.value)).where(col(Instance.key) == SCRUB)
        ).scalar_one_or_none()
        if close is None:
            return True
        if connection.execute(_SEEN, {"close": close}).scalar_one():
            return False
        connection.exec_driver_sql(f"SET lock_timeout = {SCRUB_WAIT_MS}")
        try:
            for table in (*UNLINKED, *COUNTS):
                connection.exec_driver_sql(f"VACUUM FULL {table}")
            connection.execute(
                delete(Instance).where(col(Instance.key) == SCRUB, col(Instance.value) == close)
            )
        finally:
            connection.exec_driver_sql("RESET lock_timeout")
    return True


@contextmanager
def writing(database: Database) -> Iterator[Session]:
    """One transaction on a writing connection, for commands that run without a server."""
    with Session(database.engine) as session:
        yield session
        session.commit()
