"""Bad Wi-Fi: whoever goes on until there is an answer ends with the right one.

Lines are slow, get stuck, break within a frame, fall silent, and carry events twice; then the
network is good again. In the control nobody remembers the key of a vote that was counted.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.proxy import GOOD, Proxy, Weather
from tests.faults.report import Report
from tests.faults.voters import Phone, Voters
from tests.servers.townhall import TownhallServer
from townhall.crowd.client import Client, Counters

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(3_600)]

VOTERS, MANY_VOTERS = 200, 5_000
VOTERS_OF_A_CONTROL = 60
REVS = 3
BAD_SECONDS, MANY_BAD_SECONDS = 6.0, 90.0
PATIENCE, LONG_PATIENCE = 4.0, 20.0
"""Seconds of bad weather, and before a phone gives up a line that does not answer. Thousands of
phones share one core with the proxy, so they take their time.
"""
BAD = Weather(
    delay=0.3, jitter=0.2, stalls=0.05, stall=2.0, cut_within=6_000, silent=0.05, doubled=0.2
)


async def votes_through(
    server: TownhallServer, phones: int, dice: random.Random, report: Report, *, long: bool = False
) -> list[Entry]:
    """Everybody votes in bad weather and goes on until it is good; the journal of all votes."""
    seconds, patience = (MANY_BAD_SECONDS, LONG_PATIENCE) if long else (BAD_SECONDS, PATIENCE)
    yesno = {"kind": "yesno", "title": "찬성하세요?"}
    made = server.forum(tickets=phones, questions=[yesno, yesno | {"secret": True}])
    recorded, secret = [question["id"] for question in made["questions"]]
    voters, counters = Voters(made["code"], made["tokens"]["moderator"]), Counters()
    server.start()
    await voters.join(server, made["tickets"])
    await voters.open(server, [recorded, secret])

    async def person(n: int, seat: int, votes: Sequence[Entry]) -> None:
        client = Client(
            proxy.url,
            voters.code,
            voters.tokens[seat],
            counters=counters,
            patience=patience,
            listens=n % 10 == 0,
        )
        await asyncio.sleep(dice.uniform(0, seconds / 2))
        await (phone := Phone(client, dice)).connect()
        await phone.vote(votes)
        await client.close()

    votes = {
        seat: [entry(seat, recorded, dice.choice(CHOICES), rev + 1) for rev in range(REVS)]
        + [entry(seat, secret, dice.choice(CHOICES), secret=True)]
        for seat in voters.seats
    }
    async with Proxy(server.port, dice, BAD) as proxy, asyncio.TaskGroup() as people:
        for n, (seat, theirs) in enumerate(votes.items()):
            people.create_task(person(n, seat, theirs))
        await asyncio.sleep(seconds)
        proxy.weather, since = GOOD, time.perf_counter()
        settled = sum(len(each.answers) > 0 for theirs in votes.values() for each in theirs)
    report.say(
        f"{phones} phones, {proxy.broken} lines broken, {proxy.doubled} events doubled; "
        f"{settled} of {phones * (REVS + 1)} votes answered in bad weather, "
        f"all {time.perf_counter() - since:.1f} s after it"
    )
    assert proxy.broken > phones
    assert proxy.doubled
    return [each for theirs in votes.values() for each in theirs]


async def test_every_voter_behind_a_bad_network_gets_the_right_answer(
    tmp_path: Path, dice: random.Random, long: bool, report: Report
) -> None:
    server = TownhallServer(tmp_path)
    try:
        phones = MANY_VOTERS if long else VOTERS
        votes = await votes_through(server, phones, dice, report, long=long)
    finally:
        server.stop()
    statuses = Counter(vote.answers[-1]["status"] for vote in votes)
    assert set(statuses) == {"counted", "counted_before"}
    assert statuses.total() == len(votes)
    assert examine(votes, server.database_url) == Findings()


async def test_oracle_sees_a_server_that_forgets_the_keys_of_votes(
    tmp_path: Path, dice: random.Random, report: Report
) -> None:
    server = TownhallServer(tmp_path, program=("tests.faults.controls", "forgotten_keys"))
    try:
        votes = await votes_through(server, VOTERS_OF_A_CONTROL, dice, report)
    finally:
        server.stop()
    assert any(vote.answers[-1]["status"] == "already_voted" for vote in votes)
