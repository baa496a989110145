"""JSON for scripts and for phones whose socket is blocked.

`POST /api/f/{code}/{event}` is the twin of the socket's event of that name: same registry, same
payload, same answer, with a bearer token. The state is cacheable for a second for the public.
"""

import json
import logging
from typing import Any

from sqlmodel import Session
from starlette.responses import Response

from townhall import events
from townhall.actions import people
from townhall.domain.audience import audience_of
from townhall.domain.errors import Refused
from townhall.screens import audit, slices
from townhall.web.cookies import SCREENS, Screen
from townhall.web.door import bearer_of
from townhall.web.errors import as_json
from townhall.web.visit import Page, Visit

log = logging.getLogger("townhall.web")

API_BYTES = 32 * 1024
_JOIN_FIELDS = {"ticket": str, "nickname": str, "table": int, "key": str, "swap": bool}


async def join(visit: Visit) -> Response:
    """POST /api/f/{code}/join {ticket?, key?, swap?, nickname?, table?} -> {token, seat, expires}.

    A browser gets the cookie as well, so that reloading the page keeps the seat.
    """
    given = await _body(visit)
    for field, value in given.items():
        if field not in _JOIN_FIELDS or type(value) is not _JOIN_FIELDS[field]:
            raise Refused("payload_invalid", field=str(field)[:60], reason="unexpected")
    device = people.Device(given.pop("key", None), visit.actor, given.pop("swap", False))
    try:
        async with visit.site.limits.queue():
            entrance = await people.join(visit.hall, visit.forum.code, device=device, **given)
    except Refused as refused:
        if refused.code not in people.ASKED_FIRST:
            await visit.site.limits.failed_from(visit.address)
        raise
    if "origin" in visit.request.headers:
        visit.keep(entrance)
    answer = {"token": entrance.token, "seat": entrance.seat, "expires": entrance.expires}
    return visit.json({"status": "ok"} | answer)


async def token(visit: Visit) -> Response:
    """POST /api/f/{code}/token: a fresh page token, for a page whose cookie is still good.

    The page shows its old token, which says which of the browser's sessions it speaks for.
    """
    old = bearer_of(visit.request).split(".")
    wanted, screen = (old[0], old[1]) if len(old) == 4 else ("", "")
    kept: tuple[Screen, ...] = SCREENS if wanted else ("phone",)
    for name in kept:
        for cookie in visit.cookies.tokens(name, visit.forum.code)[:1]:
            actor = await people.recognise(visit.hall, cookie, visit.forum.id)
            if actor.session is not None and wanted in {"", str(actor.session)}:
                fresh, expires = people.page_token(visit.hall, actor, visit.forum.id, screen)
                return visit.json({"status": "ok", "token": fresh, "expires": expires})
    raise Refused("sign_in")


async def event(visit: Visit) -> Response:
    """POST /api/f/{code}/{event}: run one event."""
    name = visit.request.path_params["event"]
    known = events.EVENTS.get(name)
    if known is None:
        raise Refused("event_unknown", event=name[:40])
    speaker = visit.actor.session
    wait = speaker and visit.site.limits.buckets.wait((speaker, name), known.rate, known.burst)
    if wait:
        return _slower(visit, name, wait)
    answer = await events.dispatch_counted(visit.hall, visit.actor, name, await _json(visit))
    return visit.json(answer, 503 if answer.get("status") == "busy" else 200)


def _slower(visit: Visit, name: str, wait: float) -> Response:
    seconds = max(1, round(wait + 0.5))
    if name in events.VOTES:
        events.counted(name, "busy")
        answer: dict[str, object] = {"status": "busy", "retry_after": seconds}
    else:
        answer = as_json(visit, Refused("too_many", seconds=seconds))
    return visit.json(answer, 429, {"Retry-After": str(seconds)})


async def state(visit: Visit) -> Response:
    """GET /api/f/{code}/state: version, slices and server time; the public's for anybody.

    Whoever shows the version that stands gets 304 before anything else is read, where the version
    tells of everything that this audience sees.
    """
    hall, actor, asked = visit.hall, visit.actor, visit.request.headers.get("if-none-match")
    forum, audience, now = visit.forum.id, audience_of(actor.role), hall.now()
    table = actor.table if audience == "desk" else None

    def etag(version: slices.Version) -> str:
        return f'"{"-".join(map(str, (*version, audience, table or 0)))}"'

    def look(session: Session) -> tuple[str, dict[str, Any] | None]:
        stands = (hall.database.epoch, *slices.versions(session, [forum])[forum])
        if slices.counted(audience) and etag(stands) == asked:
            return asked, None
        version, values = slices.recent(session, forum, audience, table, epoch=stands[0], now=now)
        body = {"version": list(version), "slices": values, "now": now}
        return etag(version), body

    tag, body = await hall.read(look)
    public = actor.role == "visitor"
    kept = "public, max-age=1" if public else "private, no-cache"
    headers = {"Cache-Control": kept, "ETag": tag}
    if body is None:
        return Response(status_code=304, headers=headers)
    return visit.json(body, 200, headers)


async def commitments(visit: Visit) -> Response:
    """GET /api/f/{code}/commitments/{question}: every ballot that counts, as its commitment.

    From the close on, before the result is shown; then it never changes.
    """
    question = int(visit.request.path_params["question"])
    found = await visit.hall.read(audit.commitments, visit.forum.id, question)
    body = {"status": "ok", "question": question, "commitments": found}
    return visit.json(body, 200, {"Cache-Control": "public, max-age=60"})


async def csp(visit: Visit) -> Response:
    """POST /csp: a browser reports something blocked; one short log line, and not too many."""
    raw = await visit.request.body()
    if not visit.site.limits.buckets.wait("csp", 1.0, 20.0):
        log.warning("csp", extra=_report(raw))
    return Response(status_code=204)


def _report(raw: bytes) -> dict[str, str]:
    try:
        found = json.loads(raw)["csp-report"]
        wanted = ("effective-directive", "violated-directive", "blocked-uri", "source-file")
        return {name.replace("-", "_"): str(found.get(name, ""))[:120] for name in wanted}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"effective_directive": "unreadable"}


async def _body(visit: Visit) -> dict[str, Any]:
    found = await _json(visit)
    if not isinstance(found, dict):
        raise Refused("json_invalid")
    return found


async def _json(visit: Visit) -> Any:
    raw = await visit.request.body()
    try:
        return json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        raise Refused("json_invalid") from None


PAGES = [
    Page("/csp", ("POST",), csp, "page.read", api=True, body=API_BYTES),
    Page("/api/f/{code}/state", ("GET",), state, "page.read", api=True),
    Page("/api/f/{code}/commitments/{question:int}", ("GET",), commitments, "page.read", api=True),
    Page("/api/f/{code}/join", ("POST",), join, "forum.enter", api=True, body=API_BYTES),
    Page("/api/f/{code}/token", ("POST",), token, "forum.enter", api=True, body=API_BYTES),
    Page("/api/f/{code}/{event}", ("POST",), event, "forum.enter", api=True, body=API_BYTES),
]
