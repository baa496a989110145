"""Where a websocket begins: its upgrade in a few lines, before the lane takes it over.

uvicorn reads the request; as it would go on, the request is parsed a second time and answered by
machinery for frames, queues and keepalive that the lane never uses, and that costs a third of a
join. Here it is answered at once (RFC 6455, 4.2), and refused where it is not as browsers and our
own clients write it: `upgrade` is stricter than `websockets` and never laxer.

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

log = logging.getLogger(__name__)

EXTENSION = "townhall.lane"
LONGEST_LINE, MOST_HEADERS = 8_192, 128
"""As `websockets` has them."""
_REQUEST = re.compile(rb"GET (/[!-~]*) HTTP/1\.1")
_TOKEN = rb"[0-9A-Za-z!#$%&'*+.^_`|~-]+"
_HEADER = re.compile(rb"(" + _TOKEN + rb"): ([\t -~\x80-\xff]*)")
_TOKENS = re.compile(_TOKEN + rb"(?:[\t ]*,[\t ]*" + _TOKEN + rb")*")
_ONCE = frozenset(
    (
        b"host",
        b"origin",
        b"upgrade",
        b"connection",
        b"content-length",
        b"sec-websocket-key",
        b"sec-websocket-protocol",
        b"sec-websocket-version",
    )
)
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_ACCEPTED = b"101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
_WRONG = b"400 Bad Request\r\ncontent-length: 0\r\nconnection: close"
_REFUSED = b"403 Forbidden\r\ncontent-length: 0\r\nconnection: close"


class Handshake(asyncio.Protocol):
    """A connection from uvicorn's request until the lane has it."""

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any]) -> None:
        self._app: Callable[..., Any] = config.loaded_app
        self._connections: set[Any] = server_state.connections
        self._tasks: set[asyncio.Task[None]] = server_state.tasks
        self._transport: asyncio.Transport
        self._accept = b""
        self._asked = False
        self.over = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """The request, whole. Who goes on before it is answered is no client of ours."""
        if self._asked:
            self._transport.abort()
            return
        self._asked = True
        found = upgrade(data)
        if found is None:
            self._say(_WRONG)
            self._transport.close()
            return
        scope, self._accept = found
        scope["extensions"] = {EXTENSION: self}
        task = asyncio.ensure_future(self._ask(scope))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connection_lost(self, error: Exception | None) -> None:
        self.over = True
        self._connections.discard(self)

    def shutdown(self) -> None:
        """The server stops now."""
        self._transport.close()

    def hand_over(self, client: Any) -> None:
        """Give the accepted connection away, unless it is `over`; then this can be forgotten."""
        self._connections.discard(self)
        self._connections.add(client)
        self._transport.set_protocol(client)
        client.opened(self._transport, self._connections)

    async def _ask(self, scope: dict[str, Any]) -> None:
        """Let the app decide, as ASGI has it: it hears `connect`, and accepts or closes."""
        try:
            await self._app(scope, self._receive, self._send)
        except Exception:
            log.exception("a websocket could not be opened")
            self._transport.abort()

    async def _receive(self) -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept":
            self._say(_ACCEPTED + b"\r\nSec-WebSocket-Accept: " + self._accept)
        else:
            self._say(_REFUSED)
            self._transport.close()

    def _say(self, answer: bytes) -> None:
        if not self.over:
            self._transport.write(b"HTTP/1.1 " + answer + b"\r\n\r\n")


def upgrade(request: bytes) -> tuple[dict[str, Any], bytes] | None:
    """The ASGI scope of a websocket that this request opens, and the key that accepts it.

    None for what is no such request, or not as our clients write it.
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
        name, value = header[1].lower(), header[2]
        if name in _ONCE and name in found:
            return None
        headers.append((name, value))
        found[name] = value
    if found.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in found:
        return None  # a proxy would take for a body what is a frame here
    wanted = _TOKENS.fullmatch(found.get(b"connection", b"").lower())
    if (
        not _TOKENS.fullmatch(found.get(b"sec-websocket-protocol", b"none"))
        or found.get(b"upgrade", b"").lower() != b"websocket"
        or wanted is None
        or b"upgrade" not in re.split(rb"[\t ]*,[\t ]*", wanted[0])
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
