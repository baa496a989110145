"""A started hall behind its web door, and a browser in front of it."""

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from tests.actions.conftest import running
from tests.facts import Clock
from tests.web.client import Browser, browsing, site
from tests.web.organising import code, organiser, press
from townhall.hall import Hall

__all__ = ["app", "browser", "clock", "code", "hall", "organiser", "press"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hall(sqlite_url: str, clock: Clock) -> AsyncIterator[Hall]:
    async with running(sqlite_url, clock, []) as started:
        yield started


@pytest.fixture
def app(hall: Hall) -> Starlette:
    return site(hall)


@pytest.fixture
async def browser(app: Starlette) -> AsyncIterator[Browser]:
    async with browsing(app) as opened:
        yield opened
