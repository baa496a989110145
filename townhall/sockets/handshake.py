"""Where a websocket begins: its upgrade in a few lines, before the lane takes it over.

uvicorn reads the request; as it would go on, the request is parsed a second time and answered by
machinery for frames, queues and keepalive that the lane never uses, and that costs a third of a
join. Here a request that is as our own clients write it is answered at once (RFC 6455, 4.2).
Anything else, be it wrong or only unusual, goes the way of uvicorn and `websockets`, which refuse
it, or hand it to the stock path.

Touches of uvicorn: what `HttpToolsProtocol.handle_websocket_upgrade` calls of a protocol, and
`connections`, whose members it shuts down; tests/sockets/test_handshake.py holds them still.
"""

import asyncio
import logging
import re
from base64 import b64encode
from binascii import Error, a2b_base64
from collections.abc import Callable
from hashlib import sha1
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

log = logging.getLogger(__name__)

EXTENSION = "townhall.lane"
LONGEST_LINE, MOST_HEADERS = 8_192, 128
"""As `websockets` has them."""
_REQUEST = re.compile(rb"GET (/[!-~]*) HTTP/1\.1")
_HEADER = re.compile(rb"([0-9a-z!#$%&'*+.^_`|~-]+): ([\t -~\x80-\xff]*)")
_ONCE = frozenset(
    (b"host", b"origin", b"upgrade", b"connection", b"sec-websocket-key", b"sec-websocket-version")
)
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_REFUSED = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_FAILED = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Handshake(asyncio.Protocol):
    """A connection from uvicorn's request until the lane has it."""

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any]) -> None:
        self._made = {"config": config, "server_state": server_state, "app_state": app_state}
        self._app: Callable[..., Any] = config.loaded_app
        self._connections: set[Any] = server_state.connections
        self._tasks: set[asyncio.Task[None]] = server_state.tasks
        self._transport: asyncio.Transport
        self._accept = b""

    # What uvicorn calls

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """The request, whole; nothing more comes before it is answered."""
        found = upgrade(data)
        if found is None:
            self._go_the_long_way(data)
            return
        scope, self._accept = found
        scope["extensions"] = {EXTENSION: self}
        task = asyncio.ensure_future(self._ask(scope))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)

    def shutdown(self) -> None:
        """The server stops now."""
        self._transport.close()

    # What the lane calls

    def hand_over(self, client: Any) -> None:
        """Give the accepted connection away; this protocol is done with it and can be forgotten."""
        self._connections.discard(self)
        self._connections.add(client)
        self._transport.set_protocol(client)
        client.opened(self._transport, self._connections)

    # Ours

    async def _ask(self, scope: dict[str, Any]) -> None:
        """Let the app decide, as ASGI has it: it hears `connect`, and accepts or closes."""
        try:
            await self._app(scope, self._receive, self._send)
        except Exception:
            log.exception("a websocket could not be opened")
            self._transport.write(_FAILED)
            self._transport.close()

    async def _receive(self) -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept":
            self._transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + self._accept + b"\r\n\r\n"
            )
        else:
            self._transport.write(_REFUSED)
            self._transport.close()

    def _go_the_long_way(self, data: bytes) -> None:
        """Let uvicorn do it all; the line is given over once uvicorn has given it to us."""
        other = WebSocketsSansIOProtocol(**self._made)
        self._connections.discard(self)
        asyncio.get_running_loop().call_soon(self._transport.set_protocol, other)
        other.connection_made(self._transport)
        other.data_received(data)


def upgrade(request: bytes) -> tuple[dict[str, Any], bytes] | None:
    """The ASGI scope of a websocket that this request opens, and the key that accepts it.

    None for what is no such request, or not a plain one.
    """
    head, _, rest = request.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    asked = _REQUEST.fullmatch(first)
    if rest or asked is None or len(lines) > MOST_HEADERS or len(first) > LONGEST_LINE:
        return None
    headers = []
    found: dict[bytes, bytes] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None or len(line) > LONGEST_LINE:
            return None
        name, value = header.groups()
        if name in _ONCE and name in found:
            return None
        headers.append((name, value))
        found[name] = value
    if (
        found.get(b"upgrade", b"").lower() != b"websocket"
        or b"upgrade" not in found.get(b"connection", b"").lower().replace(b" ", b"").split(b",")
        or found.get(b"sec-websocket-version") != b"13"
    ):
        return None
    key = found.get(b"sec-websocket-key", b"")
    if not _of_16_bytes(key):
        return None
    path, _, query = asked[1].partition(b"?")
    if b"%" in path:
        return None
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "path": path.decode(),
        "raw_path": path,
        "query_string": query,
        "headers": headers,
        "subprotocols": [],
    }
    return scope, b64encode(sha1(key + _GUID, usedforsecurity=False).digest())


def _of_16_bytes(key: bytes) -> bool:
    """Whether it is base64 of 16 bytes, as a client's key has to be."""
    try:
        return len(key) == 24 and len(a2b_base64(key, strict_mode=True)) == 16
    except Error:
        return False
