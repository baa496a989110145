"""A screen whose line was cut for a moment shows what is so, also where no version moved."""

import asyncio
from typing import Any

import pytest

from tests import facts
from tests.facts import Clock
from townhall.actions import trouble
from townhall.domain.audience import Actor, Role
from townhall.events import dispatch
from townhall.hall import Hall
from townhall.storage import forums
from townhall.storage.database import writing

pytestmark = pytest.mark.anyio


async def hello(hall: Hall, role: Role, forum: int, version: Any = None) -> dict[str, Any]:
    screen = Actor(role=role, session=1, forum=forum)
    return await dispatch(hall, screen, "hello", {"version": version})


@pytest.mark.parametrize("role", ["moderator", "stage"])
async def test_a_screen_that_comes_back_hears_what_no_version_told_it(
    hall: Hall, role: Role
) -> None:
    with writing(hall.database) as session:
        forum = facts.forum(session)
    hall.database.trouble.reason = "disk_full"
    before = await hello(hall, role, forum)
    assert before["slices"]["trouble"]["reason"] == "disk_full"
    hall.database.trouble.reason = None
    after = await hello(hall, role, forum, before["version"])
    assert after["version"] == before["version"]
    assert after["slices"]["trouble"]["reason"] is None


async def test_a_console_that_comes_back_hears_who_has_gone(hall: Hall, clock: Clock) -> None:
    with writing(hall.database) as session:
        forum = facts.forum(session)
        forums.beat(session, "here", {(forum, 0): 3}, clock(), 7_000)
    before = await hello(hall, "moderator", forum)
    assert before["slices"]["room"]["connected"] == 3
    with writing(hall.database) as session:
        forums.beat(session, "here", {}, clock(), 7_000)
    after = await hello(hall, "moderator", forum, before["version"])
    assert (after["version"], after["slices"]["room"]["connected"]) == (before["version"], 0)


async def test_trouble_that_was_over_before_it_was_looked_at_is_taken_back(hall: Hall) -> None:
    """Votes fail, a screen happens to be told everything, and then the disk has room again."""
    told: list[tuple[int, frozenset[str]]] = []

    async def listen(forum: int, slices: frozenset[str], _: frozenset[int]) -> None:
        told.append((forum, slices))

    await hall.hub.start(listen)
    hall.database.trouble.reason = "disk_full"
    await trouble.look(hall, {7})
    await asyncio.sleep(0)
    assert hall.database.trouble.reason is None
    assert told == [(7, frozenset({"trouble"}))]
    await hall.hub.stop()
