"""A forum, its run of show, its tables with notes and summaries, and questions from the floor."""

from typing import Any

from sqlalchemy import JSON, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from townhall.storage.schema.base import document, maybe, moment


class Forum(SQLModel, table=True):
    """One live event (열린토론회). `revision` is raised first by every change except a ballot."""

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)  # six digits
    title: str
    host: str = ""
    language: str = "ko"
    entry: str = "seats"  # seats: binding questions by ticket; open: by code
    template: str = "blank"
    board_id: int | None = Field(default=None, foreign_key="board.id")
    state: str = "before"  # before | running | ended
    starts_at: int = moment()
    started_at: int | None = maybe()
    ended_at: int | None = maybe()
    current_segment: int | None = None
    speaker: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    stage: dict[str, Any] = document()  # {"scene", "question"?, "blank"?}
    recent_keys: list[str] = document(list)  # of commands: sent again they change nothing
    revision: int = 0
    created_at: int = moment()
    rehearses: int | None = None  # a copy to rehearse in: the forum that it is a copy of


class Rehearsal(SQLModel, table=True):
    """What the last rehearsal of a forum found; its copy is gone."""

    forum_id: int = Field(primary_key=True, foreign_key="forum.id")
    at: int = moment()
    version: str  # of the program
    figures: dict[str, Any] = document()


class Segment(SQLModel, table=True):
    """One item of the run of show."""

    id: int | None = Field(default=None, primary_key=True)
    forum_id: int = Field(foreign_key="forum.id", index=True)
    position: int
    kind: str
    title: str
    prompt: str = ""
    minutes: int
    extended: int = 0  # minutes added while it ran
    question_id: int | None = None
    facts: dict[str, Any] = document()  # the kind's own facts, such as pitch speakers
    started_at: int | None = maybe()
    ended_at: int | None = maybe()


class TableGroup(SQLModel, table=True):
    """A table (모둠) in the room."""

    __tablename__ = "table_group"
    __table_args__ = (UniqueConstraint("forum_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    forum_id: int = Field(foreign_key="forum.id", index=True)
    number: int
    title: str = ""
    head_count: int | None = None
    calling: str | None = None  # why staff is called for, or nothing
    called_at: int | None = maybe()


class Note(SQLModel, table=True):
    """One idea said at a table; `rev` counts its edits, the text is the newest version's."""

    __table_args__ = (UniqueConstraint("forum_id", "key"),)
    id: int | None = Field(default=None, primary_key=True)
    forum_id: int = Field(foreign_key="forum.id", index=True)
    table_no: int
    segment_id: int | None = None
    key: str
    rev: int = 1
    kind: str  # pro | con | idea | question
    text: str = Field(sa_type=Text)
    seat: int | None = None  # the seat number at the table
    removed_at: int | None = maybe()
    created_at: int = moment()
    edited_at: int | None = maybe()


class NoteVersion(SQLModel, table=True):
    """A note as it was at one rev."""

    __tablename__ = "note_version"
    note_id: int = Field(primary_key=True, foreign_key="note.id")
    rev: int = Field(primary_key=True)
    key: str
    kind: str
    text: str = Field(sa_type=Text)
    seat: int | None = None
    at: int = moment()


class Summary(SQLModel, table=True):
    """A table's summary of one segment; on stage while `sent_at` is set."""

    __table_args__ = (UniqueConstraint("forum_id", "segment_id", "table_no"),)
    id: int | None = Field(default=None, primary_key=True)
    forum_id: int = Field(foreign_key="forum.id", index=True)
    segment_id: int
    table_no: int
    rev: int = 0
    text: str = Field(default="", sa_type=Text)
    sent_at: int | None = maybe()


class SummaryVersion(SQLModel, table=True):
    """A summary as it was at one rev, with the key that wrote it."""

    __tablename__ = "summary_version"
    summary_id: int = Field(primary_key=True, foreign_key="summary.id")
    rev: int = Field(primary_key=True)
    key: str
    text: str = Field(sa_type=Text)
    sent: bool = False
    at: int = moment()


class Ask(SQLModel, table=True):
    """A question from the floor to the stage."""

    __table_args__ = (UniqueConstraint("forum_id", "key"),)
    id: int | None = Field(default=None, primary_key=True)
    forum_id: int = Field(foreign_key="forum.id", index=True)
    seat_id: int = Field(foreign_key="seat.id", index=True)
    key: str
    text: str = Field(sa_type=Text)
    state: str = "open"  # open | on_stage | answered | hidden
    created_at: int = moment()


class AskUpvote(SQLModel, table=True):
    """One seat's sympathy for a question from the floor."""

    __tablename__ = "ask_upvote"
    ask_id: int = Field(primary_key=True, foreign_key="ask.id")
    seat_id: int = Field(primary_key=True, foreign_key="seat.id", index=True)
