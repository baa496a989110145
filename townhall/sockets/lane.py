"""The lane: a client's bytes straight to the inbox, and one frame straight to every transport.

Under python-socketio a client has a queue, a writer task, a timer for each message and a chain of
waiting coroutines, and a broadcast costs each of them. Here the `handshake` hands its transport
over to a `Client`, which is called with bytes and writes bytes. The wire is the same (`packets`);
so are inbox and outbox. Served by anything but our uvicorn the app has no lane in its scope and
speaks through `stock`.
"""

import asyncio
import itertools
import logging
import secrets
from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any

import orjson

from townhall.counts import COUNTS
from townhall.domain.errors import Refused
from townhall.sockets import packets
from townhall.sockets.frames import BINARY, CLOSE, PING, PONG, TEXT, Frames, Unframed, frame
from townhall.sockets.handshake import Handshake
from townhall.sockets.inbox import Connection, Inbox
from townhall.sockets.packets import (
    LARGEST_FRAME,
    PING_SECONDS,
    PONG_SECONDS,
    Malformed,
    Message,
)

log = logging.getLogger(__name__)

STALE_BYTES = 256 * 1024
LAG_SECONDS = 15
MOST_CHATTER = 500
_PING = frame(TEXT, b"2")
_LEAVE = frame(TEXT, b"41")
_NORMAL, _GOING_AWAY, _POLICY, _FAILED = 1000, 1001, 1008, 1011


class Client(asyncio.Protocol):
    """One client on the lane: frames in, frames out, and how far it lags behind."""

    __slots__ = (
        "_connections",
        "_frames",
        "_lane",
        "chatter",
        "connection",
        "deaf",
        "ending",
        "lag",
        "nameless",
        "silent",
        "slot",
        "transport",
    )

    def __init__(self, lane: "Lane", slot: int) -> None:
        self._lane = lane
        self._frames = Frames(LARGEST_FRAME)
        self._connections: set[Any] = set()
        self.slot = slot
        self.connection: Connection | None = None
        self.transport: asyncio.Transport
        self.deaf = False  # nothing is sent to it now: it does not read, or is being ended
        self.lag = 0  # for how many seconds it has been deaf
        self.ending = False
        self.chatter = 0  # frames since the last ping that say nothing, and bytes unread at the end
        self.silent = False  # nothing came since the last ping
        self.nameless = False  # it was not let in yet at the last ping

    def opened(self, transport: asyncio.Transport, connections: set[Any]) -> None:
        """The handshake is done: greet."""
        self.transport = transport
        self._connections = connections
        transport.set_write_buffer_limits(STALE_BYTES, STALE_BYTES // 8)
        transport.write(frame(TEXT, b"0" + orjson.dumps(self._lane.greeting())))

    # What asyncio calls

    def data_received(self, data: bytes) -> None:
        self.silent = False
        if self.ending:
            self.chatter += len(data)
            if self.chatter > STALE_BYTES:
                self.transport.abort()
                return
        try:
            lone = self._frames.lone(data)
            found = self._frames.feed(data) if lone is None else ((TEXT, lone),)
            for opcode, payload in found:
                if not self.ending:
                    self._frame(opcode, payload)
                elif opcode == CLOSE:
                    self.transport.close()
        except Unframed as error:
            self._refuse(error.code)
        except Malformed:
            self._refuse(_POLICY)

    def pause_writing(self) -> None:
        """It does not read: it hears nothing more, and what it says waits, until it does."""
        if not self.ending:
            COUNTS.stale += 1
            self.transport.pause_reading()
        self._lane.lagging(self)

    def resume_writing(self) -> None:
        if self.ending:
            return
        self._lane.reads_again(self)
        self.transport.resume_reading()
        if self.connection is not None:
            self._lane.inbox.outbox.refresh(self.connection)

    def connection_lost(self, error: Exception | None) -> None:
        self.ending = self.deaf = True
        self._lane.left(self)
        self._connections.discard(self)
        connection, self.connection = self.connection, None
        if connection is not None:
            self._lane.inbox.left(connection)

    # What uvicorn calls

    def shutdown(self) -> None:
        """The server stops now."""
        self._close(_GOING_AWAY)

    # What the inbox and the outbox call

    def tell(self, message: Message) -> None:
        """Send a message; one that lags hears the newest state instead, once it has caught up.

        The hot path: one call of this for each of ten thousand phones, several times a second.
        """
        if not self.deaf:
            self.transport.write(message.frame)

    def end(self, message: Message | None = None) -> None:
        """Say a last word and goodbye."""
        if message is not None:
            self._write(message.frame)
        self._write(_LEAVE)
        self._close(_NORMAL)

    # Ours

    def _write(self, data: bytes) -> None:
        """What is owed to a client that lags is kept for it; it cannot ask for more meanwhile."""
        if not self.ending:
            self.transport.write(data)

    def _close(self, code: int) -> None:
        """Say that it is over and wait, not for ever, until the client has heard it and says so.

        Closed at once, with something of the client's still unread, the line would lose our words.
        """
        if not self.ending:
            if self.deaf:
                self.transport.resume_reading()
            self._write(frame(CLOSE, code.to_bytes(2, "big")))
            self.ending = True
            self._lane.lagging(self)

    def _refuse(self, code: int) -> None:
        if self.ending:
            self.transport.close()
            return
        log.info("a malformed packet ended a connection")
        COUNTS.ended["malformed"] += 1
        self._close(code)

    def _frame(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self._packet(payload)
            return
        self._idle()
        if opcode == PING:
            self._write(frame(PONG, payload))
        elif opcode == CLOSE:
            self._close(_NORMAL)
            self.transport.close()
        elif opcode == BINARY:
            raise Malformed("binary")

    def _packet(self, packet: bytes) -> None:
        """One Engine.IO packet."""
        kind = packet[:2]
        if kind == b"42":
            self._event(packet)
        elif kind == b"40":
            self._enter(packet[2:])
        elif kind == b"41" or packet[:1] == b"1":
            self._close(_NORMAL)
        elif packet[:1] in (b"2", b"3", b"5", b"6"):
            self._idle()
        else:
            raise Malformed("no packet")

    def _idle(self) -> None:
        """A frame that says nothing is free, but not by the thousand."""
        self.chatter += 1
        if self.chatter > MOST_CHATTER:
            raise Malformed("chatter")

    def _enter(self, auth: bytes) -> None:
        if self.connection is not None or self in self._lane.arriving:
            raise Malformed("in already")
        self._lane.arrive(self, self._let_in(packets.loads(auth) if auth else None))

    async def _let_in(self, auth: Any) -> None:
        try:
            connection = await self._lane.inbox.arrive(self, auth)
        except Refused as refused:
            self._write(frame(TEXT, b"44" + orjson.dumps({"message": refused.code})))
            self._close(_NORMAL)
        except Exception:
            log.exception("nobody could be let in")
            self._close(_FAILED)
        else:
            if self.ending:  # it went while we looked
                self._lane.inbox.left(connection)
                return
            self.connection = connection
            self._write(frame(TEXT, b"40" + orjson.dumps({"sid": secrets.token_hex(8)})))

    def _event(self, packet: bytes) -> None:
        if self.connection is None:
            raise Malformed("not in yet")
        name, payload, number = packets.event(packet, 2)
        self._lane.inbox.event(self.connection, name, payload, partial(self._answer, number))

    def _answer(self, number: bytes, found: dict[str, Any]) -> None:
        if number:
            self._write(frame(TEXT, b"4" + packets.answer(number, found)))


class Lane:
    """All clients on the lane, and the one clock that pings them and ends those that are gone."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self._slots: list[set[Client]] = [set() for _ in range(PING_SECONDS)]
        self._turn = itertools.cycle(range(PING_SECONDS))
        self._second = 0
        self._deaf: set[Client] = set()
        self.arriving: dict[Client, asyncio.Task[None]] = {}

    def take(self, handshake: Handshake) -> None:
        """Let a connection whose handshake is done go on without ASGI."""
        if handshake.over:  # it has gone while the app was asked
            return
        client = Client(self, next(self._turn))
        self._slots[client.slot].add(client)
        handshake.hand_over(client)

    def clients(self) -> Iterator[Client]:
        """Every connection, let in or not."""
        return itertools.chain.from_iterable(self._slots)

    def greeting(self) -> dict[str, Any]:
        """The Engine.IO handshake."""
        return {
            "sid": secrets.token_hex(8),
            "upgrades": [],
            "pingInterval": PING_SECONDS * 1000,
            "pingTimeout": PONG_SECONDS * 1000,
            "maxPayload": LARGEST_FRAME,
        }

    def left(self, client: Client) -> None:
        """A connection has ended."""
        self._slots[client.slot].discard(client)
        self._deaf.discard(client)

    def lagging(self, client: Client) -> None:
        """A client does not read what it gets, or is still to read our last word."""
        client.deaf = True
        self._deaf.add(client)

    def reads_again(self, client: Client) -> None:
        """A client has caught up."""
        client.deaf, client.lag = False, 0
        self._deaf.discard(client)

    def arrive(self, client: Client, work: Coroutine[Any, Any, None]) -> None:
        """Let a client in."""
        self.arriving[client] = task = asyncio.ensure_future(work)
        task.add_done_callback(lambda _: self.arriving.pop(client, None))

    async def tick(self) -> None:
        """One second: ping some, and end those that left a ping unanswered or do not read.

        A tick is a second of work done and not of the clock: after a pause of the whole process
        everybody has as long as ever to answer.
        """
        self._second += 1
        for client in list(self._slots[(self._second - PONG_SECONDS) % PING_SECONDS]):
            stranger = client.nameless and client.connection is None
            if client.silent or (stranger and client not in self.arriving):
                COUNTS.ended["silent"] += 1
                client.transport.abort()
        for client in self._slots[self._second % PING_SECONDS]:
            if not client.deaf and not client.transport.is_closing():
                client.silent, client.nameless = True, client.connection is None
                client.chatter = 0
                client.transport.write(_PING)
        for client in list(self._deaf):
            client.lag += 1
            if client.lag > LAG_SECONDS:
                log.info("a client that did not read was ended")
                COUNTS.ended["slow"] += 1
                client.transport.abort()
