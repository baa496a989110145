"""Log lines: for people on a console, for machines as JSON, each with its request's id.

Everything of ours and of the server logs through the standard library; this gives those lines
their form. No ballot, no token and no personal text is ever handed to a logger.
"""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Any

from townhall.domain.errors import Refused
from townhall.settings import Settings
from townhall.web.request_id import REQUEST_ID

MOST_ALIKE, EVERY_SECONDS = 5, 10.0
"""Failures of one place that are logged, in so many seconds."""

_OF_EVERY_RECORD = vars(logging.makeLogRecord({})).keys()
_BRIGHT, _DIM, _CYAN, _MAGENTA = "\033[1m", "\033[2m", "\033[36m", "\033[35m"
_RED, _GREEN, _YELLOW = "\033[31m", "\033[32m", "\033[33m"
_LEVELS = {
    "critical": _RED,
    "error": _RED,
    "warning": _YELLOW,
    "info": _GREEN,
    "debug": _GREEN,
}


class Sparing(logging.Filter):
    """A hall whose disk is full fails thousands of times, and a log lies on that disk too.

    Of one place's failures only the first few are logged, and how many were left out with the next
    one that is. What was refused is told without its traceback.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this record is logged."""
        if not record.exc_info:
            return True
        place, now = (record.pathname, record.lineno), time.monotonic()
        began, n = self._seen.get(place, (now, 0))
        if now - began > EVERY_SECONDS:
            if n > MOST_ALIKE:
                record.left_out = n - MOST_ALIKE
            began, n = now, 0
        self._seen[place] = (began, n + 1)
        if isinstance(record.exc_info[1], Refused):
            record.refused, record.exc_info = str(record.exc_info[1]), None
        return n < MOST_ALIKE


class JsonLines(logging.Formatter):
    """A record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        said = {"event": record.getMessage(), "level": record.levelname.lower(), **_facts(record)}
        said["timestamp"] = _moment(record)
        if record.exc_info and record.exc_info[0]:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False, default=repr)


class ConsoleLines(logging.Formatter):
    """A record as people read it on a terminal, in colours or without."""

    def __init__(self, *, colours: bool) -> None:
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, and its traceback below, without the values of variables."""
        level, paint = record.levelname.lower(), self._paint
        words = [
            paint(_DIM, _moment(record)),
            "[" + paint(_LEVELS.get(level, "") + _BRIGHT, f"{level:<9}") + "]",
            paint(_BRIGHT, f"{record.getMessage():<30}"),
        ]
        for name, value in sorted(_facts(record).items()):
            words.append(paint(_CYAN, name) + "=" + paint(_MAGENTA, _shown(value)))
        line = " ".join(words).rstrip(" ")
        if record.exc_info and record.exc_info[0]:
            line += "\n" + self.formatException(record.exc_info)
        return line

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}\033[0m" if self._colours else text


def configure(settings: Settings) -> None:
    """Set up logging for this process; call it once, before the server starts."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Sparing())
    handler.setFormatter(
        JsonLines() if settings.log_format == "json" else ConsoleLines(colours=sys.stderr.isatty())
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    # Our own lines carry more and no query; the engine's would carry ballots.
    for name in ("uvicorn.access", "engineio", "socketio", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_theirs)


def _theirs(record: logging.LogRecord) -> bool:
    """A message that is no UTF-8 is its client's mistake: a line, not an error with its trace."""
    if str(record.msg).startswith("Invalid UTF-8"):
        record.exc_info = None
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    """What a record tells besides its message, and the request that it belongs to."""
    told = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}
    told.pop("color_message", None)  # the message once more, in uvicorn's colours
    if request_id := REQUEST_ID.get():
        told["request_id"] = request_id
    return told


def _moment(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
    return at.replace("+00:00", "Z")


def _shown(value: object) -> str:
    """A value without blanks or quotes as it is, any other so that its end can be seen."""
    plain = isinstance(value, str) and not set(value) & set(" \t=\r\n\"'")
    return str(value) if plain else repr(value)
