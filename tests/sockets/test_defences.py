"""What holds when a client is slow, comes too often, or goes on and on, and when news is lost."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from sqlalchemy import create_engine, text

from tests.servers.townhall import TownhallServer
from tests.sockets.conftest import Visit, ballot, told
from townhall.crowd.client import key
from townhall.crowd.wire import NotLetIn, Wire
from townhall.domain.audience import Actor
from townhall.hall import Hall
from townhall.sockets import inbox as door
from townhall.sockets.inbox import MOST_AT_ONCE, MOST_SOCKETS, Connection, Inbox
from townhall.sockets.outbox import Outbox, Room
from townhall.sockets.server import LONGEST_QUEUE, build

pytestmark = pytest.mark.anyio

NO_HALL = cast("Hall", None)


async def test_a_flooding_connection_is_ended_and_told_when_to_come_back(visit: Visit) -> None:
    heard: list[tuple[str, Any]] = []
    auth = {"forum": visit.house.code, "token": await visit.token()}
    wire = await Wire.open(visit.house.url, auth, lambda *event: heard.append(event))
    flood = [wire.emit("upvote", {"ask": 1, "on": True}) for _ in range(2_000)]
    await asyncio.wait_for(wire.closed, 30)
    ended = await asyncio.gather(*flood, return_exceptions=True)
    assert any(isinstance(answer, ConnectionError) for answer in ended)
    assert ("bye", {"reason": "too_many", "retry_after": 30}) in heard
    with pytest.raises(NotLetIn, match="too_many"):
        await Wire.open(visit.house.url, auth)
    assert (await (await visit.seat()).ask("hello", {}))["status"] == "ok"


async def test_a_full_outbox_of_three_hundred_votes_is_not_cut(visit: Visit) -> None:
    question, phone = await visit.question(), await visit.seat()
    sent = [ballot(question, rev=rev) for rev in range(1, 301)]
    found = await asyncio.gather(*(phone.settle("vote", payload) for payload in sent))
    assert {answer["status"] for answer in found} <= {"counted", "counted_before", "superseded"}
    assert phone.counters.reconnects == 0


async def test_the_oldest_socket_of_a_seat_makes_room_for_the_newest(visit: Visit) -> None:
    token = await visit.token()
    wires = [await visit.wire(token) for _ in range(MOST_SOCKETS + 1)]
    await asyncio.wait_for(wires[0].closed, 20)
    for wire in wires[1:]:
        assert (await told(wire, "hello", {}))["status"] == "ok"


async def test_what_changed_without_any_news_is_caught_up(
    visit: Visit, server: TownhallServer
) -> None:
    phone = await visit.seat()
    await asyncio.sleep(1.5)
    engine = create_engine(server.database_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE forum SET title = '몰래 바뀐 이름', revision = revision + 1 WHERE code = :c"
            ),
            {"c": visit.house.code},
        )
    engine.dispose()
    assert await phone.until(lambda c: c.store["forum"]["title"] == "몰래 바뀐 이름", 10)


@dataclass
class Line:
    """A client's line from which nothing is read."""

    closed: bool = False
    queue: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)


async def test_a_client_that_does_not_read_is_cut_and_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = build()
    slow, quick = Line(), Line()
    server.eio.sockets.update({"slow": slow, "quick": quick})
    for name in ("slow", "quick"):
        sid = await server.manager.connect(name, "/")
        await server.enter_room(sid, "hall")
    cut: list[str] = []

    async def noted(eio_sid: str) -> None:
        cut.append(eio_sid)

    monkeypatch.setattr(server, "cut", noted)
    for _ in range(LONGEST_QUEUE + 1):
        await server.emit("slices", {}, room="hall")
        quick.queue.get_nowait()
    await asyncio.sleep(0)
    assert (slow.queue.qsize(), cut) == (LONGEST_QUEUE, ["slow"])


async def test_one_socket_has_a_few_events_under_way_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = asyncio.Event()

    async def slow(*_: object) -> dict[str, Any]:
        await done.wait()
        return {"status": "counted"}

    monkeypatch.setattr(door, "dispatch", slow)
    server = build()
    inbox = Inbox(NO_HALL, server, Outbox(NO_HALL, server))
    inbox.live["sid"] = Connection(Actor(role="seated", forum=1), Room(1, "phone", None))
    asked = [
        asyncio.ensure_future(inbox.event("vote", "sid", {"key": key()}))
        for _ in range(MOST_AT_ONCE + 3)
    ]
    await asyncio.sleep(0)
    done.set()
    answers = [answer["status"] for answer in await asyncio.gather(*asked) if answer]
    assert (answers.count("counted"), answers.count("busy")) == (MOST_AT_ONCE, 3)
