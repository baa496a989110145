"""The audit chains, the writers that own them, presence, and this installation's own facts."""

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from townhall.storage.schema.base import moment


class Instance(SQLModel, table=True):
    """A fact of this installation: its epoch, its signing secret, and what else no forum owns.

    No copy of the database holds them: a restore draws new ones.
    """

    key: str = Field(primary_key=True)
    value: str


class Writer(SQLModel, table=True):
    """One ballot writer, that is one process run. Writer 0 is the line of all other changes."""

    id: int | None = Field(default=None, primary_key=True)
    started_at: int = moment()


class Chain(SQLModel, table=True):
    """The head of one writer's chain in one forum, and its count of ballot batches."""

    forum_id: int = Field(primary_key=True)
    writer: int = Field(primary_key=True)
    n: int = 0
    head: str = ""
    batches: int = 0


class Audit(SQLModel, table=True):
    """One link: hash = SHA-256(prev_hash ‖ kind ‖ body). Append-only."""

    forum_id: int = Field(primary_key=True)
    writer: int = Field(primary_key=True)
    n: int = Field(primary_key=True)
    prev_hash: str
    hash: str
    kind: str
    body: str = Field(sa_type=Text)


class Heartbeat(SQLModel, table=True):
    """How many phones one process holds for one table of one forum (0: no table), on lease."""

    process: str = Field(primary_key=True)
    forum_id: int = Field(primary_key=True)
    table_no: int = Field(primary_key=True)
    connected: int
    expires: int = moment()
