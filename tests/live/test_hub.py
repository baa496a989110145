"""The hub gathers: the first news at once, a storm as few flushes, nothing lost."""

import asyncio

from townhall.live import hub as hubs
from townhall.live.bus import News
from townhall.live.bus_memory import MemoryBus
from townhall.live.hub import Hub

Told = list[tuple[int, News]]


async def started() -> tuple[Hub, Told]:
    told: Told = []
    hub = Hub(MemoryBus())

    async def listen(forum: int, slices: frozenset[str], revisions: frozenset[int]) -> None:
        told.append((forum, News(slices, revisions)))

    await hub.start(listen)
    return hub, told


async def test_first_news_is_told_at_once() -> None:
    hub, told = await started()
    hub.announce(7, News(frozenset({"tally"})))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told == [(7, News(frozenset({"tally"})))]
    await hub.stop()


async def test_storm_of_news_is_gathered_per_forum() -> None:
    hub, told = await started()
    for n in range(1_000):
        hub.announce(7 + n % 2, News(frozenset({"tally", f"part-{n % 4}"})))
    await asyncio.sleep(hubs.PAUSE * 3)
    for forum in (7, 8):
        mine = [news.slices for told_forum, news in told if told_forum == forum]
        assert len(mine) == 1
        assert mine[0] == {"tally", f"part-{(forum - 7)}", f"part-{(forum - 7) + 2}"}
    await hub.stop()


async def test_news_during_the_pause_follows_after_it() -> None:
    hub, told = await started()
    hub.announce(7, News(frozenset({"tally"})))
    await asyncio.sleep(0.01)
    hub.announce(7, News(frozenset({"agenda"})))
    hub.announce(7, News(frozenset({"stage"})))
    await asyncio.sleep(hubs.PAUSE * 3)
    assert told == [(7, News(frozenset({"tally"}))), (7, News(frozenset({"agenda", "stage"})))]
    await hub.stop()


async def test_failing_listener_hears_the_next_news(caplog: object) -> None:
    told: Told = []
    hub = Hub(MemoryBus())

    async def listen(forum: int, slices: frozenset[str], revisions: frozenset[int]) -> None:
        told.append((forum, News(slices, revisions)))
        if len(told) == 1:
            raise RuntimeError("a screen could not be read")

    await hub.start(listen)
    hub.announce(7, News(frozenset({"tally"})))
    await asyncio.sleep(0.01)
    hub.announce(7, News(frozenset({"agenda"})))
    await asyncio.sleep(hubs.PAUSE * 3)
    assert told[1:] == [(7, News(frozenset({"agenda"})))]
    await hub.stop()


async def test_nothing_is_announced_for_no_slices() -> None:
    hub, told = await started()
    hub.announce(7, News(frozenset()))
    await asyncio.sleep(0.01)
    assert told == []
    await hub.stop()


async def test_a_revision_that_shows_nowhere_is_told_as_well() -> None:
    hub, told = await started()
    hub.announce(7, News(frozenset({"agenda"}), frozenset({41})))
    await asyncio.sleep(0.01)
    hub.announce(7, News(frozenset({"stage"}), frozenset({42})))
    hub.announce(7, News(frozenset(), frozenset({43})))
    assert hub.coming(7) == News(frozenset({"stage"}), frozenset({42, 43}))
    await asyncio.sleep(hubs.PAUSE * 3)
    assert [news.revisions for _, news in told] == [{41}, {42, 43}]
    await hub.stop()
