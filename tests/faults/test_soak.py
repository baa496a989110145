"""People come, look, vote and leave for a long time: afterwards nothing of them is left in memory.

Tasks, websocket connections, sockets and whoever counts as present are back where they were.
How the memory grew is printed.
"""

import asyncio
import json
import random
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.report import Report, memory
from tests.faults.voters import Phone, Voters
from tests.servers.townhall import TownhallServer
from townhall.crowd.client import Client

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(3_600)]

PEOPLE, MANY_PEOPLE = 40, 200
SECONDS, MANY_SECONDS = 6, 300
MOST_REVS = 900


class Hall:
    """A server and people who come and go."""

    def __init__(self, server: TownhallServer, counts: Path, dice: random.Random) -> None:
        self.server = server
        self.dice = dice
        self.journal: list[Entry] = []
        self.visits = 0
        self._counts = counts

    async def open(self, people: int) -> None:
        yesno = {"kind": "yesno", "title": "찬성하세요?"}
        made = self.server.forum(tickets=people, questions=[yesno])
        (self._question,) = [question["id"] for question in made["questions"]]
        self.voters = Voters(made["code"], made["tokens"]["moderator"])
        self.server.start()
        await self.voters.join(self.server, made["tickets"])
        await self.voters.open(self.server, [self._question])

    async def person(self, seat: int, until: float) -> None:
        """Comes again and again, votes, and leaves, in half of the cases without a word."""
        rev = 0
        while time.monotonic() < until and rev < MOST_REVS:
            await asyncio.sleep(self.dice.uniform(0, 0.5))
            one = Client(self.server.url, self.voters.code, self.voters.tokens[seat])
            await (phone := Phone(one, self.dice)).connect()
            self.visits += 1
            rev += 1
            self.journal.append(entry(seat, self._question, self.dice.choice(CHOICES), rev))
            await phone.vote(self.journal[-1:])
            await asyncio.sleep(self.dice.uniform(0, 0.5))
            if self.dice.random() < 0.5:
                one.cut()
            await one.close()

    async def in_hand(self, console: Client) -> dict[str, int]:
        """What the server holds now: tasks, websockets, sockets of any kind, seats present."""
        written = self._counts.stat().st_mtime_ns
        while self._counts.stat().st_mtime_ns == written:  # noqa: ASYNC110 - a file of another process
            await asyncio.sleep(0.05)
        found: dict[str, int] = json.loads(self._counts.read_text())
        lines = await asyncio.to_thread(_sockets, self.server.pid)
        return found | {"lines": lines, "present": console.store["room"]["connected"]}


def _sockets(pid: int) -> int:
    """How many sockets a process has open, connections to a database among them."""
    found = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found += str(descriptor.readlink()).startswith("socket:")
    return found


async def test_nothing_is_left_of_people_who_came_and_went(
    tmp_path: Path, dice: random.Random, long: bool, report: Report
) -> None:
    counts = tmp_path / "counts"
    server = TownhallServer(tmp_path, program=("tests.faults.counted", str(counts)))
    hall = Hall(server, counts, dice)
    await hall.open(MANY_PEOPLE if long else PEOPLE)
    try:
        async with hall.voters.console(server) as console:
            at_rest = [await hall.in_hand(console) for _ in range(4)]
            before = {what: max(each[what] for each in at_rest) for what in at_rest[0]}
            until = time.monotonic() + (MANY_SECONDS if long else SECONDS)
            sizes: list[float] = []
            async with asyncio.TaskGroup() as coming:
                for seat in hall.voters.seats:
                    coming.create_task(hall.person(seat, until))
                while time.monotonic() < until:
                    await asyncio.sleep(1)
                    sizes.append(memory(server.pid))
            left = before
            for _ in range(100):
                after = await hall.in_hand(console)
                left = {what: n for what, n in after.items() if n > before[what]}
                if not left:
                    break
            assert left == {}
    finally:
        server.stop()
    half = sizes[len(sizes) // 2 :]
    slope = (half[-1] - half[0]) / len(half) * 3_600
    report.say(
        f"{hall.visits} visits in {len(sizes)} s: {sizes[0]:.1f} MB after a second, "
        f"{sizes[-1]:.1f} MB at the end, {slope:.1f} MB an hour over the second half"
    )
    assert all(vote.acknowledged for vote in hall.journal)
    assert examine(hall.journal, server.database_url) == Findings()
