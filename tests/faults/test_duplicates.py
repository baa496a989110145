"""Every ballot arrives one to five times, over two lines of its seat, later ones before earlier.

On PostgreSQL the two lines lead to two processes. One ballot a seat counts, the one with the
highest rev; every copy of a ballot gets the same receipt. In the control the last to arrive counts.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.report import Report
from tests.faults.voters import Voters
from tests.servers.townhall import TownhallServer

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(3_600)]

SEATS, MANY_SEATS = 100, 1_000
REVS, MOST_COPIES = 5, 5
RIVALS = 10
"""Every so many seats a vote has a rival: the same rev of a recorded question, or a second vote on
a secret one, under another key.
"""


def ballots(seats: Sequence[int], recorded: int, secret: int, dice: random.Random) -> list[Entry]:
    """What everybody sends; the last rev of a seat has no rival."""
    made = []
    for n, seat in enumerate(seats):
        revs = [*range(1, REVS + 1), *([REVS // 2] if n % RIVALS == 0 else [])]
        made += [entry(seat, recorded, dice.choice(CHOICES), rev) for rev in revs]
        for _ in range(2 if n % RIVALS == 0 else 1):
            made.append(entry(seat, secret, dice.choice(CHOICES), secret=True))
    return made


async def shuffled(
    servers: Sequence[TownhallServer], seats: int, dice: random.Random
) -> list[Entry]:
    """Send all of it, doubled and shuffled, over two lines a seat; the journal."""
    yesno = {"kind": "yesno", "title": "찬성하세요?"}
    made = servers[0].forum(tickets=seats, questions=[yesno, yesno | {"secret": True}])
    recorded, secret = [question["id"] for question in made["questions"]]
    for server in servers:
        server.start()
    lines = [Voters(made["code"], made["tokens"]["moderator"]) for _ in range(2)]
    await lines[0].join(servers[0], made["tickets"])
    await lines[0].open(servers[0], [recorded, secret])
    lines[1].tokens = lines[0].tokens
    for line, server in zip(lines, [servers[0], servers[-1]], strict=True):
        await line.connect(server)
    journal = ballots(lines[0].seats, recorded, secret, dice)
    sent = [
        (dice.randrange(2), each) for each in journal for _ in range(dice.randint(1, MOST_COPIES))
    ]
    dice.shuffle(sent)
    async with asyncio.TaskGroup() as sending:
        for n, line in enumerate(lines):
            sending.create_task(line.send([each for to, each in sent if to == n]))
    for line in lines:
        line.leave()
    assert sum(len(each.answers) for each in journal) == len(sent)
    return journal


def false_choices(journal: list[Entry], database_url: str) -> list[str]:
    """Every seat whose ballot in force is not the one with its highest rev."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT seat_id, key FROM ballot ORDER BY rev")).all()
    engine.dispose()
    in_force: dict[int, str] = {row.seat_id: row.key for row in rows}
    return [
        f"seat {each.seat}: {in_force.get(each.seat)}"
        for each in journal
        if not each.secret and each.payload["rev"] == REVS
        if in_force.get(each.seat) != each.payload["key"]
    ]


@pytest.fixture
def servers(tmp_path: Path, database: str | None) -> list[TownhallServer]:
    names = "ab" if database else "a"
    return [TownhallServer(tmp_path / name, database) for name in names]


async def test_of_many_copies_in_any_order_the_highest_rev_counts_once(
    servers: list[TownhallServer], dice: random.Random, long: bool, report: Report
) -> None:
    seats = MANY_SEATS if long else SEATS
    with ExitStack() as ending:
        for server in servers:
            ending.callback(server.stop)
        journal = await shuffled(servers, seats, dice)
    database_url = servers[0].database_url
    assert false_choices(journal, database_url) == []
    assert examine(journal, database_url) == Findings()
    for each in journal:
        receipts = [answer["receipt"] for answer in each.answers if each.acknowledged]
        assert all(receipt == receipts[0] for receipt in receipts), each
    secrets = [each for each in journal if each.secret]
    assert sum(each.acknowledged for each in secrets) == seats
    statuses = Counter(answer["status"] for each in journal for answer in each.answers)
    assert set(statuses) == {"counted", "counted_before", "superseded", "already_voted"}
    report.say(json.dumps(statuses))


async def test_oracle_sees_that_the_last_one_wins(tmp_path: Path, dice: random.Random) -> None:
    server = TownhallServer(tmp_path, program=("tests.faults.controls", "last_one_wins"))
    try:
        journal = await shuffled([server], SEATS, dice)
    finally:
        server.stop()
    assert false_choices(journal, server.database_url)
