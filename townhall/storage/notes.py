"""Notes of the tables with their history, summaries, head counts and calls for staff. Queries only.

Belongs here: what desks write down. Does not belong here: who may write, limits and what a
repeated key means (`actions.notes`), and who may see it (`screens.notes`). Every writing function
runs inside `Hall.change`, whose raised revision puts the changes of one forum in a line.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from townhall.domain.errors import Refused
from townhall.storage.schema import (
    Note,
    NoteVersion,
    Segment,
    Summary,
    SummaryVersion,
    TableGroup,
)

SUMMARISED = "tables"
"""The kind of segment in which a table sums up."""

# As plain columns, because a finished forum may hold ten thousand notes.
_NOTE: list[Any] = [
    col(Note.id),
    col(Note.table_no).label("table"),
    col(Note.segment_id).label("segment"),
    col(Note.kind),
    col(Note.text),
    col(Note.seat),
    col(Note.rev),
    col(Note.created_at),
    col(Note.edited_at),
]


def listed(session: Session, forum: int, table: int | None = None) -> list[dict[str, Any]]:
    """The notes of a forum, or of one table, oldest first, without removed ones."""
    wanted = columns(*_NOTE).where(col(Note.forum_id) == forum, col(Note.removed_at).is_(None))
    if table is not None:
        wanted = wanted.where(col(Note.table_no) == table)
    rows = session.connection().execute(wanted.order_by(col(Note.id))).mappings()
    return [dict(row) for row in rows]


def current(session: Session, note: int) -> dict[str, Any]:
    """One note as `listed` gives it."""
    rows = session.connection().execute(columns(*_NOTE).where(col(Note.id) == note)).mappings()
    return dict(rows.one())


def counts(session: Session, forum: int) -> dict[int, int]:
    """How many notes each table has; tables without any are absent."""
    rows: Sequence[tuple[int, int]] = session.exec(
        select(Note.table_no, func.count())
        .where(Note.forum_id == forum, col(Note.removed_at).is_(None))
        .group_by(col(Note.table_no))
    ).all()
    return dict(rows)


def get(session: Session, forum: int, note: int) -> Note:
    """A note of this forum, removed or not, or Refused("not_found")."""
    found = session.get(Note, note)
    if found is None or found.forum_id != forum:
        raise Refused("not_found")
    return found


def by_key(session: Session, forum: int, key: str) -> Note | None:
    """The note that was first written under this key."""
    return session.exec(select(Note).where(Note.forum_id == forum, Note.key == key)).first()


def rev_of_key(session: Session, note: int, key: str) -> int | None:
    """Which rev of a note this key wrote."""
    return session.exec(
        select(NoteVersion.rev).where(NoteVersion.note_id == note, NoteVersion.key == key)
    ).first()


def add(session: Session, note: Note) -> int:
    """Store a new note with its first version; its id."""
    session.add(note)
    session.flush()
    assert note.id is not None
    _keep(session, note, note.key, note.created_at)
    return note.id


def edit(
    session: Session, note: Note, *, key: str, kind: str, text: str, seat: int | None, now: int
) -> int:
    """Give a note its next version; the new rev."""
    note.rev += 1
    note.kind, note.text, note.seat, note.edited_at = kind, text, seat, now
    _keep(session, note, key, now)
    return note.rev


def remove(session: Session, note: Note, *, key: str, now: int) -> int:
    """Take a note away; its history stays, with the removal as its last rev."""
    note.rev += 1
    note.removed_at = now
    _keep(session, note, key, now)
    return note.rev


def _keep(session: Session, note: Note, key: str, now: int) -> None:
    assert note.id is not None
    session.add(
        NoteVersion(
            note_id=note.id,
            rev=note.rev,
            key=key,
            kind=note.kind,
            text=note.text,
            seat=note.seat,
            at=now,
        )
    )
    session.flush()


def summarised(session: Session, forum: int, now_running: int | None) -> int | None:
    """The segment whose summaries are on people's minds: the one that runs, if tables talk in it,
    else the last in which they did."""
    kind = session.exec(select(Segment.kind).where(Segment.id == now_running)).first()
    if kind == SUMMARISED:
        return now_running
    return session.exec(
        select(Segment.id)
        .where(
            Segment.forum_id == forum,
            Segment.kind == SUMMARISED,
            col(Segment.started_at).is_not(None),
        )
        .order_by(col(Segment.started_at).desc(), col(Segment.id).desc())
    ).first()


def summary_of(session: Session, segment: int | None, table: int) -> Summary | None:
    """What a table has written as its summary of a segment."""
    return session.exec(
        select(Summary).where(Summary.segment_id == segment, Summary.table_no == table)
    ).first()


def summary_facts(summary: Summary | None) -> dict[str, Any] | None:
    """A summary as its own desk sees it."""
    if summary is None:
        return None
    return {
        "segment": summary.segment_id,
        "text": summary.text,
        "rev": summary.rev,
        "sent_at": summary.sent_at,
    }


def summary_by_key(session: Session, forum: int, table: int, key: str) -> SummaryVersion | None:
    """The version of any of a table's summaries that this key wrote."""
    return session.exec(
        select(SummaryVersion)
        .join(Summary, col(Summary.id) == col(SummaryVersion.summary_id))
        .where(
            Summary.forum_id == forum,
            Summary.table_no == table,
            SummaryVersion.key == key,
        )
    ).first()


def save_summary(
    session: Session, summary: Summary, *, key: str, text: str, send: bool, now: int
) -> int:
    """Give a summary, new or known, its next version; its id. `send` puts it on stage or back."""
    summary.rev += 1
    summary.text = text
    summary.sent_at = now if send else None
    session.add(summary)
    session.flush()
    assert summary.id is not None
    session.add(
        SummaryVersion(
            summary_id=summary.id, rev=summary.rev, key=key, text=text, sent=send, at=now
        )
    )
    session.flush()
    return summary.id


def sent(session: Session, forum: int) -> list[dict[str, Any]]:
    """The summaries that are on stage, by segment and table."""
    facts: list[Any] = [
        col(Summary.segment_id).label("segment"),
        col(Summary.table_no).label("table"),
        col(Summary.text),
        col(Summary.sent_at),
    ]
    wanted = (
        columns(*facts)
        .where(col(Summary.forum_id) == forum, col(Summary.sent_at).is_not(None))
        .order_by(col(Summary.segment_id), col(Summary.table_no))
    )
    return [dict(row) for row in session.connection().execute(wanted).mappings()]


def summary_state(summary: Summary | None) -> str:
    """none | draft | sent."""
    if summary is None or not (summary.text or summary.sent_at):
        return "none"
    return "draft" if summary.sent_at is None else "sent"


def summary_states(session: Session, segment: int | None) -> dict[int, str]:
    """How far the summary of each table is in one segment; a table without any is absent."""
    rows = session.exec(select(Summary).where(Summary.segment_id == segment))
    return {row.table_no: summary_state(row) for row in rows}


def reported(session: Session, forum: int, now_running: int | None) -> int:
    """How many tables have sent the summary that is due, as `summarised` says."""
    states = summary_states(session, summarised(session, forum, now_running))
    return sum(state == "sent" for state in states.values())


def table(session: Session, forum: int, number: int) -> TableGroup:
    """A table of this forum, or Refused("not_found")."""
    found = session.exec(
        select(TableGroup).where(TableGroup.forum_id == forum, TableGroup.number == number)
    ).first()
    if found is None:
        raise Refused("not_found")
    return found
