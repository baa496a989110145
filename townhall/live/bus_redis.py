"""The bus of many processes, over Redis or Valkey: what one announces, all others hear.

What is published is heard here at once and goes out a moment later; nothing waits for Redis. Each
second a process listens for its own voice. One that has not heard it for `DEAF` seconds makes new
connections, again and again, for as long as it takes; screens repair themselves meanwhile.
"""

import asyncio
import contextlib
import logging
import math
import random
import secrets
import time
from collections.abc import Mapping

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from townhall.live.bus import DEAF, NOTHING, Heard, News

log = logging.getLogger(__name__)

BEAT = 1.0
PAUSE = 0.02  # between two messages: what is announced meanwhile travels together
PATIENCE = 2.0
LONGEST_RETRY = 1.0
MOST_FORUMS = 1_000  # that wait to be told while Redis is away; beyond it the oldest is forgotten


class RedisBus:
    """Announcements to every process that names the same channel on the same server."""

    def __init__(self, url: str, channel: str) -> None:
        """Refuses with ValueError what is no address of a Redis; connects in `start` only."""
        # A command that failed is not sent again on the same connection: the answers of a
        # connection that was given up in the middle of one belong to nobody.
        self._client = Redis.from_url(
            url,
            protocol=2,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        self._channel = f"townhall:{channel}"
        self._me = secrets.token_hex(8)
        self._heard: Heard | None = None
        self._outgoing: dict[int, News] = {}
        self._spoken = asyncio.Event()
        self._echo = -math.inf
        self._silent = False
        self._keeper: asyncio.Task[None] | None = None

    @property
    def heard_ago(self) -> float:
        return time.monotonic() - self._echo

    async def start(self, heard: Heard) -> None:
        self._heard = heard
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        self._heard = None
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    def publish(self, forum: int, news: News) -> None:
        if self._heard is None:
            return
        self._heard(forum, news)
        self._outgoing[forum] = self._outgoing.get(forum, NOTHING) | news
        if len(self._outgoing) > MOST_FORUMS:
            del self._outgoing[next(iter(self._outgoing))]
        self._spoken.set()

    async def _keep(self) -> None:
        """Whatever ends a conversation, another one begins after a moment.

        A group of tasks that fails while it is cancelled forgets the latter, so `stop` has to be
        seen here as well.
        """
        while self._heard is not None:
            try:
                await self._converse()
            except* Exception as failed:  # noqa: BLE001 - whatever it was, the bus goes on
                self._lost(failed)
            await asyncio.sleep(random.uniform(0, LONGEST_RETRY))  # noqa: S311 - no secret

    async def _converse(self) -> None:
        """Listen on a connection of its own and speak on another, until one of them fails."""
        try:
            ears = self._client.pubsub(ignore_subscribe_messages=True)
            async with ears, asyncio.TaskGroup() as both:
                both.create_task(self._listen(ears))
                both.create_task(self._speak())
        finally:
            await self._client.aclose()

    async def _listen(self, ears: PubSub) -> None:
        await ears.subscribe(self._channel)
        while True:
            message = await ears.get_message(timeout=None)
            if message is not None:
                self._take(message["data"])

    async def _speak(self) -> None:
        """Say what waits, and once a second something in any case."""
        since = time.monotonic()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._spoken.wait()
            if time.monotonic() - max(since, self._echo) > DEAF:
                raise ConnectionError("it does not hear itself")
            self._spoken.clear()
            said, self._outgoing = self._outgoing, {}
            try:
                await self._client.publish(self._channel, written(self._me, said))
            except BaseException:
                for forum, news in self._outgoing.items():
                    said[forum] = said.get(forum, NOTHING) | news
                self._outgoing = dict(list(said.items())[-MOST_FORUMS:])
                raise
            await asyncio.sleep(PAUSE)

    def _take(self, message: bytes) -> None:
        """What came over the wire; what is none of ours is passed over."""
        try:
            sender, said = understood(message)
        except ValueError:
            log.warning("the bus carries something that is no announcement")
            return
        if sender == self._me:
            self._echo = time.monotonic()
            if self._silent:
                self._silent = False
                log.info("the bus is heard")
        elif self._heard is not None:
            for forum, news in said.items():
                self._heard(forum, news)

    def _lost(self, failed: BaseExceptionGroup[Exception]) -> None:
        if not self._silent:
            self._silent = True
            log.warning("the bus is silent, screens are up to a second late: %s", _first(failed))


def written(sender: str, said: Mapping[int, News]) -> str:
    """A message: who speaks, then a line for each forum, such as `7 agenda,stage 41,42`.

    The revisions come last, and both lists may be empty.
    """
    lines = (
        f"{forum} {','.join(sorted(news.slices))} {','.join(map(str, sorted(news.revisions)))}"
        for forum, news in said.items()
    )
    return "\n".join((sender, *lines))


def understood(message: bytes) -> tuple[str, dict[int, News]]:
    """Who speaks, and what changed in which forum; ValueError for anything else."""
    sender, *lines = message.decode().split("\n")
    return sender, {
        int(forum): News(frozenset(_listed(names)), frozenset(map(int, _listed(revisions))))
        for forum, names, revisions in (line.split(" ") for line in lines)
    }


def _listed(text: str) -> list[str]:
    return text.split(",") if text else []


def _first(failed: BaseException) -> BaseException:
    while isinstance(failed, BaseExceptionGroup):
        failed = failed.exceptions[0]
    return failed
