"""The server's wall clock is set right in the middle of a vote, by half a minute or by an hour.

Nothing changes in what counts, nobody's line ends, and nobody has to wait.
"""

import random
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.faults.clocks import Clock
from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.test_closes import certified
from tests.faults.voters import Voters
from tests.servers.townhall import TownhallServer
from townhall.crowd.client import key
from townhall.crowd.wire import Wire

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(3_600)]

SEATS = 40
AHEAD = (-3_600, 0, 3_600, 0, 30, -30, 0, 30, 0)
"""Seconds by which the server's clock is ahead after each step."""


async def post(http: httpx.AsyncClient, server: TownhallServer, voters: Voters, vote: Entry) -> str:
    """Send a vote over HTTP, as a phone does whose socket is blocked; its status."""
    bearer = {"Authorization": f"Bearer {voters.tokens[vote.seat]}"}
    to = f"{server.url}/api/f/{voters.code}/vote"
    answer = (await http.post(to, json=vote.payload, headers=bearer)).json()
    vote.answers.append(answer)
    return str(answer["status"])


def after(answers: int, act: Callable[[], None]) -> Callable[[Entry], None]:
    """What `Voters.send` calls at each answer: acts once, in the middle of the burst."""
    left = answers

    def answered(vote: Entry) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            act()

    return answered


async def test_steps_of_the_clock_change_nothing_that_counts(
    tmp_path: Path, dice: random.Random, long: bool
) -> None:
    clock = Clock(tmp_path / "ahead")
    server = TownhallServer(tmp_path, program=clock.program)
    yesno = {"kind": "yesno", "title": "찬성하세요?"}
    made = server.forum(tickets=SEATS, questions=[yesno, yesno])
    burst, posted = [question["id"] for question in made["questions"]]
    voters = Voters(made["code"], made["tokens"]["moderator"])
    journal: list[Entry] = []
    server.start()
    try:
        await voters.join(server, made["tickets"])
        await voters.open(server, [burst, posted])
        await voters.connect(server)
        async with voters.console(server) as console, httpx.AsyncClient() as http:
            for rev, ahead in enumerate(AHEAD * (5 if long else 1), start=1):
                votes = [entry(seat, burst, dice.choice(CHOICES), rev) for seat in voters.seats]
                journal += votes
                step = after(SEATS // 2, lambda ahead=ahead: clock.set(ahead))
                await voters.send(votes, step)
                assert {vote.answers[0]["status"] for vote in votes} == {"counted"}
                journal.append(entry(voters.seats[0], posted, dice.choice(CHOICES), rev))
                assert await post(http, server, voters, journal[-1]) == "counted"
                auth = {"forum": voters.code, "token": voters.tokens[voters.seats[0]]}
                (await Wire.open(server.url, auth)).abort()
            assert [seat for seat in voters.seats if voters.wires[seat].closed.done()] == []
            assert await console.until(lambda c: c.store["room"]["connected"] == SEATS, 30)
            for question in (burst, posted):
                pressed = {"key": key(), "question": question, "seconds": 0}
                assert (await console.settle("question_close", pressed))["status"] == "ok"
            assert await console.until(
                lambda c: all(q["state"] == "closed" for q in c.store["questions"]), 30
            )
        voters.leave()
    finally:
        server.stop()
    certificates = certified(server.database_url)
    assert [certificates[q]["counted"] for q in (burst, posted)] == [SEATS, 1]
    assert examine(journal, server.database_url) == Findings()


async def test_a_deadline_follows_the_clock_that_people_see(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "ahead")
    server = TownhallServer(tmp_path, program=clock.program)
    made = server.forum(questions=[{"kind": "yesno", "title": "찬성하세요?"}])
    (question,) = [each["id"] for each in made["questions"]]
    voters = Voters(made["code"], made["tokens"]["moderator"])
    server.start()
    try:
        await voters.open(server, [question], seconds=600)
        async with voters.console(server) as console:
            clock.set(590)
            assert not await console.until(lambda c: c.store["questions"][0]["closed_at"], 1)
            clock.set(610)
            assert await console.until(lambda c: c.store["questions"][0]["state"] == "closed", 30)
    finally:
        server.stop()
