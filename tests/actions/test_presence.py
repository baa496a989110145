"""Presence is the sum of what every process says of itself, for as long as it says so."""

import asyncio

import pytest

from tests.facts import Clock
from townhall.actions.presence import LEASE_MS, Presence
from townhall.hall import Hall
from townhall.storage import forums

pytestmark = pytest.mark.anyio

HERE, THERE = 7, 8


async def connected(hall: Hall) -> tuple[int, int]:
    return (
        await hall.read(forums.connected, HERE),
        await hall.read(forums.connected, THERE),
    )


async def test_presence_is_summed_over_processes_and_tables(either_hall: Hall) -> None:
    one, other = Presence("one"), Presence("other")
    await one.beat(either_hall, {(HERE, 0): 3, (HERE, 2): 4, (THERE, 1): 5})
    await other.beat(either_hall, {(HERE, 2): 6})
    assert await connected(either_hall) == (13, 5)
    await one.beat(either_hall, {(HERE, 0): 1})
    assert await connected(either_hall) == (7, 0)


async def test_presence_of_a_process_that_died_runs_out(either_hall: Hall, clock: Clock) -> None:
    one, dead = Presence("one"), Presence("dead")
    await one.beat(either_hall, {(HERE, 0): 3})
    await dead.beat(either_hall, {(HERE, 0): 2})
    clock.at += LEASE_MS + 1
    await one.beat(either_hall, {(HERE, 0): 3})
    assert await connected(either_hall) == (3, 0)


async def test_every_process_shows_a_change_in_two_beats_whoever_made_it(hall: Hall) -> None:
    one, other = Presence("one"), Presence("other")
    told: list[tuple[int, frozenset[str]]] = []

    async def listen(forum: int, slices: frozenset[str], _: frozenset[int]) -> None:
        told.append((forum, slices))

    await hall.hub.start(listen)
    for beating, counts, expected in (
        (one, {(HERE, 0): 3}, [HERE]),
        (other, {}, [HERE]),
        (one, {(HERE, 0): 3}, [HERE]),
        (one, {(HERE, 0): 3}, []),
        (other, {(THERE, 1): 2}, [HERE, THERE]),
        (one, {(HERE, 1): 3}, [THERE]),
        (one, {}, [HERE, THERE]),
        (other, {}, [HERE, THERE]),
    ):
        told.clear()
        await beating.beat(hall, counts)
        await asyncio.sleep(0.4)
        assert sorted(told) == [(forum, frozenset({"room"})) for forum in expected]
    await hall.hub.stop()
