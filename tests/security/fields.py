"""Every text field of the house: those of events, and those of forms with where each is checked.

`TEXTS` is compared with what the registry declares and what the rendered pages hold, so a new
field without an entry fails the build.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import get_args

from townhall.events import EVENTS
from townhall.web import routes

EVENT_TEXTS: Mapping[tuple[str, str], int] = {
    ("note", "text"): 300,
    ("note_edit", "text"): 300,
    ("summary", "text"): 40,
    ("call", "reason"): 80,
    ("ask", "text"): 200,
    ("agenda_speaker", "name"): 40,
}
"""What people write by events: (event, field) -> letters."""

EVENT_NAMES = {"key", "nonce", "kind", "state", "scene", "version"}
"""Strings of events that scripts fill in: anything unknown is refused by name."""

TEXTS: Mapping[str, tuple[str, ...]] = {
    "/login": ("login", "next"),
    "/signup": ("nickname", "login", "next"),
    "/invite": ("k", "nickname", "login"),
    "/join": ("code",),
    "/b/{board}/new": ("title", "background", "content", "category", "tags"),
    "/b/{board}/p/{id:int}/edit": ("title", "background", "content", "category", "tags"),
    "/b/{board}/p/{id:int}/comments": ("text",),
    "/f/{code}/enter": ("k",),
    "/f/{code}/join": ("nickname",),
    "/f/{code}/name": ("nickname",),
    "/f/{code}/ask": ("text",),
    "/f/{code}/panel": ("comment",),
    "/organise/boards/new": ("title", "key", "about"),
    "/organise/forums/new": ("title", "host", "candidates"),
    "/organise/f/{code}": ("title", "host"),
    "/organise/f/{code}/segments": ("title", "prompt", "speakers"),
    "/organise/f/{code}/segments/{id}": ("title", "prompt", "speakers"),
    "/organise/f/{code}/questions": ("title", "help", "options", "low_label", "high_label"),
    "/organise/f/{code}/questions/{id}": ("title", "help", "options", "low_label", "high_label"),
    "/organise/selections/new": ("title", "candidates"),
    "/organise/s/{id:int}/candidates": ("candidates",),
    "/organise/s/{id:int}/rule": (
        *(f"criterion-{n}" for n in range(1, 7)),
        *(f"weight-{n}" for n in range(1, 7)),
        *("weight-sympathy", "weight-live", "weight-panel", "quorum", "cap", "reason"),
    ),
    "/organise/s/{id:int}/panel": ("names",),
    "/organise/s/{id:int}/close": ("exception", "lot_seed"),
    "/organise/s/{id:int}/decide": ("reason",),
}
"""The fields of each form into which people write what they like."""

FORGOTTEN = {
    ("/f/{code}/enter", "k"),
    ("/login", "next"),
    ("/signup", "next"),
    ("/organise/s/{id:int}/close", "exception"),
    ("/organise/s/{id:int}/close", "lot_seed"),
}
"""What a refused form does not show again: secrets, addresses that nobody typed, and the two
fields of a close that its page has only below the quorum and after a tie."""

SIBLINGS = re.compile(r"(criterion|weight)-[2-6]|weight-(live|sympathy|panel)|quorum|cap")
"""Fields read by the line that reads another, which gets every string; numbers written as text."""


def event_strings() -> set[tuple[str, str]]:
    """Every field of every payload that may hold a string."""
    return {
        (event, name)
        for event, declared in EVENTS.items()
        for name, info in declared.payload.model_fields.items()
        if _holds_text(info.annotation)
    }


def _holds_text(annotation: object) -> bool:
    return annotation is str or any(_holds_text(part) for part in get_args(annotation))


CONTROLS = {"input", "textarea", "select"}


@dataclass
class Control:
    """One control of a rendered form."""

    action: str
    name: str
    kind: str
    value: str = ""


@dataclass
class Forms(HTMLParser):
    """The controls of a page's forms; `here` is the page's own path.

    A text area outside of any form has no action: it only shows what was typed.
    """

    here: str
    controls: list[Control] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._action: str | None = None
        self._area: Control | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            posts = given.get("method", "get").lower() == "post"
            self._action = (given.get("action") or self.here) if posts else None
        elif "name" in given and (tag == "textarea" or (tag in CONTROLS and self._action)):
            kind = given.get("type", "text") if tag == "input" else tag
            made = Control(self._action or "", given["name"], kind, given.get("value", ""))
            self.controls.append(made)
            self._area = made if tag == "textarea" else None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.value += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._action = None
        if tag == "textarea":
            self._area = None


def controls(page: str, here: str) -> list[Control]:
    """The controls of every form on a page that posts."""
    forms = Forms(here)
    forms.feed(page)
    forms.close()
    return forms.controls


def fields_of_forms() -> Iterator[tuple[str, str]]:
    """Every declared field of every form: (route, field)."""
    for page in routes.PAGES:
        if "POST" in page.methods and not page.api:
            for name in page.fields or TEXTS.get(page.path, ()):
                yield page.path, name
