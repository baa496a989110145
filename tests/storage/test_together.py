"""Many who ask at one moment are answered from one look, each with what is theirs."""

import asyncio
from collections.abc import Sequence

import pytest

from townhall.storage.together import MOST_AT_ONCE, Together

pytestmark = pytest.mark.anyio


class Desk:
    """Doubles numbers; zero breaks the whole look."""

    def __init__(self) -> None:
        self.looks: list[int] = []
        self.go = asyncio.Event()

    async def look(self, asked: Sequence[int]) -> list[int]:
        self.looks.append(len(asked))
        await self.go.wait()
        if 0 in asked:
            raise ZeroDivisionError
        return [2 * n for n in asked]


async def test_who_asks_while_a_look_is_under_way_shares_the_next_one() -> None:
    desk = Desk()
    together = Together(desk.look)
    first = asyncio.ensure_future(together.ask(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(together.ask(n)) for n in range(2, 2 + MOST_AT_ONCE + 10)]
    await asyncio.sleep(0)
    desk.go.set()
    assert await first == 2
    assert await asyncio.gather(*others) == [2 * n for n in range(2, 2 + MOST_AT_ONCE + 10)]
    assert desk.looks == [1, MOST_AT_ONCE, 10]


async def test_a_question_that_cannot_be_answered_spoils_nobody_elses_answer() -> None:
    desk = Desk()
    desk.go.set()
    together = Together(desk.look)
    found = await asyncio.gather(*(together.ask(n) for n in (3, 0, 5)), return_exceptions=True)
    assert (found[0], type(found[1]), found[2]) == (6, ZeroDivisionError, 10)
    assert await together.ask(5) == 10


async def test_who_stops_waiting_takes_nothing_from_the_others() -> None:
    desk = Desk()
    together = Together(desk.look)
    gone, stays = asyncio.ensure_future(together.ask(1)), asyncio.ensure_future(together.ask(2))
    await asyncio.sleep(0)
    gone.cancel()
    desk.go.set()
    assert await stays == 4


async def test_a_crowd_that_comes_one_by_one_is_gathered_and_who_comes_alone_is_not() -> None:
    desk = Desk()
    desk.go.set()
    together = Together(desk.look)

    async def stream(*numbers: int) -> None:
        answers = []
        for n in numbers:
            answers.append(asyncio.ensure_future(together.ask(n)))
            for _ in range(5):
                await asyncio.sleep(0)
        assert await asyncio.gather(*answers) == [2 * n for n in numbers]

    await stream(1, 2, 3)
    assert desk.looks == [1, 1, 1]
    await asyncio.gather(together.ask(4), together.ask(5))
    await stream(6, 7, 8)
    assert desk.looks == [1, 1, 1, 2, 3]
