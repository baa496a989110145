"""One request on its way through a page: who came, in which language, what they may be shown.

Belongs here: the page declaration, the visit that every handler receives, and its answers. Does
not belong here: checking rights and forms (`door` does it before the handler runs).
"""

import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from townhall.actions.people import Entrance, secret_of
from townhall.domain.audience import VISITOR, Actor
from townhall.hall import Hall
from townhall.web import cookies
from townhall.web.assets import Assets
from townhall.web.cookies import Cookies, Screen
from townhall.web.forms import Fields, Form
from townhall.web.i18n import Words
from townhall.web.limits import Limits
from townhall.web.templating import Reader, Templates

Handler = Callable[["Visit"], Awaitable[Response]]
FORM_BYTES = 64 * 1024
_WORTH_PACKING = 1_000


@dataclass(frozen=True)
class Page:
    """One address and what it takes to use it; whatever is not declared does not exist.

    `action` is a key of RIGHTS, checked in the scope of the forum named by `{code}`. `screen`
    says whose session counts. `fields` are the only fields its form may have (None: the handler
    checks them itself). `api` pages speak JSON and take a bearer token instead of a cookie.
    """

    path: str
    methods: tuple[str, ...]
    handler: Handler
    action: str
    screen: Screen = "account"
    fields: tuple[str, ...] | None = ()
    body: int = FORM_BYTES
    api: bool = False


@dataclass
class Site:
    """What all visits share; made once."""

    hall: Hall
    assets: Assets
    templates: Templates
    limits: Limits


@dataclass(frozen=True)
class Envelope:
    """What the outermost layer knows of a request."""

    request_id: str
    nonce: str


@dataclass(frozen=True)
class Here:
    """The forum that an address names."""

    id: int
    code: str
    language: str


@dataclass
class Visit:
    """A request, recognised. Handlers answer with `render`, `json`, `go` or `refused`."""

    site: Site
    page: Page
    request: Request
    cookies: Cookies
    words: Words
    actor: Actor = VISITOR
    here: Here | None = None
    form: Form = field(default_factory=Form.empty)

    @property
    def hall(self) -> Hall:
        """The hall that actions take."""
        return self.site.hall

    @property
    def lang(self) -> str:
        """The language of the answer."""
        return self.words.lang

    @property
    def envelope(self) -> Envelope:
        """Request id and nonce."""
        found: Envelope = self.request.scope["townhall"]
        return found

    @property
    def forum(self) -> Here:
        """The forum of a page under /f/{code}; the door has looked it up."""
        if self.here is None:
            raise LookupError("this page's path names no forum")
        return self.here

    @property
    def address(self) -> str:
        """Where the request came from; only failures are counted by it."""
        return self.request.client.host if self.request.client else ""

    @property
    def base_url(self) -> str:
        """How people reach this server, for links that leave the page (QR codes, feeds)."""
        named = self.hall.settings.public_url
        return named or f"{self.request.url.scheme}://{self.request.headers.get('host', '')}"

    def render(self, template: str, status: int = 200, **context: Any) -> Response:
        """A page. `form` and `errors` default to what this visit posted."""
        given = {
            "actor": self.actor,
            "lang": self.lang,
            "nonce": self.envelope.nonce,
            "request_id": self.envelope.request_id,
            "status": status,
            "csrf": cookies.form_token(self.cookies.form_key(), self.secret),
            "form": self.form.typed,
            "errors": self.form.errors,
            "notice": self.cookies.take_notice(self.secret),
        }
        for name in ("form", "errors"):
            if name in context:
                context[name] = Fields({k: v for k, v in context[name].items() if v is not None})
        reader = Reader(self.words, self.hall.settings.timezone, self.hall.now())
        html = self.site.templates.render(template, reader, given | context)
        headers = {"Cache-Control": "no-store"}
        return self._packed(html.encode(), "text/html; charset=utf-8", status, headers)

    def json(
        self, value: object, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """JSON for scripts."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return self._packed(
            body, "application/json", status, {"Cache-Control": "no-store"} | dict(headers or {})
        )

    def go(self, path: str, notice: Mapping[str, str] | None = None) -> Response:
        """Send on after a post, with a message for the next page."""
        if notice:
            self.cookies.keep_notice({"detail": ""} | dict(notice), self.secret)
        return RedirectResponse(path, 303, {"Cache-Control": "no-store"})

    def keep(self, entrance: Entrance) -> None:
        """Remember a session on this browser, in the place of the screen that its role opens."""
        screen = cookies.SCREEN_OF_ROLE.get(entrance.role, "account")
        seconds = max(0, (entrance.expires - self.hall.now()) // 1000)
        code = self.here.code if self.here else ""
        self.cookies.keep_session(screen, code, entrance.token, seconds)

    def safe_path(self, path: str) -> str:
        """A path on this site that somebody wants to go on to, or nothing."""
        clean = path.startswith("/") and not path.startswith(("//", "/\\"))
        return path if clean and path.isprintable() and len(path) < 500 else ""

    @property
    def secret(self) -> str:
        """What forms and notices are signed with."""
        return secret_of(self.hall)

    def _packed(
        self, body: bytes, media_type: str, status: int, headers: dict[str, str]
    ) -> Response:
        speaker = "Authorization" if self.page.api else "Cookie, Accept-Language"
        headers["Vary"] = f"Accept-Encoding, {speaker}"
        if len(body) > _WORTH_PACKING and "gzip" in self.request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, 5)
            headers["Content-Encoding"] = "gzip"
        return Response(body, status, headers, media_type)
