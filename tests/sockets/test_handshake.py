"""How a websocket begins: what is answered, and what is refused."""

import asyncio
import inspect
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tests.sockets.conftest import House
from townhall.sockets.handshake import LONGEST_LINE, MOST_HEADERS, Handshake, upgrade

pytestmark = pytest.mark.anyio

FIRST = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1"
HEADERS = {
    b"host": b"forum.example.kr",
    b"connection": b"keep-alive, Upgrade",
    b"upgrade": b"websocket",
    b"origin": b"https://forum.example.kr",
    b"sec-websocket-version": b"13",
    b"sec-websocket-key": b"dGhlIHNhbXBsZSBub25jZQ==",
    b"sec-websocket-extensions": b"permessage-deflate; client_max_window_bits",
    b"cookie": b"townhall=0123",
}


MORE = (b"content-length", b"transfer-encoding", b"sec-websocket-protocol")


def request(first: bytes = FIRST, more: bytes = b"", **changed: bytes | None) -> bytes:
    """The request of a browser, with some headers changed or, where None, left out."""
    headers = HEADERS | {name.encode().replace(b"_", b"-"): to for name, to in changed.items()}
    lines = [name + b": " + value for name, value in headers.items() if value is not None]
    return b"\r\n".join((first, *lines)) + b"\r\n" + more + b"\r\n"


def judged(asked: bytes) -> tuple[int, str | None]:
    """What `websockets` says to a request: the status, and the key that accepts it."""
    server = ServerProtocol()
    server.receive_data(asked)
    found = [event for event in server.events_received() if isinstance(event, Request)]
    if not found:
        return 0, None
    response = server.accept(found[0])
    return response.status_code, response.headers.get("Sec-WebSocket-Accept")


def test_request_of_a_browser_is_answered_with_the_key_of_the_standard() -> None:
    found = upgrade(request())
    assert found is not None
    scope, accept = found
    assert accept == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, 1.3
    assert (scope["type"], scope["path"]) == ("websocket", "/socket.io/")
    assert scope["query_string"] == b"EIO=4&transport=websocket"
    assert (b"origin", b"https://forum.example.kr") in scope["headers"]
    assert judged(request()) == (101, accept.decode())


@pytest.mark.parametrize(
    "asked",
    [
        request(FIRST.replace(b"GET", b"POST")),
        request(FIRST.replace(b"1.1", b"1.0")),
        request(FIRST.replace(b"/socket.io/", b"/socket%2Eio/")),
        request(FIRST.replace(b"/socket.io/", b"/\xed\x86\xa0")),
        request(FIRST.replace(b"/socket.io/", b"/a b")),
        request(FIRST + b"x"),
        request(upgrade=b"h2c"),
        request(upgrade=None),
        request(connection=b"close"),
        request(connection=None),
        request(sec_websocket_version=b"8"),
        request(sec_websocket_version=None),
        request(sec_websocket_key=b"dGhlIHNhbXBsZQ=="),
        request(sec_websocket_key=b"dGhlIHNhbXBsZSBub25jZQ=!"),
        request(sec_websocket_key=None),
        request(more=b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
        request(more=b"origin: https://elsewhere.example\r\n"),
        request(more=b"host: elsewhere.example\r\n"),
        request(more=b" folded: line\r\n"),
        request(more=b"no colon\r\n"),
        request(more=b"x: \x00\r\n"),
        request(more=b"name:no space\r\n"),
        request(more=b": nameless\r\n"),
        request(more=b"x: " + b"y" * LONGEST_LINE + b"\r\n"),
        request(more=b"x: y\r\n" * MOST_HEADERS),
        request() + b"\x81\x00",
        request(connection=b"@, upgrade"),
        request(content_length=b"5"),
        request(transfer_encoding=b"chunked"),
        request(sec_websocket_protocol=b"a b"),
        b"",
    ],
)
def test_what_is_wrong_or_unusual_is_refused(asked: bytes) -> None:
    assert upgrade(asked) is None


@given(
    first=st.sampled_from([FIRST, FIRST.replace(b"GET", b"PUT"), b"GET / HTTP/1.1", b"GET"]),
    changed=st.dictionaries(
        st.sampled_from([name.decode().replace("-", "_") for name in (*HEADERS, *MORE)]),
        st.none()
        | st.sampled_from(
            [*HEADERS.values(), b"", b"Upgrade", b"upgrade,close", b"13, 8", b"0", b"5", b"chunked"]
        )
        | st.binary(max_size=30),
        max_size=3,
    ),
    more=st.sampled_from([b"", b"x: y\r\n", b"upgrade: x\r\n", b"\r\n"]) | st.binary(max_size=20),
)
def test_nothing_is_let_in_that_the_library_would_refuse(
    first: bytes, changed: dict[str, bytes | None], more: bytes
) -> None:
    found = upgrade(asked := request(first, more, **changed))
    if found is not None:
        assert judged(asked) == (101, found[1].decode())


async def answer(house: House, asked: bytes) -> bytes:
    """What the server says to a request, until it ends the line or greets."""
    host, port = house.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(asked)
    async with asyncio.timeout(10):
        found = await reader.readuntil(b"\r\n")
    writer.close()
    return found.split(b" ")[1]


async def test_each_way_answers_as_it_should(house: House) -> None:
    own = house.url.removeprefix("http://").encode()
    same = {"host": own, "origin": b"http://" + own}
    assert await answer(house, request(**same)) == b"101"
    assert await answer(house, request(origin=None)) == b"101"
    assert await answer(house, request(host=own)) == b"403"
    assert await answer(house, request(FIRST.replace(b"EIO=4", b"EIO=3"), **same)) == b"403"
    assert await answer(house, request(**same, sec_websocket_version=b"8")) == b"400"
    assert await answer(house, request(**same, sec_websocket_key=None)) == b"400"


async def test_who_goes_on_before_the_answer_is_ended_and_harms_nobody(house: House) -> None:
    host, port = house.url.removeprefix("http://").split(":")
    own = house.url.removeprefix("http://").encode()
    asked = request(host=own, origin=b"http://" + own)
    for _ in range(10):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(asked + b"\x00" * 900_000)
        await asyncio.sleep(0.02)
        writer.transport.abort()
    assert await answer(house, asked) == b"101"


def test_a_second_piece_before_the_answer_ends_the_connection() -> None:
    done: list[str] = []
    line = SimpleNamespace(abort=lambda: done.append("abort"))
    config = SimpleNamespace(loaded_app=None)
    state = SimpleNamespace(connections=set(), tasks=set())
    handshake = Handshake(config, state, {})
    handshake.connection_made(line)
    handshake._asked = True
    handshake.data_received(b"more")
    handshake.connection_lost(None)
    assert (done, handshake.over, state.connections) == (["abort"], True, set())


def test_uvicorn_has_what_the_handshake_touches() -> None:
    source = inspect.getsource(HttpToolsProtocol.handle_websocket_upgrade)
    steps = (
        "self.connections.discard(self)",
        'output += [name, b": ", value, b"\\r\\n"]',
        "config=self.config,",
        "server_state=self.server_state,",
        "app_state=self.app_state,",
        "protocol.connection_made(self.transport)",
        'protocol.data_received(b"".join(output))',
        "self.transport.set_protocol(protocol)",
    )
    places = [source.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)
