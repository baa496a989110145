"""A change that means nothing, to see whether changes can be saved again."""

from sqlalchemy import text
from sqlmodel import Session

KEY = "probe"
SIZE = 256 * 1024  # a full disk still takes a few bytes, and then not the next batch


def write(session: Session) -> None:
    """Write as much as a full batch of ballots does."""
    connection = session.connection()
    connection.execute(text("DELETE FROM instance WHERE key = :key"), {"key": KEY})
    connection.execute(
        text("INSERT INTO instance (key, value) VALUES (:key, :value)"),
        {"key": KEY, "value": "-" * SIZE},
    )


def clear(session: Session) -> None:
    """Take it away again."""
    session.connection().execute(text("DELETE FROM instance WHERE key = :key"), {"key": KEY})
