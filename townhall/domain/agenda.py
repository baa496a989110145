"""The run of show: which segment runs, by the plan and by the clock.

Every command takes the run so far and the time (epoch milliseconds) and gives the new run, or
refuses. The plan never moves, so that each screen can tell by its own clock how late it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, cast

from townhall.domain import text
from townhall.domain.errors import Refused

State = Literal["before", "running", "ended"]

LONGEST = 480
"""No segment lasts longer than this, in minutes."""

_NAME_LIMIT = 40
_SPEECH_SECONDS = range(10, 3_601)


@dataclass(frozen=True)
class Segment:
    """One item: planned `minutes`, and what the moderator added (or took away) as `extended`."""

    id: int
    kind: str
    minutes: int
    extended: int = 0
    started_at: int | None = None
    ended_at: int | None = None


@dataclass(frozen=True)
class Speaker:
    """Who speaks, for how many seconds, since when."""

    name: str
    seconds: int
    started_at: int


@dataclass(frozen=True)
class Run:
    """A forum's run of show. `current` is a segment's id while it runs."""

    starts_at: int
    segments: tuple[Segment, ...]
    state: State = "before"
    started_at: int | None = None
    ended_at: int | None = None
    current: int | None = None
    speaker: Speaker | None = None

    @property
    def position(self) -> int:
        """Where the current segment stands, from 0; -1 when none runs."""
        ids = [segment.id for segment in self.segments]
        return -1 if self.current is None else ids.index(self.current)


class HasRun(Protocol):
    """A stored forum: its run as plain columns."""

    starts_at: int
    state: str
    started_at: int | None
    ended_at: int | None
    current_segment: int | None
    speaker: dict[str, Any] | None


class HasSegment(Protocol):
    """A stored segment as plain columns."""

    id: int | None
    kind: str
    minutes: int
    extended: int
    started_at: int | None
    ended_at: int | None


def run_of(forum: HasRun, segments: Iterable[HasSegment]) -> Run:
    """The run of a stored forum and its segments in order."""
    return Run(
        starts_at=forum.starts_at,
        segments=tuple(
            Segment(
                cast("int", row.id),
                row.kind,
                row.minutes,
                row.extended,
                row.started_at,
                row.ended_at,
            )
            for row in segments
        ),
        state=cast("State", forum.state),
        started_at=forum.started_at,
        ended_at=forum.ended_at,
        current=forum.current_segment,
        speaker=Speaker(**forum.speaker) if forum.speaker else None,
    )


def start(run: Run, now: int) -> Run:
    """Begin with the first segment. Refuses `agenda_started`, `agenda_empty`."""
    if run.state != "before":
        raise Refused("agenda_started", state=run.state)
    if not run.segments:
        raise Refused("agenda_empty")
    first = run.segments[0]
    begun = replace(run, state="running", started_at=now, current=first.id)
    return _with(begun, replace(first, started_at=now))


def next_(run: Run, now: int) -> Run:
    """End the current segment and begin the one after. Refuses `agenda_not_running`,
    `agenda_last`.
    """
    here = _position(run)
    if here + 1 == len(run.segments):
        raise Refused("agenda_last")
    before, after = run.segments[here], run.segments[here + 1]
    moved = replace(run, current=after.id, speaker=None)
    return _with(moved, replace(before, ended_at=now), replace(after, started_at=now))


def back(run: Run) -> Run:
    """Undo the last step: the segment before goes on as if it had never ended.

    Refuses `agenda_not_running`, `agenda_first`.
    """
    here = _position(run)
    if here == 0:
        raise Refused("agenda_first")
    before, after = run.segments[here - 1], run.segments[here]
    moved = replace(run, current=before.id, speaker=None)
    return _with(moved, replace(before, ended_at=None), replace(after, started_at=None))


def end(run: Run, now: int) -> Run:
    """End the forum and whatever segment runs. Refuses `agenda_not_running`."""
    last = run.segments[_position(run)]
    ended = replace(run, state="ended", ended_at=now, current=None, speaker=None)
    return _with(ended, replace(last, ended_at=now))


def extend(run: Run, minutes: int) -> Run:
    """Give the current segment more minutes (or fewer, below zero). See `adjust`."""
    return adjust(run, run.segments[_position(run)].id, minutes)


def adjust(run: Run, segment: int, minutes: int) -> Run:
    """Make the current or a coming segment longer, or shorter by a negative number.

    Refuses `segment_unknown`, `segment_ended` (it has ended), and `minutes_invalid` unless between
    1 and 480 minutes are left of it in all.
    """
    found = next((each for each in run.segments if each.id == segment), None)
    if found is None:
        raise Refused("segment_unknown")
    if found.ended_at is not None or run.state == "ended":
        raise Refused("segment_ended")
    longer = replace(found, extended=found.extended + minutes)
    if minutes == 0 or not 1 <= longer.minutes + longer.extended <= LONGEST:
        raise Refused("minutes_invalid", most=LONGEST)
    return _with(run, longer)


def speaker(run: Run, name: str, seconds: int, now: int) -> Run:
    """Start a speaker's clock (10 to 3,600 seconds), or stop it with 0.

    Refuses `agenda_not_running`, `speech_invalid` (least, most), and what `text.clean` refuses.
    """
    _position(run)
    if seconds == 0:
        return replace(run, speaker=None)
    if seconds not in _SPEECH_SECONDS:
        raise Refused("speech_invalid", least=_SPEECH_SECONDS[0], most=_SPEECH_SECONDS[-1])
    cleaned = text.clean(name, limit=_NAME_LIMIT, required=False, field="name")
    return replace(run, speaker=Speaker(cleaned, seconds, now))


def _position(run: Run) -> int:
    if run.state != "running":
        raise Refused("agenda_not_running", state=run.state)
    return run.position


def _with(run: Run, *changed: Segment) -> Run:
    by_id = {segment.id: segment for segment in changed}
    return replace(run, segments=tuple(by_id.get(each.id, each) for each in run.segments))
