"""Limits by account, session and line; an address is slowed only while it fails."""

import asyncio
import re
from collections import Counter

import pytest

from tests import facts
from tests.facts import Clock
from tests.web.client import Browser
from townhall.actions import accounts
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


def test_keys_that_nobody_waits_for_any_more_are_forgotten(clock: Clock) -> None:
    buckets, failures = Buckets(clock), Failures(clock)
    for key in range(50):
        buckets.wait(key, 1, 10)
        failures.add(key)
    failures.take_back(0)
    clock.pass_seconds(1)
    assert buckets.wait("new", 1, 10) == 0
    assert list(buckets._kept) == ["new"]
    failures.add("new")
    assert len(failures._kept) == 50
    clock.pass_seconds(15 * 60)
    failures.add("newer")
    assert list(failures._kept) == ["newer"]


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


PASSWORD = "한 문장이면 좋아요"


def test_failures_before_the_clock_was_set_back_are_forgotten(clock: Clock) -> None:
    failures = Failures(clock)
    for _ in range(5):
        failures.add("a")
    with pytest.raises(Refused):
        failures.check("a")
    clock.pass_seconds(-3_600)
    failures.check("a")


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that was really looked at."""
    found: list[str] = []
    verify = accounts._verify

    async def noted(stored: str, password: str) -> bool:
        found.append(password)
        return await verify(stored, password)

    monkeypatch.setattr(accounts, "_verify", noted)
    return found


async def form_token(browser: Browser, path: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', (await browser.get(path)).text)
    assert found
    return found[1]


@pytest.mark.parametrize("path", ["/login", "/invite"])
async def test_forty_tries_at_once_are_five_looks_at_the_password(
    browser: Browser, hall: Hall, looks: list[str], path: str
) -> None:
    invitation = await accounts.setup_invite(hall)
    await accounts.add_organiser(hall, "haneul", PASSWORD)
    csrf = await form_token(browser, path)
    fields = {"csrf": csrf, "login": "haneul"} | ({"k": invitation} if path == "/invite" else {})
    answers = await asyncio.gather(
        *(browser.send_form(path, **fields, password=f"wrong number {n}") for n in range(40))
    )
    assert len(looks) <= 5
    assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 35}


async def test_the_owner_comes_in_while_somebody_else_guesses(clock: Clock) -> None:
    limits = Limits(clock)

    async def guess(address: str, code: str = "sign_in_failed") -> str:
        try:
            async with limits.password("moon", address):
                raise Refused(code)
        except Refused as refused:
            return f"{refused.code} {refused.details.get('seconds', '')}".strip()

    assert [await guess("10.0.0.1") for _ in range(6)][4:] == ["sign_in_failed", "too_many 10"]
    async with limits.password("moon", "10.0.0.2"):
        pass
    assert await guess("10.0.0.1") == "too_many 10"
    assert {await guess("10.0.0.3", "password_length") for _ in range(9)} == {"password_length"}
    everywhere = [await guess(f"10.1.0.{n}") for n in range(60)]
    assert everywhere[49:51] == ["sign_in_failed", "too_many 10"]
    for n in range(20):
        clock.pass_seconds(30)
        assert await guess(f"10.2.0.{n}") == "sign_in_failed"
    clock.pass_seconds(30)
    async with limits.password("moon", "10.0.0.2"):
        pass


async def test_new_accounts_of_one_address_stand_in_line_and_none_is_refused(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    limits = Limits(clock)
    monkeypatch.setattr("townhall.web.limits.asyncio.sleep", sleep)
    for _ in range(25):
        await limits.account_from("10.0.0.1")
    assert waited == [0.0] * 20 + [2.0, 4.0, 6.0, 8.0, 10.0]
    for _ in range(40):
        with pytest.raises(Refused, match="busy seconds=12"):
            await limits.account_from("10.0.0.1")
    await limits.account_from("10.0.0.2")
    assert waited[-1] == 0.0


async def test_signing_up_stands_in_the_line_of_its_address(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    stood: list[str] = []

    async def stand(limits: Limits, address: str) -> None:
        stood.append(address)

    monkeypatch.setattr(Limits, "account_from", stand)
    await browser.submit("/signup", login="haneul", nickname="하늘", password=PASSWORD)
    assert stood == ["127.0.0.1"]


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
