"""A tenth of the phones stop reading: they are ended, the others go on voting.

What the server holds for a slow phone is bounded; how much it grows is printed.
"""

import asyncio
import random
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.report import Report, memory, quantiles
from tests.faults.voters import Voters
from tests.servers.townhall import TownhallServer
from townhall.crowd.client import key
from townhall.crowd.wire import Wire

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(3_600)]

PHONES, MANY_PHONES = 80, 1_000
LONG_FRAME, FRAME = 25, 4
"""Questions on every phone, so that a frame is some 50 kB in the short form and 8 in the long."""


async def narrow(url: str, auth: object) -> Wire:
    """A connection for which the kernel keeps little, so that the server soon notices."""
    parts = urlsplit(url)
    line = socket.socket()
    line.setblocking(False)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131_072)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(line, (parts.hostname, parts.port))
    _, wire = await loop.create_connection(lambda: Wire(parts.netloc, auth, None), sock=line)
    await wire.opened
    return wire


async def go_on(wire: Wire) -> None:
    """Take what is still there, and the end of the line behind it."""
    assert wire.transport is not None
    wire.transport.resume_reading()
    await asyncio.wait_for(wire.closed, 30)


class Room:
    """Phones that vote all the time, while the moderator changes what they all see."""

    def __init__(self, voters: Voters, question: int, dice: random.Random) -> None:
        self.voters = voters
        self.question = question
        self.dice = dice
        self.journal: list[Entry] = []
        self.rev = 0

    async def votes(self, seats: Sequence[int]) -> list[float]:
        """One vote of each; seconds to each answer."""
        self.rev += 1
        sent = [entry(seat, self.question, self.dice.choice(CHOICES), self.rev) for seat in seats]
        self.journal += sent
        took, since = [], time.perf_counter()
        await self.voters.send(sent, lambda vote: took.append(time.perf_counter() - since))
        return took


async def test_phones_that_stop_reading_are_ended_and_the_others_go_on(
    tmp_path: Path, dice: random.Random, long: bool, report: Report
) -> None:
    phones, asked = (MANY_PHONES, FRAME) if long else (PHONES, LONG_FRAME)
    question = {"kind": "yesno", "title": "찬성하세요? " * 40, "help": "긴 설명입니다. " * 30}
    server = TownhallServer(tmp_path)
    made = server.forum(tickets=phones, questions=[question] * asked)
    questions = [each["id"] for each in made["questions"]]
    server.start()
    try:
        voters = Voters(made["code"], made["tokens"]["moderator"])
        await voters.join(server, made["tickets"])
        await voters.open(server, questions[1:])
        await voters.open(server, questions[:1], seconds=3_600)
        await voters.connect(server)
        slow, quick = voters.seats[::10], [s for n, s in enumerate(voters.seats) if n % 10]
        for seat in slow:
            voters.wires[seat].abort()
            auth = {"forum": voters.code, "token": voters.tokens[seat]}
            voters.wires[seat] = await narrow(server.url, auth)
        room = Room(voters, questions[0], dice)
        before = [each for _ in range(10) for each in await room.votes(voters.seats)]
        async with voters.console(server) as console:
            assert await console.until(lambda c: c.store["room"]["connected"] == phones, 30)
            size, since = memory(server.pid), time.perf_counter()
            for seat in slow:
                wire = voters.wires[seat].transport
                assert wire is not None
                wire.pause_reading()
            during: list[float] = []
            while console.store["room"]["connected"] > len(quick):
                extend = {"key": key(), "question": questions[0], "seconds": 5}
                answer = await console.settle("question_extend", extend)
                assert answer["status"] == "ok", answer
                during += await room.votes(quick)
                await asyncio.sleep(0.1)
            took, grown = time.perf_counter() - since, memory(server.pid, "VmHWM") - size
        assert [seat for seat in quick if voters.wires[seat].closed.done()] == []
        await asyncio.gather(*(go_on(voters.wires[seat]) for seat in slow))
        voters.leave()
    finally:
        server.stop()
    report.say(f"{len(slow)} of {phones} stopped reading; ended after {took:.1f} s")
    report.say(f"the server grew by {grown:.1f} MB at most")
    report.say(f"acknowledgements before: {quantiles(before)}; during: {quantiles(during)}")
    assert all(vote.acknowledged for vote in room.journal)
    assert examine(room.journal, server.database_url) == Findings()
