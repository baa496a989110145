"""The power fails in mid-vote, on SQLite: what was acknowledged had been flushed.

Simulated: a hall stores votes while every write and flush is noted (`flushed.py`). Then the files
are made as a cut at any note would have left them, opened, and held against what voters had been
told by then. In the control SQLite flushes its log before a checkpoint and not at every commit.
"""

import asyncio
import random
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests import facts
from tests.facts import Clock
from tests.faults.flushed import Disk, Flushed, Log, Written, library, noted
from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.report import Report
from tests.servers.migrated import sqlite
from townhall.actions import ballots, questions
from townhall.crowd.client import key
from townhall.domain.audience import Actor
from townhall.events import vote_now
from townhall.hall import Hall
from townhall.live.bus_memory import MemoryBus
from townhall.live.hub import Hub
from townhall.settings import Settings
from townhall.storage.database import open_database, writing

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(3_600),
    pytest.mark.skipif(
        library() is None, reason="this Python has SQLite built in, where nothing can be put below"
    ),
]

SEATS, MANY_SEATS = 24, 60
RECORDED = 4
ROUNDS, MANY_ROUNDS = 4, 8
UNDER_WAY, SENT_TWICE = 40, 0.1
EVENLY, NEAR, OF_A_CONTROL = 100, 100, 60
"""Cuts of the short form: so many spread evenly, and so many next to a flush or an answer."""
SMALL_LOG = "wal_autocheckpoint=40"
"""The product's own log is copied into the file after 1,000 pages, which is too rare here."""
SHARES = (0.1, 0.5, 0.9, 0.99)
"""Of what was not flushed so much reached the disk: one of these at each cut."""


@dataclass(frozen=True)
class Told:
    """The moment at which the answer to a vote leaves."""

    vote: Entry
    answer: dict[str, Any]


class Evening:
    """A hall whose files are noted while all seats vote: on recorded questions once a round, and
    in each round on a secret one, which is closed while others vote on.
    """

    def __init__(self, path: Path, dice: random.Random, *pragmas: str) -> None:
        self.path = path
        self.journal: list[Entry] = []
        self._dice = dice
        self._pragmas = pragmas
        self._url = sqlite(path)
        self._before = path.read_bytes()
        self._clock = Clock()

    async def run(self, seats: int, rounds: int) -> None:
        """All of it. Nobody knows of an answer yet; that comes with the notes (`cuts`)."""
        with noted(self.path) as self.log:
            opened = open_database(self._url)
            event.listen(opened.engine, "connect", self._connected)
            opened.engine.dispose()  # the next connection hears of it
            settings = Settings(database_url=self._url)
            self._hall = Hall(opened, Hub(MemoryBus()), settings, self._clock)
            await self._hall.start()
            try:
                await self._vote(seats, rounds)
            finally:
                await self._hall.stop()

    def _connected(self, connection: Any, _record: object) -> None:
        for pragma in self._pragmas:
            connection.execute(f"PRAGMA {pragma}")

    async def _vote(self, seats: int, rounds: int) -> None:
        with writing(self._hall.database) as session:
            self._forum = facts.forum(session)
            recorded = [facts.question(session, self._forum) for _ in range(RECORDED)]
            secret = [facts.question(session, self._forum, secret=True) for _ in range(rounds)]
            self._seats = [facts.seat(session, self._forum, n + 1) for n in range(seats)]
        await ballots.remember_open(self._hall, self._forum)
        for rev, hidden in enumerate(secret, 1):
            await self._ask([hidden, *recorded[::2]], rev, hidden)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(recorded[1::2], rev))
                both.create_task(self._close(hidden))

    async def _ask(self, asked: Iterable[int], rev: int, secret: int | None = None) -> None:
        votes = [
            entry(
                seat,
                question,
                self._dice.choice(CHOICES),
                1 if question == secret else rev,
                secret=question == secret,
            )
            for question in asked
            for seat in self._seats
        ]
        self.journal += votes
        sent = [*votes, *(vote for vote in votes if self._dice.random() < SENT_TWICE)]
        self._dice.shuffle(sent)
        under_way = asyncio.Semaphore(UNDER_WAY)
        await asyncio.gather(*(self._cast(vote, under_way) for vote in sent))

    async def _cast(self, vote: Entry, under_way: asyncio.Semaphore) -> None:
        """One vote as the door hands it on: its answer leaves after the commit."""
        voter = Actor(role="seated", forum=self._forum, seat=vote.seat, seat_kind="ticket")
        answered = asyncio.Event()

        def reply(answer: dict[str, Any]) -> None:
            self.log.append(Told(vote, answer))
            answered.set()

        async with under_way:
            assert vote_now(self._hall, voter, vote.payload, reply)
            await answered.wait()

    async def _close(self, question: int) -> None:
        """Close and count; then the writer removes old rows, and with them the whole log."""
        desk = Actor(role="moderator", forum=self._forum)
        await questions.close(self._hall, desk, key=key(), question=question, seconds=0)
        self._clock.pass_seconds(10)
        assert await questions.finish_due(self._hall) == 1

    def cuts(self, numbers: Collection[int], folder: Path) -> Iterator[tuple[str, Findings]]:
        """Cut the power before the notes of these numbers: what is found each time, twice: when
        only what was flushed is left, and when of the rest some sectors are.
        """
        disk = Disk({"": self._before})
        for n, note in enumerate([*self.log, None]):
            if n in numbers:
                share = self._dice.choice(SHARES)
                flushed = disk.after_cut(lambda: False)
                yield f"only what was flushed, before note {n}", self._left(flushed, folder)
                torn = disk.after_cut(partial(self._arrives, share))
                if torn != flushed:
                    name = f"and {share} of the rest, before note {n}"
                    yield name, self._left(torn, folder)
            if isinstance(note, Told):
                note.vote.answers.append(note.answer)
            elif note is not None:
                disk.take(n, note)
        # Nothing of what happened to the files went past the notes.
        assert disk.after_cut(lambda: False) == {"": self.path.read_bytes()}

    def _arrives(self, share: float) -> bool:
        return self._dice.random() < share

    def _left(self, files: Mapping[str, bytearray], folder: Path) -> Findings:
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        path = folder / "left.db"
        for end, data in files.items():
            Path(f"{path}{end}").write_bytes(data)
        connection = sqlite3.connect(path)
        try:
            # Whoever closes last copies the log into the file: this one waits for no disk.
            connection.execute("PRAGMA synchronous=OFF")
            said = connection.execute("PRAGMA integrity_check").fetchall()
            found = examine(self.journal, f"sqlite:///{path}")
        finally:
            connection.close()
        found.broken += [str(row) for row in said if row != ("ok",)]
        return found


def evenly(log: Log, cuts: int) -> range:
    """Numbers of about so many notes, from the first to the end."""
    return range(0, len(log) + 1, len(log) // cuts)


def near(log: Log, cuts: int, dice: random.Random) -> list[int]:
    """Numbers right before and after flushes and answers."""
    marks = [n for n, note in enumerate(log) if isinstance(note, Flushed | Told)]
    return dice.sample([n + after for n in marks for after in (0, 1)], cuts)


def begun_again(log: Log) -> int:
    """How often the log was written from its beginning over what lay there."""
    of_log = [note for note in log if not isinstance(note, Told) and note.file == "-wal"]
    writes = [n for n, note in enumerate(of_log) if isinstance(note, Written) and not note.offset]
    return sum(n > 0 and isinstance(of_log[n - 1], Written | Flushed) for n in writes)


async def test_power_cut_at_any_write_loses_no_acknowledged_vote(
    tmp_path: Path, dice: random.Random, long: bool, report: Report
) -> None:
    evening = Evening(tmp_path / "hall.db", dice, SMALL_LOG)
    await evening.run(*((MANY_SEATS, MANY_ROUNDS) if long else (SEATS, ROUNDS)))
    log = evening.log
    at = range(len(log) + 1) if long else {*evenly(log, EVENLY), *near(log, NEAR, dice)}
    opened = 0
    for cut, found in evening.cuts(at, tmp_path / "left"):
        assert found == Findings(), cut
        opened += 1
    assert all(vote.acknowledged for vote in evening.journal)

    told = [n for n, note in enumerate(log) if isinstance(note, Told)]
    meanwhile = log[told[0] : told[-1]]
    flushes = [note.file for note in meanwhile if isinstance(note, Flushed)]
    assert 0 < flushes.count("-wal") < len(told)
    assert flushes.count("") > 0
    assert begun_again(meanwhile) > 0
    writes = sum(isinstance(note, Written) for note in log)
    report.say(
        f"{len(at)} cuts in an evening of {len(evening.journal)} votes, {len(told)} answers, "
        f"{writes} writes, {flushes.count('-wal')} flushes of the log and {flushes.count('')} of "
        f"the file while answers left; the log begun again {begun_again(meanwhile)} times; "
        f"{opened} databases opened, nothing lost"
    )


async def test_oracle_sees_what_is_lost_when_only_checkpoints_flush(
    tmp_path: Path, dice: random.Random, long: bool, report: Report
) -> None:
    evening = Evening(tmp_path / "hall.db", dice, SMALL_LOG, "synchronous=NORMAL")
    await evening.run(SEATS, ROUNDS)
    at = range(len(evening.log) + 1) if long else evenly(evening.log, OF_A_CONTROL)
    lost = [len(found.lost) for _, found in evening.cuts(at, tmp_path / "left")]
    report.say(
        f"the control lost something in {sum(n > 0 for n in lost)} of {len(lost)} databases, "
        f"up to {max(lost)} of {len(evening.journal)} votes"
    )
    assert any(lost)
