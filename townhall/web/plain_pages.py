"""Phones without scripts: the same actions as the socket's events, as plain forms.

The server draws key and nonce and prints the receipt on the next page. Somebody who came by the
code alone gets an open seat with the first thing they do.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from townhall import events
from townhall.actions import people
from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.web import pages
from townhall.web.forms import Form
from townhall.web.visit import Page, Visit

_SEATS = {"open", "seated"}
_DONE = {"counted", "counted_before"}


def _one(form: Form) -> object:
    return form.raw("choice")


def _picks(form: Form) -> object:
    written = form.raw("other").strip()
    return {"picks": form.many("picks")} | ({"other": written} if written else {})


def _scores(form: Form) -> object:
    return {
        option: None if score == "abstain" else _whole(score)
        for option, score in _under(form, "score-").items()
    }


def _places(form: Form) -> object:
    """Options by the place given to each; those without a place are left out."""
    placed = {option: _whole(place) for option, place in _under(form, "rank-").items() if place}
    return sorted(placed, key=lambda option: (placed[option], option))


def _points(form: Form) -> object:
    given = {option: _whole(points) for option, points in _under(form, "dots-").items() if points}
    return {option: points for option, points in given.items() if points}


CHOICES: Mapping[str, tuple[str, Callable[[Form], object]]] = {
    "yesno": ("choice", _one),
    "single": ("choice", _one),
    "multiple": ("picks|other", _picks),
    "score": ("score-.+", _scores),
    "ranking": ("rank-.+", _places),
    "dots": ("dots-.+", _points),
}
"""Each ballot kind's plain form: a pattern of its fields, and how it reads; the kind itself cleans
what comes of it."""


def _under(form: Form, prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): form.raw(name).strip()
        for name in sorted(form.names)
        if name.startswith(prefix)
    }


def _whole(typed: str) -> int:
    if not re.fullmatch(r"\d{1,4}", typed):
        raise Refused("choice_invalid", reason="number")
    return int(typed)


async def take_seat(visit: Visit) -> Response:
    """POST /f/{code}/join: an open seat at a table, perhaps with a name."""
    table = visit.form.integer("table", 1, 999, required=False)
    if visit.actor.role in _SEATS:
        if table is not None:
            await people.sit(visit.hall, visit.actor, table)
    else:
        await _seated(visit, visit.form.raw("nickname"), table)
    return visit.go(f"/f/{visit.forum.code}")


async def vote(visit: Visit) -> Response:
    """POST /f/{code}/vote: one ballot; the receipt stands on the next page."""
    actor = await _seated(visit)
    question = visit.form.integer("question", 1, 2**31 - 1)
    known = await events.hello(visit.hall, actor, version=None)
    asked = next((q for q in known["slices"]["questions"] if q["id"] == question), None)
    if asked is None:
        raise Refused("not_found")
    fields, read = CHOICES[asked["kind"]]
    visit.form.expect({"question", *filter(re.compile(fields).fullmatch, visit.form.names)})
    held = known["me"]["votes"].get(str(question), {})
    payload = {
        "question": question,
        "key": secrets.token_hex(16),
        "nonce": secrets.token_hex(16),
        "rev": held.get("rev", 0) + 1,
        "choice": read(visit.form),
    }
    answer = await events.dispatch_counted(visit.hall, actor, "vote", payload)
    return visit.go(f"/f/{visit.forum.code}", _light(visit, answer))


async def ask(visit: Visit) -> Response:
    """POST /f/{code}/ask: a question to the stage; what is refused stays in the form."""
    payload = {"key": secrets.token_hex(16), "text": visit.form.raw("text")}
    try:
        return await _done(visit, "ask", payload)
    except Refused as refused:
        visit.form.wrong("text", refused)
        return await pages.phone(visit, 422)


async def upvote(visit: Visit) -> Response:
    """POST /f/{code}/upvote: sympathy for a question from the floor, given or taken back."""
    payload = {"ask": visit.form.integer("ask", 1, 2**31 - 1), "on": visit.form.flag("on")}
    return await _done(visit, "upvote", payload)


async def sit(visit: Visit) -> Response:
    """POST /f/{code}/sit: another table, or none."""
    table = visit.form.integer("table", 1, 999, required=False)
    return await _done(visit, "sit", {"table": table})


async def name(visit: Visit) -> Response:
    """POST /f/{code}/name: what one's own seat is called."""
    actor = await _seated(visit)
    await people.be_called(visit.hall, actor, visit.form.raw("nickname"))
    return visit.go(f"/f/{visit.forum.code}")


async def link(visit: Visit) -> Response:
    """POST /f/{code}/link: a personal link, for browsers that forget cookies."""
    token = await people.my_link(visit.hall, visit.actor)
    address = f"{visit.base_url}/f/{visit.forum.code}/enter#k={token}"
    notice = {"kind": "done", "text": visit.words("web.link.kept"), "detail": address}
    return visit.go(f"/f/{visit.forum.code}", notice)


async def _done(visit: Visit, event: str, payload: dict[str, Any]) -> Response:
    actor = await _seated(visit)
    await events.dispatch(visit.hall, actor, event, payload)
    return visit.go(f"/f/{visit.forum.code}")


async def _seated(visit: Visit, nickname: str = "", table: int | None = None) -> Actor:
    """The visitor's seat; an open one is made and kept where there was none."""
    if visit.actor.role in _SEATS:
        return visit.actor
    async with visit.site.limits.queue():
        entrance = await people.join(visit.hall, visit.forum.code, nickname=nickname, table=table)
    visit.keep(entrance)
    visit.actor = await people.recognise(visit.hall, entrance.token, visit.forum.id)
    return visit.actor


def _light(visit: Visit, answer: Mapping[str, Any]) -> dict[str, str]:
    """The light of an answered vote: what became of it and, once counted, its receipt."""
    status = str(answer["status"])
    text = visit.words(f"web.vote.{status}")
    if status not in _DONE:
        return {"kind": "fail", "text": text}
    receipt = answer["receipt"]
    detail = visit.words("web.vote.receipt", code=receipt["code"], full=receipt["commitment"])
    return {"kind": "done", "text": text, "detail": detail, "receipt": receipt["code"]}


PAGES = [
    Page(
        "/f/{code}/join", ("POST",), take_seat, "forum.enter", "phone", fields=("nickname", "table")
    ),
    Page("/f/{code}/vote", ("POST",), vote, "forum.enter", "phone", fields=None),
    Page("/f/{code}/ask", ("POST",), ask, "forum.enter", "phone", fields=("text",)),
    Page("/f/{code}/upvote", ("POST",), upvote, "forum.enter", "phone", fields=("ask", "on")),
    Page("/f/{code}/sit", ("POST",), sit, "table.sit", "phone", fields=("table",)),
    Page("/f/{code}/name", ("POST",), name, "table.sit", "phone", fields=("nickname",)),
    Page("/f/{code}/link", ("POST",), link, "table.sit", "phone"),
]
