"""Setting a selection up, closing it and deciding, as pages for organisers.

Every form that is refused comes back with what was typed. Does not belong here: the score page
and the panelist's sheet (`selection_pages`), what a rule may say (`domain.selections`).
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from townhall.actions import score_rules, selections, sheets
from townhall.actions.score_rules import Terms, Window
from townhall.actions.selections import NewSelection
from townhall.actions.sheets import Invited
from townhall.domain.errors import Refused
from townhall.domain.selections import CRITERIA, RuleDraft
from townhall.domain.text import fold
from townhall.screens import selections as screen
from townhall.web import i18n
from townhall.web.errors import sentence, status_of
from townhall.web.visit import Page, Visit

_FIELD_OF = {
    "candidates_number": "candidates",
    "candidate_twice": "candidates",
    "proposal_unknown": "candidates",
    "selection_exists": "title",
}
_FIELD_OF_PATH = {
    "rule.weights": "weights",
    "rule.sympathy.normalise": "normalise",
    "rule.live.aggregate": "live_aggregate",
    "rule.panel.aggregate": "panel_aggregate",
    "rule.panel.score_max": "score_max",
    "rule.panel.seats": "seats",
    "rule.panel.quorum": "quorum",
    **{f"rule.weights.{name}": f"weight-{name}" for name in ("sympathy", "live", "panel")},
}
_SHOWN = ("weights", "criteria", "reason", "exception")
"""Where the page has a sentence besides those of the fields that came."""
_LINES = range(1, 7)
_MOST_NUMBER = 1_000_000


async def new(visit: Visit) -> Response:
    """GET /organise/selections/new, where `?forum=` may name one."""
    named = visit.request.query_params.get("forum", "")[:12]
    return await _new(visit, form={"forum": named})


async def create(visit: Visit) -> Response:
    """POST /organise/selections/new."""
    form = visit.form
    places = await visit.hall.read(screen.places)
    given = NewSelection(
        title=form.raw("title"),
        candidates=_candidates(form.raw("candidates")),
        forum=_named(visit, "forum", "code", places["forums"]),
        board=_named(visit, "board", "key", places["boards"]),
    )
    try:
        if form.errors:
            raise Refused("choice_wrong")
        made = await selections.create(visit.hall, visit.actor, given)
    except Refused as refused:
        _blame(visit, refused)
        return await _new(visit, 422)
    return visit.go(f"/organise/s/{made}")


async def _new(visit: Visit, status: int = 200, **context: Any) -> Response:
    places = await visit.hall.read(screen.places)
    return visit.render("organise/selection_new.html", status, **places, **context)


def _candidates(typed: str) -> tuple[str | int, ...]:
    """One a line: a title, or #12 for proposal 12."""
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    return tuple(int(line[1:]) if re.fullmatch(r"#[0-9]{1,9}", line) else line for line in lines)


def _named(visit: Visit, field: str, key: str, known: Sequence[dict[str, Any]]) -> int | None:
    ids: dict[str, int] = {each[key]: each["id"] for each in known}
    return ids.get(visit.form.choice(field, ids, ""))


async def setup(visit: Visit) -> Response:
    """GET /organise/s/{id}: the rule, the panel, closing and deciding."""
    return await _setup(visit)


async def _setup(
    visit: Visit, failed: str = "", status: int = 200, tied: Sequence[str] = ()
) -> Response:
    found = await visit.hall.read(screen.setup, _id(visit), visit.hall.now())
    found["window"] = {name: _local(visit, at) for name, at in found["window"].items()}
    return visit.render("organise/selection.html", status, **found, failed=failed, tied=tied)


def _local(visit: Visit, at: int | None) -> str:
    """A moment as a date-and-time field holds it."""
    if at is None:
        return ""
    zone = ZoneInfo(visit.hall.settings.timezone)
    return datetime.fromtimestamp(at / 1000, zone).strftime("%Y-%m-%dT%H:%M")


async def recast(visit: Visit) -> Response:
    """POST /organise/s/{id}/candidates."""
    try:
        wanted = _candidates(visit.form.raw("candidates"))
        await selections.recast(visit.hall, visit.actor, _id(visit), wanted)
    except Refused as refused:
        return await _again(
            visit, "candidates", Refused(refused.code, **_at(refused, "candidates"))
        )
    return _back(visit, "selections.candidates_kept")


async def rule(visit: Visit) -> Response:
    """POST /organise/s/{id}/rule."""
    form = visit.form
    terms = Terms(
        rule=_draft(visit),
        first=form.integer("first", 1, _MOST_NUMBER, required=False),
        final=form.integer("final", 1, _MOST_NUMBER, required=False),
        window=Window(form.moment("from", required=False), form.moment("until", required=False)),
    )
    try:
        if form.errors:
            raise Refused("rule_field")
        await score_rules.set_rule(visit.hall, visit.actor, _id(visit), terms, form.raw("reason"))
    except Refused as refused:
        return await _again(visit, "rule", refused)
    return _back(visit, "selections.rule_kept")


def _draft(visit: Visit) -> RuleDraft:
    form = visit.form
    lines = [(_criterion(form.raw(f"criterion-{n}")), form.raw(f"weight-{n}")) for n in _LINES]
    sympathy, live, panel = (form.raw(f"weight-{n}") for n in ("sympathy", "live", "panel"))
    return RuleDraft(
        weights=(sympathy, live, panel),
        criteria=tuple((name, weight) for name, weight in lines if name.strip() or weight.strip()),
        normalise=form.raw("normalise"),
        cap=form.raw("cap"),
        live_aggregate=form.raw("live_aggregate"),
        panel_aggregate=form.raw("panel_aggregate"),
        score_max=form.integer("score_max", 2, 100) or 0,
        seats=form.integer("seats", 1, 1000) or 0,
        quorum=form.raw("quorum"),
    )


def _criterion(typed: str) -> str:
    """The criterion that the house's pages show by this name, in any language, or a new one."""
    shown = {
        fold(i18n.catalogue(lang)(f"panel.criterion.{name}")): name
        for lang in i18n.LANGUAGES
        for name in CRITERIA
    }
    return shown.get(fold(typed), typed)


async def invite(visit: Visit) -> Response:
    """POST /organise/s/{id}/panel: links, shown this once."""
    names = [line for line in visit.form.raw("names").splitlines() if line.strip()]
    try:
        invited = await sheets.invite(visit.hall, visit.actor, _id(visit), names)
    except Refused as refused:
        return await _again(visit, "panel", refused)
    return await _links(visit, invited)


async def renew(visit: Visit) -> Response:
    """POST /organise/s/{id}/panel/{panelist}/link: a new link in place of the old one."""
    panelist = visit.request.path_params["panelist"]
    invited = await sheets.renew(visit.hall, visit.actor, _id(visit), panelist)
    return await _links(visit, [invited])


async def _links(visit: Visit, invited: Sequence[Invited]) -> Response:
    found = await visit.hall.read(screen.setup, _id(visit), visit.hall.now())
    forum = found["selection"]["forum"]
    enter = f"{visit.base_url}/f/{forum['code']}/enter"
    links = [
        {
            "role": "panelist",
            "url": f"{enter}#k={each.token}",
            "table": None,
            "number": each.number,
            "name": each.name,
        }
        for each in invited
    ]
    address = visit.base_url.partition("://")[2]
    shown = {**forum, "address": address}
    return visit.render("organise/made.html", forum=shown, links=links, tickets=[], pdf=None)


async def recuse(visit: Visit) -> Response:
    """POST /organise/s/{id}/panel/{panelist}/recuse: keep a panelist out of one candidate."""
    panelist, form = visit.request.path_params["panelist"], visit.form
    candidate, on = form.raw("candidate"), form.flag("on")
    await sheets.recuse(visit.hall, visit.actor, _id(visit), panelist, candidate, on)
    return _back(visit, "selections.recused" if on else "selections.recused_not")


async def close(visit: Visit) -> Response:
    """POST /organise/s/{id}/close."""
    form = visit.form
    votes = {
        name.removeprefix("revote-"): form.integer(name, 0, 1000, required=False)
        for name in sorted(form.names)
        if name.startswith("revote-")
    }
    form.expect({"exception", "lot_seed", *(f"revote-{letter}" for letter in votes)})
    try:
        if form.errors:
            raise Refused("choice_wrong")
        await selections.close(
            visit.hall,
            visit.actor,
            _id(visit),
            exception=form.raw("exception"),
            revote={letter: n for letter, n in votes.items() if n is not None},
            lot_seed=form.raw("lot_seed"),
        )
    except Refused as refused:
        tied = refused.details.get("leaders") or sorted(votes)
        return await _again(visit, "close", refused, tied)
    return _back(visit, "selections.closed")


async def decide(visit: Visit) -> Response:
    """POST /organise/s/{id}/decide."""
    form = visit.form
    try:
        await selections.decide(
            visit.hall,
            visit.actor,
            _id(visit),
            decision=form.raw("decision"),
            candidate=form.raw("candidate"),
            reason=form.raw("reason"),
        )
    except Refused as refused:
        return await _again(visit, "decide", refused)
    return _back(visit, "selections.decided")


def _id(visit: Visit) -> int:
    return int(visit.request.path_params["id"])


def _back(visit: Visit, words: str) -> Response:
    return visit.go(f"/organise/s/{_id(visit)}", {"kind": "done", "text": visit.words(words)})


async def _again(visit: Visit, failed: str, refused: Refused, tied: Any = ()) -> Response:
    """The page with the form that was refused; what is not about a form is an error page."""
    status = status_of(refused)
    if status != 400:
        raise refused
    _blame(visit, refused)
    return await _setup(visit, failed, 422, tied)


def _blame(visit: Visit, refused: Refused) -> None:
    """Say at the field it is about what is wrong; without one, above the form."""
    named = refused.details.get("field", _FIELD_OF.get(refused.code, ""))
    field = _field_of(str(refused.details["path"])) if "path" in refused.details else str(named)
    visit.form.blame(field, sentence(visit, refused), _SHOWN)


def _field_of(path: str) -> str:
    return "criteria" if path.startswith("rule.panel.criteria") else _FIELD_OF_PATH.get(path, "")


def _at(refused: Refused, field: str) -> dict[str, Any]:
    return {**refused.details, "field": field}


_RULE_FIELDS = (
    *(f"weight-{name}" for name in ("sympathy", "live", "panel")),
    *(f"{part}-{n}" for n in _LINES for part in ("criterion", "weight")),
    *("normalise", "cap", "live_aggregate", "panel_aggregate", "score_max", "seats", "quorum"),
    *("first", "final", "from", "until", "reason"),
)
_AT = "/organise/s/{id:int}"


def _post(path: str, handler: Any, *fields: str) -> Page:
    return Page(_AT + path, ("POST",), handler, "selection.manage", fields=fields)


PAGES = [
    Page("/organise/selections/new", ("GET",), new, "selection.manage"),
    Page(
        "/organise/selections/new",
        ("POST",),
        create,
        "selection.manage",
        fields=("title", "forum", "board", "candidates"),
    ),
    Page(_AT, ("GET",), setup, "selection.manage"),
    _post("/candidates", recast, "candidates"),
    _post("/rule", rule, *_RULE_FIELDS),
    _post("/panel", invite, "names"),
    _post("/panel/{panelist:int}/link", renew),
    _post("/panel/{panelist:int}/recuse", recuse, "candidate", "on"),
    Page(_AT + "/close", ("POST",), close, "selection.manage", fields=None),
    _post("/decide", decide, "decision", "candidate", "reason"),
]
