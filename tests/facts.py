"""Rows of a forum, inserted directly: what tests of storage, actions and screens begin from.

Each builder takes a session, flushes and gives the new id; the caller commits, most simply with
`with writing(hall.database) as session:`. Defaults make a forum that is running with nothing in
it; a keyword sets any other column. No rules live here: actions have their own tests.
"""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, SQLModel

from townhall.storage import schema

NOON = 1_760_000_400_000
"""When these forums happen, in epoch milliseconds."""


@dataclass
class Clock:
    """A hall's clock that moves only when a test moves it."""

    at: int = NOON

    def __call__(self) -> int:
        return self.at

    def pass_seconds(self, seconds: int) -> None:
        self.at += seconds * 1000


def forum(session: Session, *, code: str = "123456", **columns: Any) -> int:
    """A running forum. A second one in the same database needs a code of its own."""
    given = {"title": "작은 도서관 열린토론회", "state": "running", "starts_at": NOON}
    return _added(session, schema.Forum(code=code, created_at=NOON, **(given | columns)))


def table(session: Session, forum_id: int, number: int = 1, **columns: Any) -> int:
    """A table of the room; everything else names it by its number."""
    return _added(session, schema.TableGroup(forum_id=forum_id, number=number, **columns))


def seat(session: Session, forum_id: int, number: int = 1, **columns: Any) -> int:
    """A ticket seat that somebody holds."""
    given = {"kind": "ticket", "redeemed_at": NOON}
    made = schema.Seat(forum_id=forum_id, number=number, created_at=NOON, **(given | columns))
    return _added(session, made)


def segment(
    session: Session, forum_id: int, *, kind: str = "tables", current: bool = True, **columns: Any
) -> int:
    """An item of the run of show, by default the one that runs now."""
    given: dict[str, Any] = {"position": 0, "title": "모둠 토론", "minutes": 20}
    if kind == "tables":
        given["facts"] = {"limit": 40}
    if current:
        given["started_at"] = NOON
    made = schema.Segment(forum_id=forum_id, kind=kind, **(given | columns))
    new = _added(session, made)
    if current:
        at = session.get_one(schema.Forum, forum_id)
        at.current_segment = new
        session.flush()
    return new


def question(session: Session, forum_id: int, *, kind: str = "yesno", **columns: Any) -> int:
    """An open, recorded question without options; config and options are given as stored."""
    given = {"title": "찬성하십니까?", "state": "open", "opened_at": NOON}
    return _added(session, schema.Question(forum_id=forum_id, kind=kind, **(given | columns)))


def _added(session: Session, row: SQLModel) -> int:
    session.add(row)
    session.flush()
    new: int = row.id  # type: ignore[attr-defined]
    return new
