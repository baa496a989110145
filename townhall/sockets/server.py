"""The guarded Socket.IO server: what may come over the wire, and one encoding for a broadcast.

python-socketio runs the server's own `connect` and `disconnect` handlers for client events of
those names, buffers binary packets without end and makes a task per recipient of a broadcast.
Anything of the first two kinds is cut here; the third is replaced.
"""

import contextlib
import json
import logging
from typing import Any

import orjson
import socketio
from engineio import packet as engine_packet

from townhall.settings import Settings

log = logging.getLogger(__name__)

LARGEST_FRAME = 32_768
DEEPEST_JSON = 8
LONGEST_QUEUE = 64  # packets waiting for one slow client, after which it is cut and resyncs
# `*` is python-socketio's name for the handler of all events; called by a client under that name
# it would be handed the client's arguments in the place of who is speaking.
RESERVED = frozenset(("connect", "disconnect", "connect_error", "*"))
ENGINE_PACKETS = frozenset("123456")  # what a client may begin a message with, after the handshake


class Json:
    """orjson behind the two functions that python-socketio calls."""

    JSONDecodeError = orjson.JSONDecodeError

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str, **_: object) -> Any:
        """Half of a character is refused in its field; cut, a phone would send it for ever."""
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return json.loads(text)


class Broadcasts(socketio.AsyncManager):  # type: ignore[misc]
    """Encodes a broadcast once and puts the same packet on every listener's queue."""

    async def emit(
        self, event: str, data: object, namespace: str, room: str | None = None, **_: object
    ) -> None:
        """Send to one room; an emit without a room would reach clients not yet let in."""
        if room is None:
            raise ValueError("every emit names a room")
        packet = self.server.packet_class(
            socketio.packet.EVENT, namespace=namespace, data=[event, data]
        )
        ready = engine_packet.Packet(engine_packet.MESSAGE, packet.encode())
        sockets = self.server.eio.sockets
        for _sid, eio_sid in list(self.get_participants(namespace, room)):
            socket = sockets.get(eio_sid)
            if socket is None or socket.closed:
                continue
            if socket.queue.qsize() >= LONGEST_QUEUE:
                self.server.start_background_task(self.server.cut, eio_sid)
            else:
                socket.queue.put_nowait(ready)


class GuardedServer(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO of which a client may use: one namespace, text, events with an acknowledgement."""

    async def cut(self, eio_sid: str) -> None:
        """Close one connection without ceremony, its websocket included.

        Engine.IO says goodbye and would keep the websocket until its writer, which waits for more
        to send, runs out of patience; nothing to send tells it to go.
        """
        socket = self.eio.sockets.get(eio_sid)
        with contextlib.suppress(KeyError):
            await self.eio.disconnect(eio_sid)
        if socket is not None:
            socket.queue.put_nowait(None)

    async def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        """One message; whatever is malformed or not ours ends the connection quietly."""
        if eio_sid not in self.environ:  # cut already; what it had sent before still comes in
            return
        if not isinstance(data, str) or data[:1] not in ("0", "1", "2") or data[1:2] == "/":
            await self.cut(eio_sid)
            return
        try:
            if depth(data) > DEEPEST_JSON:
                raise ValueError("too deep")
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, IndexError, TypeError, RecursionError):
            log.info("a malformed packet ended a connection")
            await self.cut(eio_sid)

    async def _handle_event(self, eio_sid: str, namespace: str, id: int | None, data: Any) -> None:
        if (
            not isinstance(data, list)
            or not data
            or not isinstance(data[0], str)
            or data[0] in RESERVED
        ):
            await self.cut(eio_sid)
            return
        await super()._handle_event(eio_sid, namespace, id, data)


def depth(text: str) -> int:
    """How deep the brackets of a packet nest, those inside strings included."""
    deepest = level = 0
    for mark in text:
        if mark in "[{":
            level += 1
            deepest = max(deepest, level)
        elif mark in "]}":
            level -= 1
    return deepest


def build() -> GuardedServer:
    """A server that speaks websocket only, on the one namespace.

    Its own origin check trusts forwarded headers and has surprising defaults; `guarded` has ours.
    """
    return GuardedServer(
        async_mode="asgi",
        client_manager=Broadcasts(),
        json=Json,
        transports=["websocket"],
        cors_allowed_origins="*",
        max_http_buffer_size=LARGEST_FRAME,
        ping_interval=15,
        ping_timeout=10,
        namespaces=["/"],
        logger=False,
        engineio_logger=False,
    )


def _readable(receive: Any) -> Any:
    """Messages as far as they are packets; Engine.IO would raise at anything else, and log it."""

    async def read() -> Any:
        message = await receive()
        if message["type"] != "websocket.receive" or message.get("bytes"):
            return message
        if (message.get("text") or "")[:1] in ENGINE_PACKETS:
            return message
        log.info("a malformed packet ended a connection")
        return {"type": "websocket.disconnect", "code": 1008}

    return read


def guarded(app: Any, settings: Settings) -> Any:
    """Refuse websockets opened by a page of another site; clients without a page have no origin."""
    listed = {*settings.allowed_origins, *([settings.public_url] if settings.public_url else [])}

    async def check(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
            origin = headers.get(b"origin")
            own = headers.get(b"host", "")
            if origin and origin not in listed and origin.split("://", 1)[-1] != own:
                await send({"type": "websocket.close", "code": 1008})
                return
            receive = _readable(receive)
        await app(scope, receive, send)

    return check
