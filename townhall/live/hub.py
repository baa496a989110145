"""Gathers what changed in each forum for a moment, then tells the listener once.

The first change after a quiet moment goes out at once; after that a forum is flushed at most
once each `PAUSE` seconds, so a storm of votes costs four flushes a second and not thousands.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable

from townhall.live.bus import DEAF, Bus

log = logging.getLogger(__name__)

PAUSE = 0.25

Listener = Callable[[int, frozenset[str]], Awaitable[None]]


class Hub:
    """Announcements in, coalesced flushes out."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._pending: dict[int, set[str]] = defaultdict(set)
        self._flushing: dict[int, asyncio.Task[None]] = {}
        self._listener: Listener | None = None

    @property
    def deaf(self) -> bool:
        """Whether news from other processes stays out: screens then follow a second later."""
        return self._bus.heard_ago > DEAF

    async def start(self, listener: Listener) -> None:
        """Listen on the bus; `listener(forum, slices)` is awaited once a flush."""
        self._listener = listener
        await self._bus.start(self.heard)

    async def stop(self) -> None:
        """Stop listening; a flush under way is ended."""
        await self._bus.stop()
        for task in list(self._flushing.values()):
            task.cancel()
        await asyncio.gather(*self._flushing.values(), return_exceptions=True)

    def busy(self, forum: int) -> bool:
        """Whether listeners are being told of this forum, or will be in a moment."""
        return forum in self._pending or forum in self._flushing

    def coming(self, forum: int) -> frozenset[str]:
        """The parts of a forum that listeners will be told of in a moment."""
        return frozenset(self._pending.get(forum, ()))

    def announce(self, forum: int, slices: frozenset[str]) -> None:
        """Tell every process that these parts of a forum changed."""
        if slices:
            self._bus.publish(forum, slices)

    def heard(self, forum: int, slices: frozenset[str]) -> None:
        """Something changed, here or elsewhere."""
        self._pending[forum] |= slices
        if forum not in self._flushing and self._listener is not None:
            self._flushing[forum] = asyncio.create_task(self._flush(forum))

    async def _flush(self, forum: int) -> None:
        assert self._listener is not None
        try:
            while slices := frozenset(self._pending.pop(forum, ())):
                try:
                    await self._listener(forum, slices)
                except Exception:
                    log.exception("telling the listeners of forum %s failed", forum)
                await asyncio.sleep(PAUSE)
        finally:
            self._flushing.pop(forum, None)
