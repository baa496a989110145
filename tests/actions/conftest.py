"""A hall with a clock that stands still, and what it announced.

`hall` is on a fresh SQLite; `either_hall` runs a test twice, the second time on PostgreSQL.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.actions.watching import WatchedHall
from tests.facts import Clock
from townhall.hall import Hall
from townhall.live.bus import News
from townhall.live.bus_memory import MemoryBus
from townhall.live.hub import Hub
from townhall.settings import Settings
from townhall.storage.database import open_database

Announced = list[tuple[int, frozenset[str]]]


@asynccontextmanager
async def running(url: str, clock: Clock, announced: Announced) -> AsyncIterator[Hall]:
    """A started hall; every announcement is appended to `announced`."""
    bus = MemoryBus()

    def heard(forum: int, news: News) -> None:
        if news.slices:
            announced.append((forum, news.slices))

    await bus.start(heard)
    hall = WatchedHall(open_database(url), Hub(bus), Settings(database_url=url), clock)
    await hall.start()
    try:
        yield hall
    finally:
        await hall.stop()


@pytest.fixture(scope="session", autouse=True)
def watch_all(long: bool) -> None:
    """In the long form every change is watched."""
    WatchedHall.always = long


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def announced() -> Announced:
    """(forum, slices) of every announcement, in order."""
    return []


@pytest.fixture
async def hall(sqlite_url: str, clock: Clock, announced: Announced) -> AsyncIterator[Hall]:
    async with running(sqlite_url, clock, announced) as started:
        yield started


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either_url(request: pytest.FixtureRequest) -> str:
    """An empty, migrated database: first on SQLite, then on PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def either_hall(either_url: str, clock: Clock, announced: Announced) -> AsyncIterator[Hall]:
    async with running(either_url, clock, announced) as started:
        yield started


@pytest.fixture
async def postgres_hall(
    postgres_url: str, clock: Clock, announced: Announced
) -> AsyncIterator[Hall]:
    async with running(postgres_url, clock, announced) as started:
        yield started
