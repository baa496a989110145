"""One forum's set-up: basics, run of show, questions, tables, tickets and links.

One long page with a form for each part; a form that is refused opens again where it was, with
what was typed. Works without scripts. Does not belong here: what a forum may be
(`actions.organise`), how tokens are shown (`organise_made`).
"""

from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from townhall.actions import cards, forums, organise
from townhall.actions.organise import Basics
from townhall.domain.ballots import BALLOTS
from townhall.domain.errors import Refused
from townhall.domain.segments import SEGMENTS
from townhall.screens import organise as screen
from townhall.web import i18n, organise_forms, organise_made
from townhall.web.errors import sentence
from townhall.web.forms import Fields
from townhall.web.visit import Page, Visit

_FIELD: Mapping[str, str] = {
    "minutes_invalid": "minutes",
    "round_pair_invalid": "first",
    "question_unknown": "question",
    "tables_invalid": "count",
    "table_in_use": "count",
    "tickets_number": "count",
    "form_used": "",
}
_REASONS = {"too_few", "too_many", "repeated", "range", "too_long", "kind"}


async def setup(visit: Visit) -> Response:
    """GET /organise/f/{code}."""
    return await _setup(visit)


async def _setup(visit: Visit, failed: str = "", status: int = 200) -> Response:
    found = await visit.hall.read(screen.setup, visit.forum.id, visit.hall.now())
    found["forum"] |= {
        "starts_local": _local(visit, found["forum"]["starts_at"]),
        "url": f"{visit.base_url}/f/{visit.forum.code}",
    }
    for each in found["segments"]:
        each["typed"] = organise_forms.item_typed(each)
    for each in found["questions"]:
        each["typed"] = organise_forms.question_typed(each)
    entry = "open" if found["forum"]["entry"] == "open" else "seats"
    return visit.render(
        "organise/forum.html",
        status,
        **found,
        fresh=Fields(organise_forms.FRESH | {"eligibility": entry}),
        kinds={"segments": list(SEGMENTS), "questions": list(BALLOTS)},
        durations=organise_forms.DURATIONS,
        most=organise_made.MOST,
        failed=failed,
        once=organise_made.once(visit),
    )


def _local(visit: Visit, at: int) -> str:
    """A moment as a date-and-time field holds it."""
    zone = ZoneInfo(visit.hall.settings.timezone)
    return datetime.fromtimestamp(at / 1000, zone).strftime("%Y-%m-%dT%H:%M")


async def _done(visit: Visit, change: Awaitable[None], failed: str, part: str) -> Response:
    """Make a change and go back to its part of the page, or open its form again."""
    try:
        await change
    except Refused as refused:
        return await _refused(visit, refused, failed)
    return visit.go(f"/organise/f/{visit.forum.code}#{part}")


async def _refused(visit: Visit, refused: Refused, failed: str) -> Response:
    """The page again, with the sentence beside the field it is about."""
    gone = refused.code == "question_unknown" and failed.startswith("question")
    if gone or refused.code == "not_found":
        raise Refused("not_found")
    reason = str(refused.details.get("reason", ""))
    known = refused.code in {"definition_invalid", "segment_invalid"} and reason in _REASONS
    told = visit.words(f"organise.wrong.{reason}") if known else sentence(visit, refused)
    visit.form.blame(_field_of(visit, refused), told)
    return await _setup(visit, failed, 422)


def _field_of(visit: Visit, refused: Refused) -> str:
    """The field that a refusal is about, as the form names it."""
    field = str(refused.details.get("field", ""))
    if field == "max" and visit.form.raw("kind") == "multiple":
        return "most"
    return _FIELD.get(refused.code, "options" if field == "option" else field)


async def basics(visit: Visit) -> Response:
    """POST /organise/f/{code}."""
    form = visit.form
    new = Basics(
        title=form.text("title", organise.TITLE),
        host=form.text("host", organise.TITLE, required=False),
        starts_at=form.moment("starts_at") or 0,
        language=form.choice("language", i18n.LANGUAGES),
        entry=form.choice("entry", ("seats", "open")),
    )
    if form.errors:
        return await _setup(visit, "basics", 422)
    change = organise.set_basics(visit.hall, visit.actor, new)
    return await _done(visit, change, "basics", "basics")


async def segment_new(visit: Visit) -> Response:
    """POST /organise/f/{code}/segments: an item at the end of the run of show."""
    form = visit.form
    kind, key = form.choice("kind", SEGMENTS), organise_made.once(visit)
    new = organise_forms.item(visit, kind)
    if form.errors:
        return await _setup(visit, "segment", 422)
    change = organise.add_segment(visit.hall, visit.actor, kind, new, key=key)
    return await _done(visit, change, "segment", "run")


async def segment(visit: Visit) -> Response:
    """POST /organise/f/{code}/segments/{id}: save, up, down or remove."""
    row, hall, actor = _number(visit), visit.hall, visit.actor
    do = visit.form.choice("do", ("save", "up", "down", "remove"))
    failed = f"segment-{row}"
    if do in {"up", "down"}:
        move = organise.move_segment(hall, actor, row, -1 if do == "up" else 1)
        return await _done(visit, move, failed, "run")
    if do == "remove":
        return await _done(visit, organise.remove_segment(hall, actor, row), failed, "run")
    new = organise_forms.item(visit, visit.form.choice("kind", SEGMENTS))
    if visit.form.errors:
        return await _setup(visit, failed, 422)
    return await _done(visit, organise.edit_segment(hall, actor, row, new), failed, "run")


async def question_new(visit: Visit) -> Response:
    """POST /organise/f/{code}/questions: a draft."""
    new, first = organise_forms.question(visit)
    if visit.form.errors:
        return await _setup(visit, "question", 422)
    key = organise_made.once(visit)
    change = organise.add_question(visit.hall, visit.actor, new, key=key, first=first)
    return await _done(visit, change, "question", "questions")


async def question(visit: Visit) -> Response:
    """POST /organise/f/{code}/questions/{id}: another draft in its place."""
    row = _number(visit)
    new, first = organise_forms.question(visit)
    if visit.form.errors:
        return await _setup(visit, f"question-{row}", 422)
    change = organise.edit_question(visit.hall, visit.actor, row, new, first=first)
    return await _done(visit, change, f"question-{row}", "questions")


async def question_remove(visit: Visit) -> Response:
    """POST /organise/f/{code}/questions/{id}/remove."""
    row = _number(visit)
    change = organise.remove_question(visit.hall, visit.actor, row)
    return await _done(visit, change, f"question-{row}", "questions")


async def tables(visit: Visit) -> Response:
    """POST /organise/f/{code}/tables: so many tables in all."""
    count = visit.form.integer("count", 0, forums.MOST_TABLES)
    if count is None:
        return await _setup(visit, "tables", 422)
    change = organise.set_tables(visit.hall, visit.actor, count)
    return await _done(visit, change, "tables", "room")


async def tickets(visit: Visit) -> Response:
    """POST /organise/f/{code}/tickets: made, or made before by the same form; page, sheet, PDF."""
    count = visit.form.integer("count", 1, cards.MOST_TICKETS)
    wanted = visit.form.choice("as", organise_made.FORMS, "page")
    if count is None or visit.form.errors:
        return await _setup(visit, "tickets", 422)
    key = organise_made.once(visit)
    made = await organise_made.minted(visit, count, key)
    if wanted == "page":
        return await organise_made.page(visit, [], made, key)
    return await organise_made.on_paper(visit, made, wanted)


async def links(visit: Visit) -> Response:
    """POST /organise/f/{code}/links: a new link of a role, or new cards of tables (all if none)."""
    role = visit.form.choice("role", ("moderator", "stage", "facilitator"))
    wanted = visit.form.choice("as", organise_made.FORMS, "page")
    numbers = [int(each) for each in visit.form.many("table") if each.isdecimal()]
    if visit.form.errors:
        raise Refused("choice_wrong")
    key = organise_made.once(visit)
    made = await _cards(visit, role, numbers, key)
    if wanted == "page" or role != "facilitator":
        return await organise_made.page(visit, made, [], key)
    return await organise_made.on_paper(visit, organise_made.as_cards(visit, made), wanted)


async def _cards(visit: Visit, role: str, numbers: list[int], key: str) -> list[organise_made.Link]:
    hall, actor, forum = visit.hall, visit.actor, visit.forum.id
    if role == "moderator":
        return [("moderator", None, await cards.card(hall, actor, forum, "moderator", key=key))]
    if role == "stage":
        return [("stage", None, await cards.card(hall, actor, forum, "stage", key=key))]
    if not numbers:
        found = await hall.read(screen.setup, forum, hall.now())
        numbers = [each["table"] for each in found["links"] if each["table"]]
    return [
        ("facilitator", n, await cards.card(hall, actor, forum, "facilitator", table=n, key=key))
        for n in numbers[: forums.MOST_TABLES]
    ]


def _number(visit: Visit) -> int:
    """The id that the address names. Refuses `not_found`."""
    named = str(visit.request.path_params["id"])
    if not named.isascii() or not named.isdecimal() or int(named) > organise_forms.LARGEST_ID:
        raise Refused("not_found")
    return int(named)


_BASICS = ("title", "host", "starts_at", "language", "entry")


def _post(path: str, handler: Any, *fields: str) -> Page:
    return Page(f"/organise/f/{{code}}{path}", ("POST",), handler, "house.manage", fields=fields)


PAGES = [
    Page("/organise/f/{code}", ("GET",), setup, "house.manage"),
    _post("", basics, *_BASICS),
    _post("/segments", segment_new, *organise_forms.ITEM, "once"),
    _post("/segments/{id}", segment, *organise_forms.ITEM, "do"),
    _post("/questions", question_new, *organise_forms.QUESTION),
    _post("/questions/{id}", question, *organise_forms.QUESTION),
    _post("/questions/{id}/remove", question_remove, *organise_forms.QUESTION),
    _post("/tables", tables, "count"),
    _post("/tickets", tickets, "count", "as", "once"),
    _post("/links", links, "role", "table", "as", "once"),
]
