"""Websocket frames as bytes on the wire: a client's taken apart, and odd ones put together."""

from collections.abc import Iterator


class Frames:
    """Cuts what a client sends into its handshake and whole frames, each marked if an event."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._shaken = False

    def pieces(self, data: bytes, last: bool) -> Iterator[tuple[bytes, bool]]:
        """Every piece that is complete now; what is left over only with the last bytes."""
        buffer = self._buffer
        buffer += data
        while size := self._complete():
            piece, self._shaken = bytes(buffer[:size]), True
            del buffer[:size]
            yield piece, _is_event(piece)
        if last and buffer:
            yield bytes(buffer), False

    def _complete(self) -> int:
        """The length of the first piece; 0 while some of it is missing."""
        buffer = self._buffer
        if not self._shaken:
            return buffer.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in buffer else 0
        if len(buffer) < 2:
            return 0
        more = {126: 2, 127: 8}.get(buffer[1] & 127, 0)
        if len(buffer) < 2 + more:
            return 0
        size = int.from_bytes(buffer[2 : 2 + more], "big") if more else buffer[1] & 127
        whole = 2 + more + (4 if buffer[1] & 128 else 0) + size
        return whole if len(buffer) >= whole else 0


def _is_event(piece: bytes) -> bool:
    """Whether this is an unfragmented masked text frame that begins with `42`."""
    if piece[0] != 0x81 or len(piece) < 8 or not piece[1] & 128:
        return False
    mask = 2 + {126: 2, 127: 8}.get(piece[1] & 127, 0)
    head = bytes(piece[mask + 4 + i] ^ piece[mask + i] for i in range(2))
    return head == b"42"


def framed(
    payload: bytes,
    opcode: int = 1,
    *,
    last: bool = True,
    reserved: int = 0,
    mask: bytes | None = b"\x01\x02\x03\x04",
    claimed: int | None = None,
) -> bytes:
    """One frame, right or wrong: reserved bits (0 to 7), no mask, a length that is not its own."""
    size = len(payload) if claimed is None else claimed
    head = bytes([last << 7 | reserved << 4 | opcode])
    masked = 0 if mask is None else 128
    if size < 126:
        head += bytes([masked | size])
    elif size < 65_536:
        head += bytes([masked | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([masked | 127]) + size.to_bytes(8, "big")
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
