"""A bad network in front of a server: a TCP proxy that delays, stalls, cuts, falls silent, doubles.

What befalls a line is drawn from dice. Belongs here: bytes, and a client's whole websocket frames.
Does not belong here: what is in them, except that an event may arrive twice and a handshake not.
"""

import asyncio
import random
from dataclasses import dataclass
from typing import Self, cast

from tests.faults.frames import Frames

HELD = 64 * 1024  # bytes under way in one direction, above which their sender is no longer read
TICK = 1e-6  # the loop keeps no order among timers of the same moment


@dataclass(frozen=True)
class Weather:
    """What befalls lines. Shares are 0 to 1, times in seconds; the default is a good network."""

    delay: float = 0.0
    jitter: float = 0.0  # how much earlier or later a piece may arrive; the order is kept
    stalls: float = 0.0  # the share of pieces that get stuck, and all behind them, for `stall`
    stall: float = 2.0
    cut_within: int = 0  # every line breaks after so many bytes at most, within a frame too
    silent: float = 0.0  # the share of lines that fall silent, half of them from the first byte
    doubled: float = 0.0  # the share of a client's events that arrive twice
    bytes_per_second: float = 0.0  # what a line carries in each direction


GOOD = Weather()


class Proxy:
    """Lines to the server on `port` of this machine; `weather` may change at any moment.

    In good weather lines that would have been cut are spared; those that fell silent stay silent.
    """

    def __init__(self, port: int, dice: random.Random, weather: Weather = GOOD) -> None:
        self.port, self.dice, self.weather = port, dice, weather
        self.lines: set[Line] = set()
        self.broken = self.doubled = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Line(self).near, "127.0.0.1", 0, backlog=4096)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._server = server
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Break every line, now."""
        for line in list(self.lines):
            line.end()


class End(asyncio.Protocol):
    """One of a line's two connections: the client's (near) or ours to the server (far)."""

    transport: asyncio.Transport | None = None

    def __init__(self, line: "Line") -> None:
        self.line = line
        self.way: Way

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.line.made(self)

    def data_received(self, data: bytes) -> None:
        self.line.came(self, data)

    def connection_lost(self, error: Exception | None) -> None:
        self.line.lost()

    def resume_writing(self) -> None:
        (self.line.far if self is self.line.near else self.line.near).way.flow()


class Line:
    """A client's connection to the proxy and the proxy's to the server."""

    def __init__(self, proxy: Proxy) -> None:
        weather, dice = proxy.weather, proxy.dice
        self.proxy = proxy
        self.near, self.far = End(self), End(self)
        self.near.way = Way(self, self.near, self.far, Frames())
        self.far.way = Way(self, self.far, self.near, None)
        self._cut_at = dice.randint(1, weather.cut_within) if weather.cut_within else 0
        falls = dice.random() < weather.silent
        self._silent_at = dice.choice((0, dice.randint(1, 4096))) if falls else None
        self._passed = 0
        self._cut = False

    @property
    def silent(self) -> bool:
        """Whether nothing passes any more."""
        return self._silent_at is not None and self._passed >= self._silent_at

    def made(self, end: End) -> None:
        """The client has come: call the server, and read nothing until it answers."""
        assert self.near.transport is not None
        if end is self.near:
            self.proxy.lines.add(self)
            self.near.transport.pause_reading()
            self._calling = asyncio.ensure_future(self._call())
        else:
            self.near.transport.resume_reading()

    async def _call(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.far, "127.0.0.1", self.proxy.port)
        except OSError:
            self.end()
        if self not in self.proxy.lines:
            self.end()

    def came(self, end: End, data: bytes) -> None:
        """Bytes from one end are on their way to the other, unless the line fails here."""
        before, self._passed = self._passed, self._passed + len(data)
        if self.silent or self._cut:  # what was cut stays so until it ends, whatever the weather
            return
        if self._cut_at and self.proxy.weather.cut_within and self._passed >= self._cut_at:
            self._cut = True
            end.way.take(data[: max(0, self._cut_at - before)], last=True)
        else:
            end.way.take(data)

    def lost(self) -> None:
        """One end has gone, and with it the other; of a silent line nobody is told."""
        if not self.silent:
            self.end()

    def end(self) -> None:
        """Break both ends."""
        if self in self.proxy.lines:
            self.proxy.lines.remove(self)
            self.proxy.broken += 1
        for end in (self.near, self.far):
            if end.transport is not None:
                end.transport.abort()


class Way:
    """One direction of a line: what came in goes out later and in the same order."""

    def __init__(self, line: Line, source: End, target: End, frames: Frames | None) -> None:
        self._line, self._source, self._target, self._frames = line, source, target, frames
        self._free = 0.0  # when the last piece will have gone
        self._waiting = 0

    def take(self, data: bytes, *, last: bool = False) -> None:
        """Send these bytes on their way; the last ones take the line with them."""
        proxy = self._line.proxy
        for piece, event in self._frames.pieces(data, last) if self._frames else [(data, False)]:
            self._later(piece)
            if event and proxy.dice.random() < proxy.weather.doubled:
                proxy.doubled += 1
                self._later(piece)
        if last:
            asyncio.get_running_loop().call_at(self._free, self._line.end)

    def _later(self, piece: bytes) -> None:
        loop, proxy = asyncio.get_running_loop(), self._line.proxy
        weather, dice = proxy.weather, proxy.dice
        due = now = loop.time()
        if weather is not GOOD:
            due += weather.delay + dice.uniform(-weather.jitter, weather.jitter)
            due += weather.stall if dice.random() < weather.stalls else 0.0
        due = max(due, self._free)
        if weather.bytes_per_second:
            due += len(piece) / weather.bytes_per_second
        waiting, self._waiting = self._waiting, self._waiting + len(piece)
        if due <= now and not waiting:  # a timer that is due has not always run
            self._leave(piece)
            return
        self._free = due + TICK
        loop.call_at(due, self._leave, piece)
        self.flow()

    def _leave(self, piece: bytes) -> None:
        self._waiting -= len(piece)
        if self._target.transport is not None and not self._target.transport.is_closing():
            self._target.transport.write(piece)
        self.flow()

    def flow(self) -> None:
        """Read the source only as fast as its bytes leave."""
        source, target = self._source.transport, self._target.transport
        if source is not None and target is not None:
            held = self._waiting + target.get_write_buffer_size()
            (source.pause_reading if held > HELD else source.resume_reading)()
