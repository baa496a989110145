"""What the outbox tells, and when: also what changed before it first looked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from sqlmodel import Session

from tests import facts
from tests.sockets.test_defences import Told
from townhall.actions import ballots
from townhall.domain.audience import Actor
from townhall.hall import BALLOT_SLICES, Change, Hall
from townhall.live.bus import NOTHING, News
from townhall.live.bus_memory import MemoryBus
from townhall.live.hub import Hub
from townhall.screens import slices
from townhall.settings import Settings
from townhall.sockets import outbox
from townhall.sockets.inbox import Connection
from townhall.sockets.outbox import Outbox, Room
from townhall.storage import forums
from townhall.storage.database import open_database, writing

pytestmark = pytest.mark.anyio


ASKS = News(frozenset({"asks"}))
BALLOTS = News(BALLOT_SLICES)


class LossyBus(MemoryBus):
    """A bus that carries nothing unless it is told to, and remembers what it lost."""

    def __init__(self) -> None:
        super().__init__()
        self.carries = False
        self.lost: list[tuple[int, News]] = []

    def publish(self, forum: int, news: News) -> None:
        if self.carries:
            super().publish(forum, news)
        else:
            self.lost.append((forum, news))


@pytest.fixture
def bus() -> LossyBus:
    return LossyBus()


@pytest.fixture
async def hall(sqlite_url: str, bus: LossyBus) -> AsyncIterator[Hall]:
    settings = Settings(database_url=sqlite_url)
    hall = Hall(open_database(sqlite_url), Hub(bus), settings)
    await hall.start()
    yield hall
    await hall.hub.stop()
    await hall.stop()


class ReadError(RuntimeError):
    """A read that fails as it does while a database restarts."""


@dataclass
class Hearing:
    """One forum whose bus carries nothing, and a stage that listens."""

    hall: Hall
    bus: LossyBus
    outbox: Outbox
    forum: int
    stage: Told

    def phone(self) -> Told:
        """A phone that listens as well."""
        phone, room = Told(), Room(self.forum, "phone", None)
        self.outbox.joined(Connection(Actor("seated", forum=self.forum, seat=1), room, phone))
        return phone

    async def rename(self, title: str) -> None:
        """A change of which no news arrives."""

        def decide(session: Session, now: int) -> Change[None]:
            forums.get(session, self.forum).title = title
            return Change(None, frozenset({"forum"}))

        await self.hall.change(self.forum, decide)

    def arrived(self) -> News:
        """The news that was lost last, as if it came after all."""
        forum, news = self.bus.lost.pop()
        assert forum == self.forum
        return news

    async def heard(self, news: News = NOTHING) -> list[dict[str, Any]]:
        """The slices of every message that this news, or a look, brings."""
        before = len(self.stage.heard)
        if news != NOTHING:
            await self.outbox.changed(self.forum, *news)
        else:
            await self.outbox.catch_up()
        return [orjson.loads(said.packet[1:])[1]["slices"] for said in self.stage.heard[before:]]


@pytest.fixture
async def hearing(hall: Hall, bus: LossyBus) -> Hearing:
    outbox = Outbox(hall)
    with writing(hall.database) as session:
        forum = facts.forum(session)
    stage = Told()
    outbox.joined(Connection(Actor("stage", forum=forum), Room(forum, "stage", None), stage))
    return Hearing(hall, bus, outbox, forum, stage)


async def test_what_changed_between_coming_in_and_the_first_look_is_told(hearing: Hearing) -> None:
    await hearing.rename("새 이름")
    (first,) = await hearing.heard()
    assert first["forum"]["title"] == "새 이름"
    assert await hearing.heard() == []


async def test_a_look_tells_what_differs_and_nothing_else(hearing: Hearing) -> None:
    await hearing.heard()
    await hearing.rename("새 이름")
    (found,) = await hearing.heard()
    assert (set(found), found["forum"]["title"]) == ({"forum"}, "새 이름")
    assert await hearing.heard() == []


async def test_lost_news_is_found_although_other_news_came_after_it(hearing: Hearing) -> None:
    await hearing.heard()
    await hearing.rename("새 이름")
    assert [set(found) for found in await hearing.heard(ASKS)] == [{"asks"}]
    assert [set(found) for found in await hearing.heard()] == [{"forum"}]


async def test_lost_ballots_are_told_by_a_look_once(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(hearing.hall.database) as session:
        question = facts.question(session, hearing.forum)
        seat = facts.seat(session, hearing.forum)
    await hearing.heard()
    voter = Actor("seated", forum=hearing.forum, seat=seat, seat_kind="ticket")
    vote = {"question": question, "key": "0" * 32, "rev": 1, "nonce": "1" * 32, "choice": "yes"}
    assert (await ballots.cast(hearing.hall, voter, **vote))["status"] == "counted"
    await asyncio.sleep(0.1)
    (found,) = await hearing.heard()
    assert "turnout" in found
    monkeypatch.setattr(outbox, "_views", failing)
    assert await hearing.heard() == []


async def test_lost_news_is_found_while_votes_flow(hearing: Hearing) -> None:
    await hearing.hall.hub.start(hearing.outbox.changed)
    await hearing.heard()
    await hearing.rename("새 이름")
    hearing.hall.hub.heard(hearing.forum, BALLOTS)
    assert hearing.hall.hub.busy(hearing.forum)
    assert {"forum"} in [set(found) for found in await hearing.heard()]


async def test_who_heard_of_every_revision_is_not_read_again(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hearing.heard()
    for title in ("하나", "둘", "셋"):
        await hearing.rename(title)
    for _ in range(3):  # the last is heard first, as happens where several processes speak
        await hearing.heard(hearing.arrived())
    monkeypatch.setattr(outbox, "_views", failing)
    assert await hearing.heard() == []


async def test_a_revision_of_which_nobody_spoke_is_looked_for(hearing: Hearing) -> None:
    await hearing.heard()
    await hearing.rename("새 이름")
    await hearing.rename("새 이름")
    (told,) = await hearing.heard(News(frozenset({"asks"}), hearing.arrived().revisions))
    assert set(told) == {"asks"}
    assert [set(found) for found in await hearing.heard()] == [{"forum"}]
    assert await hearing.heard() == []


async def test_phones_hear_nothing_of_what_only_staff_may_see(hearing: Hearing) -> None:
    phone = hearing.phone()
    await hearing.heard()
    before = len(phone.heard)
    for title in ("하나", "둘", "셋"):
        await hearing.rename(title)
        await hearing.heard(BALLOTS | News(frozenset({"notes", "tables"})))
    assert len(phone.heard) == before + 1  # and the rest after a second
    await hearing.heard(BALLOTS | News(frozenset({"agenda"})))
    assert len(phone.heard) == before + 2


async def test_a_process_of_phones_alone_is_not_read_again_for_what_staff_did(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    hearing.phone()
    for stage in list(hearing.outbox.rooms[Room(hearing.forum, "stage", None)]):
        hearing.outbox.left(stage)
    await hearing.outbox.catch_up()
    await hearing.rename("새 이름")
    notes, revisions = frozenset({"notes"}), hearing.arrived().revisions
    await hearing.outbox.changed(hearing.forum, notes, revisions)
    monkeypatch.setattr(outbox, "_views", failing)
    await hearing.outbox.catch_up()
    assert hearing.outbox._told.stands_at(
        hearing.forum, (await hearing.hall.read(slices.versions, [hearing.forum]))[hearing.forum]
    )


async def test_what_is_told_in_a_moment_is_not_told_by_a_look(hearing: Hearing) -> None:
    hub = hearing.hall.hub
    await hub.start(hearing.outbox.changed)
    await hearing.heard()
    hub.heard(hearing.forum, ASKS)
    await asyncio.sleep(0.1)
    await hearing.rename("새 이름")
    hub.heard(hearing.forum, hearing.arrived())
    assert await hearing.heard() == []
    before = len(hearing.stage.heard)
    await asyncio.sleep(0.4)
    assert len(hearing.stage.heard) == before + 1
    assert await hearing.heard() == []


@pytest.mark.parametrize("news", [News(frozenset({"forum"})), BALLOTS])
async def test_news_that_could_not_be_read_is_told_with_the_next_look(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch, news: News
) -> None:
    await hearing.heard()
    hearing.hall.database.trouble.reason = "disk_full"  # which no version counts
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "_views", failing)
        with pytest.raises(ReadError):
            await hearing.heard(news)
    assert [set(found) for found in await hearing.heard()] == [{"trouble"}]


async def test_a_forum_that_cannot_be_read_holds_back_no_other(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(hearing.hall.database) as session:
        other = facts.forum(session, code="999999")
    broken, good = hearing.forum, Told()
    assert broken < other
    hearing.outbox.joined(Connection(Actor("stage", forum=other), Room(other, "stage", None), good))
    views = outbox._views

    def read(session: Session, rooms: list[Room], *asked: Any) -> Any:
        return failing() if rooms[0].forum == broken else views(session, rooms, *asked)

    monkeypatch.setattr(outbox, "_views", read)
    await hearing.outbox.catch_up()
    assert (hearing.stage.heard, len(good.heard)) == ([], 1)


async def test_who_leads_is_told_of_a_version_that_changed_nothing(hearing: Hearing) -> None:
    phone = hearing.phone()
    await hearing.heard()
    before = len(phone.heard)
    await hearing.hall.change(hearing.forum, lambda session, now: Change(None))
    assert await hearing.heard() == [{}]
    assert len(phone.heard) == before


async def test_who_lagged_and_cannot_be_told_is_to_come_again(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "recent", failing)
    (connection,) = hearing.outbox.rooms[Room(hearing.forum, "stage", None)]
    hearing.outbox.refresh(connection)
    await asyncio.sleep(0.1)
    assert hearing.stage.over


def failing(*_: object, **__: object) -> None:
    raise ReadError


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
        await outbox.changed(forum, frozenset({"tally"}), frozenset())
    for phone in phones:
        outbox.left(phone)
    await outbox.catch_up()
    ours = {**vars(outbox), **vars(outbox._told)}
    kept = {name: value for name, value in ours.items() if name not in {"hall", "_tasks", "_told"}}
    assert {name: value for name, value in kept.items() if value} == {}
