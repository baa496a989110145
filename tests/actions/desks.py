"""A forum with two tables, and how tests of desks look at what a facilitator sees."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests import facts
from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.screens import notes as screens
from townhall.storage.database import writing


def key(n: int) -> str:
    return f"{n:032x}"


@dataclass(frozen=True)
class Room:
    """A running forum with two tables and a facilitator at each."""

    forum: int
    segment: int
    desk: Actor
    other: Actor


def furnish(hall: Hall) -> Room:
    with writing(hall.database) as session:
        forum = facts.forum(session)
        for number in (1, 2):
            facts.table(session, forum, number)
        segment = facts.segment(session, forum)
    desk = Actor("facilitator", forum=forum, table=1)
    return Room(forum, segment, desk, replace(desk, table=2))


async def shown(hall: Hall, actor: Actor, view: Any = screens.notes) -> Any:
    assert actor.forum is not None
    return await hall.read(view, actor.forum, "desk", actor.table)


async def refused(call: Any) -> tuple[str, dict[str, object]]:
    with pytest.raises(Refused) as caught:
        await call
    return caught.value.code, caught.value.details
