"""Limits by account, session and line; an address is slowed only while it fails."""

import asyncio

import pytest

from tests import facts
from tests.facts import Clock
from tests.web.client import Browser
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.storage.database import writing
from townhall.web.limits import MOST_KEYS, Buckets, Failures, Limits


def test_a_bucket_gives_its_burst_and_then_its_rate(clock: Clock) -> None:
    buckets = Buckets(clock)
    assert [buckets.wait("a", 2, 3) for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.wait("b", 2, 3) == 0
    clock.pass_seconds(1)
    assert [buckets.wait("a", 2, 3) for _ in range(3)] == [0, 0, 0.5]


def test_a_flood_of_keys_does_not_grow_the_memory(clock: Clock) -> None:
    buckets = Buckets(clock)
    for key in range(MOST_KEYS + 500):
        buckets.wait(key, 1, 1)
    assert len(buckets._kept) == MOST_KEYS


def test_the_wait_after_failures_doubles_and_ends(clock: Clock) -> None:
    failures = Failures(clock)
    waits = []
    for _ in range(8):
        failures.add("moon")
        try:
            failures.check("moon")
            waits.append(0)
        except Refused as refused:
            waits.append(int(str(refused.details["seconds"])))
    assert waits == [0, 0, 0, 0, 10, 20, 40, 80]
    failures.check("sun")
    clock.pass_seconds(15 * 60)
    failures.check("moon")


async def test_an_address_that_fails_never_delays_who_is_right(clock: Clock) -> None:
    limits = Limits(clock)
    for _ in range(30):
        await limits.failed_from("10.0.0.1")
    assert limits.buckets.wait(("failed", "10.0.0.1"), 1.0, 30.0) > 0
    async with limits.queue():
        pass


async def test_the_line_for_seats_has_an_end(clock: Clock) -> None:
    limits = Limits(clock)
    go = asyncio.Event()

    async def stand() -> str:
        try:
            async with limits.queue(longest=70):
                await go.wait()
                return "in"
        except Refused as refused:
            return refused.code

    waiting = [asyncio.create_task(stand()) for _ in range(75)]
    await asyncio.sleep(0)
    go.set()
    answers = await asyncio.gather(*waiting)
    assert (answers.count("in"), answers.count("busy")) == (70, 5)


@pytest.fixture
def forum(hall: Hall) -> int:
    with writing(hall.database) as session:
        made = facts.forum(session)
        facts.question(session, made, eligibility="open")
    return made


async def test_one_address_may_seat_a_whole_hall(browser: Browser, forum: int) -> None:
    answers = await asyncio.gather(
        *(browser.post("/api/f/123456/join", json={}) for _ in range(300))
    )
    assert [answer.status_code for answer in answers] == [200] * 300
    assert len({answer.json()["token"] for answer in answers}) == 300


async def test_a_session_that_floods_is_told_when_to_come_back(
    browser: Browser, forum: int, clock: Clock
) -> None:
    first, second = [
        {"Authorization": f"Bearer {(await browser.post('/api/f/123456/join')).json()['token']}"}
        for _ in range(2)
    ]
    flood = [
        await browser.post("/api/f/123456/sit", json={"table": None}, headers=first)
        for _ in range(7)
    ]
    assert [answer.status_code for answer in flood] == [200] * 5 + [429] * 2
    assert flood[-1].json()["code"] == "too_many"
    assert flood[-1].headers["retry-after"] == "1"
    other = await browser.post("/api/f/123456/sit", json={"table": None}, headers=second)
    assert other.status_code == 200
    clock.pass_seconds(1)
    again = await browser.post("/api/f/123456/sit", json={"table": None}, headers=first)
    assert again.status_code == 200
