"""The forms of a forum's items and questions: from fields to wishes, and from rows to fields.

Fields that belong to another kind than the chosen one are left alone. Does not belong here: what
an item or a question may be (`actions.organise`), the pages (`organise_forum_pages`).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from townhall.actions import organise
from townhall.actions.forums import NewQuestion
from townhall.actions.organise import Item
from townhall.domain.agenda import LONGEST
from townhall.domain.ballots import BALLOTS
from townhall.domain.segments.pitch import SECONDS
from townhall.web.forms import Fields
from townhall.web.visit import Visit

LARGEST_ID = 2**31 - 1
DURATIONS = (30, 60, 120, 180, 300, 600)
"""How long a question may be planned to stay open, in seconds; the console offers the same."""

ITEM = ("kind", "title", "minutes", "prompt", "question", "limit", "speakers")
QUESTION = (
    *("kind", "title", "help", "options", "round", "first", "secret", "changeable", "results"),
    *("base", "eligibility", "seconds", "min", "max", "low_label", "high_label", "most"),
    *("write_in", "abstain", "method", "budget", "per_option_max", "not_own_table", "once"),
)
FRESH = {
    "kind": "yesno",
    "changeable": "1",
    "results": "hidden",
    "base": "voted",
    "min": "1",
    "max": "5",
    "abstain": "1",
    "method": "borda",
    "budget": "5",
    "not_own_table": "1",
}
"""What the form of a new question begins with."""

_SPEAKER = re.compile(r"(\w{1,16})(?:\s+(\d{1,5}))?")


def item(visit: Visit, kind: str) -> Item:
    """What the form says of an item of this kind; what is wrong is kept beside its field."""
    form = visit.form
    return Item(
        title=form.text("title", organise.TITLE),
        minutes=form.integer("minutes", 1, LONGEST) or 1,
        prompt=form.text("prompt", organise.PROMPT, required=False),
        question=form.integer("question", 1, LARGEST_ID, required=False),
        facts=_facts(visit, kind),
    )


def _facts(visit: Visit, kind: str) -> dict[str, Any]:
    """The kind's own facts; fields of other kinds are left alone."""
    if kind == "tables":
        limit = visit.form.integer("limit", 20, 500, required=False)
        return {} if limit is None else {"limit": limit}
    if kind == "pitch":
        return {"speakers": _speakers(visit)}
    return {}


def _speakers(visit: Visit) -> list[dict[str, Any]]:
    """One a line: a candidate's letter, and the seconds where they are not three minutes."""
    lines = [line.strip() for line in visit.form.raw("speakers").splitlines() if line.strip()]
    found = [_SPEAKER.fullmatch(line) for line in lines]
    if not all(found):
        visit.form.errors["speakers"] = visit.words("organise.wrong.speakers")
    return [{"candidate": each[1], "seconds": int(each[2] or SECONDS)} for each in found if each]


def question(visit: Visit) -> tuple[NewQuestion, int | None]:
    """What the form says of a question, and the first round it pairs with."""
    form = visit.form
    kind = form.choice("kind", BALLOTS)
    options = tuple(line.strip() for line in form.raw("options").splitlines() if line.strip())
    stays_open = form.choice("seconds", [str(each) for each in DURATIONS], "")
    new = NewQuestion(
        kind=kind,
        title=form.text("title", 300),
        help=form.text("help", 300, required=False),
        options=options,
        secret=form.flag("secret"),
        changeable=form.flag("changeable"),
        results=form.choice("results", ("hidden", "live")),
        base=form.choice("base", ("voted", "valid", "entitled")),
        eligibility=form.choice("eligibility", ("seats", "open")),
        round=form.choice("round", ("first", "final"), "") or None,
        seconds=int(stays_open) if stays_open.isdecimal() else None,
    )
    first = form.integer("first", 1, LARGEST_ID, required=False)
    return replace(new, config=_config(visit, kind, options)), first


def _config(visit: Visit, kind: str, options: tuple[str, ...]) -> dict[str, Any]:
    """The kind's own settings; fields of other kinds are left alone."""
    form = visit.form
    found: dict[str, Any] = {}
    if kind == "single":
        found = {"abstain": form.flag("abstain")}
    elif kind == "multiple":
        found = {
            "max": form.integer("most", 1, 41, required=False),
            "write_in": form.flag("write_in"),
        }
    elif kind == "score":
        found = {
            "min": form.integer("min", 0, 9, required=False),
            "max": form.integer("max", 1, 10, required=False),
            "low_label": form.text("low_label", 30, required=False),
            "high_label": form.text("high_label", 30, required=False),
        }
    elif kind == "ranking":
        found = {"method": form.choice("method", ("borda", "pairwise", "irv"), "borda")}
    elif kind == "dots":
        found = {
            "budget": form.integer("budget", 1, 100, required=False),
            "per_option_max": form.integer("per_option_max", 1, 100, required=False),
            "not_own_table": form.flag("not_own_table"),
            "over": "options" if options else "summaries",
        }
    return {name: value for name, value in found.items() if value is not None}


def item_typed(item: Mapping[str, Any]) -> Fields:
    """A stored item as its form would have it."""
    facts = item["facts"]
    speakers = [f"{each['candidate']} {each['seconds']}" for each in facts.get("speakers", ())]
    named = {name: str(item[name] or "") for name in ("title", "minutes", "prompt", "question")}
    limit = str(facts.get("limit", ""))
    return Fields(named | {"limit": limit, "speakers": "\n".join(speakers)})


def question_typed(asked: Mapping[str, Any]) -> Fields:
    """A stored question as its form would have it."""
    config = dict(asked["config"])
    if asked["kind"] == "multiple":
        config["most"] = config.pop("max")
    plain = {name: asked[name] for name in QUESTION if name in asked and name != "options"}
    options = "\n".join(each["title"] for each in asked["options"])
    typed = Fields(FRESH | {"options": options})
    for name, value in (plain | config).items():
        typed[name] = (
            ("1" if value else "")
            if isinstance(value, bool)
            else ""
            if value is None
            else str(value)
        )
    return typed
