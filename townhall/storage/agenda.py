"""The run of show as stored: segments by position."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from townhall.domain.errors import Refused
from townhall.storage.schema import Segment


def of_forum(session: Session, forum: int) -> Sequence[Segment]:
    """The segments in order."""
    return session.exec(
        select(Segment).where(Segment.forum_id == forum).order_by(col(Segment.position))
    ).all()


def get(session: Session, segment: int, forum: int) -> Segment:
    """A segment of this forum, or Refused("not_found")."""
    found = session.get(Segment, segment)
    if found is None or found.forum_id != forum:
        raise Refused("not_found")
    return found


def remove(session: Session, segment: Segment) -> None:
    """Take a segment out; the others keep their places."""
    session.delete(segment)
    session.flush()


def add(session: Session, segment: Segment) -> int:
    """Store a new segment; its id."""
    session.add(segment)
    session.flush()
    assert segment.id is not None
    return segment.id
