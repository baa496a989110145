"""A whole house behind nginx: two workers, PostgreSQL, Valkey; one of them ends in mid-vote.

Phones and screens come back through the proxy by themselves, every vote ends acknowledged and
nothing is lost. How many seconds that takes is measured and never asserted, except that it comes
to an end.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.report import Report
from tests.faults.voters import Phone, Voters
from tests.servers.nginx import CERTIFICATE, NginxServer
from tests.servers.postgres import PostgresServer
from tests.servers.process import running
from tests.servers.valkey import ValkeyServer
from tests.servers.workers import Workers
from townhall.crowd.client import Client

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.postgres,
    pytest.mark.valkey,
    pytest.mark.timeout(300),
]

SEATS, MANY_SEATS = 60, 300
EACH = 3  # questions that are voted on while one fault lasts
SCREENS = 6  # stages and consoles together, so that some are on either worker
PATIENCE = 60  # seconds until something counts as lost for good, on a loaded machine too


class House:
    """The servers, the phones of a hall, its screens, and what everybody was told."""

    def __init__(self, server: Workers, dice: random.Random, report: Report) -> None:
        self.server, self.dice, self.report = server, dice, report
        self.journal: list[Entry] = []
        self.phones: dict[int, Phone] = {}
        self.screens: list[Client] = []

    async def begin(self, staying: AsyncExitStack, seats: int, faults: int) -> None:
        """Everybody comes in through the proxy; every question is open."""
        asked = [{"kind": "yesno", "title": "찬성하세요?"}] * (EACH * faults)
        made = await asyncio.to_thread(self.server.forum, tickets=seats, questions=asked)
        self.questions = [question["id"] for question in made["questions"]]
        voters = Voters(made["code"], made["tokens"]["moderator"])
        await voters.join(self.server, made["tickets"])
        await voters.open(self.server, self.questions)
        for seat, token in voters.tokens.items():
            client = Client(self.server.url, made["code"], token)
            staying.push_async_callback(client.close)
            self.phones[seat] = Phone(client, self.dice)
        await asyncio.gather(*(phone.connect() for phone in self.phones.values()))
        for n in range(SCREENS):
            token = made["tokens"][("stage", "moderator")[n % 2]]
            screen = Client(self.server.url, made["code"], token)
            self.screens.append(await staying.enter_async_context(screen))

    async def suffer(self, name: str, fault: Callable[[], Any]) -> None:
        """Everybody votes on the next questions, the fault comes, all is well again."""
        before = len(self.journal)
        now = [self.questions.pop() for _ in range(EACH)]
        ballots = {
            seat: [entry(seat, question, self.dice.choice(CHOICES)) for question in now]
            for seat in self.phones
        }
        self.journal += [one for each in ballots.values() for one in each]
        votes = self.journal[before:]
        async with asyncio.timeout(PATIENCE):
            voting = [
                asyncio.create_task(phone.vote(ballots[seat]))
                for seat, phone in self.phones.items()
            ]
            while sum(vote.acknowledged for vote in votes) < len(votes) // 3:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            began = time.monotonic()
            watching = asyncio.create_task(self._behind(votes))
            waiting = sum(not vote.acknowledged for vote in votes)
            await asyncio.to_thread(fault)
            back = time.monotonic() - began
            await asyncio.gather(*voting)
            counted = time.monotonic() - began
            behind = await watching
        self.report.say(
            f"{name}, {waiting} of {len(votes)} votes waiting: over after {back:.1f} s, every vote "
            f"acknowledged after {counted:.1f} s, a screen {behind:.1f} s late at most"
        )
        assert all(vote.acknowledged for vote in votes)
        assert examine(self.journal, self.server.database_url) == Findings()

    async def _behind(self, votes: list[Entry]) -> float:
        """For how many seconds at most a screen did not show what had been acknowledged; comes
        back when every screen shows everything.
        """
        questions = {str(vote.payload["question"]) for vote in votes}
        since: list[float] = []  # when the first vote, the second, … was acknowledged
        longest, least = 0.0, 0
        while least < len(votes):
            now = time.monotonic()
            since += [now] * (sum(vote.acknowledged for vote in votes) - len(since))
            least = min(
                sum(screen.store["turnout"][question]["voted"] for question in questions)
                for screen in self.screens
            )
            if least < len(since):
                longest = max(longest, now - since[least])
            await asyncio.sleep(0.02)
        return longest


async def test_house_behind_nginx_loses_nothing_whatever_ends_in_mid_vote(
    tmp_path: Path,
    postgres: PostgresServer,
    valkey: ValkeyServer,
    dice: random.Random,
    report: Report,
    staying: AsyncExitStack,
    monkeypatch: pytest.MonkeyPatch,
    long: bool,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    front = NginxServer()
    settings = {"TOWNHALL_REDIS_URL": valkey.url(), "TOWNHALL_WORKERS": "2"}
    database_url = postgres.url(postgres.create_database())
    server = Workers(tmp_path, database_url, settings=front.settings() | settings)
    front.upstream = server.port

    def kill_worker() -> None:
        os.kill(dice.choice(sorted(server.pids())), signal.SIGKILL)

    def restart_valkey() -> None:
        valkey.kill()
        valkey.start()

    def restart_postgresql() -> None:
        postgres.stop()
        postgres.start()

    def crash_postgresql() -> None:
        postgres.kill()
        postgres.start()

    faults = {
        "a worker is killed": kill_worker,
        "Valkey is killed and started": restart_valkey,
        "PostgreSQL is restarted": restart_postgresql,
        "PostgreSQL crashes": crash_postgresql,
    }
    staying.enter_context(running(front))
    server.start()
    staying.callback(server.stop)
    server.url = front.url
    house = House(server, dice, report)
    await house.begin(staying, MANY_SEATS if long else SEATS, len(faults))
    for name, fault in faults.items():
        while not server.all_serve():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.05)
        await house.suffer(name, fault)
