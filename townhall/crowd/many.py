"""Thousands of phones in one process: events are counted unread, votes are written beforehand.

What such a phone costs is nearly all the kernel's: some 10 µs a frame to receive anything, 3 µs to
find its end. Belongs here: a phone that counts, goes deaf, loses its connection, and `OwnLines`, by
which they redeem their tickets. Does not belong here: what phones are asked to do (`loadtests`).
"""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from townhall.crowd.wire import Wire, frame

_SMALL = 4_096
_SEGMENT = 1_400  # what a network carries at once
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Answer = dict[str, Any]
Then = Callable[["Phone", Answer | None], None]


def packet(event: str, payload: object) -> bytes:
    """The frame of an event, for `Phone.say`: all are number 0, which `emit` never uses."""
    return frame(f"420{_written([event, payload])}".encode(), masked=False)


class OwnLines(httpx.AsyncBaseTransport):
    """HTTP as a hall speaks it: each request at once, on a connection of its own.

    A pool looks at all who wait whenever one comes or goes, which for thousands is more work than
    the server has with them. Raises ConnectionError when there is no answer, TimeoutError when it
    is not complete within the client's `timeout`.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async with asyncio.timeout(request.extensions["timeout"]["read"]):
            head, found, body = (await self._asked(request)).partition(b"\r\n\r\n")
        if not found:
            raise ConnectionError("the connection ended")
        first, *lines = head.split(b"\r\n")
        said = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
        return httpx.Response(int(first.split()[1]), headers=said, content=body)

    async def _asked(self, request: httpx.Request) -> bytes:
        """Everything that was answered."""
        host, port = request.url.host, request.url.port or 80
        kept = [pair for pair in request.headers.raw if pair[0].lower() != b"connection"]
        lines = [b"%s: %s" % pair for pair in (*kept, (b"Connection", b"close"))]
        first = b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path)
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(b"\r\n".join([first, *lines, b"", request.content]))
            return await reader.read()
        finally:
            writer.close()


class Many:
    """The phones on one server, and what all of them were sent.

    `events` counts `slices` and other events, `event_bytes` their packets' bytes.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.phones: list[Phone] = []
        self.events = 0
        self.event_bytes = 0

    async def open(self, auth: object) -> "Phone":
        """Connect one more phone; raises NotLetIn or ConnectionError."""
        phone = await Phone(self, auth).connect(self.url)
        self.phones.append(phone)
        return phone

    async def bring(self, auths: Sequence[object], at_once: int = 50) -> "list[Phone]":
        """Connect a phone for each of these, `at_once` at a time; each says hello."""
        waiting = list(reversed(auths))
        came: list[Phone] = []

        async def door() -> None:
            while waiting:
                phone = await self.open(waiting.pop())
                await phone.emit("hello", {"version": None})
                came.append(phone)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, len(waiting))):
                group.create_task(door())
        return came

    def leave(self) -> None:
        """End every connection."""
        for phone in self.phones:
            phone.abort()
        self.phones.clear()


class Phone(Wire):
    """One phone's connection. `say` is `emit` for a question that was written beforehand.

    One such question at a time is under way; `since` is when it went out (time.perf_counter).
    """

    def __init__(self, many: Many, auth: object) -> None:
        super().__init__(urlsplit(many.url).netloc, auth, None)
        self.since = 0.0
        self._many = many
        self._then: Then | None = None

    async def connect(self, url: str, line: socket.socket | None = None) -> Self:
        """Connect as over a network.

        Between two ends of one machine segments are so large that the kernel keeps four megabytes
        for a phone that does not read, and no server would notice.
        """
        parts = urlsplit(url)
        line = socket.socket()
        line.setblocking(False)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
        try:
            address = (parts.hostname or "", parts.port or 80)
            await asyncio.get_running_loop().sock_connect(line, address)
        except BaseException:
            line.close()
            raise
        return await super().connect(url, line)

    def say(self, question: bytes, then: Then) -> None:
        """Send a `packet`; `then(phone, answer)` is called once, with None on a lost connection."""
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
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        self.transport.pause_reading()

    def hear(self) -> None:
        """Read on."""
        if self.transport is not None and not self.closed.done():
            self.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._answered(None)

    def _event(self, packet: bytes) -> None:
        self._many.events += 1
        self._many.event_bytes += len(packet)

    def _acknowledged(self, number: int, answer: Any) -> None:
        if number:
            super()._acknowledged(number, answer)
        else:
            self._answered(answer)

    def _answered(self, answer: Answer | None) -> None:
        then, self._then = self._then, None
        if then is not None:
            then(self, answer)
