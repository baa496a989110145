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
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, Self, cast
from urllib.parse import urlsplit

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10

LONGEST_MESSAGE = 16 * 1024 * 1024

OnEvent = Callable[[str, Any], None]


class NotLetIn(Exception):  # noqa: N818 - an expected "no", like the server's own refusals
    """The server refused the connection, with a stable code that says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def frame(payload: bytes, opcode: int = _TEXT, *, masked: bool = True) -> bytes:
    """A masked frame, as clients must send them; `masked=False` masks with zeros, for speed."""
    n = len(payload)
    head = bytes([0x80 | opcode])
    if n < 126:
        head += bytes([0x80 | n])
    elif n < 65_536:
        head += b"\xfe" + n.to_bytes(2, "big")
    else:
        head += b"\xff" + n.to_bytes(8, "big")
    if not masked:
        return head + bytes(4) + payload
    mask = secrets.token_bytes(4)
    whole = int.from_bytes((mask * (n // 4 + 1))[:n], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ whole).to_bytes(n, "big")


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
        while len(buffer) >= 2:
            opcode, size, start = buffer[0] & 15, buffer[1] & 127, 2
            if size == 126:
                size, start = int.from_bytes(buffer[2:4], "big"), 4
            elif size == 127:
                size, start = int.from_bytes(buffer[2:10], "big"), 10
            if size > LONGEST_MESSAGE:
                raise ConnectionError("a message is too long")
            if len(buffer) < start + size:
                return
            last, payload = buffer[0] & 0x80, bytes(buffer[start : start + size])
            del buffer[: start + size]
            if opcode >= _CLOSE:
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
    async def open(cls, url: str, auth: object, on_event: OnEvent | None = None) -> Self:
        """Connect to the server at `url` (http or https) and wait until it lets us in.

        Without `on_event` the server's events are not even read.
        """
        return await cls(urlsplit(url).netloc, auth, on_event).connect(url)

    async def connect(self, url: str, line: socket.socket | None = None) -> Self:
        """The same for one that was made but not opened; over `line` where that is connected."""
        parts = urlsplit(url)
        safe = parts.scheme == "https"
        address = {"host": parts.hostname or "", "port": parts.port or (443 if safe else 80)}
        await asyncio.get_running_loop().create_connection(
            lambda: self,
            **({"sock": line} if line else address),
            ssl=ssl.create_default_context() if safe else None,
        )
        try:
            await self.opened
        except BaseException:
            self.abort()
            raise
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one by its methods and not by its class.
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {self._key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if self._answer is not None:
            self._answer += data
            head, found, data = bytes(self._answer).partition(b"\r\n\r\n")
            if not found:
                return
            if not self._upgraded(head):
                self._fail(ConnectionError(head.split(b"\r\n")[0].decode(errors="replace")))
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
            self.transport.write(frame(payload, _BINARY if binary else _TEXT))

    def close(self) -> None:
        """Leave politely: the namespace, then the websocket."""
        if self.transport is not None and not self.transport.is_closing():
            self.send("41")
            self.transport.write(frame((1000).to_bytes(2, "big"), _CLOSE))
            self.transport.close()

    def abort(self) -> None:
        """Go without a word, as a phone in a tunnel does."""
        if self.transport is not None:
            self.transport.abort()

    def _upgraded(self, head: bytes) -> bool:
        digest = hashlib.sha1((self._key + _GUID).encode(), usedforsecurity=False).digest()
        return head.startswith(b"HTTP/1.1 101") and base64.b64encode(digest) in head

    def _fail(self, error: Exception) -> None:
        if not self.opened.done():
            self.opened.set_exception(error)
        if self.transport is not None:
            self.transport.abort()

    def _frame(self, opcode: int, payload: bytes) -> None:
        if opcode == _TEXT:
            self._packet(payload)
        elif opcode == _PING and self.transport is not None:
            self.transport.write(frame(payload, _PONG))
        elif opcode == _CLOSE and self.transport is not None:
            self.transport.close()

    def _packet(self, packet: bytes) -> None:
        kind, what = packet[:1], packet[:2]
        if kind == b"2":
            self.send("3")
        elif kind == b"0":
            self.send("40" + json.dumps(self._auth))
        elif what == b"42":
            self._event(packet)
        elif what == b"43":
            number, _, rest = packet[2:].partition(b"[")
            answer = json.loads(b"[" + rest)
            self._acknowledged(int(number), answer[0] if answer else None)
        elif what == b"40" and not self.opened.done():
            self.opened.set_result(None)
        elif what == b"44":
            said = json.loads(packet[2:])
            self._fail(NotLetIn(str(said.get("message", "") if isinstance(said, dict) else said)))
        elif (what == b"41" or kind == b"1") and self.transport is not None:
            self.transport.close()

    def _event(self, packet: bytes) -> None:
        if self._on_event is not None:
            event, *data = json.loads(packet[2:])
            self._on_event(event, data[0] if data else None)

    def _acknowledged(self, number: int, answer: Any) -> None:
        waiting = self._acks.pop(number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
