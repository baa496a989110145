"""Boards, proposals, 공감 (sympathy) and 동의 (agreement) as two different things, comments."""

from sqlalchemy import Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from townhall.storage.schema.base import maybe, moment


class Board(SQLModel, table=True):
    """A place where proposals live for weeks."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)  # in addresses: letters, digits, hyphen
    title: str
    about: str = Field(default="", sa_type=Text)
    agreement_days: int = 30
    created_at: int = moment()


class Upload(SQLModel, table=True):
    """A re-encoded image, at most 300 KB."""

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True)
    media_type: str
    width: int
    height: int
    data: bytes = Field(sa_type=LargeBinary)
    created_at: int = moment()


class Proposal(SQLModel, table=True):
    """A citizen's idea. `imported_agreements` is a count from elsewhere: shown apart, unscored."""

    __table_args__ = (UniqueConstraint("board_id", "source_key"),)
    id: int | None = Field(default=None, primary_key=True)
    board_id: int = Field(foreign_key="board.id", index=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    author: str  # the nickname shown, also for imported ones
    title: str
    background: str = Field(default="", sa_type=Text)
    content: str = Field(sa_type=Text)
    category: str = ""
    upload_id: int | None = Field(default=None, foreign_key="upload.id")
    status: str = "open"  # open | closed | concluded
    submitted_at: int = moment(index=True)
    agreement_closes_at: int | None = maybe()
    imported_agreements: int | None = None
    source: str = ""  # where an imported one comes from
    source_key: str | None = None  # its identity there, so that importing twice adds nothing
    search: str = Field(default="", sa_type=Text)  # folded text that lists search in
    rev: int = 1


class ProposalTag(SQLModel, table=True):
    """A free tag on a proposal."""

    __tablename__ = "proposal_tag"
    proposal_id: int = Field(primary_key=True, foreign_key="proposal.id")
    tag: str = Field(primary_key=True, index=True)


def _one_stands(name: str) -> Index:
    """Of one person's marks on a proposal one stands at most.

    On PostgreSQL as well, where its version says so: named here, every process would load that
    dialect.
    """
    standing = text("withdrawn_at IS NULL")
    return Index(
        f"ix_{name}_stands", "proposal_id", "person_id", unique=True, sqlite_where=standing
    )


class Sympathy(SQLModel, table=True):
    """공감: one a person, withdrawable. A withdrawn row stays, and one given again is another row,
    so that what stood at any time can be counted."""

    __table_args__ = (_one_stands("sympathy"),)
    id: int | None = Field(default=None, primary_key=True)
    proposal_id: int = Field(foreign_key="proposal.id", index=True)
    person_id: int = Field(foreign_key="person.id")
    given_at: int = moment()
    withdrawn_at: int | None = maybe()


class Agreement(SQLModel, table=True):
    """동의: agreement with a proposal, until its deadline; withdrawn and given again likewise."""

    __table_args__ = (_one_stands("agreement"),)
    id: int | None = Field(default=None, primary_key=True)
    proposal_id: int = Field(foreign_key="proposal.id", index=True)
    person_id: int = Field(foreign_key="person.id")
    given_at: int = moment()
    withdrawn_at: int | None = maybe()


class Comment(SQLModel, table=True):
    """A comment that improves a proposal."""

    id: int | None = Field(default=None, primary_key=True)
    proposal_id: int = Field(foreign_key="proposal.id", index=True)
    person_id: int = Field(foreign_key="person.id")
    author: str
    text: str = Field(sa_type=Text)
    created_at: int = moment()
    removed_at: int | None = maybe()


class CommentSympathy(SQLModel, table=True):
    """공감 for a comment."""

    __tablename__ = "comment_sympathy"
    comment_id: int = Field(primary_key=True, foreign_key="comment.id")
    person_id: int = Field(primary_key=True, foreign_key="person.id")
