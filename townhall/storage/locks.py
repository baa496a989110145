"""What writers of several processes hold before they write (PostgreSQL).

A lock is a kind and the number of a row, and ends with its transaction; that of a rehearsal is for
the whole database, and `processes` holds it. On SQLite the one line of changes does it. Belongs
here: every kind there is, so that no two share a number.
"""

from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

BALLOTS, SEATS, COUNT, REHEARSAL = 7, 8, 9, 10


def share_ballots(connection: Connection, question: int) -> None:
    """Store ballots of a question beside other writers, while nobody holds them back."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({BALLOTS}, %s)", (question,))


def hold_ballots(session: Session, question: int) -> None:
    """Hold back every ballot of a question until this change commits."""
    _asked(session, f"pg_advisory_xact_lock({BALLOTS}, :row)", question)


def hold_seats(session: Session, forum: int) -> None:
    """Hold back whoever else gives a seat of a forum its number."""
    _asked(session, f"pg_advisory_xact_lock({SEATS}, :row)", forum)


def take_count(session: Session, question: int) -> bool:
    """Whether nobody else counts this question now; does not wait for whoever does."""
    return _asked(session, f"pg_try_advisory_xact_lock({COUNT}, :row)", question) is not False


def _asked(session: Session, lock: str, row: int) -> Any:
    """What PostgreSQL answers; None on SQLite."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    return session.connection().execute(text(f"SELECT {lock}"), {"row": row}).scalar_one()
