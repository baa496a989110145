"""A forum that is full already, made by the product's own actions in a process of its own.

`python -m tests.servers.fill --phones N --questions Q` on the settings' database prints the code,
the moderator's and the stage's token, a token for each of N seats, and Q open questions as JSON.
`--ballots B` stores that many ballots more, in a forum that nobody visits. Load tests speak only
the public protocol; going through its doors a million times would measure the doors.
"""

import argparse
import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import create_engine

from townhall.actions import ballots, cards, forums, people, questions
from townhall.cli import here
from townhall.domain.audience import Actor
from townhall.hall import Hall
from townhall.screens import forums as forums_screen
from townhall.storage.migrations import bring_up_to_date

VOTERS = 2_000
AT_ONCE = 500

T = TypeVar("T")


async def forum(hall: Hall, phones: int, wanted: int) -> tuple[list[Actor], dict[str, Any]]:
    """A forum with open questions: who sits in it, and what a crowd has to know."""
    asked = tuple(forums.NewQuestion("yesno", f"Question {n}") for n in range(1, wanted + 1))
    made = await forums.make(
        hall, here.OPERATOR, forums.NewForum("Load", questions=asked), lambda key: key
    )
    tickets: list[str] = []
    while phones > len(tickets):
        n = min(phones - len(tickets), cards.MOST_TICKETS)
        tickets += [each.token for each in await cards.mint(hall, here.OPERATOR, made.id, n)]
    came = await many(tickets, lambda ticket: people.enter(hall, made.code, ticket))
    moderator = Actor(role="moderator", forum=made.id)
    numbers = [row["id"] for row in await hall.read(forums_screen.made, made.id)]
    for number in numbers:
        await questions.open_(hall, moderator, key=secrets.token_hex(16), question=number)
    seated = [Actor("seated", forum=made.id, seat=c.seat, seat_kind="ticket") for c in came]
    return seated, {
        "code": made.code,
        "moderator": made.moderator,
        "stage": made.stage,
        "tokens": [each.token for each in came],
        "questions": numbers,
    }


async def cast(hall: Hall, n: int) -> None:
    """Store `n` ballots in a forum of their own, whose seats answer all its questions."""
    voters = min(n, VOTERS)
    seated, made = await forum(hall, voters, -(-n // voters))

    async def one(i: int) -> None:
        question, voter = divmod(i, voters)
        answer = await ballots.cast(
            hall,
            seated[voter],
            question=made["questions"][question],
            key=secrets.token_hex(16),
            rev=1,
            nonce=secrets.token_hex(16),
            choice=("yes", "no", "abstain")[i % 3],
        )
        assert answer["status"] == "counted", answer

    await many(range(n), one)


async def many(of: Sequence[Any], work: Callable[[Any], Awaitable[T]]) -> list[T]:
    """The work for each, some hundreds at a time; what it gave, in order."""
    given: list[T] = []
    for at in range(0, len(of), AT_ONCE):
        given += await asyncio.gather(*map(work, of[at : at + AT_ONCE]))
    return given


def main() -> None:
    parser = argparse.ArgumentParser(prog="fill")
    parser.add_argument("--phones", type=int, default=0)
    parser.add_argument("--questions", type=int, default=1)
    parser.add_argument("--ballots", type=int, default=0)
    asked = parser.parse_args()

    async def fill(hall: Hall) -> dict[str, Any]:
        if asked.ballots:
            await cast(hall, asked.ballots)
            return {}
        return (await forum(hall, asked.phones, asked.questions))[1]

    chosen = here.settings()
    engine = create_engine(chosen.database_url)
    bring_up_to_date(engine, force=True)
    engine.dispose()
    print(json.dumps(here.on_hall(chosen, fill)))


if __name__ == "__main__":
    main()
