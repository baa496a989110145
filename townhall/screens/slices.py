"""Which named parts a live screen has, who may see each, and the one function that reads them.

A slice is the whole current value of one part of a screen. It never depends on the present time,
so a lost or doubled frame is harmless and reconnecting means "send me what is newer".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlmodel import Session

from townhall.domain.audience import EVERYONE, Audience
from townhall.screens import (
    agenda,
    asks,
    forums,
    notes,
    questions,
    rehearsals,
    selections,
    trouble,
)
from townhall.storage import audit

View = Callable[[Session, int, Audience, int | None], Any]
Version = tuple[str, int, int]  # epoch, revision, ballot batches
Seen = dict[tuple[Any, ...], Any]
"""What was read of one snapshot: who reads what -> its value."""


@dataclass(frozen=True)
class Slice:
    """Who may see a part, and the function `(session, forum, audience, table)` that reads it.

    The function is told no more of who asks than its value `varies` by, so that rooms which see
    the same are read once. `trim(value, audience, table)` takes away what a room may not see of a
    value that was read for all.
    """

    audiences: frozenset[Audience]
    view: View
    varies: Literal["never", "audience", "table"] = "audience"
    trim: Callable[[Any, Audience, int | None], Any] | None = None

    def read(
        self, session: Session, forum: int, audience: Audience, table: int | None, seen: Seen
    ) -> Any:
        """Its value for one room, from `seen` where another room that sees the same left it."""
        shown = audience if self.varies != "never" else "public"
        place = table if self.varies == "table" else None
        found = _once(seen, self.view, session, forum, shown, place)
        return found if self.trim is None else self.trim(found, audience, table)


def _once(seen: Seen, look: Callable[..., Any], session: Session, *asked: Any) -> Any:
    name = (look, *asked)
    if name not in seen:
        seen[name] = look(session, *asked)
    return seen[name]


_STAFF: frozenset[Audience] = frozenset(("desk", "console"))

SLICES: Mapping[str, Slice] = {
    "forum": Slice(EVERYONE, forums.forum),
    "agenda": Slice(EVERYONE, agenda.agenda),
    "stage": Slice(EVERYONE, forums.stage),
    "questions": Slice(EVERYONE, questions.questions),
    "turnout": Slice(EVERYONE, questions.turnout, varies="never"),
    "tally": Slice(EVERYONE, questions.tally),
    "summaries": Slice(EVERYONE, notes.summaries),
    "asks": Slice(EVERYONE, asks.asks),
    "score": Slice(EVERYONE, selections.score),
    "tables": Slice(_STAFF, notes.tables, varies="never", trim=notes.calls_of),
    "notes": Slice(_STAFF, notes.notes, varies="table"),
    "draft": Slice(frozenset(("desk",)), notes.draft, varies="table"),
    "room": Slice(frozenset(("console",)), forums.room),
    "rehearsal": Slice(frozenset(("console",)), rehearsals.rehearsal),
    "trouble": Slice(frozenset(("console", "stage")), trouble.trouble),
}

ALL: frozenset[str] = frozenset(SLICES)
ON_PHONES: frozenset[str] = frozenset(
    name for name, part in SLICES.items() if "phone" in part.audiences
)

_UNCOUNTED = ("room", "rehearsal", "trouble")
"""What moves although no version does: who is here, and what can be saved."""

FRESH_MS = 1_000
MOST_KEPT = 500

_recent: dict[tuple[str, int, Audience, int | None], tuple[Version, dict[str, Any], int]] = {}


def counted(audience: Audience) -> bool:
    """Whether all that this audience sees moves the version, but for how many have joined."""
    return not any(audience in SLICES[name].audiences for name in _UNCOUNTED)


def read(
    session: Session,
    forum: int,
    audience: Audience,
    table: int | None = None,
    names: Iterable[str] = ALL,
    *,
    epoch: str = "",
    seen: Seen | None = None,
) -> tuple[Version, dict[str, Any]]:
    """The version and the named slices this audience may see, from one snapshot.

    Who reads several rooms of one snapshot hands the same `seen` to each. A name that only a
    newer process knows is passed over.
    """
    seen = {} if seen is None else seen
    revision, batches = _once(seen, audit.version, session, forum)
    values = {
        name: SLICES[name].read(session, forum, audience, table, seen)
        for name in sorted(SLICES.keys() & names)
        if audience in SLICES[name].audiences
    }
    return (epoch, revision, batches), values


def recent(
    session: Session,
    forum: int,
    audience: Audience,
    table: int | None,
    *,
    epoch: str,
    now: int,
) -> tuple[Version, dict[str, Any]]:
    """The same, all slices, for whoever comes in: a hall that arrives at once is read once.

    What was read before serves while its version stands, and at most `FRESH_MS`, because
    joining moves no version. Callers must not change what they get.
    """
    if not counted(audience):
        return read(session, forum, audience, table, epoch=epoch)
    name = (epoch, forum, audience, table)
    revision, batches = audit.version(session, forum)
    kept = _recent.get(name)
    if kept is None or kept[0] != (epoch, revision, batches) or not 0 <= now - kept[2] <= FRESH_MS:
        if len(_recent) >= MOST_KEPT:
            _recent.clear()
        kept = (*read(session, forum, audience, table, epoch=epoch), now)
        _recent[name] = kept
    return kept[0], kept[1]


def versions(session: Session, forums: list[int]) -> dict[int, tuple[int, int]]:
    """Revision and ballot batches of several forums, for whoever must notice a lost frame."""
    return audit.versions(session, forums)
