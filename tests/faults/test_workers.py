"""Two processes, one PostgreSQL, one Valkey; one of the four ends or stands still in mid-vote.

Nothing acknowledged is lost, and the screens of both processes come to show what is stored. In the
controls votes are acknowledged early, and screens trust the bus alone. How long it takes is
printed; only what never heals fails.
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.voters import Voters
from tests.servers.postgres import PostgresServer
from tests.servers.townhall import TownhallServer
from tests.servers.valkey import ValkeyServer
from townhall.crowd.client import Client

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.postgres,
    pytest.mark.valkey,
    pytest.mark.timeout(300),
]

SEATS = 100
RECORDED, SECRET = 8, 2
ROUNDS = 2
PATIENCE = 30
"""Seconds until something counts as lost for good: generous, for a loaded machine."""


class Hall:
    """Voters whose phones are spread over two processes, and a stage on each of them."""

    def __init__(
        self,
        home: Path,
        postgres: PostgresServer,
        valkey: ValkeyServer,
        dice: random.Random,
        program: tuple[str, ...] = ("townhall",),
    ) -> None:
        self.database_url = postgres.url(postgres.create_database())
        settings = {"TOWNHALL_REDIS_URL": valkey.url()}
        self.servers = [
            TownhallServer(home / name, self.database_url, program, settings) for name in "ab"
        ]
        self.dice = dice
        self.journal: list[Entry] = []
        self.stages: list[Client] = []

    async def begin(self, staying: AsyncExitStack, rounds: int = ROUNDS) -> None:
        """Start both processes, let everybody in, open every question."""
        asked = [{"kind": "yesno", "title": "찬성하세요?"}] * RECORDED
        asked += [{"kind": "yesno", "title": "찬성하세요?", "secret": True}] * SECRET
        made = self.servers[0].forum(tickets=SEATS, questions=asked * rounds)
        for server in self.servers:
            server.start()
            staying.callback(server.stop)
        ids = [question["id"] for question in made["questions"]]
        self._rounds = [ids[n * len(asked) : (n + 1) * len(asked)] for n in range(rounds)]
        self._secret = {
            question for each in self._rounds for question in each[RECORDED : RECORDED + SECRET]
        }
        self.voters = Voters(made["code"], made["tokens"]["moderator"])
        staying.callback(self.voters.leave)
        await self.voters.join(self.servers[0], made["tickets"])
        await self.voters.open(self.servers[0], ids)
        for server in self.servers:
            stage = Client(server.url, made["code"], made["tokens"]["stage"])
            self.stages.append(await staying.enter_async_context(stage))

    async def vote(
        self, fault: Callable[[], None], *servers: TownhallServer, within: float = 0.5
    ) -> None:
        """Everybody votes, at these servers; the fault comes between two acknowledgements, when
        this share of the votes has one at most.
        """
        await self.voters.connect(*servers)
        votes = [
            entry(seat, question, self.dice.choice(CHOICES), secret=question in self._secret)
            for question in self._rounds.pop()
            for seat in self.voters.seats
        ]
        self.dice.shuffle(votes)
        self.journal += votes
        left = self.dice.randint(1, int(len(votes) * within))
        failing: list[asyncio.Future[float]] = []

        def fail() -> float:
            fault()
            return time.monotonic()

        def answered(_vote: Entry) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                loop = asyncio.get_running_loop()
                failing.append(loop.run_in_executor(None, fail))

        async with asyncio.timeout(2 * PATIENCE):
            await self.voters.send(votes, answered)
            [over] = await asyncio.gather(*failing)
        print(f"every line answered or broken {time.monotonic() - over:.1f} s after the fault")
        self.voters.leave()

    async def settle(self, *servers: TownhallServer) -> None:
        """Whoever has no answer comes back, at one of these, and sends the same again."""
        since = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            await self.voters.connect(*servers)
            await self.voters.send([vote for vote in self.journal if not vote.answers])
        print(f"the rest settled in {time.monotonic() - since:.1f} s")
        self.voters.leave()

    async def shown(self, patience: float = PATIENCE) -> list[bool]:
        """Whether each stage comes to show that everybody took part in what was asked so far."""
        asked = {str(vote.payload["question"]) for vote in self.journal}

        def right(stage: Client) -> bool:
            turnout = stage.store["turnout"]
            return all(turnout[question]["voted"] == SEATS for question in asked)

        since = time.monotonic()
        found = await asyncio.gather(*(stage.until(right, patience) for stage in self.stages))
        print(f"screens after {time.monotonic() - since:.1f} s")
        return found

    def findings(self) -> Findings:
        return examine(self.journal, self.database_url)

    def unanswered(self) -> list[Entry]:
        return [vote for vote in self.journal if not vote.acknowledged]


@pytest.fixture
def hall(
    tmp_path: Path, postgres: PostgresServer, valkey: ValkeyServer, dice: random.Random
) -> Hall:
    return Hall(tmp_path, postgres, valkey, dice)


def nothing() -> None:
    """No fault in mid-vote: what is wrong was so before."""


async def test_no_vote_is_lost_when_one_of_two_processes_is_killed(
    hall: Hall, staying: AsyncExitStack
) -> None:
    await hall.begin(staying)
    for victim, other in (hall.servers, hall.servers[::-1]):
        await hall.vote(victim.kill, *hall.servers)
        assert hall.findings() == Findings()
        await hall.settle(other)
        assert hall.findings() == Findings()
        assert hall.unanswered() == []
        victim.start()
        assert await hall.shown() == [True, True]


async def test_no_vote_is_lost_when_the_bus_restarts(
    hall: Hall, staying: AsyncExitStack, valkey: ValkeyServer
) -> None:
    def restart() -> None:
        valkey.kill()
        time.sleep(1)
        valkey.start()

    await hall.begin(staying)
    await hall.vote(restart, *hall.servers)
    assert hall.unanswered() == []
    assert hall.findings() == Findings()
    assert await hall.shown() == [True, True]


async def test_screens_are_right_while_the_bus_stands_still(
    hall: Hall, staying: AsyncExitStack, valkey: ValkeyServer
) -> None:
    await hall.begin(staying, 1)
    valkey.pause()
    staying.callback(valkey.resume)
    await hall.vote(nothing, hall.servers[1])
    assert hall.unanswered() == []
    assert hall.findings() == Findings()
    assert await hall.shown() == [True, True]


async def test_no_vote_is_lost_when_postgresql_restarts(
    hall: Hall, staying: AsyncExitStack, postgres: PostgresServer
) -> None:
    def crash() -> None:
        postgres.kill()
        postgres.start()

    def restart() -> None:
        postgres.stop()
        postgres.start()

    await hall.begin(staying)
    for fault in (crash, restart):
        await hall.vote(fault, *hall.servers)
        await hall.settle(*hall.servers)
        assert hall.unanswered() == []
        assert hall.findings() == Findings()
        assert await hall.shown() == [True, True]


async def test_phones_wait_while_postgresql_stands_still_and_nothing_is_lost(
    hall: Hall, staying: AsyncExitStack, postgres: PostgresServer
) -> None:
    told: list[tuple[int, Any]] = []
    waiting: list[int] = []

    def acknowledged() -> int:
        return sum(vote.acknowledged for vote in hall.journal)

    def stand_still() -> None:
        postgres.pause()
        try:
            time.sleep(1)  # what had its commit before is acknowledged
            before = acknowledged()
            for server in hall.servers:
                ready = httpx.get(f"{server.url}/readyz", timeout=PATIENCE)
                told.append((ready.status_code, ready.json()["reason"]))
            told.append((acknowledged() - before, "acknowledged"))
            waiting.append(len(hall.journal) - before)
        finally:
            postgres.resume()

    await hall.begin(staying, 1)
    await hall.vote(stand_still, *hall.servers, within=0.1)
    assert waiting[0] > 0
    assert told == [(503, "database"), (503, "database"), (0, "acknowledged")]
    assert hall.unanswered() == []
    assert hall.findings() == Findings()
    assert await hall.shown() == [True, True]


async def test_oracle_sees_the_votes_that_a_crash_of_postgresql_takes_from_an_early_server(
    tmp_path: Path,
    postgres: PostgresServer,
    valkey: ValkeyServer,
    dice: random.Random,
    staying: AsyncExitStack,
) -> None:
    control = ("tests.faults.controls", "early_acknowledgement")
    hall = Hall(tmp_path, postgres, valkey, dice, control)

    def crash() -> None:
        postgres.kill()
        postgres.start()

    await hall.begin(staying, 1)
    await hall.vote(crash, *hall.servers)
    assert hall.findings().lost


async def test_bus_alone_carries_the_news_from_one_process_to_the_other(
    tmp_path: Path,
    postgres: PostgresServer,
    valkey: ValkeyServer,
    dice: random.Random,
    staying: AsyncExitStack,
) -> None:
    """Where screens never look for what was stored, the bus is what moves them."""
    hall = Hall(tmp_path, postgres, valkey, dice, ("tests.faults.controls", "no_catching_up"))
    await hall.begin(staying, 1)
    await hall.vote(nothing, hall.servers[1])
    assert hall.unanswered() == []
    assert await hall.shown() == [True, True]


async def test_oracle_sees_the_screens_that_wait_for_a_bus_that_is_down(
    tmp_path: Path,
    postgres: PostgresServer,
    valkey: ValkeyServer,
    dice: random.Random,
    staying: AsyncExitStack,
) -> None:
    hall = Hall(tmp_path, postgres, valkey, dice, ("tests.faults.controls", "no_catching_up"))
    await hall.begin(staying, 1)
    valkey.kill()
    await hall.vote(nothing, hall.servers[1])
    assert hall.unanswered() == []
    assert await hall.shown(5) == [False, True]
