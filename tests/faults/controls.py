"""Servers that are wrong on purpose: `python -m tests.faults.controls NAME serve …`.

Each control is `townhall` with one function replaced. A fault test runs its oracle against the
product and against its control; an oracle that finds nothing in the control proves nothing. The
product itself has no such switch.
"""

import asyncio
import dataclasses
import itertools
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, text

from townhall.actions import people
from townhall.cli import main
from townhall.domain.errors import Refused
from townhall.sockets.outbox import Outbox
from townhall.storage.ballots import CastBallot, receipt
from townhall.storage.batch_rows import BatchRows
from townhall.storage.writer import Writer


def replace(owner: type | ModuleType, name: str, function: Callable[..., Any]) -> None:
    """Replace what is there; a control of what has moved away would prove nothing."""
    if name not in vars(owner):
        raise SystemExit(f"{owner.__name__} has no {name}: this control needs a new place")
    setattr(owner, name, function)


def early_acknowledgement() -> None:
    """A vote is acknowledged at once, and on disk a second later (`appendfsync everysec`)."""

    def cast(self: Writer, ballot: CastBallot, told: Callable[[Any], None]) -> None:
        later = asyncio.get_running_loop().call_later
        later(1.0, self._enqueue, ballot, lambda _answer: None)
        found = receipt(ballot.ballot_id, ballot.commitment, self.id, 0)
        told({"status": "counted", "rev": ballot.rev, "receipt": found})

    replace(Writer, "cast", cast)


def plain_read() -> None:
    """A batch reads whether its questions are open, and holds no lock that a close waits for."""

    def questions(self: BatchRows, connection: Connection, ids: Iterable[int]) -> dict[int, Any]:
        rows = connection.execute(
            text("SELECT * FROM question WHERE id = ANY(:ids)"), {"ids": sorted(ids)}
        )
        return {row.id: row for row in rows.all()}

    replace(BatchRows, "questions", questions)


def forgotten_keys() -> None:
    """A vote that is sent again is told that its seat has voted: nobody remembers its key."""
    original = Writer.cast

    def cast(self: Writer, ballot: CastBallot, told: Callable[[Any], None]) -> None:
        def forgetting(answer: dict[str, Any]) -> None:
            again = answer["status"] == "counted_before"
            told({"status": "already_voted"} if again else answer)

        original(self, ballot, forgetting)

    replace(Writer, "cast", cast)


def last_one_wins() -> None:
    """Of two votes of a seat the one that arrives last counts, whatever their revs say.

    The revs are moments, so that they go on rising after a restart.
    """
    original, arrived = Writer.cast, itertools.count(time.time_ns() // 1_000_000)

    def cast(self: Writer, ballot: CastBallot, told: Callable[[Any], None]) -> None:
        original(self, dataclasses.replace(ballot, rev=next(arrived)), told)

    replace(Writer, "cast", cast)


def forgotten_votes() -> None:
    """Every third vote is acknowledged and never stored."""
    original, numbers = Writer.cast, itertools.count(1)

    def cast(self: Writer, ballot: CastBallot, told: Callable[[Any], None]) -> None:
        if next(numbers) % 3:
            original(self, ballot, told)
            return
        found = receipt(ballot.ballot_id, ballot.commitment, self.id, 0)
        told({"status": "counted", "choice": ballot.said, "rev": ballot.rev, "receipt": found})

    replace(Writer, "cast", cast)


def address_limit() -> None:
    """An address lets in a hundred connections in ten seconds, as if a hall were one phone."""
    original, came = people.arrive, deque[float]()

    async def arrive(*asked: Any) -> Any:
        while came and came[0] < time.monotonic() - 10:
            came.popleft()
        if len(came) >= 100:
            raise Refused("too_many", seconds=10)
        came.append(time.monotonic())
        return await original(*asked)

    replace(people, "arrive", arrive)


def no_catching_up() -> None:
    """Screens trust the news that travels and never look at the stored versions."""

    async def catch_up(self: Outbox) -> None:
        pass

    replace(Outbox, "catch_up", catch_up)


CONTROLS: dict[str, Callable[[], None]] = {
    "early_acknowledgement": early_acknowledgement,
    "plain_read": plain_read,
    "no_catching_up": no_catching_up,
    "forgotten_keys": forgotten_keys,
    "forgotten_votes": forgotten_votes,
    "last_one_wins": last_one_wins,
    "address_limit": address_limit,
}

if __name__ == "__main__":
    CONTROLS[sys.argv.pop(1)]()
    main()
