"""Where fault tests keep databases and figures, and the dice whose seed every failure shows."""

import random
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from tests.faults.report import Report
from tests.servers.postgres import Databases, PostgresServer
from tests.servers.process import many_files, running
from tests.servers.valkey import ValkeyServer


@pytest.fixture
def dice(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> random.Random:
    """Dice with a seed that is printed; `--seed` throws a failure again."""
    given: int | None = request.config.getoption("--seed")
    seed = secrets.randbelow(1_000_000) if given is None else given
    print(f"seed {seed}")
    record_property("seed", seed)
    return random.Random(seed)


@pytest.fixture
def report(request: pytest.FixtureRequest, long: bool) -> Report:
    """Where a test says what it measured; the long form keeps it in `var/faults.txt`."""
    file = request.config.rootpath / "var" / "faults.txt" if long else None
    return Report(request.node.name, file)


@pytest.fixture(scope="session", autouse=True)
def _many_files() -> None:
    """Halls of thousands, here and, inherited, in the servers."""
    many_files()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """None for an SQLite of the server's own; then the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        yield None
        return
    databases: Databases = request.getfixturevalue("postgres_server")
    name = databases.create_database()
    yield databases.url(name)
    databases.drop_database(name)


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test alone, which it may harm."""
    with running(PostgresServer()) as server:
        yield server


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """A Valkey of this test alone, which it may harm."""
    with running(ValkeyServer()) as server:
        yield server


@pytest.fixture
async def staying() -> AsyncIterator[AsyncExitStack]:
    """What is to be closed at the end, the last first."""
    async with AsyncExitStack() as stack:
        yield stack
