"""Log lines: for people on a console, for machines as JSON, each with its request's id.

Everything of ours and of the server logs through the standard library; this gives those lines
their form. No ballot, no token and no personal text is ever handed to a logger.
"""

import logging
import sys
import time

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from townhall.domain.errors import Refused
from townhall.settings import Settings
from townhall.web.request_id import REQUEST_ID

MOST_ALIKE, EVERY_SECONDS = 5, 10.0
"""Failures of one place that are logged, in so many seconds."""


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


def configure(settings: Settings) -> None:
    """Set up logging for this process; call it once, before the server starts."""
    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _with_request_id,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: Processor
    if settings.log_format == "json":
        before.append(structlog.processors.format_exc_info)
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        # The default traceback prints local variables, and those may be tokens or ballots.
        plain = structlog.dev.plain_traceback
        last = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Sparing())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
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


def _with_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)  # the message once more, in uvicorn's colours
    if request_id := REQUEST_ID.get():
        event["request_id"] = request_id
    return event
