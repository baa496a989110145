"""Gathers what changed in each forum for a moment, then tells the listener once.

The first change after a quiet moment goes out at once; after that a forum is flushed at most
once each `PAUSE` seconds, so a storm of votes costs four flushes a second and not thousands.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from townhall.live.bus import DEAF, NOTHING, Bus, News

log = logging.getLogger(__name__)

PAUSE = 0.25

Listener = Callable[[int, frozenset[str], frozenset[int]], Awaitable[None]]


class Hub:
    """Announcements in, coalesced flushes out."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._pending: dict[int, News] = {}
        self._flushing: dict[int, asyncio.Task[None]] = {}
        self._listener: Listener | None = None

    @property
    def deaf(self) -> bool:
        """Whether news from other processes stays out: screens then follow a second later."""
        return self._bus.heard_ago > DEAF

    async def start(self, listener: Listener) -> None:
        """Listen on the bus; `listener(forum, slices, revisions)` is awaited once a flush."""
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

    def coming(self, forum: int) -> News:
        """What listeners will be told of this forum in a moment."""
        return self._pending.get(forum, NOTHING)

    def announce(self, forum: int, news: News) -> None:
        """Tell every process what changed in a forum."""
        if news != NOTHING:
            self._bus.publish(forum, news)

    def moved(self, forum: int, slices: frozenset[str]) -> None:
        """Something changed that each process notices by itself and no revision counts."""
        self.heard(forum, News(slices))

    def heard(self, forum: int, news: News) -> None:
        """Something changed, here or elsewhere."""
        self._pending[forum] = self.coming(forum) | news
        if forum not in self._flushing and self._listener is not None:
            self._flushing[forum] = asyncio.create_task(self._flush(forum))

    async def _flush(self, forum: int) -> None:
        assert self._listener is not None
        try:
            while (news := self._pending.pop(forum, None)) is not None:
                try:
                    await self._listener(forum, *news)
                except Exception:
                    log.exception("telling the listeners of forum %s failed", forum)
                await asyncio.sleep(PAUSE)
        finally:
            self._flushing.pop(forum, None)
