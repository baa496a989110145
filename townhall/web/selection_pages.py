"""A selection as everybody reads it, its file, and the sheet of a panelist.

The score page says the same to whoever asks, an organiser too. Does not belong here: setting a
selection up (`selection_setup_pages`).
"""

import json
from typing import Any

from starlette.responses import Response

from townhall.actions import sheets
from townhall.domain.errors import Refused
from townhall.screens import selections as screen
from townhall.web.errors import as_json, sentence
from townhall.web.visit import Page, Visit

_HIGHEST_REV = 1_000_000


async def score(visit: Visit) -> Response:
    """GET /s/{id}: which inputs are in, later the score board, how close it was, the decision."""
    number = visit.request.path_params["id"]
    found = await visit.hall.read(screen.page, number, visit.hall.now())
    return visit.render("board/score.html", **found)


async def export(visit: Visit) -> Response:
    """GET /s/{id}.json: the sealed file, for `townhall score` and anybody's own reckoning."""
    try:
        sealed = await visit.hall.read(screen.export, visit.request.path_params["id"])
    except Refused as refused:
        return visit.json(as_json(visit, refused), 404)
    return visit.json(json.loads(sealed))


async def sheet(visit: Visit) -> Response:
    """GET /f/{code}/panel: the sheet of the panelist whose link this browser entered with."""
    return visit.render("panel/sheet.html", **await _sheet(visit))


async def save(visit: Visit) -> Response:
    """POST /f/{code}/panel: keep the sheet as a draft, or hand it in."""
    found = await _sheet(visit)
    typed = _typed(visit, found)
    final = visit.form.choice("do", ("save", "final")) == "final"
    try:
        if visit.form.errors:
            raise Refused("choice_wrong")
        await sheets.save(visit.hall, visit.actor, **typed, final=final)
    except Refused as refused:
        return _again(visit, found, typed, refused)
    done = "selections.sheet_in" if final else "selections.sheet_kept"
    return visit.go(f"/f/{visit.forum.code}/panel", {"kind": "done", "text": visit.words(done)})


async def _sheet(visit: Visit) -> dict[str, Any]:
    if visit.actor.panelist is None:
        raise Refused("not_allowed")
    return await visit.hall.read(screen.sheet, visit.actor.panelist)


def _typed(visit: Visit, found: dict[str, Any]) -> dict[str, Any]:
    """What the form says, as `sheets.save` takes it. Fields of other sheets are refused."""
    form, scale = visit.form, found["scale"]
    letters = [each["letter"] for each in found["candidates"]]
    criteria = [each["id"] for each in found["criteria"]]
    fields = {f"score-{one}-{line}": (one, line) for one in letters for line in criteria}
    form.expect({*fields, *(f"recuse-{one}" for one in letters), "comment", "rev", "do"})
    scores: dict[str, dict[str, int]] = {letter: {} for letter in letters}
    for name, (letter, criterion) in fields.items():
        given = form.integer(name, scale["min"], scale["max"], required=False)
        if given is not None:
            scores[letter][criterion] = given
    return {
        "rev": form.integer("rev", 0, _HIGHEST_REV) or 0,
        "scores": scores,
        "recused": [one for one in letters if form.flag(f"recuse-{one}")],
        "comment": form.raw("comment"),
    }


def _again(
    visit: Visit, found: dict[str, Any], typed: dict[str, Any], refused: Refused
) -> Response:
    """The form with what was typed; after another window was faster it may be sent once more."""
    missing: Any = refused.details.get("missing", ())
    words = sentence(visit, refused)
    for letter, criterion in missing:
        visit.form.errors[f"score-{letter}-{criterion}"] = visit.words("selections.score_missing")
    visit.form.blame(str(refused.details.get("field", "")), words)
    if refused.code in ("sheet_is_final", "selection_closed"):
        return visit.render("panel/sheet.html", 422, **found)
    held = found["sheet"]
    stale = refused.code == "sheet_superseded"
    shown = {**held, **typed, "rev": held["rev"] if stale else typed["rev"]}
    return visit.render("panel/sheet.html", 422, **{**found, "sheet": shown})


PAGES = [
    Page("/s/{id:int}.json", ("GET",), export, "page.read"),
    Page("/s/{id:int}", ("GET",), score, "page.read"),
    Page("/f/{code}/panel", ("GET",), sheet, "sheet.write", "panel"),
    Page("/f/{code}/panel", ("POST",), save, "sheet.write", "panel", fields=None),
]
