"""A hall in which every change has to announce whatever it moves on any screen.

Screens trust that it does: who was told the news of every revision is not looked after again, so
that a part which a change forgot to name would stay on every screen as it was. Comparing costs more
than the change, so the short form looks at the first of each kind, the long form at all.
"""

import inspect
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import orjson
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session

from townhall.domain.audience import Audience
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.screens import slices

T = TypeVar("T")
Shown = dict[tuple[Audience, int | None, str], bytes]

ROOMS: tuple[tuple[Audience, int | None], ...] = (
    ("phone", None),
    ("stage", None),
    ("console", None),
    ("desk", 1),
)


class WatchedHall(Hall):
    """Compares what every screen shows before and after a change, within its transaction."""

    always: ClassVar[bool] = False
    seen: ClassVar[Counter[tuple[str, ...]]] = Counter()

    async def change(
        self,
        forum: int | None,
        decide: Callable[[Session, int], Change[T]],
        *,
        revise: bool = True,
        together: bool = False,
    ) -> T:
        """As in `Hall`; fails where the change keeps something to itself."""
        self.seen[kind_of(decide)] += 1
        if forum is None or (self.seen[kind_of(decide)] > 1 and not self.always):
            return await super().change(forum, decide, revise=revise, together=together)

        def watched(session: Session, now: int) -> Change[T]:
            before = shown(session, forum)
            change = decide(session, now)
            session.flush()
            after = shown(session, forum)
            moved = {part[2] for part in before.keys() & after if before[part] != after[part]}
            assert moved <= change.slices, f"{sorted(moved - change.slices)} moved, and nobody said"
            return change

        return await super().change(forum, watched, revise=revise, together=together)


def kind_of(decide: Callable[..., Any]) -> tuple[str, ...]:
    """The function that decides, and those that it hands on to."""
    function = inspect.unwrap(getattr(decide, "func", decide))
    inner = inspect.getclosurevars(function).nonlocals.get("decide")
    return (function.__qualname__, *(kind_of(inner) if inner is not None else ()))


def shown(session: Session, forum: int) -> Shown:
    """What the screens of a forum show at this point of a transaction, if it is there."""
    seen: slices.Seen = {}
    with Session(session.connection()) as beside:
        try:
            return {
                (audience, table, name): orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
                for audience, table in ROOMS
                for name, value in slices.read(beside, forum, audience, table, seen=seen)[1].items()
            }
        except (Refused, NoResultFound):
            return {}
