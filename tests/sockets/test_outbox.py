"""What the outbox tells, and when: also what changed before it first looked."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests import facts
from tests.sockets.test_defences import Told
from townhall.domain.audience import Actor
from townhall.hall import Change, Hall
from townhall.live.bus_memory import MemoryBus
from townhall.live.hub import Hub
from townhall.settings import Settings
from townhall.sockets.inbox import Connection
from townhall.sockets.outbox import Outbox, Room
from townhall.storage.database import open_database, writing

pytestmark = pytest.mark.anyio


class SilentBus(MemoryBus):
    """A bus that carries nothing."""

    def publish(self, forum: int, slices: frozenset[str]) -> None:
        pass


@pytest.fixture
async def hall(sqlite_url: str) -> AsyncIterator[Hall]:
    settings = Settings(database_url=sqlite_url)
    hall = Hall(open_database(sqlite_url), Hub(SilentBus()), settings)
    await hall.start()
    yield hall
    await hall.hub.stop()
    await hall.stop()


async def told(stage: Told, outbox: Outbox) -> int:
    """How many messages one look brings."""
    before = len(stage.heard)
    await outbox.catch_up()
    await asyncio.sleep(0.4)
    return len(stage.heard) - before


async def test_what_changed_between_coming_in_and_the_first_look_is_told(hall: Hall) -> None:
    outbox = Outbox(hall)
    await hall.hub.start(outbox.changed)
    with writing(hall.database) as session:
        forum = facts.forum(session)
    stage = Told()
    outbox.joined(Connection(Actor("stage", forum=forum), Room(forum, "stage", None), stage))
    await hall.change(forum, lambda session, now: Change(None))
    assert await told(stage, outbox) == 1
    assert await told(stage, outbox) == 0
    await hall.change(forum, lambda session, now: Change(None))
    assert await told(stage, outbox) == 1


async def test_nothing_is_kept_of_forums_whose_listeners_have_gone(hall: Hall) -> None:
    outbox = Outbox(hall)
    with writing(hall.database) as session:
        forums = [facts.forum(session, code=str(100_000 + n)) for n in range(3)]
    phones = [
        Connection(Actor("seated", forum=f, seat=n, table=n), Room(f, "phone", None), Told())
        for f in forums
        for n in (1, 2)
    ]
    for phone in phones:
        outbox.joined(phone)
    for forum in forums:
        await outbox.changed(forum, frozenset({"tally"}))
    for phone in phones:
        outbox.left(phone)
    await outbox.catch_up()
    kept = (outbox.rooms, outbox._phones, outbox._sent, outbox._phones_told, outbox._phones_later)
    assert [each for each in kept if each] == []
