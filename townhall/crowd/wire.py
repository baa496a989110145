"""One websocket with Engine.IO and Socket.IO on it, framed by hand.

A library's websocket costs a task and several objects a message; a crowd of hundreds in one
process, beside the server that it visits, cannot afford them. Belongs here: bytes and packets.
Does not belong here: what a forum is (`client`).
"""

import asyncio
import base64
import hashlib
import json
import secrets
import ssl
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

LONGEST_MESSAGE = 16 * 1024 * 1024

OnEvent = Callable[[str, Any], None]


class NotLetIn(Exception):  # noqa: N818 - an expected "no", like the server's own refusals
    """The server refused the connection, with a stable code that says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def upgrade(host: str, key: str) -> bytes:
    """The request that turns a connection to this server into a websocket."""
    return (
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\n"
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def upgraded(answer: bytes, key: str) -> bool:
    """Whether the head of the server's answer accepts the upgrade with this key."""
    digest = hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
    return answer.startswith(b"HTTP/1.1 101") and base64.b64encode(digest) in answer


def head(data: bytes | bytearray, at: int, end: int) -> tuple[int, int, int] | None:
    """A server's frame that begins at `at`: its first byte, its size, where its payload begins.

    None while the bytes up to `end` do not hold the whole head.
    """
    if end - at < 2:
        return None
    size = data[at + 1] & 127
    if size < 126:
        return data[at], size, at + 2
    start = at + (4 if size == 126 else 10)
    if end < start:
        return None
    return data[at], int.from_bytes(data[at + 2 : start], "big"), start


def frame(payload: bytes, opcode: int = TEXT, *, masked: bool = True) -> bytes:
    """A masked frame, as clients must send them; `masked=False` masks with zeros, for speed."""
    n = len(payload)
    begin = bytes([0x80 | opcode])
    if n < 126:
        begin += bytes([0x80 | n])
    elif n < 65_536:
        begin += b"\xfe" + n.to_bytes(2, "big")
    else:
        begin += b"\xff" + n.to_bytes(8, "big")
    if not masked:
        return begin + bytes(4) + payload
    mask = secrets.token_bytes(4)
    whole = int.from_bytes((mask * (n // 4 + 1))[:n], "big")
    return begin + mask + (int.from_bytes(payload, "big") ^ whole).to_bytes(n, "big")


class Frames:
    """Bytes in, whole messages out: `(opcode, payload)`. Fragments are put together."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._opcode = 0
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Every message that is complete with these bytes."""
        buffer = self._buffer
        buffer += data
        while (found := head(buffer, 0, len(buffer))) is not None:
            first, size, start = found
            if size > LONGEST_MESSAGE:
                raise ConnectionError("a message is too long")
            if len(buffer) < start + size:
                return
            opcode, last, payload = first & 15, first & 0x80, bytes(buffer[start : start + size])
            del buffer[: start + size]
            if opcode >= CLOSE:
                yield opcode, payload
                continue
            self._opcode = opcode or self._opcode
            self._parts.append(payload)
            if last:
                yield self._opcode, b"".join(self._parts)
                self._parts.clear()


class Wire(asyncio.Protocol):
    """One connection: `open` it, `emit` events, hear others through `on_event`.

    `opened` resolves when the server has let us in, or fails with NotLetIn or ConnectionError;
    `closed` resolves when the connection has ended, whoever ended it.
    """

    def __init__(self, host: str, auth: object, on_event: OnEvent | None) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._host = host
        self._auth = auth
        self._on_event = on_event
        self._key = base64.b64encode(secrets.token_bytes(16)).decode()
        self._answer: bytearray | None = bytearray()  # the handshake's, until it is complete
        self._frames = Frames()
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self._numbers = 0
        self.transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, url: str, auth: object, on_event: OnEvent | None = None) -> "Wire":
        """Connect to the server at `url` (http or https) and wait until it lets us in.

        Without `on_event` the server's events are not even read.
        """
        parts = urlsplit(url)
        safe = parts.scheme == "https"
        _, wire = await asyncio.get_running_loop().create_connection(
            lambda: cls(parts.netloc, auth, on_event),
            parts.hostname or "",
            parts.port or (443 if safe else 80),
            ssl=ssl.create_default_context() if safe else None,
        )
        try:
            await wire.opened
        except BaseException:
            wire.abort()
            raise
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one by its methods and not by its class.
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(upgrade(self._host, self._key))

    def data_received(self, data: bytes) -> None:
        if self._answer is not None:
            self._answer += data
            answer, found, data = bytes(self._answer).partition(b"\r\n\r\n")
            if not found:
                return
            if not upgraded(answer, self._key):
                self._fail(ConnectionError(answer.split(b"\r\n")[0].decode(errors="replace")))
                return
            self._answer = None
        try:
            for opcode, payload in self._frames.feed(data):
                self._frame(opcode, payload)
        except ConnectionError as error:
            self._fail(error)

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(error or ConnectionError("the connection ended"))
        for waiting in self._acks.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the connection ended"))
        self._acks.clear()
        if not self.closed.done():
            self.closed.set_result(None)

    def emit(self, event: str, payload: object = None) -> asyncio.Future[Any]:
        """Send an event; the future gives its acknowledgement, or ConnectionError."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self.closed.done() or self.transport is None or self.transport.is_closing():
            answer.set_exception(ConnectionError("the connection ended"))
            return answer
        self._numbers += 1
        self._acks[self._numbers] = answer
        written = json.dumps([event, payload], ensure_ascii=False, separators=(",", ":"))
        self.send(f"42{self._numbers}{written}")
        return answer

    def send(self, packet: str | bytes) -> None:
        """Write one packet as it stands: text, or bytes as a binary message."""
        if self.transport is not None and not self.transport.is_closing():
            binary = isinstance(packet, bytes)
            payload = packet if isinstance(packet, bytes) else packet.encode()
            self.transport.write(frame(payload, BINARY if binary else TEXT))

    def close(self) -> None:
        """Leave politely: the namespace, then the websocket."""
        if self.transport is not None and not self.transport.is_closing():
            self.send("41")
            self.transport.write(frame((1000).to_bytes(2, "big"), CLOSE))
            self.transport.close()

    def abort(self) -> None:
        """Go without a word, as a phone in a tunnel does."""
        if self.transport is not None:
            self.transport.abort()

    def _fail(self, error: Exception) -> None:
        if not self.opened.done():
            self.opened.set_exception(error)
        if self.transport is not None:
            self.transport.abort()

    def _frame(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self._packet(payload)
        elif opcode == PING and self.transport is not None:
            self.transport.write(frame(payload, PONG))
        elif opcode == CLOSE and self.transport is not None:
            self.transport.close()

    def _packet(self, packet: bytes) -> None:
        kind, what = packet[:1], packet[:2]
        if kind == b"2":
            self.send("3")
        elif kind == b"0":
            self.send("40" + json.dumps(self._auth))
        elif what == b"42":
            if self._on_event is None:
                return
            event, *data = json.loads(packet[2:])
            self._on_event(event, data[0] if data else None)
        elif what == b"43":
            number, _, rest = packet[2:].partition(b"[")
            waiting = self._acks.pop(int(number), None)
            if waiting is not None and not waiting.done():
                answer = json.loads(b"[" + rest)
                waiting.set_result(answer[0] if answer else None)
        elif what == b"40" and not self.opened.done():
            self.opened.set_result(None)
        elif what == b"44":
            said = json.loads(packet[2:])
            self._fail(NotLetIn(str(said.get("message", "") if isinstance(said, dict) else said)))
        elif (what == b"41" or kind == b"1") and self.transport is not None:
            self.transport.close()
