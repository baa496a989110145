"""Why nothing can be saved just now: the disk is full or failing, or the database only reads.

It is noticed at the statement or commit that failed, whoever made it, and becomes an expected
"no", `not_saving`. Reading goes on. `Trouble` is this process's; it ends when a
probe can be written (`actions.trouble`).
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from townhall.domain.errors import Refused

Reason = Literal["disk_full", "disk_failed", "read_only"]

_SQLITE: tuple[tuple[str, Reason], ...] = (
    ("SQLITE_FULL", "disk_full"),
    ("SQLITE_READONLY", "read_only"),
    ("SQLITE_IOERR", "disk_failed"),
)
_POSTGRESQL: dict[str, Reason] = {
    "53100": "disk_full",
    "58030": "disk_failed",
    "25006": "read_only",
}


@dataclass
class Trouble:
    """`reason` is None while all is well; `until` (epoch ms) is how long screens may say it."""

    reason: Reason | None = None
    until: int = 0

    def watch(self, engine: Engine) -> None:
        """Turn failures to save, on every connection of a writing engine, into refusals."""

        @event.listens_for(engine, "handle_error")
        def failed(context: ExceptionContext) -> None:
            found = reason_of(context.original_exception)
            if found is not None:
                self.reason = found
                raise Refused("not_saving", reason=found)


def reason_of(error: BaseException) -> Reason | None:
    """What a driver's error says about saving; None where it is about something else."""
    name = getattr(error, "sqlite_errorname", "")
    for beginning, reason in _SQLITE:
        if name.startswith(beginning):
            return reason
    return _POSTGRESQL.get(getattr(error, "sqlstate", None) or "")


def away(error: BaseException) -> str | None:
    """Why the database does not answer, in its own words; None where an error is another's."""
    if not isinstance(error, OperationalError):
        return None
    if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR":
        return None  # a statement is wrong, and SQLite calls that operational as well
    return next(iter(str(error.orig).splitlines()), "-")


def of(session: Session) -> Trouble:
    """The trouble of the database that a session reads."""
    found = session.info.get(Trouble)
    return found if isinstance(found, Trouble) else Trouble()
