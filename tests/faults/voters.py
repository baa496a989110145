"""A hall of phones on bare connections, so that a test decides when a vote is sent, and again."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import httpx

from tests.faults.journal import PASSING, Entry
from tests.servers.townhall import TownhallServer
from townhall.crowd.client import Client, join, key
from townhall.crowd.wire import Wire

DOORS = 10


class Voters:
    """Seats of one forum, with their sessions; connections are made anew after each fault."""

    def __init__(self, code: str, moderator: str) -> None:
        self.code = code
        self._moderator = moderator
        self.tokens: dict[int, str] = {}
        self.wires: dict[int, Wire] = {}

    @property
    def seats(self) -> list[int]:
        return sorted(self.tokens)

    async def join(self, server: TownhallServer, tickets: Sequence[str]) -> None:
        """Redeem the tickets; the sessions outlive any restart."""
        doors = asyncio.Semaphore(DOORS)

        async def enter(http: httpx.AsyncClient, ticket: str) -> None:
            async with doors:
                found = await join(http, server.url, self.code, ticket=ticket)
                assert found.seat is not None
                self.tokens[found.seat] = found.token

        async with httpx.AsyncClient(timeout=60) as http:
            await asyncio.gather(*(enter(http, ticket) for ticket in tickets))

    async def connect(
        self,
        *servers: TownhallServer,
        then: Callable[[int], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """Connect every seat, in turn to one of the servers; `then(seat)` once it is in."""
        doors = asyncio.Semaphore(DOORS)

        async def enter(seat: int, url: str) -> None:
            auth = {"forum": self.code, "token": self.tokens[seat]}
            async with doors:
                self.wires[seat] = await Wire.open(url, auth)
            if then is not None:
                await then(seat)

        urls = [server.url for server in servers]
        await asyncio.gather(
            *(enter(seat, urls[n % len(urls)]) for n, seat in enumerate(self.seats))
        )

    def leave(self) -> None:
        """Every line breaks."""
        for wire in self.wires.values():
            wire.abort()
        self.wires.clear()

    def console(self, server: TownhallServer) -> Client:
        """The moderator's console on one server."""
        return Client(server.url, self.code, self._moderator)

    async def open(
        self, server: TownhallServer, questions: Sequence[int], seconds: int | None = None
    ) -> None:
        """Open these questions, for so long or until they are closed."""
        async with self.console(server) as console:
            for question in questions:
                payload = {"key": key(), "question": question, "seconds": seconds}
                answer = await console.settle("question_open", payload)
                assert answer["status"] == "ok", answer

    async def send(
        self, entries: Sequence[Entry], answered: Callable[[Entry], None] = lambda entry: None
    ) -> None:
        """Send all at once, a few at a time; `answered` runs at each answer, as it arrives.

        Comes back when every vote is answered or its line is broken. `busy` is no answer: the same
        is sent again.
        """
        waiting = []
        for n, entry in enumerate(entries):
            waiting.append(asyncio.ensure_future(self._send(entry, answered)))
            if n % 20 == 19:
                await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    async def _send(self, entry: Entry, answered: Callable[[Entry], None]) -> None:
        while True:
            try:
                answer = await self.wires[entry.seat].emit("vote", entry.payload)
            except ConnectionError:
                return
            if answer["status"] != "busy":
                entry.answers.append(answer)
                answered(entry)
                return
            await asyncio.sleep(answer["retry_after"])


class Phone:
    """A voter who does not give up: one vote after the other, each sent until it is settled.

    A line that does not answer within `patience` seconds is given up for a new one.
    """

    def __init__(self, client: Client, dice: random.Random) -> None:
        self.client = client
        self._dice = dice

    async def connect(self) -> None:
        """Come in, however often that fails."""
        while True:
            try:
                return await self.client.connect()
            except (OSError, TimeoutError):
                self.client.cut()
                await asyncio.sleep(self._dice.uniform(0, 0.5))

    async def vote(self, entries: Sequence[Entry]) -> None:
        """Settle these votes in turn; ends early only when this phone was sent away for good."""
        for entry in entries:
            while not (self.client.over or await self._settled(entry)):  # noqa: ASYNC110
                await asyncio.sleep(self._dice.uniform(0, 0.3))

    async def _settled(self, entry: Entry) -> bool:
        try:
            answer = await self.client.ask("vote", entry.payload)
        except TimeoutError:
            self.client.cut()
            return False
        except ConnectionError:
            return False
        entry.answers.append(answer)
        return answer["status"] not in PASSING
