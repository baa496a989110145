"""What desks wrote, as each audience may see it.

During the talk a desk sees its own notes, and of other tables only how far they are: what one
table says must not steer another. Sent summaries are everyone's.
"""

from typing import Any

from sqlmodel import Session

from townhall.domain.audience import Audience
from townhall.storage import forums
from townhall.storage import notes as stored


def notes(
    session: Session, forum_id: int, audience: Audience, table: int | None
) -> list[dict[str, Any]]:
    """All notes for the console, its own table's for a desk, none for anybody else."""
    if audience == "console":
        return stored.listed(session, forum_id)
    if audience == "desk" and table is not None:
        return stored.listed(session, forum_id, table)
    return []


def tables(
    session: Session, forum_id: int, audience: Audience, table: int | None
) -> list[dict[str, Any]]:
    """How far each table is, for `calls_of` to take away whose calls a room may not see."""
    running = forums.get(session, forum_id).current_segment
    counts = stored.counts(session, forum_id)
    states = stored.summary_states(session, stored.summarised(session, forum_id, running))
    return [
        {
            "number": row.number,
            "title": row.title,
            "notes": counts.get(row.number, 0),
            "summary": states.get(row.number, "none"),
            "head_count": row.head_count,
            "calling": row.calling,
            "called_at": row.called_at,
        }
        for row in forums.tables(session, forum_id)
    ]


def calls_of(
    found: list[dict[str, Any]], audience: Audience, table: int | None
) -> list[dict[str, Any]]:
    """The same tables; why one calls is for itself and the console."""
    return [
        row
        if audience == "console" or row["number"] == table or row["calling"] is None
        else {**row, "calling": None, "called_at": None}
        for row in found
    ]


def summaries(
    session: Session,
    forum_id: int,
    audience: Audience,
    table: int | None,
) -> list[dict[str, Any]]:
    """What tables have sent to the stage; drafts and retracted ones are not there."""
    return stored.sent(session, forum_id)


def draft(
    session: Session, forum_id: int, audience: Audience, table: int | None
) -> dict[str, Any] | None:
    """A desk's own summary, sent or not, of the segment `storage.notes.summarised` names."""
    if audience != "desk" or table is None:
        return None
    running = forums.get(session, forum_id).current_segment
    segment = stored.summarised(session, forum_id, running)
    return stored.summary_facts(stored.summary_of(session, segment, table))
