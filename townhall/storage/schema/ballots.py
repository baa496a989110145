"""Questions, the ballots cast on them, and what a close leaves behind.

`participation` and `secret_ballot` share no key, time or order: who took part and what was
chosen cannot be joined. They are WITHOUT ROWID on SQLite, so storage order is key order.
"""

from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from townhall.storage.schema.base import document, maybe, moment


class Question(SQLModel, table=True):
    """One thing put to the vote. Frozen and hashed when it opens."""

    id: int | None = Field(default=None, primary_key=True)
    forum_id: int = Field(foreign_key="forum.id", index=True)
    position: int = 0
    kind: str
    round: str | None = None  # first | final
    first_id: int | None = None  # the first round that this final round is paired with
    reopens: int | None = None
    title: str
    help: str = ""
    options: list[dict[str, Any]] = document(list)  # [{"id", "title", "table"?, "proposal"?}]
    config: dict[str, Any] = document()  # the kind's own settings
    secret: bool = False
    changeable: bool = True  # until close; False is a confirmed ballot (확정형)
    results: str = "hidden"  # hidden | live
    base: str = "voted"  # what a percentage is of: voted | valid | entitled
    eligibility: str = "seats"  # seats | open (labelled)
    seconds: int | None = None  # how long it stays open unless the console says otherwise
    state: str = "draft"  # draft | open | closing | closed | revealed
    opened_at: int | None = maybe()
    closes_at: int | None = maybe()  # the deadline that people see
    closed_at: int | None = maybe()
    revealed_at: int | None = maybe()
    definition_hash: str | None = None


class Participation(SQLModel, table=True):
    """One seat took part in one question: the one-seat-one-vote rule."""

    __table_args__ = {"sqlite_with_rowid": False}
    question_id: int = Field(primary_key=True)
    seat_id: int = Field(primary_key=True)
    channel: str = "phone"  # phone | open | proxy | paper
    table_no: int | None = None


class Ballot(SQLModel, table=True):
    """A recorded ballot; the highest rev of a seat counts."""

    __table_args__ = (
        UniqueConstraint("question_id", "key"),
        {"sqlite_with_rowid": False},
    )
    question_id: int = Field(primary_key=True)
    seat_id: int = Field(primary_key=True)
    rev: int = Field(primary_key=True)
    choice: str = Field(sa_type=Text)  # canonical JSON
    key: str
    commitment: str
    channel: str = "phone"
    table_no: int | None = None
    writer: int
    batch: int


class SecretBallot(SQLModel, table=True):
    """A secret ballot: ballot_id = SHA-256(question ‖ key); no seat, clock or serial."""

    __tablename__ = "secret_ballot"
    __table_args__ = (
        Index("ix_secret_ballot_question_id", "question_id"),
        {"sqlite_with_rowid": False},
    )
    ballot_id: str = Field(primary_key=True)
    question_id: int
    choice: str = Field(sa_type=Text)
    commitment: str


class Tally(SQLModel, table=True):
    """One writer's count of one cell of one question. Screens read the sum over writers."""

    question_id: int = Field(primary_key=True)
    writer: int = Field(primary_key=True)
    cell: str = Field(primary_key=True)
    n: int = 0


class Turnout(SQLModel, table=True):
    """One writer's count of the seats that took part in one question, by channel; read as `Tally`.

    What a close certifies is counted from `participation`.
    """

    question_id: int = Field(primary_key=True)
    writer: int = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    n: int = 0


class Certificate(SQLModel, table=True):
    """What a close found: counted from the ballots, in the closing transaction."""

    question_id: int = Field(primary_key=True)
    counted: int
    eligible: int
    present: int
    channels: dict[str, int] = document()
    digest: str  # SHA-256 of the sorted "commitment:choice", of a secret question of its choices
    root: str  # Merkle root of the sorted commitments
    heads: dict[str, str] = document()  # writer -> chain head
    cells: dict[str, int] = document()
    result: dict[str, Any] = document()
    differs: bool = False  # tally or turnout rows differed from the recount: an alarm
    closed_at: int = moment()
