"""A secret question in the files of the database: nothing in them joins who voted with what."""

import asyncio
import re
import secrets
import shutil
import sqlite3
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from tests.actions.conftest import running
from tests.actions.test_ballots import actor, cast, room
from tests.facts import Clock
from townhall.actions import questions
from townhall.hall import Change, Hall
from townhall.storage import questions as stored
from townhall.storage.ballots import COUNTS, UNLINKED
from townhall.storage.database import BUSY_MS, writing
from townhall.storage.schema import Audit

pytestmark = pytest.mark.anyio

PAGE = 4_096
SEATS = 12
_BALLOT_ID = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}")


def out_of_order(file: Path, ballot_ids: list[str]) -> int:
    """How many ballots lie behind one with a greater key on the same page of a file."""
    wanted = {each.encode() for each in ballot_ids}
    pages: dict[int, list[bytes]] = defaultdict(list)
    for found in _BALLOT_ID.finditer(file.read_bytes()):
        if found.group() in wanted:
            pages[found.start() // PAGE].append(found.group())
    # SQLite fills a page from its end.
    return sum(
        earlier < later for on_page in pages.values() for earlier, later in pairwise(on_page)
    )


async def test_a_counted_secret_question_lies_in_key_order_and_leaves_no_log(
    hall: Hall, clock: Clock, tmp_path: Path
) -> None:
    forum, question, seats = room(hall, SEATS, secret=True, closes_at=clock() + 60_000)
    secrets.SystemRandom().shuffle(seats)
    ids = []
    for seat in seats:  # one by one, so that nothing but the close sorts them
        answer = await cast(hall, actor(seat, forum), question, "yes")
        ids.append(answer["receipt"]["id"])
    database, log = tmp_path / "hall.db", tmp_path / "hall.db-wal"
    assert out_of_order(log, ids)
    clock.pass_seconds(70)
    assert await questions.finish_due(hall) == 1
    await hall.change(None, lambda session, now: Change(None))  # the log is emptied before this
    assert log.stat().st_size == 0
    assert out_of_order(database, ids) == 0


@pytest.mark.postgres
async def test_on_postgresql_a_counted_secret_question_lies_in_new_files_in_key_order(
    postgres_hall: Hall, clock: Clock
) -> None:
    hall = postgres_hall
    forum, question, seats = room(hall, SEATS, secret=True, closes_at=clock() + 60_000)
    secrets.SystemRandom().shuffle(seats)
    for seat in seats:
        await cast(hall, actor(seat, forum), question, "yes")
    before = files(hall)
    clock.pass_seconds(70)
    assert await questions.finish_due(hall) == 1
    await hall.change(None, lambda session, now: Change(None))  # old rows are removed before this
    assert not files(hall) & before
    with hall.database.engine.connect() as connection:
        for table, key in (("participation", "seat_id"), ("secret_ballot", "ballot_id")):
            rows = connection.execute(text(f"SELECT {key}, xmin FROM {table} ORDER BY ctid")).all()
            assert [row[0] for row in rows] == sorted(row[0] for row in rows)
            assert len({row[1] for row in rows}) == 1
    assert not hall.database.scrub_due()


@pytest.mark.postgres
async def test_on_postgresql_old_rows_wait_for_whoever_still_sees_them(
    postgres_hall: Hall, clock: Clock
) -> None:
    hall = postgres_hall
    forum, question, seats = room(hall, SEATS, secret=True, closes_at=clock() + 60_000)
    for seat in seats:
        await cast(hall, actor(seat, forum), question, "yes")
    before = files(hall)
    clock.pass_seconds(70)
    with hall.database.readers.connect() as looking:
        looking.execute(text("SELECT count(*) FROM board"))  # a snapshot of the time before
        assert await questions.finish_due(hall) == 1
        await hall.change(None, lambda session, now: Change(None))
        assert (files(hall), hall.database.scrub_due()) == (before, True)
    await hall.change(None, lambda session, now: Change(None))
    await hall.change(None, lambda session, now: Change(None))
    assert not files(hall) & before
    assert not hall.database.scrub_due()


def files(hall: Hall) -> set[int]:
    """The files in which PostgreSQL keeps the two lists, and what was counted of them."""
    with hall.database.engine.connect() as connection:
        return {
            connection.execute(text("SELECT pg_relation_filenode(:t)"), {"t": table}).scalar_one()
            for table in (*UNLINKED, *COUNTS)
        }


async def test_a_counted_secret_question_says_of_no_process_what_it_counted(
    either_url: str, clock: Clock
) -> None:
    asked = {"secret": True, "eligibility": "open", "closes_at": clock() + 60_000}
    async with running(either_url, clock, []) as one:
        forum, question, seats = room(one, 3, **asked)
        await cast(one, actor(seats[0], forum), question, "yes")
    async with running(either_url, clock, []) as another:
        await cast(another, actor(seats[1], forum, "open"), question, "no")
        await cast(another, actor(seats[2], forum, "open"), question, "yes")
        clock.pass_seconds(70)
        assert await questions.finish_due(another) == 1
        with another.database.engine.connect() as connection:
            came = connection.execute(text("SELECT writer, channel, n FROM turnout")).all()
            chose = connection.execute(text("SELECT writer, cell, n FROM tally")).all()
        assert sorted(map(tuple, came)) == [(0, "open", 2), (0, "phone", 1)]
        assert sorted(map(tuple, chose)) == [(0, "no", 1), (0, "yes", 2)]
        [found] = another.database.read_here(stored.certificates, [question]).values()
        assert (found.channels, found.differs) == ({"open": 2, "phone": 1}, False)


async def test_a_lone_secret_ballot_waits_a_moment_for_company(hall: Hall) -> None:
    forum, question, seats = room(hall, 2, secret=True)

    async def vote(seat: int, after: float) -> None:
        await asyncio.sleep(after)
        await cast(hall, actor(seat, forum), question, "yes")

    await asyncio.gather(vote(seats[0], 0), vote(seats[1], 0.05))
    with writing(hall.database) as session:
        kept = session.exec(select(Audit.body).where(Audit.kind == "ballots")).all()
    assert list(kept) == [f'{{"{question}":{{"n":2}}}}']


async def test_a_log_left_by_a_killed_process_is_emptied_at_the_next_start(
    tmp_path: Path, clock: Clock
) -> None:
    left, log = tmp_path / "left", tmp_path / "hall.db-wal"
    left.mkdir()
    async with running(f"sqlite:///{tmp_path / 'hall.db'}", clock, []) as hall:
        await hall.change(None, lambda session, now: Change(None))
        room(hall)
        for name in ("hall.db", "hall.db-wal", "hall.db-shm"):  # as a kill would leave them
            shutil.copy(tmp_path / name, left)
    assert (left / "hall.db-wal").stat().st_size > 0
    shutil.copytree(left, tmp_path, dirs_exist_ok=True)
    async with running(f"sqlite:///{tmp_path / 'hall.db'}", clock, []) as hall:
        await hall.change(None, lambda session, now: Change(None))
        assert log.stat().st_size < (left / "hall.db-wal").stat().st_size


def no_checkpoint(action: int, name: str | None, *_: object) -> int:
    checkpoint = action == sqlite3.SQLITE_PRAGMA and name == "wal_checkpoint"
    return sqlite3.SQLITE_DENY if checkpoint else sqlite3.SQLITE_OK


async def test_a_log_that_cannot_be_emptied_raises_nothing(hall: Hall) -> None:
    await hall.change(None, lambda session, now: Change(None))  # the start has emptied its own
    with hall.database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_authorizer(no_checkpoint)
        assert hall.database.scrub(connection) is False
        assert driver.execute("PRAGMA busy_timeout").fetchone() == (BUSY_MS,)
        driver.set_authorizer(None)
        assert hall.database.scrub(connection) is True
