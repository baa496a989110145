"""People, seats and what lets them in. Personal data lives here alone."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from townhall.storage.schema.base import maybe, moment


class Person(SQLModel, table=True):
    """An account: a member of a board, or staff. `login` is folded to lower case, NFC."""

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(unique=True)
    nickname: str
    password_hash: str | None = None
    blinded_at: int | None = maybe()
    created_at: int = moment()


class RoleGrant(SQLModel, table=True):
    """A role of a person: organiser of the house (no scope), moderator of one forum, official."""

    __tablename__ = "role_grant"
    __table_args__ = (UniqueConstraint("person_id", "role", "forum_id", "board_id"),)
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    role: str  # organiser | moderator | official
    forum_id: int | None = None
    board_id: int | None = None
    revoked_at: int | None = maybe()


class Invite(SQLModel, table=True):
    """A single-use invitation to a role; only its hash is stored."""

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    role: str
    forum_id: int | None = None
    board_id: int | None = None
    expires: int = moment()
    used_at: int | None = maybe()


class Seat(SQLModel, table=True):
    """A place in a forum that may hold one ballot a question."""

    __table_args__ = (UniqueConstraint("forum_id", "kind", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    forum_id: int = Field(foreign_key="forum.id", index=True)
    kind: str  # open | ticket | member | proxy | paper
    number: int  # counts up within its kind
    table_no: int | None = None
    nickname: str = ""
    person_id: int | None = Field(default=None, foreign_key="person.id")
    ticket_hash: str | None = Field(default=None, unique=True)
    redeemed_at: int | None = maybe()
    device_hash: str | None = None  # of the key of the device that redeemed the ticket
    voided_at: int | None = maybe()
    created_at: int = moment()


class Session(SQLModel, table=True):
    """What a token opens: one role in one scope, until it expires or is revoked.

    A table card, a stage link or a panelist link is a session too; a browser that enters with one
    gets a child session, and revoking the parent revokes the children.
    """

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    role: str
    forum_id: int | None = Field(default=None, index=True)
    table_no: int | None = None
    seat_id: int | None = Field(default=None, index=True)
    person_id: int | None = Field(default=None, index=True)
    panelist_id: int | None = None
    parent_id: int | None = Field(default=None, index=True)
    created_at: int = moment()
    expires: int = moment()
    revoked_at: int | None = maybe()
