"""Copies of forums to rehearse in: made, closed, deleted; and what the last rehearsal found.

Belongs here: rows of a copy and that none of them stays. Does not belong here: who is let into one
(`actions.rehearsals`). A forum that is no copy cannot be deleted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, delete, func, select
from sqlmodel import Session, col, update
from sqlmodel import select as rows

from townhall.domain.errors import Refused
from townhall.storage import agenda, forums, fresh, questions, sessions
from townhall.storage.forums import COPY_DIGITS
from townhall.storage.schema import (
    Ask,
    Forum,
    Note,
    Question,
    Rehearsal,
    Seat,
    Segment,
    Summary,
    metadata,
)
from townhall.storage.schema import Session as SessionRow

_PARENTS: Mapping[str, Any] = {
    "question_id": Question,
    "seat_id": Seat,
    "note_id": Note,
    "summary_id": Summary,
    "ask_id": Ask,
}
"""How a table that does not name its forum belongs to one. A copy has no selection."""


def duplicate(session: Session, original: Forum, title: str, now: int) -> int:
    """A forum like another one before it began: run of show, questions, tables; its id.

    Selections are left out: a score belongs to the real votes alone.
    """
    assert original.id is not None
    copy = Forum(
        code="",
        title=title,
        host=original.host,
        language=original.language,
        entry=original.entry,
        template=original.template,
        starts_at=now,
        stage={"scene": "waiting"},
        created_at=now,
        rehearses=original.id,
    )
    made = forums.add(session, copy)
    for table in forums.tables(session, original.id):
        forums.add_tables(session, made, 1, table.number)
    asked = _questions(session, original.id, made)
    for row in agenda.of_forum(session, original.id):
        segment = Segment(
            forum_id=made,
            position=row.position,
            kind=row.kind,
            title=row.title,
            prompt=row.prompt,
            minutes=row.minutes,
            question_id=asked.get(row.question_id or 0),
            facts=dict(row.facts),
        )
        agenda.add(session, segment)
    return made


def _questions(session: Session, original: int, made: int) -> dict[int, int]:
    """The questions as drafts; old id -> new id."""
    found: dict[int, int] = {}
    for row in questions.of_forum(session, original):
        told = row.config.get("over") == "summaries"  # its options are what the tables will say
        new = questions.again(
            row,
            made,
            options=[] if told else row.options,
            first_id=found.get(row.first_id or 0),
            reopens=found.get(row.reopens or 0),
        )
        found[row.id or 0] = questions.add(session, new)
    return found


def copies(session: Session) -> list[int]:
    """The copies that there are: by what the row says and by its code, which must agree."""
    found = rows(Forum.id).where(
        col(Forum.rehearses).is_not(None), func.length(col(Forum.code)) >= COPY_DIGITS
    )
    return [forum for forum in session.exec(found) if forum is not None]


def close(session: Session, forum: int, now: int) -> None:
    """Let nobody in any more, end every session and take no vote; then it can be deleted."""
    copy = _copy(session, forum)
    sessions.revoke(session, now, col(SessionRow.forum_id) == forum)
    session.exec(
        update(Question)
        .where(col(Question.forum_id) == forum, col(Question.state).in_(("open", "closing")))
        .values(state="draft", closes_at=None)
    )
    if copy.code.isdigit():
        copy.code = f"-{copy.code}"
    session.add(copy)
    session.flush()


def remove(session: Session, forum: int) -> None:
    """Delete a copy with everything that belongs to it. Refuses `not_found` for anything else."""
    _copy(session, forum)
    fresh.retire(session)
    backwards: Sequence[Table] = [*reversed(metadata.sorted_tables)]
    connection = session.connection()
    for table in backwards:
        if "forum_id" not in table.c:
            for name in table.c.keys() & _PARENTS.keys():
                parent = _PARENTS[name]
                owned = select(col(parent.id)).where(col(parent.forum_id) == forum)
                connection.execute(delete(table).where(table.c[name].in_(owned)))
    for table in backwards:
        if "forum_id" in table.c:
            connection.execute(delete(table).where(table.c.forum_id == forum))
    connection.execute(delete(Forum).where(col(Forum.id) == forum))
    session.expire_all()


def _copy(session: Session, forum: int) -> Forum:
    found = forums.get(session, forum)
    if found.rehearses is None:
        raise Refused("not_found")
    return found


@dataclass(frozen=True)
class Found:
    """What the last rehearsal of a forum found, when, and by which version of the program."""

    at: int
    version: str
    figures: dict[str, Any]


def keep(session: Session, forum: int, found: Found) -> None:
    """Keep what a rehearsal of a forum found, in the place of the one before."""
    row = Rehearsal(forum_id=forum, at=found.at, version=found.version, figures=dict(found.figures))
    session.merge(row)
    session.flush()


def last(session: Session, forum: int) -> Found | None:
    """What the last rehearsal of a forum found."""
    row = session.get(Rehearsal, forum)
    return None if row is None else Found(row.at, row.version, row.figures)
