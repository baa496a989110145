"""A hall with a clock that stands still, for screens that are read after something was done."""

from collections.abc import AsyncIterator

import pytest

from tests.actions.conftest import running
from tests.facts import Clock
from townhall.hall import Hall


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hall(sqlite_url: str, clock: Clock) -> AsyncIterator[Hall]:
    async with running(sqlite_url, clock, []) as started:
        yield started
