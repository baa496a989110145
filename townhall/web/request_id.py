"""The id of the request that is being answered, for log lines and for whoever meets a failure.

Apart from the middleware that draws it, so that a process without a server can log.
"""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
