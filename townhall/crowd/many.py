"""Thousands of phones in one process: frames are counted by their heads, answers alone are read.

`wire` serves a few hundred clients that look at what they are sent; here a received broadcast
costs microseconds, so that one core can be ten thousand phones. Belongs here: connecting, asking,
counting, going deaf, losing the connection. Does not belong here: what phones ask (`loadtests`).
"""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from townhall.crowd.wire import CLOSE, PING, PONG, NotLetIn, frame, head, upgrade, upgraded

_KEY = "dG93bmhhbGwtY3Jvd2QtMQ=="  # secret from nobody, so one does for all
_READ = 256 * 1024
_DEAF = 4_096

Answer = dict[str, Any]
Then = Callable[["Phone", Answer | None], None]


def packet(event: str, payload: object) -> bytes:
    """The frame of an event that wants an answer: number 1, for one at a time is under way."""
    return frame(b"421" + _written([event, payload]), masked=False)


def _written(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


_PONG = frame(b"3", masked=False)


class Many:
    """The phones on one server, and what all of them were sent.

    `events` counts `slices` and other events, `event_bytes` their packets' bytes.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self.phones: list[Phone] = []
        self.events = 0
        self.event_bytes = 0
        self.latest = 0.0  # when the last event came, on time.perf_counter
        self.buffer = bytearray(_READ)
        self.view = memoryview(self.buffer)
        self.request = upgrade(parts.netloc, _KEY)
        self._address = (parts.hostname or "", parts.port or 80)

    async def open(self, auth: object) -> "Phone":
        """Connect one more phone; raises NotLetIn or ConnectionError."""
        phone = Phone(self, auth)
        await phone.connect()
        self.phones.append(phone)
        return phone

    async def bring(self, auths: Sequence[object], at_once: int = 50) -> "list[Phone]":
        """Connect a phone for each of these, `at_once` at a time; each says hello."""
        waiting = list(reversed(auths))
        came: list[Phone] = []

        async def door() -> None:
            while waiting:
                phone = await self.open(waiting.pop())
                await phone.ask("hello", {"version": None})
                came.append(phone)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, len(waiting))):
                group.create_task(door())
        return came

    def leave(self) -> None:
        """End every connection."""
        for phone in self.phones:
            phone.cut()
        self.phones.clear()

    async def connect(self, phone: "Phone") -> None:
        await asyncio.get_running_loop().create_connection(lambda: phone, *self._address)


class Phone(asyncio.BufferedProtocol):
    """One phone. `ask` waits for an answer; `say` hands it to a function, which is cheaper.

    One question at a time is under way. An answer is None when the connection ended first.
    """

    def __init__(self, many: Many, auth: object) -> None:
        self.many = many
        self.since = 0.0  # when the latest question went out, on time.perf_counter
        self.transport: asyncio.Transport | None = None
        self.lost: asyncio.Future[None]
        self._auth = frame(b"40" + _written(auth), masked=False)
        self._opened: asyncio.Future[None] | None = None
        self._then: Then | None = None
        self._left = 0  # payload bytes of a frame under way that nobody reads
        self._rest = b""  # the beginning of something that is to be read whole

    async def connect(self) -> None:
        """Connect, or connect again; raises NotLetIn or ConnectionError."""
        loop = asyncio.get_running_loop()
        self._opened, self.lost = loop.create_future(), loop.create_future()
        self._left, self._rest = 0, b""
        await self.many.connect(self)
        await self._opened

    async def ask(self, event: str, payload: object) -> Answer:
        """Ask and wait for the answer; raises ConnectionError when none can come any more."""
        answered: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self.say(packet(event, payload), lambda _, answer: _settle(answered, answer))
        answer = await answered
        if answer is None:
            raise ConnectionError("the connection ended")
        return answer

    def say(self, question: bytes, then: Then) -> None:
        """Send the frame of a question; `then(phone, answer)` is called once."""
        if self.transport is None or self.transport.is_closing():
            then(self, None)
            return
        self._then = then
        self.since = time.perf_counter()
        self.transport.write(question)

    def deaf(self) -> None:
        """Stop reading, as a phone does whose browser sleeps; what comes waits at the server."""
        assert self.transport is not None
        ours = self.transport.get_extra_info("socket")
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DEAF)
        self.transport.pause_reading()

    def hear(self) -> None:
        """Read on."""
        if self.transport is not None:
            self.transport.resume_reading()

    def cut(self) -> None:
        """Lose the connection without a word."""
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self.many.request)

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self._fail(error or ConnectionError("the connection ended"))
        then, self._then = self._then, None
        if then is not None:
            then(self, None)
        if not self.lost.done():
            self.lost.set_result(None)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.many.view  # one for all: it is read before anybody else is given it

    def buffer_updated(self, n: int) -> None:
        left = self._left
        if left >= n:
            self._left = left - n
            return
        if self._rest:
            data = self._rest + self.many.buffer[:n]
            self._rest = b""
            self._read(data, 0, len(data))
        else:
            self._left = 0
            self._read(self.many.buffer, left, n)

    def _read(self, data: bytes | bytearray, at: int, end: int) -> None:
        if self._opened is not None and not self._opened.done() and data[at : at + 4] == b"HTTP":
            at = self._upgrade(data, at, end)
        while at < end:
            found = head(data, at, end)
            # Three letters say what a packet is; more than its head is kept of answers alone.
            if found is None or end - found[2] < min(3, found[1]):
                self._rest = bytes(data[at:end])
                return
            first, size, start = found
            many = self.many
            if size > 2 and data[start] == 52 and data[start + 1] == 50:  # "42", an event
                many.events += 1
                many.event_bytes += size
                many.latest = time.perf_counter()
                self._left = max(0, start + size - end)
            elif end < start + size:
                self._rest = bytes(data[at:end])
                return
            else:
                self._packet(first & 15, bytes(data[start : start + size]))
            at = start + size

    def _upgrade(self, data: bytes | bytearray, at: int, end: int) -> int:
        stop = data.find(b"\r\n\r\n", at, end)
        if stop < 0:
            self._rest = bytes(data[at:end])
            return end
        answer = bytes(data[at:stop])
        if not upgraded(answer, _KEY):
            self._fail(ConnectionError(answer.split(b"\r\n")[0].decode(errors="replace")))
            return end
        return stop + 4

    def _packet(self, opcode: int, packet: bytes) -> None:
        assert self.transport is not None
        if opcode == PING:
            self.transport.write(frame(packet, PONG, masked=False))
        elif opcode == CLOSE or packet[:1] == b"1" or packet[:2] == b"41":
            self.transport.close()
        elif packet[:2] == b"43":
            then, self._then = self._then, None
            if then is not None:
                answer = json.loads(packet[packet.index(b"[") :])
                then(self, answer[0] if answer else {})
        elif packet[:1] == b"2":
            self.transport.write(_PONG)
        elif packet[:1] == b"0":
            self.transport.write(self._auth)
        elif packet[:2] == b"40" and self._opened is not None and not self._opened.done():
            self._opened.set_result(None)
        elif packet[:2] == b"44":
            said = json.loads(packet[2:])
            self._fail(NotLetIn(str(said.get("message", "") if isinstance(said, dict) else said)))

    def _fail(self, error: Exception) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(error)
        if self.transport is not None:
            self.transport.abort()


def _settle(waiting: asyncio.Future[Answer | None], answer: Answer | None) -> None:
    if not waiting.done():
        waiting.set_result(answer)
