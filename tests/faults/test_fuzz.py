"""Packets that no client of ours would send: the server and its other guests go on.

A stored corpus, and what Hypothesis makes of a grammar and of that corpus. While they arrive a
voter goes on voting; afterwards the log holds a few quiet lines for each bad connection.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest

from tests.faults.journal import Entry, Findings, entry, examine
from tests.faults.packets import LAYERS, Packet, corpus, visits
from tests.faults.report import Report, memory
from tests.faults.voters import Voters
from tests.servers.townhall import TownhallServer
from townhall.crowd.wire import Wire

pytestmark = [pytest.mark.timeout(3_600)]

BAD, GOOD = 6, 20
OF_ONE = 400
"""Votes after which another seat goes on: a seat has a thousand."""
VISITS, MANY_VISITS = 80, 2_000
MOST_LINES = 5
"""Of a connection in the log, its beginning and its end included."""
LOUD = ("never retrieved", "Traceback", "[error", "[critical", "[warning")


class House:
    """A server with some seats that misbehave and one at a time that votes all the while."""

    def __init__(self, home: Path) -> None:
        self.server = TownhallServer(home)
        made = self.server.forum(
            tickets=BAD + GOOD, questions=[{"kind": "yesno", "title": "찬성하세요?"}]
        )
        self._tickets = made["tickets"]
        self._question = made["questions"][0]["id"]
        self._voters = Voters(made["code"], made["tokens"]["moderator"])
        self.journal: list[Entry] = []
        self.connections = 0

    async def open(self) -> None:
        await self._voters.join(self.server, self._tickets)
        await self._voters.open(self.server, [self._question])
        self._good = self._voters.seats[BAD:]
        self._bad = itertools.cycle(self._voters.seats[:BAD])

    async def visit(self, sent: Sequence[bytes], patience: float) -> str:
        """Send this on a connection and then say hello: `answered`, `ended` or `silent`."""
        wire = await self._connect(next(self._bad))
        assert wire.transport is not None
        for each in sent:
            wire.transport.write(each)
            await asyncio.sleep(0)
        hello = wire.emit("hello", {})
        await asyncio.wait([hello, wire.closed], timeout=patience, return_when="FIRST_COMPLETED")
        said = hello.done() and hello.exception() is None
        ended = wire.closed.done()
        wire.abort()
        await asyncio.gather(hello, wire.closed, return_exceptions=True)
        return "answered" if said else "ended" if ended else "silent"

    @asynccontextmanager
    async def while_one_votes(self) -> AsyncIterator[None]:
        """A voter votes again and again; every answer comes, and on the one connection."""
        seat = self._good[len(self.journal) // OF_ONE]
        wire = await self._connect(seat)
        before = len([vote for vote in self.journal if vote.seat == seat])
        over = asyncio.Event()

        async def vote() -> None:
            for rev in itertools.count(before + 1):
                if over.is_set():
                    return
                cast = entry(seat, self._question, "yes", rev)
                self.journal.append(cast)
                cast.answers.append(await wire.emit("vote", cast.payload))
                await asyncio.sleep(0.1)

        voting = asyncio.ensure_future(vote())
        try:
            yield
        finally:
            over.set()
            await asyncio.wait_for(voting, 30)
            wire.abort()

    async def well(self) -> bool:
        async with httpx.AsyncClient(timeout=30) as http:
            return (await http.get(f"{self.server.url}/healthz")).status_code == 200

    def log(self) -> list[str]:
        return self.server.log.read_text().splitlines()

    async def _connect(self, seat: int) -> Wire:
        self.connections += 1
        auth = {"forum": self._voters.code, "token": self._voters.tokens[seat]}
        return await asyncio.wait_for(Wire.open(self.server.url, auth), 30)


Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs coroutines one after the other on one loop, between Hypothesis's examples."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def house(tmp_path: Path, run: Run, report: Report) -> Iterator[House]:
    """The house; at the end its server is well, its log short and quiet, the votes are right."""
    house = House(tmp_path)
    house.server.start()
    try:
        run(house.open())
        before, size = len(house.log()), memory(house.server.pid)
        yield house
        assert run(house.well())
        grown = memory(house.server.pid) - size
    finally:
        house.server.stop()
    written = house.log()[before:]
    assert [line for line in written if any(word in line for word in LOUD)] == []
    assert len(written) <= MOST_LINES * house.connections
    assert {vote.answers[0]["status"] for vote in house.journal} == {"counted"}
    assert examine(house.journal, house.server.database_url).lost == Findings().lost
    report.say(
        f"{house.connections} connections, most of them bad: "
        f"{len(written)} lines in the log, {grown:.1f} MB more"
    )


def test_stored_packets_are_answered_or_end_their_connection(house: House, run: Run) -> None:
    stored = [packet for layer in LAYERS for packet in corpus(layer)]

    async def send() -> dict[Packet, str]:
        async with house.while_one_votes():
            return {p: await house.visit([p.sent], 0.2 if p.quiet else 20.0) for p in stored}

    became = run(send())
    assert [p.why for p in stored if p.ends and became[p] != "ended"] == []
    assert [p.why for p in stored if not p.quiet and became[p] == "silent"] == []
    assert len(stored) >= 300


def test_generated_packets_hurt_nobody(house: House, run: Run, long: bool) -> None:
    async def send(sent: list[bytes]) -> None:
        async with house.while_one_votes():
            await house.visit(sent, 0.3)

    @hypothesis.settings(max_examples=MANY_VISITS if long else VISITS)
    @hypothesis.given(visits())
    def once(sent: list[bytes]) -> None:
        run(send(sent))

    once()
