"""What a rehearsal's figures mean for the evening: line by line, and GO, GO with care or NO-GO.

Pure. A line has a level, what is to be said of it (a key of the catalogue, in each language), and
the numbers of that sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from townhall.domain.capacity import DESCRIPTORS_BESIDE

Level = Literal["ok", "warning", "stop"]

_EXPLAINED = frozenset(("database", "disk_full", "disk_failed", "read_only"))
"""Reasons of /readyz with a sentence of their own: somebody must act. The others pass."""

_ORDER: tuple[Level, ...] = ("ok", "warning", "stop")


@dataclass(frozen=True)
class Figures:
    """What a rehearsal found. Durations are in milliseconds; None is what could not be known.

    `vote` and `vote_slow` are the 95th and the 99th percentile, `join` and `lag` the 95th.
    `miscounted` are questions whose count is other than what was cast. `unopened` are titles.
    `ready` is "ok" or the reason that /readyz gives.
    """

    phones: int = 0
    came: int = 0
    join: float = 0
    votes: int = 0
    unanswered: int = 0
    vote: float = 0
    vote_slow: float = 0
    lost: int = 0
    miscounted: int = 0
    lag: float | None = 0
    questions: int = 0
    unopened: tuple[str, ...] = ()
    deflate: bool | None = None
    descriptors: int | None = None
    workers: int = 1
    commit: float | None = None
    flush: float | None = None
    clock: float = 0
    synchronised: bool | None = None
    database: str = "sqlite"
    redis: bool = False
    ready: str = "ok"
    way: Literal["https", "http", "local"] = "local"


def figures_of(document: Mapping[str, Any]) -> Figures:
    """Stored figures, perhaps of another version: what is unknown here is passed over."""
    known = {each.name for each in fields(Figures)} & document.keys()
    found = {name: document[name] for name in known}
    return Figures(**found | {"unopened": tuple(found.get("unopened", ()))})


@dataclass(frozen=True)
class Line:
    """One line of the sheet: its subject, how it stands, what is said, and with what numbers."""

    key: str
    level: Level
    said: str
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """All lines, the worst first, and what they come to: the worst of them."""

    level: Level
    lines: tuple[Line, ...]


def verdict(found: Figures) -> Verdict:
    """The go/no-go sheet of these figures."""
    lines = (
        _lost(found),
        _came(found),
        _bar("join", found.join, 2_000, 5_000),
        _votes(found),
        _answered(found),
        _lag(found),
        _questions(found),
        _disk(found),
        _descriptors(found),
        _deflate(found),
        _clock(found),
        _server(found),
        _way(found),
    )
    ranked = sorted(lines, key=lambda line: -_ORDER.index(line.level))
    return Verdict(ranked[0].level, tuple(ranked))


def worst(*levels: Level) -> Level:
    """The worst of some levels; ok of none."""
    return _ORDER[max((_ORDER.index(level) for level in levels), default=0)]


def _graded(value: float, good: float, bearable: float) -> Level:
    return "ok" if value <= good else "warning" if value <= bearable else "stop"


def _line(key: str, level: Level, said: str | None = None, **numbers: Any) -> Line:
    return Line(key, level, said or level, numbers)


def _bar(key: str, value: float, good: float, bearable: float) -> Line:
    return _line(key, _graded(value, good, bearable), seconds=_seconds(value))


def _seconds(milliseconds: float) -> float:
    """As people read it: 0.01 is the shortest that is more than nothing."""
    return max(0.01, round(milliseconds / 1000, 2)) if milliseconds > 0 else 0


def _lost(found: Figures) -> Line:
    if found.lost:
        return _line("lost", "stop", n=found.lost, votes=found.votes)
    if found.miscounted:
        return _line("lost", "stop", "otherwise", n=found.miscounted)
    if not found.votes:
        return _line("lost", "warning", "none")
    return _line("lost", "ok", votes=found.votes)


def _came(found: Figures) -> Line:
    """Of a hundred phones five may stay outside with a warning."""
    missing = found.phones - found.came
    level = _graded(missing, 0, found.phones * 0.05)
    return _line("came", level, n=missing, came=found.came, phones=found.phones)


def _votes(found: Figures) -> Line:
    level = worst(_graded(found.vote, 300, 1_000), _graded(found.vote_slow, 1_000, 3_000))
    return _line("vote", level, seconds=_seconds(found.vote), slow=_seconds(found.vote_slow))


def _answered(found: Figures) -> Line:
    level = _graded(found.unanswered, 0, (found.votes + found.unanswered) * 0.01)
    return _line("answered", level, n=found.unanswered)


def _lag(found: Figures) -> Line:
    if found.lag is None:
        return _line("lag", "stop", "never")
    return _bar("lag", found.lag, 500, 2_000)


def _questions(found: Figures) -> Line:
    if found.unopened:
        titles = ", ".join(found.unopened)
        return _line("questions", "warning", n=len(found.unopened), titles=titles)
    if not found.questions:
        return _line("questions", "warning", "none")
    return _line("questions", "ok", n=found.questions)


def _disk(found: Figures) -> Line:
    """The slower of what the server measured at work, and a flush beside its database.

    Each process measures for itself, so of several there is no figure but that of the votes.
    """
    known = [each for each in (found.commit, found.flush) if each is not None]
    if not known:
        several = found.workers > 1
        return _line("disk", "ok", "several" if several else "unknown", n=found.workers)
    return _bar("disk", max(known), 50, 250)


def _descriptors(found: Figures) -> Line:
    if found.descriptors is None:
        return _line("descriptors", "warning", "unknown", phones=found.phones)
    room = max(0, found.workers * (found.descriptors - DESCRIPTORS_BESIDE))
    level: Level = "ok" if room >= found.phones else "stop"
    return _line("descriptors", level, room=room, phones=found.phones)


def _deflate(found: Figures) -> Line:
    if found.deflate is None:
        return _line("deflate", "warning", "unknown")
    return _line("deflate", "warning" if found.deflate else "ok")


def _clock(found: Figures) -> Line:
    seconds = round(abs(found.clock) / 1000)
    if abs(found.clock) > 2_000:
        return _line("clock", "warning", "differs", seconds=seconds)
    if found.synchronised is None:
        return _line("clock", "ok", "unknown")
    return _line("clock", "ok" if found.synchronised else "warning")


def _server(found: Figures) -> Line:
    """The database, and Redis where several processes share it."""
    where = f"{found.database}_{'redis' if found.redis else 'alone'}"
    if found.ready == "bus_deaf":
        return _line("server", "warning", "bus_deaf")
    if found.ready != "ok":
        return _line("server", "stop", found.ready if found.ready in _EXPLAINED else "stop")
    return _line("server", "ok", where, n=found.workers)


def _way(found: Figures) -> Line:
    return _line("way", "ok" if found.way == "https" else "warning", found.way)
