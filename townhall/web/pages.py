"""The four live screens, the six digits that lead to them, and the doors with a token.

First paint by the server: each screen embeds the slices that its socket would send. Does not
belong here: accounts (`account_pages`), forms of phones without scripts (`plain_pages`).
"""

import re
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from townhall import events
from townhall.actions import people
from townhall.domain.audience import Actor, audience_of
from townhall.domain.errors import Refused
from townhall.screens import agenda, slices
from townhall.web.errors import sentence
from townhall.web.visit import Page, Visit

_REFUSED_ON_PHONES = (
    "asks_waiting", "busy", "choice_invalid", "forum_ended", "not_allowed", "not_found",
    "not_saving", "payload_invalid", "question_unknown", "seat_unknown", "session_over", "sign_in",
    "stopping", "table_kept", "table_unknown", "text_", "ticket_used", "too_many", "unexpected",
    "wrong_table",
)  # fmt: skip
"""The refusals a phone can meet; all the others would weigh more than the page."""

WORDS = {
    "phone": ("live.", "phone.", *(f"refused.{code}" for code in _REFUSED_ON_PHONES)),
    "desk": ("live.", "desk.", "refused."),
    "console": ("live.", "console.", "rehearsal.", "stage.", "phone.", "refused."),
    "stage": ("live.", "stage."),
}
"""Which part of the catalogue each screen's script gets."""

_ENTER_FIELDS = ("k", "key", "swap")


async def phone(visit: Visit, status: int = 200) -> Response:
    """GET /f/{code}: the one thing to do now, for whoever has a seat and for whoever has none."""
    return await _screen(visit, "phone", visit.actor, status)


async def desk(visit: Visit) -> Response:
    """GET /f/{code}/desk: a table's desk, entered by its card."""
    return await _screen(visit, "desk", visit.actor)


async def console(visit: Visit) -> Response:
    """GET /f/{code}/console: the moderator's screen."""
    return await _screen(visit, "console", visit.actor)


async def stage(visit: Visit) -> Response:
    """GET /f/{code}/stage: the projector; a moderator, too, sees only what the stage may."""
    shown = Actor(role="stage", session=visit.actor.session, forum=visit.forum.id)
    return await _screen(visit, "stage", shown)


async def _screen(visit: Visit, screen: str, actor: Actor, status: int = 200) -> Response:
    """A live screen with its boot block."""
    actor = replace(actor, forum=visit.forum.id)
    answer = await events.hello(visit.hall, actor, version=None)
    boot = {
        "code": visit.forum.code,
        "audience": audience_of(actor.role),
        "token": _page_token(visit, actor),
        "version": answer["version"],
        "slices": answer["slices"],
        "me": answer["me"],
        "now": answer["now"],
        "lang": visit.lang,
    }
    context: dict[str, Any] = {
        "boot": boot,
        "words": visit.words.under(WORDS[screen]),
        "forum": boot["slices"]["forum"],
        "slices": boot["slices"],
        "me": boot["me"],
        "now": boot["now"],
        "starts": agenda.starts(boot["slices"]["agenda"], boot["now"]),
        "url": f"{visit.base_url}/f/{visit.forum.code}",
    }
    return visit.render(f"{screen}/forum.html", status, **context)


def _page_token(visit: Visit, actor: Actor) -> str:
    """The page's own short-lived token; whoever has no session gets none."""
    if actor.session is None:
        return ""
    screen = "stage" if actor.role == "stage" else ""
    return people.page_token(visit.hall, actor, visit.forum.id, screen)[0]


async def join(visit: Visit) -> Response:
    """GET /join: type the six digits."""
    return visit.render("account/join.html")


async def find(visit: Visit) -> Response:
    """POST /join: the forum of six digits, or where its tickets are typed."""
    code = re.sub(r"\D", "", visit.form.raw("code"))
    try:
        await people.gate(visit.hall, code)
    except Refused as refused:
        await visit.site.limits.failed_from(visit.address)
        visit.form.wrong("code", refused)
        return visit.render("account/join.html", 422)
    return visit.go(f"/f/{code}/enter" if visit.form.flag("ticket") else f"/f/{code}")


async def entering(visit: Visit) -> Response:
    """GET /f/{code}/enter: the token comes in the fragment, which no server sees."""
    return await _enter_page(visit)


async def enter(visit: Visit) -> Response:
    """POST /f/{code}/enter: a ticket, a card or a link; on to the screen that it opens.

    A device that holds another seat of this forum is asked before it loses it.
    """
    token = _token(visit.form.raw("k"))
    try:
        device = people.Device(visit.form.raw("key") or None, visit.actor, visit.form.flag("swap"))
        entrance = await people.enter(visit.hall, visit.forum.code, token, device)
    except Refused as refused:
        visit.form.errors[""] = sentence(visit, refused)
        if refused.code in people.ASKED_FIRST:
            visit.form.typed["k"] = token
            return await _enter_page(visit, 409, asked=True)
        await visit.site.limits.failed_from(visit.address)
        visit.form.typed["k"] = ""
        return await _enter_page(visit, 409 if refused.code == "ticket_used" else 422)
    visit.keep(entrance)
    return visit.go(entrance.path)


def _token(typed: str) -> str:
    """A token as typed or pasted: perhaps with spaces, perhaps the whole link."""
    return re.sub(r"\s", "", typed).rpartition("#k=")[2][:64]


async def _enter_page(visit: Visit, status: int = 200, *, asked: bool = False) -> Response:
    forum = visit.forum.id
    _, shown = await visit.hall.read(lambda s: slices.read(s, forum, "public", None, ("forum",)))
    return visit.render("account/enter.html", status, forum=shown["forum"], asked=asked)


PAGES = [
    Page("/join", ("GET",), join, "page.read"),
    Page("/join", ("POST",), find, "page.read", fields=("code", "ticket")),
    Page("/f/{code}", ("GET",), phone, "page.read", "phone"),
    Page("/f/{code}/desk", ("GET",), desk, "desk.read", "desk"),
    Page("/f/{code}/console", ("GET",), console, "console.read", "console"),
    Page("/f/{code}/stage", ("GET",), stage, "stage.read", "stage"),
    Page("/f/{code}/enter", ("GET",), entering, "forum.enter", "phone"),
    Page("/f/{code}/enter", ("POST",), enter, "forum.enter", "phone", fields=_ENTER_FIELDS),
]
