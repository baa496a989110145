"""The run of show as everyone sees it: facts and times, so that each screen counts by itself."""

from typing import Any

from sqlmodel import Session

from townhall.domain.audience import Audience
from townhall.domain.segments import SEGMENTS
from townhall.storage import agenda as stored
from townhall.storage import forums

_MINUTE = 60_000


def agenda(
    session: Session, forum_id: int, audience: Audience, table: int | None
) -> dict[str, Any]:
    """Segments in order with planned and actual times; never depends on the present moment."""
    forum = forums.get(session, forum_id)
    planned = forum.starts_at
    segments: list[dict[str, Any]] = []
    for row in stored.of_forum(session, forum_id):
        segments.append(
            {
                "id": row.id,
                "kind": row.kind,
                "title": row.title,
                "prompt": row.prompt,
                "minutes": row.minutes,
                "extended": row.extended,
                "spare": SEGMENTS[row.kind].spare,
                "question": row.question_id,
                "facts": row.facts,
                "started_at": row.started_at,
                "ended_at": row.ended_at,
                "planned_at": planned,
            }
        )
        planned += row.minutes * _MINUTE
    return {
        "state": forum.state,
        "starts_at": forum.starts_at,
        "started_at": forum.started_at,
        "ended_at": forum.ended_at,
        "current": forum.current_segment,
        "segments": segments,
        "speaker": forum.speaker,
    }


def starts(agenda: dict[str, Any], now: int) -> dict[int, int]:
    """When each segment of a slice began or will begin as things stand, for a page's first paint.

    A page's script goes on from there with `static/js/lib/agenda.js`, which says the same.
    """
    found: dict[int, int] = {}
    at = agenda["starts_at"] if agenda["state"] == "ended" else max(agenda["starts_at"], now)
    for each in agenda["segments"]:
        began = at if each["started_at"] is None else each["started_at"]
        found[each["id"]] = began
        over = began + (each["minutes"] + each["extended"]) * _MINUTE
        if each["started_at"] is None:
            at = over
        else:
            at = max(now, over) if each["ended_at"] is None else each["ended_at"]
    return found
