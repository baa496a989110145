"""One look at the database, or one change, for everybody who asked while the last was under way.

A hall that comes in at once asks the same thing a thousand times: who am I? Each question alone
costs a hand-over to a reader thread and its statements; together they cost one of each. Whoever
comes alone waits for nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")

MOST_AT_ONCE = 200
GATHER_SECONDS = 0.05
"""Between two looks of a crowd that comes one by one: a look costs as much as ten answers."""


class Together(Generic[A, B]):
    """Gathers questions of one kind; `look(questions)` answers them all, in order.

    An exception among the answers is that asker's alone.
    """

    def __init__(self, look: Callable[[Sequence[A]], Awaitable[Sequence[B | Exception]]]) -> None:
        self._look = look
        self._waiting: list[tuple[A, asyncio.Future[B]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def ask(self, question: A) -> B:
        """The answer to one question."""
        answer: asyncio.Future[B] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._work())
        return await answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                asked = self._waiting[:MOST_AT_ONCE]
                del self._waiting[:MOST_AT_ONCE]
                found = await self._answers([question for question, _ in asked])
                for (_, answer), value in zip(asked, found, strict=True):
                    _settle(answer, value)
                if 1 < len(asked) < MOST_AT_ONCE:
                    await asyncio.sleep(GATHER_SECONDS)
        finally:
            self._looking = None

    async def _answers(self, asked: Sequence[A]) -> Sequence[B | Exception]:
        """A question that cannot be answered spoils nobody else's answer."""
        try:
            return await self._look(asked)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            if len(asked) == 1:
                return [error]
        return [(await self._answers([each]))[0] for each in asked]


def _settle(answer: asyncio.Future[Any], value: Any) -> None:
    if answer.done():  # whoever asked has gone
        return
    if isinstance(value, Exception):
        answer.set_exception(value)
    else:
        answer.set_result(value)
