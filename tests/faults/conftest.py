"""Where fault tests keep their databases, and the dice whose seed every failure shows."""

import random
import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.servers.postgres import Databases


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
