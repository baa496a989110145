"""The lane by itself: who is pinged, who is ended, what a slow client hears."""

import asyncio
import itertools
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.sockets.test_frames import masked
from townhall.crowd import wire
from townhall.domain.audience import Actor
from townhall.hall import Hall
from townhall.sockets.frames import CLOSE, PING, TEXT
from townhall.sockets.inbox import Connection, Inbox
from townhall.sockets.lane import (
    LAG_SECONDS,
    MOST_CHATTER,
    PING_SECONDS,
    PONG_SECONDS,
    Client,
    Lane,
)
from townhall.sockets.outbox import Outbox, Room
from townhall.sockets.packets import Message

pytestmark = pytest.mark.anyio

PONG = masked(TEXT, b"3")


@dataclass
class Transport:
    """A line that notes what is written and done to it."""

    written: bytes = b""
    done: list[str] = field(default_factory=list)
    closing: bool = False

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes) -> None:
        self.written += data

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        self.done.append("limits")

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    @property
    def packets(self) -> list[bytes]:
        """The text frames so far, after which none are left."""
        found = wire.Frames().feed(self.written)
        self.written = b""
        return [payload for opcode, payload in found if opcode == TEXT]


class Refreshed(Outbox):
    """An outbox that notes who is to get everything."""

    def __init__(self) -> None:
        super().__init__(cast("Hall", None))
        self.refreshed: list[Connection] = []

    def refresh(self, connection: Connection) -> None:
        self.refreshed.append(connection)


class Street:
    """A lane with clients that have been let in."""

    def __init__(self) -> None:
        self.outbox = Refreshed()
        self.lane = Lane(Inbox(cast("Hall", None), self.outbox))

    def client(self, *, named: bool = True) -> tuple[Client, Transport]:
        transport = Transport()
        taken: list[Client] = []

        class Handshake:
            over = False

            def hand_over(self, client: Client) -> None:
                client.opened(cast("Any", transport), set())
                taken.append(client)

        self.lane.take(cast("Any", Handshake()))
        (client,) = taken
        if named:
            client.connection = Connection(Actor("seated"), Room(1, "phone", None), client)
        transport.written = b""
        return client, transport

    async def seconds(self, n: int) -> None:
        for _ in range(n):
            await self.lane.tick()


async def test_who_answers_pings_stays_and_who_is_silent_is_ended() -> None:
    street = Street()
    alive, awake = street.client()
    _, silent = street.client()
    pings = 0
    for _ in range(3 * PING_SECONDS):
        await street.seconds(1)
        if b"2" in awake.packets:
            pings += 1
            alive.data_received(PONG)
    assert (pings, "abort" in awake.done) == (3, False)
    assert "abort" in silent.done


async def test_any_word_of_a_client_is_a_sign_of_life() -> None:
    street = Street()
    client, transport = street.client()
    for _ in range(3 * PING_SECONDS):
        await street.seconds(1)
        if b"2" in transport.packets:
            client.data_received(masked(TEXT, b"6"))
    assert "abort" not in transport.done


async def test_who_never_says_who_they_are_is_ended() -> None:
    street = Street()
    client, transport = street.client(named=False)
    for _ in range(PING_SECONDS + PONG_SECONDS + 1):
        await street.seconds(1)
        client.data_received(PONG)
    assert "abort" in transport.done


async def test_who_does_not_read_hears_the_newest_state_once_it_does() -> None:
    street = Street()
    client, transport = street.client()
    client.pause_writing()
    client.tell(Message("slices", {"version": 1}))
    assert (transport.packets, transport.done[-1]) == ([], "pause")
    client.resume_writing()
    assert street.outbox.refreshed == [client.connection]
    assert transport.done[-1] == "resume"
    client.tell(Message("slices", {"version": 2}))
    assert transport.packets == [b'42["slices",{"version":2}]']


async def test_who_does_not_read_for_long_is_ended() -> None:
    street = Street()
    client, transport = street.client()
    client.pause_writing()
    await street.seconds(LAG_SECONDS)
    assert "abort" not in transport.done
    await street.seconds(1)
    assert "abort" in transport.done


async def test_who_does_not_read_the_last_word_is_ended_all_the_same() -> None:
    street = Street()
    client, transport = street.client()
    client.end(Message("bye", {"reason": "revoked"}))
    assert transport.packets == [b'42["bye",{"reason":"revoked"}]', b"41"]
    client.data_received(masked(TEXT, b'421["hello",{}]'))
    assert transport.done == ["limits"]
    await street.seconds(LAG_SECONDS + 1)
    assert transport.done[-1] == "abort"


async def test_who_heard_the_last_word_and_says_so_is_let_go() -> None:
    street = Street()
    client, transport = street.client()
    client.end()
    client.data_received(masked(TEXT, b"3") + masked(CLOSE, b"\x03\xe8"))
    assert transport.done[-1] == "close"


async def test_nothing_is_written_to_a_client_that_is_being_ended() -> None:
    street = Street()
    client, transport = street.client()
    client.shutdown()
    (closing,) = wire.Frames().feed(transport.written)
    assert closing == (CLOSE, (1001).to_bytes(2, "big"))
    transport.written = b""
    client.tell(Message("slices", {}))
    client.data_received(masked(TEXT, b'421["hello",{}]'))
    assert transport.written == b""


async def test_frames_that_say_nothing_are_free_but_not_by_the_thousand() -> None:
    street = Street()
    client, transport = street.client()
    for _ in range(MOST_CHATTER // 2):
        client.data_received(masked(PING, b"") + masked(TEXT, b"3"))
    assert not client.ending
    client.data_received(masked(PING, b""))
    assert client.ending
    client.data_received(masked(TEXT, b"x" * 30_000) * 9)
    assert transport.done[-1] == "abort"


async def test_who_has_gone_before_the_lane_had_it_is_not_taken() -> None:
    street = Street()
    street.lane.take(cast("Any", SimpleNamespace(over=True)))
    assert list(street.lane.clients()) == []


async def test_a_line_that_closes_is_not_pinged_and_the_others_are() -> None:
    street = Street()
    lines = [street.client()[1] for _ in range(3 * PING_SECONDS)]
    for closing in lines[::2]:
        closing.closing = True
    await street.seconds(PING_SECONDS)
    assert [b"2" in line.packets for line in lines] == [not line.closing for line in lines]


async def test_nothing_is_kept_of_clients_that_have_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    street = Street()
    seats = itertools.count(1)

    async def arrive(*_: object) -> tuple[Any, Actor]:
        await asyncio.sleep(0.01)
        seat = next(seats) // 2 + 1  # two sockets each
        return SimpleNamespace(id=1), Actor("seated", forum=1, seat=seat, session=seat, table=2)

    monkeypatch.setattr("townhall.actions.people.arrive", arrive)
    for let_in in (False, True):  # gone while it was let in, and afterwards
        clients = [street.client(named=False)[0] for _ in range(30)]
        for client in clients:
            client.data_received(masked(TEXT, b'40{"forum":"123456","token":"t"}'))
        await asyncio.gather(*(street.lane.arriving.values() if let_in else ()))
        for client in clients[::3]:
            client.pause_writing()
        for client in clients[::2]:
            client.end()
        assert len(street.lane.inbox.live) == (30 if let_in else 0)
        for client in clients:
            client.connection_lost(None)
    await asyncio.gather(*street.lane.arriving.values())
    await asyncio.sleep(0)
    lane, inbox, outbox = street.lane, street.lane.inbox, street.outbox
    kept = (lane._deaf, lane.arriving, inbox.live, inbox.of_holder, outbox.rooms, outbox._phones)
    assert [*lane.clients(), *filter(None, kept)] == []
