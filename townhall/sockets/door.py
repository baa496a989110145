"""Where a websocket comes in: the check of its origin, then the lane where there is one.

Belongs here: what is decided before the handshake. Does not belong here: who may come in (`inbox`).
"""

from typing import Any
from urllib.parse import parse_qs

import socketio

from townhall.settings import Settings
from townhall.sockets import lane, stock

PATH = "/socket.io"


def mounted(pages: Any, over_lane: lane.Lane, over_stock: stock.Stock, settings: Settings) -> Any:
    """An ASGI app: sockets here, everything else to `pages`.

    Websockets opened by a page of another site are refused; clients without a page have no origin.
    """
    listed = {*settings.allowed_origins, *([settings.public_url] if settings.public_url else [])}
    app = socketio.ASGIApp(over_stock, pages, socketio_path=PATH)

    async def check(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            await app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get(b"origin")
        own = headers.get(b"host", "")
        if origin and origin not in listed and origin.split("://", 1)[-1] != own:
            await send({"type": "websocket.close", "code": 1008})
            return
        handshake = scope.get("extensions", {}).get(lane.EXTENSION)
        if handshake is None:
            await app(scope, stock.readable(receive), send)
            return
        await receive()
        if not _ours(scope):
            await send({"type": "websocket.close", "code": 1008})
            return
        await send({"type": "websocket.accept"})
        over_lane.take(handshake)

    return check


def _ours(scope: Any) -> bool:
    """Whether this asks for what the lane speaks."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    wanted = query.get("EIO") == ["4"] and query.get("transport") == ["websocket"]
    return wanted and "sid" not in query and scope["path"].rstrip("/") == PATH
