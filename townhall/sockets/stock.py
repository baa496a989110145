"""The same wire through python-socketio, for an ASGI server that has no lane.

python-socketio keeps the connections, their pings and their queues; packets are read by the same
`packets` as on the lane, because it would run its own `connect` and `disconnect` handlers for a
client's events of those names and buffer binary packets without end. A broadcast is put on each
client's queue, where python-socketio would make a task for each.
"""

import contextlib
import logging
from functools import partial
from typing import Any

import socketio
from engineio import packet as engine

from townhall.domain.errors import Refused
from townhall.sockets import packets
from townhall.sockets.inbox import Connection, Inbox
from townhall.sockets.packets import (
    LARGEST_FRAME,
    PATH,
    PING_SECONDS,
    PONG_SECONDS,
    Malformed,
    Message,
)

log = logging.getLogger(__name__)

LONGEST_QUEUE = 64  # packets waiting for one slow client, after which it is cut and resyncs
ENGINE_PACKETS = frozenset("123456")  # what a client may begin a message with, after the handshake


class Peer:
    """The other end of one of python-socketio's connections."""

    def __init__(self, server: "Stock", sid: str, eio_sid: str) -> None:
        self._server = server
        self._sid = sid
        self._eio_sid = eio_sid

    def tell(self, message: Message) -> None:
        """Put a message on the queue; whoever lets it grow long is cut and starts anew."""
        socket = self._server.eio.sockets.get(self._eio_sid)
        if socket is None or socket.closed:
            return
        if socket.queue.qsize() >= LONGEST_QUEUE:
            self._server.start_background_task(self._server.cut, self._eio_sid)
        else:
            socket.queue.put_nowait(engine.Packet(engine.MESSAGE, message.packet.decode()))

    def end(self, message: Message | None = None) -> None:
        """Say a last word and goodbye."""
        if message is not None:
            self.tell(message)
        self._server.start_background_task(self._server.disconnect, self._sid)


class Stock(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO of which a client may use: one namespace, text, events with an acknowledgement.

    Its own origin check trusts forwarded headers and has surprising defaults; `door` has ours.
    """

    def __init__(self, inbox: Inbox) -> None:
        super().__init__(
            async_mode="asgi",
            transports=["websocket"],
            cors_allowed_origins="*",
            max_http_buffer_size=LARGEST_FRAME,
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
            namespaces=["/"],
            logger=False,
            engineio_logger=False,
        )
        self._inbox = inbox
        self._connections: dict[str, Connection] = {}
        self.on("connect", self._arrived)
        self.on("disconnect", self._left)

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

    async def _arrived(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        try:
            connection = await self._inbox.arrive(Peer(self, sid, eio_sid), auth)
        except Refused as refused:
            raise socketio.exceptions.ConnectionRefusedError(refused.code) from None
        if eio_sid in self.environ:
            self._connections[sid] = connection
        else:  # it went while we looked
            self._inbox.left(connection)

    async def _left(self, sid: str, reason: object = None) -> None:
        connection = self._connections.pop(sid, None)
        if connection is not None:
            self._inbox.left(connection)

    async def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        """One message; whatever is malformed or not ours ends the connection quietly."""
        if eio_sid not in self.environ:  # cut already; what it had sent before still comes in
            return
        try:
            if not isinstance(data, str) or data[:1] not in ("0", "1", "2") or data[1:2] == "/":
                raise Malformed("no packet")
            if data[0] == "2":
                self._event(eio_sid, data.encode())
                return
            packets.loads(data[1:].encode() or b"null")
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, IndexError, TypeError, RecursionError):
            log.info("a malformed packet ended a connection")
            await self.cut(eio_sid)

    def _event(self, eio_sid: str, packet: bytes) -> None:
        name, payload, number = packets.event(packet, 1)
        connection = self._connections.get(self.manager.sid_from_eio_sid(eio_sid, "/") or "")
        if connection is None:
            raise Malformed("not in yet")
        self._inbox.event(connection, name, payload, partial(self._answer, eio_sid, number))

    def _answer(self, eio_sid: str, number: bytes, found: dict[str, Any]) -> None:
        socket = self.eio.sockets.get(eio_sid)
        if number and socket is not None and not socket.closed:
            written = packets.answer(number, found).decode()
            socket.queue.put_nowait(engine.Packet(engine.MESSAGE, written))


def application(inbox: Inbox, pages: Any) -> Any:
    """The ASGI app of this path; what is not for it goes to `pages`."""
    app = socketio.ASGIApp(Stock(inbox), pages, socketio_path=PATH)

    async def read(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, _readable(receive) if scope["type"] == "websocket" else receive, send)

    return read


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
