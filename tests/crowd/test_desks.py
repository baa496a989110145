"""A facilitator counts the people who sit at the table, and no others."""

import random
from types import SimpleNamespace
from typing import Any

import pytest

from townhall.crowd import people
from townhall.crowd.desks import Desk
from townhall.crowd.pace import Pace

pytestmark = pytest.mark.anyio


class Tablet:
    """A client whose forum is over as soon as the heads are counted."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.over = True
        self.store: dict[str, Any] = {}

    async def settle(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.sent.append((event, payload))
        return {"status": "ok"}


@pytest.mark.parametrize(("heads", "counted"), [(10, 10), (0, 0), (500, 99)])
async def test_a_facilitator_counts_who_sits_at_the_table(heads: int, counted: int) -> None:
    tablet, dice = Tablet(), random.Random(1)
    client: Any = tablet
    await Desk(client, 1, heads, Pace(1_000_000, dice), dice).attend()
    assert tablet.sent == [("head_count", {"count": counted})]


async def test_the_heads_of_all_tables_are_the_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    guests: dict[int, int] = {}
    heads: dict[int, int] = {}

    class Crowd:
        counters = SimpleNamespace()

        async def guest(self, http: object, doors: object, ticket: str, table: int) -> None:
            guests[table] = guests.get(table, 0) + 1

        async def desk(self, number: int, token: str, counted: int) -> None:
            heads[number] = counted

    monkeypatch.setattr(people, "_Crowd", lambda *_: Crowd())
    tickets = [f"t{n}" for n in range(11)]
    await people.run("http://a", "123456", tickets=tickets, tables={3: "c", 1: "a", 2: "b"})
    assert heads == guests == {1: 4, 2: 4, 3: 3}
