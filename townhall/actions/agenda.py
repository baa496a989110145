"""Steering the run of show: start, next, back, extend, a speaker's clock, end."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sqlmodel import Session

from townhall.actions.steering import steer
from townhall.domain import agenda as rules
from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.domain.segments import SEGMENTS
from townhall.hall import Change, Hall
from townhall.storage import agenda
from townhall.storage.schema import Forum

_SEEN = frozenset({"agenda", "forum", "stage", "tables", "draft", "room"})

Step = Callable[[rules.Run, int], rules.Run]


async def _step(
    hall: Hall,
    actor: Actor,
    key: str,
    name: str,
    step: Step,
    *,
    current: int | None = None,
    stage: bool = False,
) -> dict[str, Any]:
    """Run one step of the run of show; `stage` lets the stage follow the new segment.

    `current` is the segment that whoever pressed was looking at: pressing "next" on two consoles
    at once moves one step, not two.
    """

    def decide(session: Session, forum: Forum, now: int) -> Change[dict[str, Any]]:
        if current is not None and current != forum.current_segment:
            raise Refused("agenda_moved")
        assert forum.id is not None
        rows = agenda.of_forum(session, forum.id)
        run = step(rules.run_of(forum, rows), now)
        forum.state = run.state
        forum.started_at, forum.ended_at = run.started_at, run.ended_at
        forum.current_segment = run.current
        forum.speaker = asdict(run.speaker) if run.speaker else None
        for row, segment in zip(rows, run.segments, strict=True):
            row.extended = segment.extended
            row.started_at, row.ended_at = segment.started_at, segment.ended_at
            session.add(row)
        if stage:
            forum.stage = _scene(rows, run)
        body = {"current": run.current, "state": run.state}
        return Change(body, _SEEN, (name, body))

    return await steer(hall, actor, "agenda.steer", key, decide)


def _scene(rows: Any, run: rules.Run) -> dict[str, Any]:
    """What the stage shows when a segment begins, and after the last one."""
    row = next((row for row in rows if row.id == run.current), None)
    scene = SEGMENTS[row.kind].scene if row is not None else "waiting"
    return {"scene": scene, "question": row.question_id if row else None, "blank": False}


async def start(hall: Hall, actor: Actor, *, key: str) -> dict[str, Any]:
    """Begin the forum with its first segment. Refuses as `domain.agenda.start`."""
    return await _step(hall, actor, key, "agenda_start", rules.start, stage=True)


async def next_(
    hall: Hall, actor: Actor, *, key: str, current: int | None = None
) -> dict[str, Any]:
    """End the running segment and begin the next; after the last the forum ends."""
    return await _step(hall, actor, key, "agenda_next", rules.next_, current=current, stage=True)


async def back(hall: Hall, actor: Actor, *, key: str, current: int | None = None) -> dict[str, Any]:
    """Go back to the segment before."""
    return await _step(
        hall,
        actor,
        key,
        "agenda_back",
        lambda run, _now: rules.back(run),
        current=current,
        stage=True,
    )


async def extend(
    hall: Hall, actor: Actor, *, key: str, minutes: int, segment: int | None = None
) -> dict[str, Any]:
    """Give the running segment (or a coming one) more minutes, or fewer when negative."""

    def step(run: rules.Run, now: int) -> rules.Run:
        return (
            rules.extend(run, minutes) if segment is None else rules.adjust(run, segment, minutes)
        )

    return await _step(hall, actor, key, "agenda_extend", step)


async def speaker(hall: Hall, actor: Actor, *, key: str, name: str, seconds: int) -> dict[str, Any]:
    """Start a speaker's clock; 0 seconds stops it."""
    return await _step(
        hall, actor, key, "agenda_speaker", lambda run, now: rules.speaker(run, name, seconds, now)
    )


async def end(hall: Hall, actor: Actor, *, key: str) -> dict[str, Any]:
    """End the forum now."""
    return await _step(hall, actor, key, "agenda_end", rules.end, stage=True)
