"""Where a websocket comes in: the check of its origin, then the lane where there is one.

Belongs here: what is decided before the handshake. Does not belong here: who may come in (`inbox`).
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from townhall.settings import Settings
from townhall.sockets import lane
from townhall.sockets.handshake import EXTENSION
from townhall.sockets.packets import PATH


def mounted(
    pages: Any, over_lane: lane.Lane, over_stock: Callable[[], Any], settings: Settings
) -> Any:
    """An ASGI app: sockets here, everything else to `pages`.

    Websockets opened by a page of another site are refused; clients without a page have no origin.
    `over_stock()` gives the app for whoever does not come over the lane, in the same place.
    """
    listed = {*settings.allowed_origins, *([settings.public_url] if settings.public_url else [])}

    async def check(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            asked = scope.get("path", "")
            app = over_stock() if asked.startswith(f"{PATH}/") or asked == PATH else pages
            await app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get(b"origin")
        own = headers.get(b"host", "")
        if origin and origin not in listed and origin.split("://", 1)[-1] != own:
            await send({"type": "websocket.close", "code": 1008})
            return
        handshake = scope.get("extensions", {}).get(EXTENSION)
        if handshake is None:
            await over_stock()(scope, receive, send)
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
