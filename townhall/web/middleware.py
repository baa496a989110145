"""What surrounds every request: its id and log line, the headers, the checks of Host and Origin.

Plain ASGI, so that nothing is buffered and a cancelled request cancels nothing else. Sockets pass
through untouched; their door checks for itself.
"""

import logging
import re
import secrets
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from townhall.hall import Hall
from townhall.settings import Settings
from townhall.web.request_id import REQUEST_ID
from townhall.web.visit import Envelope

log = logging.getLogger("townhall.web")

_SHAPE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_OPEN_TO_PROBES = {"/healthz", "/readyz", "/metrics"}
_REPORTS = "/csp"


def stack(hall: Hall) -> list[Middleware]:
    """The layers, outermost first."""
    return [
        Middleware(Logged),
        Middleware(Headed, settings=hall.settings),
        Middleware(Guarded, settings=hall.settings),
    ]


class Logged:
    """Gives a request its id, writes its one log line, and answers what nobody caught."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request under its id."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _SHAPE.fullmatch(given) else secrets.token_hex(8)
        scope["townhall"] = Envelope(request_id, secrets.token_urlsafe(16))
        token, began, status = REQUEST_ID.set(request_id), time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            log.exception("a request failed outside its page")
            if status:
                raise
            status = 500
            await PlainTextResponse(f"500 · {request_id}", 500)(scope, receive, watched)
        finally:
            spent = round((time.perf_counter() - began) * 1000, 1)
            self._line(scope, status, spent)
            REQUEST_ID.reset(token)

    def _line(self, scope: Scope, status: int, spent: float) -> None:
        """Path without query: addresses carry no secrets, but queries may carry searches."""
        path = scope["path"]
        level = logging.DEBUG if path.startswith("/static/") else logging.INFO
        facts = {"method": scope["method"], "path": path, "status": status, "ms": spent}
        log.log(level, "request", extra=facts)


class Headed:
    """Puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request and head its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._head(scope, MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, headed)

    def _head(self, scope: Scope, headers: MutableHeaders) -> None:
        page = headers.get("content-type", "").startswith("text/html")
        host = Headers(scope=scope).get("host", "")
        headers["Content-Security-Policy"] = (
            policy(scope["townhall"].nonce, host) if page else "default-src 'none'"
        )
        headers["X-Content-Type-Options"] = "nosniff"
        # `no-referrer` would make browsers send forms with `Origin: null`.
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = (
            "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
        )
        if self.settings.secure or scope["scheme"] == "https":
            headers["Strict-Transport-Security"] = "max-age=31536000"
            # On plain http browsers ignore it and complain on the console.
            headers["Cross-Origin-Opener-Policy"] = "same-origin"


class Guarded:
    """Refuses requests for another host, and changes that another site asked for."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        named = settings.public_url
        self.hosts = {urlsplit(named).netloc.lower()} if named else set()
        self.origins = {o.rstrip("/") for o in (*settings.allowed_origins, *filter(None, [named]))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer with a plain sentence."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self.right_host(scope["path"], headers):
            await PlainTextResponse("400 · Host", 400)(scope, receive, send)
        elif not self.right_origin(scope, headers):
            await PlainTextResponse("403 · Origin", 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def right_host(self, path: str, headers: Headers) -> bool:
        """One well-formed Host; the public one, or this machine's own name, where one is set."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
            return False
        if not self.hosts or path in _OPEN_TO_PROBES:
            return True
        name = hosts[0].lower()
        return name in self.hosts or name.rpartition(":")[0] in {"localhost", "127.0.0.1"}

    def right_origin(self, scope: Scope, headers: Headers) -> bool:
        """A change must come from our own pages, or from a script that shows a token itself."""
        if scope["method"] in _SAFE_METHODS or scope["path"] == _REPORTS:
            return True
        origin = headers.get("origin")
        if origin is not None:
            return self.ours(origin, headers)
        if site := headers.get("sec-fetch-site"):
            return site in {"same-origin", "none"}
        if referer := headers.get("referer"):
            return self.ours(referer, headers)
        # No browser of the last years sends neither. A cookie alone would then prove nothing.
        return scope["path"].startswith("/api/") and "cookie" not in headers

    def ours(self, address: str, headers: Headers) -> bool:
        """Whether an origin or referer is this server or one that the settings name."""
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"}:
            return False
        named = f"{parts.scheme}://{parts.netloc}"
        return named in self.origins or parts.netloc.lower() == headers.get("host", "").lower()


def policy(nonce: str, host: str) -> str:
    """The page's content security policy: nothing but our own files, no inline script or style."""
    # Old Safari does not count a websocket to the page's own host as 'self'.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            f"connect-src 'self'{sockets}",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            f"report-uri {_REPORTS}",
        )
    )
