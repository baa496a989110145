"""A phone of a great crowd reads its answers, counts the rest, and minds no chunk of bytes."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from townhall.crowd.client import Seat, join
from townhall.crowd.many import Answer, Many, OwnLines, Phone, packet
from townhall.crowd.wire import NotLetIn

pytestmark = pytest.mark.anyio

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SHORT, LONG = b'42["slices",{"pad":"..."}]', b'42["slices",{"pad":"%s"}]' % (b"x" * 70_000)
ANSWER = {"status": "counted", "words": "가" * 50}


def sent(payload: bytes, opcode: int = 1) -> bytes:
    """A frame as a server sends it."""
    n = len(payload)
    long = b"\x7e" + n.to_bytes(2, "big") if n < 65_536 else b"\x7f" + n.to_bytes(8, "big")
    return bytes([0x80 | opcode]) + (bytes([n]) if n < 126 else long) + payload


def accepted(request: bytes) -> bytes:
    """The server's consent to an upgrade."""
    asked = request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
    digest = base64.b64encode(hashlib.sha1(asked + GUID).digest())
    return b"HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: " + digest + b"\r\n\r\n"


def feed(phone: Phone, data: bytes, size: int) -> None:
    """Hand it the bytes in chunks, as its connection would."""
    for at in range(0, len(data), size):
        phone.data_received(data[at : at + size])


@dataclass
class Line:
    """A phone that is connecting, and the other end of its connection."""

    many: Many
    phone: Phone
    opening: asyncio.Task[Phone]
    request: bytes
    theirs: asyncio.StreamReader

    async def frame(self) -> tuple[int, bytes]:
        """The next frame that the phone sent, unmasked: opcode and payload."""
        first, size = await self.theirs.readexactly(2)
        mask, payload = await self.theirs.readexactly(4), await self.theirs.readexactly(size & 127)
        return first & 15, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


@asynccontextmanager
async def calling() -> AsyncIterator[Line]:
    """A phone calls a server that takes what comes; what it hears is fed to it by hand."""
    came: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await came.put((reader, writer))

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        many = Many(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        phone = Phone(many, {"forum": "123456"})
        opening = asyncio.create_task(phone.connect(many.url))
        reader, writer = await came.get()
        yield Line(many, phone, opening, await reader.readuntil(b"\r\n\r\n"), reader)
        phone.abort()
        writer.close()
        await asyncio.gather(phone.closed, writer.wait_closed(), return_exceptions=True)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 127, 4_096, 200_000])
async def test_phone_reads_the_same_from_chunks_of_any_size(size: int) -> None:
    async with calling() as line:
        given: list[Answer | None] = []
        welcome = accepted(line.request) + sent(b'0{"sid":"a"}') + sent(b'40{"sid":"b"}')
        feed(line.phone, welcome, size)
        await line.opening
        line.phone.say(packet("vote", {"rev": 1}), lambda _, answer: given.append(answer))
        answer = b"430" + json.dumps([ANSWER], ensure_ascii=False).encode()
        told = [sent(SHORT), sent(LONG), sent(b"2"), sent(b"hi", 9), sent(answer), sent(SHORT)]
        feed(line.phone, b"".join(told), size)
        assert given == [ANSWER]
        assert (line.many.events, line.many.event_bytes) == (3, 2 * len(SHORT) + len(LONG))
        assert [await line.frame() for _ in range(4)] == [
            (1, b'40{"forum": "123456"}'),
            (1, b'420["vote",{"rev":1}]'),
            (1, b"3"),
            (10, b"hi"),
        ]


async def test_phone_that_is_refused_says_with_what() -> None:
    async with calling() as line:
        feed(line.phone, accepted(line.request) + sent(b'44{"message":"sign_in"}'), 1_000)
        with pytest.raises(NotLetIn, match="sign_in"):
            await line.opening


async def test_server_without_websockets_is_a_failed_connection() -> None:
    async with calling() as line:
        feed(line.phone, b"HTTP/1.1 503 Service Unavailable\r\n\r\n", 1_000)
        with pytest.raises(ConnectionError, match="503"):
            await line.opening


async def test_question_on_a_lost_connection_is_answered_with_nothing() -> None:
    async with calling() as line:
        given: list[Answer | None] = []
        feed(line.phone, accepted(line.request) + sent(b'40{"sid":"b"}'), 1_000)
        await line.opening
        line.phone.say(packet("hello", {}), lambda _, answer: given.append(answer))
        line.phone.abort()
        await line.phone.closed
        line.phone.say(packet("hello", {}), lambda _, answer: given.append(answer))
        assert given == [None, None]
        with pytest.raises(ConnectionError):
            await line.phone.emit("hello", {})


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that reads one request a connection and gives these in turn: where, what it read."""
    left, asked = list(answers), list[bytes]()

    async def give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        asked.append(head + await reader.readexactly(size))
        writer.write(left.pop(0))
        writer.close()

    async with await asyncio.start_server(give, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def test_ticket_is_redeemed_on_own_lines_and_waits_where_it_is_told_to() -> None:
    seat = b'{"status":"ok","token":"t","seat":7,"expires":9}'
    wait = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
    given = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(seat), seat)
    async with (
        answering(wait, given) as (url, asked),
        httpx.AsyncClient(transport=OwnLines()) as http,
    ):
        assert await join(http, url, "123456", ticket="abc") == Seat("t", 7, 9)
    assert len(asked) == 2
    for request in asked:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        assert lines[0] == b"POST /api/f/123456/join HTTP/1.1"
        assert [line for line in lines if line.lower().startswith(b"connection:")] == [
            b"Connection: close"
        ]
        assert json.loads(body) == {"ticket": "abc"}


async def test_line_that_ends_without_an_answer_is_a_failed_connection() -> None:
    async with answering(b"") as (url, _), httpx.AsyncClient(transport=OwnLines()) as http:
        with pytest.raises(ConnectionError):
            await join(http, url, "123456", ticket="abc")
