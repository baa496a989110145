"""A running server for each test module, and people who visit its one forum.

Tests of a module share the forum; each takes tickets and questions that nobody has used.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from tests.servers.townhall import TownhallServer
from townhall.crowd.client import Client, join, key
from townhall.crowd.wire import Wire

TICKETS = 100
QUESTION = {"kind": "yesno", "title": "찬성하세요?", "results": "live"}
SECRET = {"kind": "yesno", "title": "찬성하세요?", "secret": True}


@pytest.fixture(scope="module", params=["lane", "stock"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TownhallServer]:
    """The product on the lane and on the stock path, which are one contract.

    By an indirect parameter: on the lane with PostgreSQL.
    """
    databases = None
    program = "tests.servers.stock" if request.param == "stock" else "townhall"
    if request.param == "postgresql":
        databases = request.getfixturevalue("postgres_server")
        name = databases.create_database()
    home = tmp_path_factory.mktemp("server")
    running = TownhallServer(home, databases.url(name) if databases else None, (program,))
    running.start()
    try:
        yield running
    finally:
        running.stop()
        if databases:
            databases.drop_database(name)


class House:
    """One forum with its tokens; hands out what is still unused."""

    def __init__(self, server: TownhallServer) -> None:
        self.server = server
        made = server.forum(tickets=TICKETS, tables=3, questions=[QUESTION] * 30 + [SECRET] * 5)
        self.url = server.url
        self.code: str = made["code"]
        self.moderator_token: str = made["tokens"]["moderator"]
        self.stage_token: str = made["tokens"]["stage"]
        self.cards = {table["number"]: table["token"] for table in made["tables"]}
        self._tickets = iter(made["tickets"])
        self._recorded = iter([q["id"] for q in made["questions"][:30]])
        self._secret = iter([q["id"] for q in made["questions"][30:]])

    def ticket(self) -> str:
        return str(next(self._tickets))

    def draft(self, *, secret: bool = False) -> int:
        """A question that nobody has opened."""
        return int(next(self._secret if secret else self._recorded))


@pytest.fixture(scope="module")
def house(server: TownhallServer) -> House:
    return House(server)


class Visit:
    """One test's visit: every client it makes has left when the test ends."""

    def __init__(self, house: House, http: httpx.AsyncClient, leaving: AsyncExitStack) -> None:
        self.house = house
        self.http = http
        self._leaving = leaving
        self._console: Client | None = None

    async def token(self, **given: Any) -> str:
        """The session token of a new seat, by ticket unless something else is given."""
        given = given or {"ticket": self.house.ticket()}
        return (await join(self.http, self.house.url, self.house.code, **given)).token

    async def client(self, token: str) -> Client:
        """A connected client with this token."""
        return await self._leaving.enter_async_context(
            Client(self.house.url, self.house.code, token)
        )

    async def seat(self, **given: Any) -> Client:
        """A participant's phone."""
        return await self.client(await self.token(**given))

    async def console(self) -> Client:
        """The moderator's console, one for the test."""
        if self._console is None:
            self._console = await self.client(self.house.moderator_token)
        return self._console

    async def question(self, *, secret: bool = False) -> int:
        """A question that the moderator has just opened."""
        question = self.house.draft(secret=secret)
        await self.steer("question_open", question=question, key=key())
        return question

    async def steer(self, event: str, **given: Any) -> dict[str, Any]:
        """One press of the moderator that does what it says."""
        console = await self.console()
        answer = await console.settle(event, given)
        assert answer["status"] == "ok", answer
        return answer

    async def wire(self, token: str | None = None) -> Wire:
        """A bare connection, let in but without manners: it neither says hello nor comes back."""
        auth = {"forum": self.house.code, "token": token or await self.token()}
        wire = await Wire.open(self.house.url, auth)
        self._leaving.callback(wire.abort)
        return wire


@pytest.fixture
async def visit(house: House) -> AsyncIterator[Visit]:
    async with AsyncExitStack() as leaving, httpx.AsyncClient(timeout=30) as http:
        yield Visit(house, http, leaving)


async def told(wire: Wire, event: str, payload: object = None) -> dict[str, Any]:
    """What the server answers on a bare connection; ConnectionError when it ends it instead."""
    answer: dict[str, Any] = await asyncio.wait_for(wire.emit(event, payload), 20)
    return answer


def ballot(question: int, choice: object = "yes", **given: Any) -> dict[str, Any]:
    """A vote's payload with a fresh key and nonce."""
    drawn = {"question": question, "key": key(), "rev": 1, "nonce": key(), "choice": choice}
    return drawn | given
