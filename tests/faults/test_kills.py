"""kill -9 in the middle of a burst: what was acknowledged is there, once, after the restart."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.voters import Voters
from tests.servers.townhall import TownhallServer

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(1_800)]

SEATS = 100
RECORDED, SECRET = 16, 4
BURST = SEATS * (RECORDED + SECRET)
KILLS = {None: 20, "postgresql": 10}
KILLS_OF_A_CONTROL = 3
SENT_AGAIN = 0.2


class Evening:
    """A forum whose server is killed again and again while everybody votes."""

    def __init__(self, server: TownhallServer, kills: int, dice: random.Random) -> None:
        self.server = server
        self.dice = dice
        self.journal: list[Entry] = []
        self.kills = kills
        self._round = 0
        self._under_way: list[Entry] = []

    async def begin(self) -> None:
        """A forum with its voters; some questions are recorded, each burst brings secret ones."""
        yesno = {"kind": "yesno", "title": "찬성하세요?"}
        made = self.server.forum(
            tickets=SEATS,
            questions=[yesno] * RECORDED + [yesno | {"secret": True}] * (SECRET * self.kills),
        )
        questions = [question["id"] for question in made["questions"]]
        self._recorded, self._secret = questions[:RECORDED], questions[RECORDED:]
        self.voters = Voters(made["code"], made["tokens"]["moderator"])
        self.server.start()
        await self.voters.join(self.server, made["tickets"])
        await self.voters.open(self.server, self._recorded)
        await self.voters.connect(self.server)

    async def burst(self) -> Findings:
        """2,000 votes, and a kill between the first and the last acknowledgement."""
        secret = self._secret[self._round * SECRET : (self._round + 1) * SECRET]
        self._round += 1
        await self.voters.open(self.server, secret)
        votes = [
            entry(seat, question, self.dice.choice(CHOICES), rev, secret=question in secret)
            for question in [*self._recorded, *secret]
            for rev in [1 if question in secret else self._round]
            for seat in self.voters.seats
        ]
        self.dice.shuffle(votes)
        self.journal += votes
        self._under_way = votes
        await self.voters.send(votes, self._killing_after(self.dice.randint(1, BURST - 1)))
        self.voters.leave()
        return examine(self.journal, self.server.database_url)

    def _killing_after(self, answers: int) -> Callable[[Entry], None]:
        left = answers

        def answered(vote: Entry) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self.server.kill()

        return answered

    async def restart(self) -> list[str]:
        """Start again and send again: all that nobody answered, and a part of the rest.

        Gives what any of these votes was told that is wrong.
        """
        self.server.start()
        await self.voters.connect(self.server)
        votes = [
            vote for vote in self._under_way if not vote.answers or self.dice.random() < SENT_AGAIN
        ]
        before = [vote.answers[0]["receipt"] if vote.answers else None for vote in votes]
        await self.voters.send(votes)
        wrong = []
        for vote, receipt in zip(votes, before, strict=True):
            last = vote.answers[-1]
            expected = ("counted_before",) if receipt else ("counted", "counted_before")
            if last["status"] not in expected or (receipt or last["receipt"]) != last["receipt"]:
                wrong.append(f"{vote.payload}: {vote.answers}")
        return wrong


async def test_no_acknowledged_vote_is_lost_or_doubled_by_kills(
    tmp_path: Path, database: str | None, dice: random.Random, long: bool
) -> None:
    kills = KILLS["postgresql" if database else None] * (5 if long else 1)
    evening = Evening(TownhallServer(tmp_path, database), kills, dice)
    try:
        await evening.begin()
        for _ in range(kills):
            assert await evening.burst() == Findings()
            assert await evening.restart() == []
    finally:
        evening.server.stop()
    assert examine(evening.journal, evening.server.database_url) == Findings()
    assert all(vote.acknowledged for vote in evening.journal)
    assert len(evening.journal) == kills * BURST


async def test_oracle_sees_the_losses_of_a_server_that_acknowledges_early(
    tmp_path: Path, database: str | None, dice: random.Random
) -> None:
    control = ("tests.faults.controls", "early_acknowledgement")
    server = TownhallServer(tmp_path, database, control)
    evening = Evening(server, KILLS_OF_A_CONTROL, dice)
    lost: list[str] = []
    try:
        await evening.begin()
        for _ in range(KILLS_OF_A_CONTROL):
            lost += (await evening.burst()).lost
            if lost:
                break
            await evening.restart()
    finally:
        server.stop()
    assert lost
