"""Websocket frames on the server's side (RFC 6455): bytes in, whole messages out, and back.

A library's parser is a generator and several objects a message, and costs more than everything
else that the server does with a vote. Belongs here: frames alone, after the handshake. Does not
belong here: what a message means.
"""

from collections.abc import Iterator

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled part
    from websockets.utils import apply_mask

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_LONGEST_CONTROL = 125
_KNOWN = frozenset((CONTINUED, TEXT, BINARY, CLOSE, PING, PONG))


class Unframed(ValueError):  # noqa: N818 - not a defect of ours
    """Bytes that are no frame; `code` is the close code that says why (RFC 6455, 7.4.1)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole frame; a server does not mask."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65_536:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


class Frames:
    """What one client sends. Raises Unframed at anything that is not allowed, and is then done."""

    __slots__ = ("_kind", "_largest", "_parts", "_rest", "_size")

    def __init__(self, largest: int) -> None:
        self._largest = largest  # bytes of a message, fragments together
        self._rest = b""
        self._parts: list[bytes] | None = None
        self._kind = self._size = 0

    def lone(self, data: bytes) -> bytes | None:
        """The text that these bytes are, where they are one short frame and no more.

        That is what a vote looks like; None for everything else, which `feed` takes apart.
        """
        if self._rest or self._parts is not None or len(data) < 8 or data[0] != 0x80 | TEXT:
            return None
        start = 8 if data[1] == 0x80 | 126 else 6
        size = data[2] << 8 | data[3] if start == 8 else data[1] & 0x7F
        if not 0x80 <= data[1] < 0xFF or len(data) != start + size or size > self._largest:
            return None
        return apply_mask(data[start:], data[start - 4 : start])

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Every message that is whole with these bytes: `(opcode, payload)`."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, end = 0, len(data)
        while end - at >= 2:
            opcode, last = data[at] & 0x0F, bool(data[at] & 0x80)
            start, stop = self._payload(data, at, end)
            if stop > end:
                break
            payload = apply_mask(data[start:stop], data[start - 4 : start])
            at = stop
            if opcode >= CLOSE or (opcode and last and self._parts is None):
                yield opcode, payload
            elif (whole := self._fragment(opcode, payload, last)) is not None:
                yield whole
        if at < end:
            self._rest = bytes(data[at:])

    def _payload(self, data: bytes, at: int, end: int) -> tuple[int, int]:
        """Where the payload of the frame at `at` starts and stops, perhaps beyond the end."""
        first, size, head = data[at], data[at + 1] & 0x7F, 6
        if first & 0x70 or first & 0x0F not in _KNOWN or not data[at + 1] & 0x80:
            raise Unframed(1002)
        if first & 0x0F >= CLOSE and (size > _LONGEST_CONTROL or not first & 0x80):
            raise Unframed(1002)
        if size == 127:
            raise Unframed(1009)  # a length of 64 bits: beyond every message of ours
        if size == 126:
            size, head = int.from_bytes(data[at + 2 : at + 4], "big"), 8
        if size > self._largest:
            raise Unframed(1009)
        return at + head, at + head + size

    def _fragment(self, opcode: int, payload: bytes, last: bool) -> tuple[int, bytes] | None:
        """One part of a message; the whole message with the last."""
        if (self._parts is None) == (opcode == CONTINUED):
            raise Unframed(1002)  # a beginning inside a message, or a part of none
        if self._parts is None:
            self._kind, self._parts, self._size = opcode, [], 0
        self._parts.append(payload)
        self._size += len(payload) + 1  # so that empty parts come to an end as well
        if self._size > self._largest:
            raise Unframed(1009)
        if not last:
            return None
        whole, self._parts = b"".join(self._parts), None
        return self._kind, whole
