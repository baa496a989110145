"""The composition root: settings in, one ASGI app out. Nothing is decided here.

`Townhall` holds what lives as long as the process: the hall, the doors, and the clock that closes
what is due, beats presence, notices lost news and cuts revoked sockets.
"""

import asyncio
import logging
import os
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.applications import Starlette

from townhall.actions import questions, rehearsals, trouble
from townhall.actions.presence import Presence
from townhall.counts import COUNTS
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.live.bus import Bus
from townhall.live.bus_memory import MemoryBus
from townhall.live.hub import Hub
from townhall.settings import Settings
from townhall.sockets import door
from townhall.sockets.inbox import Inbox, drain
from townhall.sockets.lane import Lane
from townhall.sockets.outbox import Outbox
from townhall.storage import processes
from townhall.storage.database import open_database
from townhall.web import middleware, routes

log = logging.getLogger(__name__)


class Townhall:
    """One process of the server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process = f"{os.getpid()}-{secrets.token_hex(4)}"
        database = open_database(settings.database_url, self.process)
        self.hall = Hall(database, Hub(_bus(settings, database.epoch)), settings)
        self.outbox = Outbox(self.hall)
        self.inbox = Inbox(self.hall, self.outbox)
        self.lane = Lane(self.inbox)
        self.presence = Presence(self.process)
        self._alone = settings.redis_url is None
        self._over_stock: Any = None
        pages = Starlette(
            routes=routes.build(self.hall),
            middleware=middleware.stack(self.hall),
            lifespan=self._lifespan,
        )
        self.app = door.mounted(pages, self.lane, partial(self._stock, pages), settings)

    def _stock(self, pages: Starlette) -> Any:
        """The path for other servers than ours, which costs 20 MB: loaded where it is needed."""
        if self._over_stock is None:
            from townhall.sockets.stock import application

            self._over_stock = application(self.inbox, pages)
        return self._over_stock

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self.hall.start()
        await self.hall.hub.start(self.outbox.changed)
        clocks = [
            asyncio.create_task(_every(0.25, lambda: questions.finish_due(self.hall))),
            asyncio.create_task(_every(1.0, self.lane.tick)),
            asyncio.create_task(_every(1.0, self.outbox.catch_up)),
            asyncio.create_task(_every(1.0, self.inbox.cut_revoked)),
            asyncio.create_task(_every(1.0, self._look)),
            asyncio.create_task(_every(2.0, self._beat)),
            asyncio.create_task(_lag()),
            asyncio.create_task(rehearsals.clear_at_start(self.hall)),
        ]
        try:
            yield
        finally:
            self.hall.stopping = True
            for clock in clocks:
                clock.cancel()
            await asyncio.gather(*clocks, return_exceptions=True)
            await self.hall.hub.stop()
            await self.hall.stop()

    async def leave(self) -> None:
        """Say goodbye to everybody who is connected, before a planned stop."""
        self.hall.stopping = True
        await drain(self.inbox)

    async def _look(self) -> None:
        audiences: Counter[str] = Counter()
        for room, here in self.outbox.rooms.items():
            audiences[room.audience] += len(here)
        COUNTS.sockets = dict(audiences)
        await trouble.look(self.hall, {room.forum for room in self.outbox.rooms})

    async def _beat(self) -> None:
        await self.presence.beat(self.hall, self.outbox.present())
        if self._alone and await self.hall.read(processes.count) > 1:
            self._alone = False
            log.warning(
                "another process serves this database: without TOWNHALL_REDIS_URL the "
                "screens of either follow the other's changes a second late"
            )


def _bus(settings: Settings, installation: str) -> Bus:
    """What carries news between the processes of one installation."""
    if settings.redis_url is None:
        return MemoryBus()
    from townhall.live.bus_redis import RedisBus

    return RedisBus(settings.redis_url, installation)


async def _every(seconds: float, work: Callable[[], Awaitable[Any]]) -> None:
    """Do something again and again; a failure is logged and does not end the clock."""
    while True:
        try:
            await work()
        except Refused as refused:
            log.warning("a clock was refused: %s", refused)
        except Exception:
            log.exception("a clock failed")
        await asyncio.sleep(seconds)


async def _lag() -> None:
    """Count how late the loop comes back."""
    while True:
        asked = time.perf_counter()
        await asyncio.sleep(1.0)
        COUNTS.lag.observe(max(0.0, time.perf_counter() - asked - 1.0))


def create_app(settings: Settings | None = None) -> Any:
    """The ASGI app for these settings (from the environment if none are given)."""
    return Townhall(settings or Settings()).app
