"""A ballot on its way to the disk, the receipt it leaves, and the ballot that counts for a seat."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from townhall.domain import audit
from townhall.domain.ballots import Choice, Definition, Option
from townhall.storage.schema import Instance

UNLINKED = {
    "participation": ("question_id, seat_id, channel, table_no", "seat_id"),
    "secret_ballot": ("ballot_id, question_id, choice, commitment", "ballot_id"),
}
"""The tables that hold who took part in a secret question, and what was chosen: columns, key."""
COUNTS = {"turnout": "channel", "tally": "cell"}
"""The tables in which every writer counts for itself: what is counted in each."""
NOBODY = 0
"""The writer of what nobody's batch wrote; a process that stores ballots is never this one."""
SCRUB = "scrub"
"""What asks the writer to remove old rows after the commit: the name in `Session.info`, and that
of a fact of the installation: the transaction that wrote the new ones (PostgreSQL)."""


@dataclass(slots=True)
class CastBallot:
    """One cleaned ballot on its way to the disk; nobody changes it."""

    question: int
    seat: int
    rev: int
    key: str
    said: Choice
    choice: str  # the same as canonical JSON
    cells: Mapping[str, int]
    ballot_id: str
    commitment: str
    channel: str = "phone"
    table: int | None = None
    secret: bool = False  # as the caller knew it; the stored question decides


Answer = dict[str, Any]

BUSY: Answer = {"status": "busy", "retry_after": 2}
"""What a vote is told that cannot be stored now: the only answer that is not final."""


@dataclass(slots=True)
class Held:
    """The ballot that counts for a seat now; nobody changes it, and freezing it costs each vote."""

    rev: int
    key: str
    choice: str
    receipt: dict[str, Any]


def definition_of(row: Any) -> Definition:
    """A question row as the definition its ballot kind works with."""
    options = tuple(
        Option(o["id"], o["title"], o.get("table"), o.get("proposal"))
        for o in _document(row.options)
    )
    return Definition(row.kind, options, _document(row.config), row.base)


def _document(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def receipt(ballot_id: str, commitment: str, writer: int, batch: int) -> dict[str, Any]:
    """What the phone keeps: enough to find the ballot's commitment in the published list."""
    return {
        "id": ballot_id,
        "code": audit.receipt_code(ballot_id),
        "commitment": commitment,
        "writer": writer,
        "batch": batch,
    }


def held(row: Any) -> Held:
    """A row of `ballot`, by whichever way it was read."""
    ballot_id = audit.ballot_id(row.question_id, row.key)
    return Held(
        row.rev, row.key, row.choice, receipt(ballot_id, row.commitment, row.writer, row.batch)
    )


def as_answer(held: Held) -> Answer:
    """What the seat is told of the ballot that counts for it."""
    return {"choice": json.loads(held.choice), "rev": held.rev, "receipt": held.receipt}


def counted(status: str, held: Held) -> Answer:
    return {"status": status, **as_answer(held)}


def secret_receipt(ballot_id: str, commitment: str) -> dict[str, Any]:
    """No writer and batch: what is not stored cannot be answered again after a lost answer."""
    return {"id": ballot_id, "code": audit.receipt_code(ballot_id), "commitment": commitment}


def secret_counted(status: str, ballot_id: str, known: Mapping[str, str]) -> Answer:
    """The answer to a stored secret ballot, with the commitment that was stored."""
    return {"status": status, "receipt": secret_receipt(ballot_id, known[ballot_id])}


def forget_order(session: Session, question: int) -> None:
    """Write the rows of a secret question anew, in key order, once it is counted.

    WITHOUT ROWID sorts only the pointers of a page: its rows lie in the order in which they came,
    and that order would join the two lists. So would a channel and a choice that one process alone
    counted: the counts become nobody's. The writer then lets go of the old pages (`scrub`).
    """
    for table, (columns, key) in UNLINKED.items():
        rows = session.connection().execute(
            text(f"SELECT {columns} FROM {table} WHERE question_id = :q ORDER BY {key}"),
            {"q": question},
        )
        written = [dict(row) for row in rows.mappings()]
        session.connection().execute(
            text(f"DELETE FROM {table} WHERE question_id = :q"), {"q": question}
        )
        if written:
            names = ", ".join(f":{name}" for name in columns.split(", "))
            session.connection().execute(
                text(f"INSERT INTO {table} ({columns}) VALUES ({names})"), written
            )
    for table, name in COUNTS.items():
        _fold(session, question, table, name)
    if session.get_bind().dialect.name == "postgresql":
        close = text("SELECT CAST(pg_current_xact_id() AS text)")
        value = session.connection().execute(close).scalar_one()
        session.merge(Instance(key=SCRUB, value=value))
    session.info[SCRUB] = True


def _fold(session: Session, question: int, table: str, name: str) -> None:
    """Put the sums in the place of what each writer counted."""
    connection = session.connection()
    sums = connection.execute(
        text(
            f"SELECT question_id, {NOBODY} AS writer, {name}, CAST(sum(n) AS integer) AS n "
            f"FROM {table} WHERE question_id = :q GROUP BY question_id, {name} ORDER BY {name}"
        ),
        {"q": question},
    )
    written = [dict(row) for row in sums.mappings()]
    connection.execute(text(f"DELETE FROM {table} WHERE question_id = :q"), {"q": question})
    if written:
        connection.execute(
            text(
                f"INSERT INTO {table} (question_id, writer, {name}, n) "
                f"VALUES (:question_id, :writer, :{name}, :n)"
            ),
            written,
        )
