"""Two processes on one PostgreSQL and one Valkey are one hall, whichever a phone has come to."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.townhall import TownhallServer
from townhall.crowd.client import Client, join, key

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

YESNO = {"kind": "yesno", "title": "찬성하세요?"}
PATIENCE = 60


@pytest.fixture
def servers(tmp_path: Path, postgres_url: str, valkey_url: str) -> Iterator[list[TownhallServer]]:
    settings = {"TOWNHALL_REDIS_URL": valkey_url}
    found = [TownhallServer(tmp_path / name, postgres_url, settings=settings) for name in "ab"]
    try:
        for server in found:
            server.start()
        yield found
    finally:
        for server in found:
            server.stop()


class Visit:
    """One forum, and clients that come to either process."""

    def __init__(self, made: dict[str, Any], leaving: AsyncExitStack) -> None:
        self.made = made
        self._tickets = iter(made["tickets"])
        self._leaving = leaving

    async def client(self, server: TownhallServer, token: str) -> Client:
        return await self._leaving.enter_async_context(Client(server.url, self.made["code"], token))

    async def console(self, server: TownhallServer) -> Client:
        return await self.client(server, self.made["tokens"]["moderator"])

    async def phone(self, server: TownhallServer) -> Client:
        async with httpx.AsyncClient(timeout=60) as http:
            seat = await join(http, server.url, self.made["code"], ticket=next(self._tickets))
        return await self.client(server, seat.token)


@pytest.fixture
async def visit(servers: list[TownhallServer]) -> AsyncIterator[Visit]:
    made = await asyncio.to_thread(
        servers[0].forum, tickets=5, tables=2, questions=[YESNO | {"results": "live"}]
    )
    async with AsyncExitStack() as leaving:
        yield Visit(made, leaving)


async def seen(client: Client, holds: Callable[[Client], bool]) -> None:
    """Wait until a screen shows it; how long that took is printed."""
    since = time.monotonic()
    assert await client.until(holds, PATIENCE)
    print(f"seen after {time.monotonic() - since:.2f} s")


async def test_what_one_process_changes_the_screens_of_the_other_show(
    servers: list[TownhallServer], visit: Visit
) -> None:
    question = visit.made["questions"][0]["id"]
    console, other = await visit.console(servers[0]), await visit.console(servers[1])
    phone = await visit.phone(servers[1])
    answer = await console.settle("question_open", {"key": key(), "question": question})
    assert answer["status"] == "ok"
    await seen(phone, lambda c: bool(c.store["questions"]))
    assert (await phone.vote(question, "yes"))["status"] == "counted"
    for screen in (console, other):
        await seen(screen, lambda c: c.store["turnout"].get(str(question), {}).get("voted") == 1)
    # The same seat changes its mind at the other process.
    again = await visit.client(servers[0], phone.auth["token"])
    assert (await again.vote(question, "no"))["rev"] == 2
    assert again.me["votes"][str(question)]["choice"] == "no"


async def test_revoked_card_ends_its_sockets_in_both_processes(
    servers: list[TownhallServer], visit: Visit
) -> None:
    token = visit.made["tables"][0]["token"]
    desks = [await visit.client(server, token) for server in servers]
    console = await visit.console(servers[0])
    assert (await console.settle("card_revoke", {"table": 1}))["status"] == "ok"
    for desk in desks:
        await seen(desk, lambda c: c.over) if not desk.over else None
        assert desk.bye == {"reason": "revoked"}


async def test_presence_counts_both_processes_and_forgets_one_that_died(
    servers: list[TownhallServer], visit: Visit
) -> None:
    consoles = [await visit.console(server) for server in servers]
    for server in (*servers, *servers, servers[1]):
        await visit.phone(server)
    for console in consoles:
        await seen(console, lambda c: c.store["room"]["connected"] == 5)
    servers[1].kill()
    await seen(consoles[0], lambda c: c.store["room"]["connected"] == 2)
