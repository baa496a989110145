"""Closes against votes, some pressed a hundred times at once: certified is what was counted.

On PostgreSQL two processes share the votes, and either may count; one of them is slow to commit
(a trigger takes its time), so that the other's close meets ballots that are under way. In the
control a batch holds no lock.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.voters import Voters
from tests.servers.townhall import TownhallServer
from townhall.crowd.client import Client, key

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(3_600)]

SEATS, AT_EITHER_END = 100, 10
"""So many seats vote before the close is pressed, and so many once the question is closed."""
QUESTIONS, MANY_QUESTIONS = 25, 100
QUESTIONS_OF_A_CONTROL = 25
PRESSES, MODERATORS = 100, 4
ROUNDS, MANY_ROUNDS = 5, 25
"""So many closes of one question at once, from so many consoles of each process, so many times."""
ALONE, TOGETHER, PRESSED, GRACE = 0.1, 0.2, 1.0, 3.0
BEFORE, AROUND = 1.2, 1.6
"""In seconds: between two closes with one process, with two, and when each is pressed a hundred
times; of grace after each. Votes begin so long before the grace of a close is over, and go on for
so long.
"""

SLOW_COMMIT = """
CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(0.8); RETURN NULL; END $$;
CREATE TRIGGER slow_commit AFTER INSERT ON audit
FOR EACH ROW WHEN (NEW.writer % 2 = 1) EXECUTE FUNCTION slow_commit();
"""


async def closes(
    servers: list[TownhallServer], asked: int, apart: float = TOGETHER, presses: int = 1
) -> list[Entry]:
    """Close every question while all seats vote on it; the journal of all votes.

    However often a close is pressed, and on whichever process, its moment is the same.
    """
    yesno = {"kind": "yesno", "title": "찬성하세요?"}
    made = servers[0].forum(tickets=SEATS, questions=[yesno] * asked)
    questions = [question["id"] for question in made["questions"]]
    for server in servers:
        server.start()
    voters = Voters(made["code"], made["tokens"]["moderator"])
    await voters.join(servers[0], made["tickets"])
    await voters.open(servers[0], questions)
    await voters.connect(*servers)
    async with AsyncExitStack() as rooms:
        consoles = [
            await rooms.enter_async_context(voters.console(each))
            for each in servers * min(MODERATORS, presses)
        ]

        async def press(n: int, question: int) -> int:
            payload = {"key": key(), "question": question, "seconds": 0}
            answer = await consoles[n % len(consoles)].settle("question_close", payload)
            return int(answer["closes_at"])

        async def close(n: int, question: int) -> list[Entry]:
            await asyncio.sleep(n * apart)
            votes = [entry(seat, question, CHOICES[seat % len(CHOICES)]) for seat in voters.seats]
            early, around, late = (
                votes[:AT_EITHER_END],
                votes[AT_EITHER_END:-AT_EITHER_END],
                votes[-AT_EITHER_END:],
            )
            await voters.send(early)
            moments = set(await asyncio.gather(*(press(i, question) for i in range(presses))))
            assert len(moments) == 1
            begins = moments.pop() / 1000 + GRACE - BEFORE
            await asyncio.sleep(max(0.0, begins - time.time()))
            async with asyncio.TaskGroup() as sending:
                for start in range(0, len(around), 5):
                    sending.create_task(voters.send(around[start : start + 5]))
                    await asyncio.sleep(AROUND * 5 / len(around))
            assert await consoles[0].until(lambda c: closed(c, [question]), 120)
            await voters.send(late)
            return votes

        rounds = await asyncio.gather(*(close(n, q) for n, q in enumerate(questions)))
        assert closed(consoles[0], questions)
    voters.leave()
    return [each for votes in rounds for each in votes]


def closed(console: Client, questions: list[int]) -> bool:
    """Whether the console shows these questions as closed."""
    shown = {question["id"]: question["state"] for question in console.store["questions"]}
    return all(shown[question] == "closed" for question in questions)


def certified(database_url: str) -> dict[int, dict[str, Any]]:
    """Question -> what its certificate says."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM certificate")).mappings().all()
    engine.dispose()
    return {row["question_id"]: dict(row) for row in rows}


def false_certificates(journal: list[Entry], database_url: str) -> list[str]:
    """Every certificate that differs from what voters were told, or from what is stored."""
    told = Counter(e.payload["question"] for e in journal if e.acknowledged)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT question_id, seat_id FROM ballot"))
        stored = Counter(row.question_id for row in rows)
    engine.dispose()
    return [
        f"question {question}: certified {found['counted']}, "
        f"told {told[question]}, stored {stored[question]}, differs {found['differs']}"
        for question, found in certified(database_url).items()
        if not found["counted"] == told[question] == stored[question] or found["differs"]
    ]


@pytest.fixture
def slow_postgres(postgres_url: str) -> str:
    """A PostgreSQL database on which the batches of every other writer are slow to commit."""
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text(SLOW_COMMIT))
    engine.dispose()
    return postgres_url


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def expect_true(journal: list[Entry], database_url: str, questions: int) -> None:
    """Every certificate holds, every vote has its one answer, and the race was real."""
    assert false_certificates(journal, database_url) == []
    assert len(certified(database_url)) == questions
    assert len(journal) == questions * SEATS
    statuses = Counter(answer["status"] for each in journal for answer in each.answers)
    assert set(statuses) == {"counted", "closed"}
    assert sum(statuses.values()) == questions * SEATS
    assert examine(journal, database_url) == Findings()


async def test_every_certificate_is_true_with_one_process(
    tmp_path: Path, ending: ExitStack, long: bool
) -> None:
    server, questions = TownhallServer(tmp_path), MANY_QUESTIONS if long else QUESTIONS
    ending.callback(server.stop)
    expect_true(await closes([server], questions, ALONE), server.database_url, questions)


async def test_every_certificate_is_true_with_two_processes(
    tmp_path: Path, slow_postgres: str, ending: ExitStack, long: bool
) -> None:
    servers = [TownhallServer(tmp_path / name, slow_postgres) for name in "ab"]
    questions = MANY_QUESTIONS if long else QUESTIONS
    for server in servers:
        ending.callback(server.stop)
    expect_true(await closes(servers, questions), slow_postgres, questions)


async def test_a_hundred_closes_at_once_are_one_close(
    tmp_path: Path, postgres_url: str, ending: ExitStack, long: bool
) -> None:
    servers = [TownhallServer(tmp_path / name, postgres_url) for name in "ab"]
    for server in servers:
        ending.callback(server.stop)
    rounds = MANY_ROUNDS if long else ROUNDS
    expect_true(await closes(servers, rounds, PRESSED, PRESSES), postgres_url, rounds)


async def test_oracle_sees_the_false_certificates_of_a_plain_read(
    tmp_path: Path, slow_postgres: str, ending: ExitStack
) -> None:
    control = ("tests.faults.controls", "plain_read")
    servers = [TownhallServer(tmp_path / name, slow_postgres, control) for name in "ab"]
    for server in servers:
        ending.callback(server.stop)
    journal = await closes(servers, QUESTIONS_OF_A_CONTROL)
    assert false_certificates(journal, slow_postgres)
