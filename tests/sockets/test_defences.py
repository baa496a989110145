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
from townhall.sockets.packets import Message

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


@dataclass(eq=False)
class Told:
    """A wire on which everything is only noted."""

    heard: list[Message] = field(default_factory=list)
    over: bool = False

    def tell(self, message: Message) -> None:
        self.heard.append(message)

    def end(self, message: Message | None = None) -> None:
        self.over = True


async def test_one_socket_has_a_few_events_under_way_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = asyncio.Event()

    async def slow(*_: object) -> dict[str, Any]:
        await done.wait()
        return {"status": "ok"}

    monkeypatch.setattr(door, "dispatch", slow)
    inbox = Inbox(NO_HALL, Outbox(NO_HALL))
    connection = Connection(Actor(role="seated", forum=1), Room(1, "phone", None), Told())
    answers: list[dict[str, Any]] = []
    for _ in range(MOST_AT_ONCE + 3):
        inbox.event(connection, "note_edit", {"key": key()}, answers.append)
    assert [answer["code"] for answer in answers] == ["too_many"] * 3
    done.set()
    await asyncio.sleep(0.01)
    assert [answer["status"] for answer in answers[3:]] == ["ok"] * MOST_AT_ONCE
    assert connection.under_way == 0


async def test_a_vote_that_meets_a_failure_is_told_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(door, "vote_now", broken)
    inbox = Inbox(NO_HALL, Outbox(NO_HALL))
    connection = Connection(Actor(role="seated", forum=1), Room(1, "phone", None), Told())
    answers: list[dict[str, Any]] = []
    inbox.event(connection, "vote", {"key": key()}, answers.append)
    assert answers == [{"status": "busy", "retry_after": 2.0}]
    assert connection.under_way == 0
