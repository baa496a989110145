"""Every line breaks at once while everybody votes: all come back, from one address, and count."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.proxy import Proxy
from tests.faults.report import Report, quantiles
from tests.faults.voters import DOORS, Phone, Voters
from tests.servers.townhall import TownhallServer
from townhall.crowd.client import Client, Counters

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(3_600)]

PHONES, MANY_PHONES = 200, 5_000
PHONES_OF_A_CONTROL = 60
CUTS = 2
PATIENCE = 60.0
"""Seconds before a phone gives up a line: thousands of them share this process's core."""


class Hall:
    """Phones behind one address, each of which comes back by itself."""

    def __init__(self, server: TownhallServer, phones: int, dice: random.Random) -> None:
        self.server = server
        self.dice = dice
        self.counters = Counters()
        self.journal: list[Entry] = []
        yesno = {"kind": "yesno", "title": "찬성하세요?"}
        self._made = server.forum(tickets=phones, questions=[yesno])

    async def gather(self, url: str) -> None:
        """Everybody joins, connects through `url`, and votes a first time."""
        (self._question,) = [question["id"] for question in self._made["questions"]]
        voters = Voters(self._made["code"], self._made["tokens"]["moderator"])
        await voters.join(self.server, self._made["tickets"])
        await voters.open(self.server, [self._question])
        self.phones = {
            seat: Phone(self._client(url, voters.code, voters.tokens[seat]), self.dice)
            for seat in voters.seats
        }
        doors = asyncio.Semaphore(DOORS)

        async def enter(phone: Phone) -> None:
            async with doors:
                await phone.connect()

        await asyncio.gather(*(enter(phone) for phone in self.phones.values()))
        await self.vote(1)

    def _client(self, url: str, code: str, token: str) -> Client:
        return Client(url, code, token, counters=self.counters, patience=PATIENCE)

    async def vote(self, rev: int) -> None:
        """Everybody votes at once; comes back when all are answered or sent away."""
        votes = {
            seat: entry(seat, self._question, self.dice.choice(CHOICES), rev)
            for seat in self.phones
        }
        self.journal += votes.values()
        async with asyncio.TaskGroup() as voting:
            for seat, phone in self.phones.items():
                voting.create_task(phone.vote([votes[seat]]))

    @property
    def away(self) -> int:
        """How many were sent away for good."""
        return sum(phone.client.over for phone in self.phones.values())

    async def all_back(self, times: int) -> None:
        """Wait until everybody has come back so often, or was sent away."""
        while self.counters.reconnects + self.away < times * len(self.phones):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def leave(self) -> None:
        await asyncio.gather(*(phone.client.close() for phone in self.phones.values()))


async def test_all_come_back_when_every_line_is_cut_at_once(
    tmp_path: Path, dice: random.Random, long: bool, report: Report
) -> None:
    server = TownhallServer(tmp_path)
    hall = Hall(server, MANY_PHONES if long else PHONES, dice)
    server.start()
    try:
        async with Proxy(server.port, dice) as proxy:
            await hall.gather(proxy.url)
            for cut in range(1, CUTS + 1):
                hall.counters.seconds.clear()
                voting = asyncio.ensure_future(hall.vote(1 + cut))
                await asyncio.sleep(0)
                since = time.perf_counter()
                proxy.cut()
                await hall.all_back(cut)
                report.say(f"all {len(hall.phones)} back {time.perf_counter() - since:.1f} s later")
                await voting
                report.say(f"acknowledgements in the storm: {quantiles(hall.counters.seconds)}")
            assert (proxy.broken, hall.away) == (CUTS * len(hall.phones), 0)
            await hall.leave()
    finally:
        server.stop()
    assert all(vote.acknowledged for vote in hall.journal)
    assert examine(hall.journal, server.database_url) == Findings()


async def test_a_server_that_counts_by_address_locks_a_hall_out(
    tmp_path: Path, dice: random.Random
) -> None:
    server = TownhallServer(tmp_path, program=("tests.faults.controls", "address_limit"))
    hall = Hall(server, PHONES_OF_A_CONTROL, dice)
    server.start()
    try:
        async with Proxy(server.port, dice) as proxy:
            await hall.gather(proxy.url)
            proxy.cut()
            await hall.all_back(1)
            away = hall.away
            await hall.leave()
    finally:
        server.stop()
    assert away > 0
