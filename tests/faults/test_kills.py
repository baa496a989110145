"""kill -9 in the middle of a burst: what was acknowledged is there, once, after the restart."""

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.report import Report, quantiles
from tests.faults.voters import Voters
from tests.servers.townhall import COLD, TownhallServer

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(7_200)]

SEATS, MANY_SEATS = 100, 250
RECORDED, SECRET = 16, 4
KILLS, MANY_KILLS = 5, 50
KILLS_OF_A_CONTROL = 3
SENT_AGAIN = 0.2


class Evening:
    """A forum whose server is killed again and again while everybody votes."""

    def __init__(
        self, server: TownhallServer, kills: int, dice: random.Random, seats: int = SEATS
    ) -> None:
        self.server = server
        self.seats = seats
        self.burst_of = seats * (RECORDED + SECRET)
        self.until_first: list[float] = []
        self.dice = dice
        self.journal: list[Entry] = []
        self.kills = kills
        self._round = 0
        self._under_way: list[Entry] = []

    async def begin(self) -> None:
        """A forum with its voters; some questions are recorded, each burst brings secret ones."""
        yesno = {"kind": "yesno", "title": "찬성하세요?"}
        made = self.server.forum(
            tickets=self.seats,
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
        """Everybody votes on every question, and a kill comes before the last answer."""
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
        await self.voters.send(votes, self._killing_after(self.dice.randint(1, self.burst_of - 1)))
        self.server.kill()  # if lines that ended by themselves have kept so many answers away
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
        """Start again; whoever is back sends again: all that nobody answered, a part of the rest.

        Gives what any of these votes was told that is wrong.
        """
        since = time.perf_counter()
        self.server.start()
        votes = [
            vote for vote in self._under_way if not vote.answers or self.dice.random() < SENT_AGAIN
        ]
        before = [vote.answers[0]["receipt"] if vote.answers else None for vote in votes]
        of_seat: dict[int, list[Entry]] = {seat: [] for seat in self.voters.seats}
        for vote in votes:
            of_seat[vote.seat].append(vote)
        answered: list[float] = []

        async def again(seat: int) -> None:
            await self.voters.send(of_seat[seat], lambda _: answered.append(time.perf_counter()))

        await self.voters.connect(self.server, then=again)
        self.until_first.append(answered[0] - since)
        wrong = []
        for vote, receipt in zip(votes, before, strict=True):
            last = vote.answers[-1]
            expected = ("counted_before",) if receipt else ("counted", "counted_before")
            if last["status"] not in expected or (receipt or last["receipt"]) != last["receipt"]:
                wrong.append(f"{vote.payload}: {vote.answers}")
        return wrong


async def test_no_acknowledged_vote_is_lost_or_doubled_by_kills(
    tmp_path: Path, database: str | None, dice: random.Random, long: bool, report: Report
) -> None:
    kills, seats = (MANY_KILLS, MANY_SEATS) if long else (KILLS, SEATS)
    program = COLD if long else ()  # the short form does not measure a start
    evening = Evening(TownhallServer(tmp_path, database, program), kills, dice, seats)
    try:
        await evening.begin()
        for _ in range(kills):
            assert await evening.burst() == Findings()
            assert await evening.restart() == []
    finally:
        evening.server.stop()
    assert examine(evening.journal, evening.server.database_url) == Findings()
    assert all(vote.acknowledged for vote in evening.journal)
    assert len(evening.journal) == kills * evening.burst_of
    statuses = Counter(answer["status"] for vote in evening.journal for answer in vote.answers)
    report.say(
        f"{kills} kills in bursts of {evening.burst_of}: {statuses['counted']} counted, "
        f"{statuses['counted_before']} settled by sending again; from the start of the process "
        f"to the first acknowledgement {quantiles(evening.until_first)}"
    )


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
