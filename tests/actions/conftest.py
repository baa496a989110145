"""A hall with a clock that stands still, and what it announced.

`hall` is on a fresh SQLite; `either_hall` runs a test twice, the second time on PostgreSQL.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.facts import Clock
from townhall.hall import Hall
from townhall.live.bus_memory import MemoryBus
from townhall.live.hub import Hub
from townhall.settings import Settings
from townhall.storage.database import open_database
from townhall.storage.migrations import bring_up_to_date

Announced = list[tuple[int, frozenset[str]]]


@asynccontextmanager
async def running(url: str, clock: Clock, announced: Announced) -> AsyncIterator[Hall]:
    """A started hall; every announcement is appended to `announced`."""
    bus = MemoryBus()
    await bus.start(lambda forum, slices: announced.append((forum, slices)))
    hall = Hall(open_database(url), Hub(bus), Settings(database_url=url), clock)
    await hall.start()
    try:
        yield hall
    finally:
        await hall.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def announced() -> Announced:
    """(forum, slices) of every announcement, in order."""
    return []


@pytest.fixture
async def hall(tmp_path: Path, clock: Clock, announced: Announced) -> AsyncIterator[Hall]:
    url = f"sqlite:///{tmp_path / 'hall.db'}"
    async with running(url, clock, announced) as started:
        yield started


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty, migrated database: first on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hall.db'}"
    url = str(request.getfixturevalue("postgres_url"))
    engine = create_engine(url)
    bring_up_to_date(engine, force=True)
    engine.dispose()
    return url


@pytest.fixture
async def either_hall(either_url: str, clock: Clock, announced: Announced) -> AsyncIterator[Hall]:
    async with running(either_url, clock, announced) as started:
        yield started


@pytest.fixture
async def postgres_hall(
    postgres_url: str, clock: Clock, announced: Announced
) -> AsyncIterator[Hall]:
    engine = create_engine(postgres_url)
    bring_up_to_date(engine, force=True)
    engine.dispose()
    async with running(postgres_url, clock, announced) as started:
        yield started
