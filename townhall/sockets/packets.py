"""Socket.IO packets as this server speaks them: one namespace, text, events with an answer.

Belongs here: what a packet may look like and how one is written. Does not belong here: how packets
travel (`lane`, `stock`), what an event means (`inbox`). Format: Socket.IO protocol 5 on Engine.IO
protocol 4; `4` is an Engine.IO message, then `0` connect, `1` disconnect, `2` event, `3` answer.
"""

import json
from functools import cached_property
from typing import Any

import orjson

from townhall.sockets.frames import TEXT, frame

PATH = "/socket.io"
LARGEST_FRAME = 32_768
PING_SECONDS, PONG_SECONDS = 15, 10
"""How often a client is pinged, and how long it has to answer."""
DEEPEST_JSON = 8
MOST_BRACKETS = 1_000
LONGEST_NUMBER = 15
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
# `*` is python-socketio's name for the handler of all events; called by a client under that name
# it would be handed the client's arguments in the place of who is speaking.
RESERVED = frozenset(("connect", "disconnect", "connect_error", "*"))


class Malformed(ValueError):  # noqa: N818 - what came over the wire is, and ends the connection
    """Something that no client of ours sends."""


class Message:
    """One event of the server for any number of clients, written and framed once."""

    def __init__(self, event: str, payload: Any) -> None:
        self._event = event
        self._payload = payload

    @cached_property
    def packet(self) -> bytes:
        """Without the Engine.IO digit: `2["event",payload]`."""
        return b"2" + orjson.dumps([self._event, self._payload])

    @cached_property
    def frame(self) -> bytes:
        """The websocket frame."""
        return frame(TEXT, b"4" + self.packet)


def answer(number: bytes, payload: Any) -> bytes:
    """What answers an event, without the Engine.IO digit: `3number[payload]`."""
    return b"3" + number + b"[" + orjson.dumps(payload) + b"]"


def event(packet: bytes, at: int) -> tuple[str, Any, bytes]:
    """An event after its digits, which end before `at`: name, payload, number.

    The number (digits) is that of the answer the client wants, empty for none. Raises Malformed.
    """
    start = packet.find(b"[", at, at + LONGEST_NUMBER + 1)
    number = packet[at:start]
    if start < at or (number and not number.isdigit()):
        raise Malformed("no event")
    found = loads(packet[start:])
    if type(found) is not list or not found or type(found[0]) is not str or found[0] in RESERVED:
        raise Malformed("no event")
    return found[0], found[1] if len(found) > 1 else None, number


def loads(written: bytes) -> Any:
    """JSON of a client. Raises Malformed, also where it is too deep.

    Half of a character is refused in its field and not here: cut, a phone would send it for ever.
    """
    # Few brackets cannot nest deeply; only what has many is looked at one by one, and nothing of
    # ours has so many that it would take long.
    opened = written.count(b"[") + written.count(b"{")
    if opened > MOST_BRACKETS or (opened > DEEPEST_JSON and depth(written) > DEEPEST_JSON):
        raise Malformed("too deep")
    try:
        return orjson.loads(written)
    except orjson.JSONDecodeError:
        try:
            return json.loads(written.decode())
        except (ValueError, RecursionError):
            raise Malformed("not JSON") from None


def depth(written: bytes) -> int:
    """How deep the brackets of a packet nest, those inside strings included; counted no further
    than one beyond what is allowed.
    """
    deepest = level = 0
    for mark in written.translate(None, _NO_BRACKETS):
        if mark in b"[{":
            level += 1
            deepest = max(deepest, level)
            if deepest > DEEPEST_JSON:
                break
        else:
            level -= 1
    return deepest
