"""One contract for both buses; and a bus over Valkey hears again after whatever happens to it."""

import asyncio
import math
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import redis

from tests.servers.valkey import ValkeyServer
from townhall.live.bus import DEAF, NOTHING, Bus, News
from townhall.live.bus_memory import MemoryBus
from townhall.live.bus_redis import MOST_FORUMS, RedisBus, understood, written

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

Told = list[tuple[int, News]]
TALLY = News(frozenset({"tally", "turnout"}), frozenset({41}))
AGENDA = News(frozenset({"agenda"}), frozenset({42, 43}))
BALLOTS = News(frozenset({"tally"}))
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.valkey)])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    """A bus that nobody has started."""
    found: Bus = MemoryBus()
    if request.param == "redis":
        found = RedisBus(request.getfixturevalue("valkey_url"), secrets.token_hex(4))
    yield found
    await found.stop()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.02)


async def test_announcement_is_heard_here_at_once(bus: Bus) -> None:
    told: Told = []
    await bus.start(lambda forum, news: told.append((forum, news)))
    bus.publish(7, TALLY)
    assert told == [(7, TALLY)]


async def test_announcement_is_heard_here_once(bus: Bus) -> None:
    told: Told = []
    await bus.start(lambda forum, news: told.append((forum, news)))
    await until(lambda: bus.heard_ago < DEAF)
    bus.publish(7, TALLY)
    await asyncio.sleep(0.3)
    assert told == [(7, TALLY)]


async def test_nothing_is_heard_before_the_start_and_after_the_stop(bus: Bus) -> None:
    told: Told = []
    bus.publish(7, TALLY)
    await bus.start(lambda forum, news: told.append((forum, news)))
    await bus.stop()
    bus.publish(7, TALLY)
    assert told == []


async def test_process_hears_itself(bus: Bus) -> None:
    await bus.start(lambda forum, news: None)
    await until(lambda: bus.heard_ago < DEAF)
    await asyncio.sleep(1.5)
    assert bus.heard_ago < DEAF


class Two:
    """Two processes on one Valkey, and what the second has heard."""

    def __init__(self, url: str) -> None:
        channel = secrets.token_hex(4)
        self.one, self.other = RedisBus(url, channel), RedisBus(url, channel)
        self.told: Told = []

    async def start(self) -> None:
        await self.one.start(lambda forum, news: None)
        await self.other.start(lambda forum, news: self.told.append((forum, news)))

    async def both_hear(self) -> None:
        """Both hear themselves from now on."""
        since = time.monotonic()
        for bus in (self.one, self.other):
            await until(lambda bus=bus: bus.heard_ago < time.monotonic() - since)

    async def both_deaf(self) -> None:
        await until(lambda: self.one.heard_ago > DEAF and self.other.heard_ago > DEAF)

    async def talk(self) -> None:
        """What the one says is heard by the other."""
        self.told.clear()
        self.one.publish(7, TALLY)
        await until(lambda: (7, TALLY) in self.told)


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """A Valkey of this test alone, which it may harm."""
    server = ValkeyServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture
async def two(valkey: ValkeyServer) -> AsyncIterator[Two]:
    found = Two(valkey.url())
    await found.start()
    await found.both_hear()
    yield found
    await found.one.stop()
    await found.other.stop()


@pytest.mark.valkey
async def test_other_processes_hear_every_forum(two: Two) -> None:
    for forum in range(200):
        two.one.publish(forum, AGENDA)
        two.one.publish(forum, TALLY)
    expected = dict.fromkeys(range(200), AGENDA | TALLY)
    heard: dict[int, News] = {}

    def all_there() -> bool:
        for forum, news in two.told:
            heard[forum] = heard.get(forum, NOTHING) | news
        return heard == expected

    await until(all_there)


@pytest.mark.valkey
async def test_other_channels_are_not_heard(two: Two, valkey: ValkeyServer) -> None:
    other = RedisBus(valkey.url(), "other")
    await other.start(lambda forum, news: None)
    await until(lambda: other.heard_ago < DEAF)
    other.publish(8, TALLY)
    await asyncio.sleep(0.3)
    await two.talk()
    assert two.told == [(7, TALLY)]
    await other.stop()


@pytest.mark.valkey
async def test_bus_hears_again_after_its_server_was_killed(two: Two, valkey: ValkeyServer) -> None:
    valkey.kill()
    await two.both_deaf()
    two.told.clear()
    two.one.publish(9, TALLY)
    valkey.start()
    await two.both_hear()
    await two.talk()


@pytest.mark.valkey
async def test_bus_hears_again_after_its_server_was_paused(two: Two, valkey: ValkeyServer) -> None:
    valkey.pause()
    await two.both_deaf()
    valkey.resume()
    await two.both_hear()
    await two.talk()


@pytest.mark.valkey
async def test_bus_hears_again_after_its_subscriber_was_killed(
    two: Two, valkey: ValkeyServer
) -> None:
    with redis.Redis(port=valkey.port) as operator:
        assert operator.client_kill_filter(_type="pubsub") == 2
        assert operator.client_kill_filter(_type="normal", skipme=True) >= 2
    await asyncio.sleep(0.1)
    await two.both_hear()
    await two.talk()


NO_ANNOUNCEMENTS = (
    b"",
    b"\xff",
    b"x\nseven tally ",
    b"x\n7",
    b"x\n7 tally",
    b"x\n7 tally one",
    b"x\n7 tally 1 extra",
    b"x\n",
)


@pytest.mark.valkey
async def test_what_is_no_announcement_is_passed_over(two: Two, valkey: ValkeyServer) -> None:
    channel = two.one._channel
    with redis.Redis(port=valkey.port) as stranger:
        for message in NO_ANNOUNCEMENTS:
            assert stranger.publish(channel, message) == 2
    await two.talk()
    assert two.told == [(7, TALLY)]


async def test_bus_without_a_server_takes_every_announcement_and_keeps_the_newest() -> None:
    told: Told = []
    bus = RedisBus(NOWHERE, "nobody")
    await bus.start(lambda forum, news: told.append((forum, news)))
    for forum in range(MOST_FORUMS + 50):
        bus.publish(forum, TALLY)
        bus.publish(forum, TALLY)
    await asyncio.sleep(0.2)
    assert len(told) == 2 * (MOST_FORUMS + 50)
    assert list(bus._outgoing) == list(range(50, MOST_FORUMS + 50))
    assert bus.heard_ago == math.inf
    await bus.stop()


def test_message_says_who_speaks_and_what_changed_where() -> None:
    said = {7: TALLY, 8: AGENDA, 9: BALLOTS, 10: News(frozenset(), frozenset({1}))}
    message = written("me", said)
    assert message == "me\n7 tally,turnout 41\n8 agenda 42,43\n9 tally \n10  1"
    assert understood(message.encode()) == ("me", said)
    assert understood(written("me", {}).encode()) == ("me", {})
