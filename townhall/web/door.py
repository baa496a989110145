"""The one way into a handler: recognise, read the form, check the right, then run it.

Belongs here: everything that happens to every page alike. Deny by default: a page names one
action of RIGHTS, and the check runs before its handler.
"""

import logging
from dataclasses import dataclass, replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from townhall.actions import people
from townhall.domain.audience import RIGHTS, VISITOR, Actor, require
from townhall.domain.errors import Refused
from townhall.web import i18n
from townhall.web.cookies import Cookies, form_token_fits
from townhall.web.errors import refusal
from townhall.web.forms import capped, read_form
from townhall.web.visit import Here, Page, Site, Visit

log = logging.getLogger("townhall.web")

_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_STATUS_CODES = {404: "not_found"}


@dataclass(frozen=True)
class Door:
    """An ASGI endpoint that lets a request through to a page's handler, or refuses it."""

    site: Site
    page: Page

    def __post_init__(self) -> None:
        if self.page.action not in RIGHTS:
            raise KeyError(f"{self.page.path} names no action of RIGHTS: {self.page.action}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, capped(receive, self.page.body))
        response = await self.answer(request)
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """The response, cookies included, whatever happened."""
        visit = _visit(self.site, self.page, request)
        try:
            response = await self._through(visit)
        except Refused as refused:
            response = refusal(visit, refused)
        except HTTPException as error:
            response = refusal(visit, Refused(_STATUS_CODES.get(error.status_code, "bad_request")))
        except Exception:
            log.exception("a page failed", extra={"path": self.page.path})
            response = refusal(visit, Refused("unexpected"))
        visit.cookies.write(response)
        return response

    async def _through(self, visit: Visit) -> Response:
        await _look_around(visit)
        if visit.request.method in {"POST", "PUT", "DELETE"} and not self.page.api:
            await _read(visit)
        require(visit.actor, self.page.action, forum=visit.here.id if visit.here else None)
        return await self.page.handler(visit)


def _visit(site: Site, page: Page, request: Request) -> Visit:
    settings = site.hall.settings
    cookies = Cookies(request, secure=settings.secure)
    asked = request.query_params.get("lang")
    if asked in i18n.LANGUAGES and request.method == "GET":
        cookies.keep_language(asked)
    lang = i18n.choose(
        asked, cookies.language, request.headers.get("accept-language", ""), settings.language
    )
    return Visit(site, page, request, cookies, i18n.catalogue(lang))


async def _look_around(visit: Visit) -> None:
    """Which forum this is about, in which language, and who came."""
    code = visit.request.path_params.get("code", "")
    if code:
        gate = await people.gate(visit.hall, code)
        visit.here = Here(gate.id, gate.code, gate.language)
        _forum_language(visit)
    visit.actor = await _recognised(visit)


def _forum_language(visit: Visit) -> None:
    """Where neither the person nor the browser has a language of ours, the forum's own counts."""
    asked = visit.request.query_params.get("lang") or visit.cookies.language
    accepted = visit.request.headers.get("accept-language", "")
    lang = i18n.choose(asked, None, accepted, visit.forum.language)
    if lang != visit.lang:
        visit.words = i18n.catalogue(lang)


async def _recognised(visit: Visit) -> Actor:
    """The first live session among those that count here. Scripts show theirs as a bearer.

    The pages of accounts know accounts alone: a card or a link opens nothing but its forum.
    """
    forum = visit.here.id if visit.here else None
    if visit.page.api:
        tokens = [bearer] if (bearer := bearer_of(visit.request)) else []
    else:
        tokens = visit.cookies.tokens(visit.page.screen, visit.here.code if visit.here else "")
    accounts_only = visit.page.screen == "account" and not visit.page.api
    fitting: Actor | None = None
    for token in tokens:
        actor = await people.recognise(visit.hall, token, forum)
        if actor.role != "visitor" and (actor.person or not accounts_only):
            fitting = fitting or actor
            if _fits(visit, actor):
                return actor
    return fitting or replace(VISITOR, forum=forum)


def _fits(visit: Visit, actor: Actor) -> bool:
    try:
        require(actor, visit.page.action, forum=visit.here.id if visit.here else None)
    except Refused:
        return False
    return True


def bearer_of(request: Request) -> str:
    """The token of `Authorization: Bearer …`, or nothing."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip()[:200] if scheme.lower() == "bearer" else ""


async def _read(visit: Visit) -> None:
    """The form, bound to this browser and with no field it does not have."""
    kind = visit.request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in _FORM_TYPES:
        raise Refused("form_unreadable")
    zone = visit.hall.settings.timezone
    visit.form = await read_form(visit.request, visit.words, zone, visit.page.body)
    if not form_token_fits(visit.form.raw("csrf"), visit.cookies.known_form_key(), visit.secret):
        raise Refused("form_expired")
    if visit.page.fields is not None:
        visit.form.expect(visit.page.fields)
