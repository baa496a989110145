"""Two processes and one PostgreSQL: revotes of the same seats through both leave true sums."""

import asyncio

import pytest

from tests.actions.conftest import running
from tests.actions.test_ballots import actor, cast, cells, counted, key, room
from tests.facts import Clock
from townhall.actions import questions
from townhall.domain.audience import Actor
from townhall.storage import questions as stored

pytestmark = pytest.mark.anyio

SEATS, REVS = 12, 24


async def test_revotes_of_a_seat_through_two_processes_leave_true_sums(
    either_url: str, clock: Clock
) -> None:
    async with running(either_url, clock, []) as one, running(either_url, clock, []) as two:
        forum, question, seats = room(one, SEATS)

        async def vote(seat: int, rev: int) -> str:
            hall, choice = (one, "yes") if rev % 2 else (two, "no")
            answer = await cast(hall, actor(seat, forum), question, choice, rev=rev)
            return str(answer["status"])

        votes = [vote(seat, rev) for rev in range(1, REVS + 1) for seat in seats]
        assert set(await asyncio.gather(*votes)) <= {"counted", "superseded"}
        held = one.database.read_here(counted, question)
        sums = {cell: n for cell, n in cells(one, question).items() if n}
        assert sums == {choice: held.count(choice) for choice in set(held)}
        moderator = Actor(role="moderator", forum=forum)
        await questions.close(one, moderator, key=key(), question=question, seconds=0)
        clock.pass_seconds(4)
        assert await questions.finish_due(two) == 1
        certificate = one.database.read_here(stored.certificates, [question])[question]
        assert (certificate.counted, certificate.differs) == (SEATS, False)
