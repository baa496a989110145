"""The scoring of candidates: a locked rule, the panel's sheets, the decision, the snapshot."""

from typing import Any

from sqlalchemy import JSON, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from townhall.storage.schema.base import document, maybe, moment


class Selection(SQLModel, table=True):
    """One selection. The rule is locked and hashed when the first data opens."""

    id: int | None = Field(default=None, primary_key=True)
    forum_id: int | None = Field(default=None, foreign_key="forum.id", index=True)
    board_id: int | None = Field(default=None, foreign_key="board.id")
    title: str
    rule: dict[str, Any] = document()  # the `rule` of townhall-selection/1
    rule_version: int = 1
    rule_hash: str | None = None
    locked_at: int | None = maybe()
    first_question_id: int | None = None
    final_question_id: int | None = None
    sympathy_from: int | None = maybe()
    sympathy_until: int | None = maybe()
    state: str = "open"  # open | closed | decided
    closed_at: int | None = maybe()
    exception: str | None = None  # why it was closed below the quorum
    snapshot: str | None = Field(default=None, sa_type=Text)  # canonical JSON, immutable
    digest: str | None = None
    decision: str | None = None  # confirms | departs
    decided_candidate: str | None = None
    reason: str = Field(default="", sa_type=Text)
    decided_at: int | None = maybe()
    history: list[dict[str, Any]] = document(list)  # earlier rules with reasons


class SelectionCandidate(SQLModel, table=True):
    """A candidate: a letter within one selection, and the proposal it comes from."""

    __tablename__ = "selection_candidate"
    selection_id: int = Field(primary_key=True, foreign_key="selection.id")
    letter: str = Field(primary_key=True)
    title: str
    proposal_id: int | None = Field(default=None, foreign_key="proposal.id")


class Panelist(SQLModel, table=True):
    """A member of the selection panel, by invitation link."""

    __table_args__ = (UniqueConstraint("selection_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    selection_id: int = Field(foreign_key="selection.id", index=True)
    number: int
    name: str = ""
    recused: list[str] = Field(default_factory=list, sa_type=JSON)  # by the organiser: mandatory


class Sheet(SQLModel, table=True):
    """One panelist's scores: a draft until it is final. {candidate: {criterion: score}}."""

    panelist_id: int = Field(primary_key=True, foreign_key="panelist.id")
    rev: int = 0
    scores: dict[str, Any] = document()
    recused: list[str] = Field(default_factory=list, sa_type=JSON)
    comment: str = Field(default="", sa_type=Text)
    final_at: int | None = maybe()
    saved_at: int = moment()
