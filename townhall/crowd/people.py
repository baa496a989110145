"""A whole crowd: everybody joins over a while, as doors open, and lives through the evening."""

import asyncio
import random
from collections.abc import Mapping, Sequence

import httpx

from townhall.crowd.client import Client, Counters, NotLetIn, join
from townhall.crowd.desks import Desk
from townhall.crowd.guests import Guest
from townhall.crowd.moderator import Moderator
from townhall.crowd.pace import Pace

_ARRIVAL = 20
_WORKING_TOGETHER = 20
"""How many join at the same moment; a hall has doors."""


async def run(
    url: str,
    code: str,
    *,
    tickets: Sequence[str] = (),
    tables: Mapping[int, str] | None = None,
    moderator: str | None = None,
    pace: float = 1.0,
    seed: int | None = None,
    counters: Counters | None = None,
) -> Counters:
    """Let simulated people take part in one forum; what they did, counted.

    `tickets` are seat tickets, one a person; `tables` are table numbers and their cards' tokens;
    `moderator` is a token that leads the run of show. `pace` 2 is twice as fast as people.
    Comes back when a moderator of ours has led the forum to its end, otherwise never: cancel it.
    """
    crowd = _Crowd(url, code, pace, random.Random(seed), counters or Counters())
    numbers = sorted(tables or {})
    async with asyncio.TaskGroup() as everybody, httpx.AsyncClient(timeout=30) as http:
        doors = asyncio.Semaphore(_WORKING_TOGETHER)
        tasks = [
            everybody.create_task(
                crowd.guest(http, doors, ticket, numbers[n % len(numbers)] if numbers else None)
            )
            for n, ticket in enumerate(tickets)
        ]
        tasks += [
            everybody.create_task(
                crowd.desk(number, (tables or {})[number], len(tickets[n :: len(numbers)]))
            )
            for n, number in enumerate(numbers)
        ]
        if moderator is not None:
            await crowd.moderator(moderator)
            for task in tasks:
                task.cancel()
    return crowd.counters


class _Crowd:
    """What all people of one crowd share."""

    def __init__(
        self, url: str, code: str, pace: float, dice: random.Random, counters: Counters
    ) -> None:
        self._url, self._code = url, code
        self._speed = pace
        self._dice = dice
        self.counters = counters

    def _person(self) -> tuple[random.Random, Pace]:
        """Dice and pace of one person's own, so that one seed gives one evening."""
        own = random.Random(self._dice.random())
        return own, Pace(self._speed, own)

    def _client(self, token: str, dice: random.Random) -> Client:
        return Client(self._url, self._code, token, counters=self.counters, dice=dice)

    async def guest(
        self, http: httpx.AsyncClient, doors: asyncio.Semaphore, ticket: str, table: int | None
    ) -> None:
        """One participant, from the door to the end; a ticket that is refused stays outside."""
        dice, pace = self._person()
        await pace.between(0, _ARRIVAL)
        try:
            async with doors:
                seat = await join(http, self._url, self._code, ticket=ticket, table=table)
            async with self._client(seat.token, dice) as client:
                await Guest(client, pace, dice).attend()
        except* (NotLetIn, ConnectionError) as gone:
            self._left("guest", gone)

    async def desk(self, number: int, token: str, heads: int) -> None:
        """One facilitator, whose table seats so many."""
        dice, pace = self._person()
        try:
            async with self._client(token, dice) as client:
                await Desk(client, number, heads, pace, dice).attend()
        except* (NotLetIn, ConnectionError) as gone:
            self._left("desk", gone)

    def _left(self, who: str, gone: BaseExceptionGroup[Exception]) -> None:
        """Somebody was refused, or cut for good: counted, and the others go on."""
        for error in gone.exceptions:
            self.counters.answers[who, str(error)] += 1

    async def moderator(self, token: str) -> None:
        """The moderator, until the forum has ended."""
        dice, pace = self._person()
        async with self._client(token, dice) as client:
            await Moderator(client, pace).lead()
