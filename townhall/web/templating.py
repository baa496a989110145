"""Templates: one environment, autoescape on, and the functions every template may call.

Belongs here: Jinja and what it is given on every page. Does not belong here: any one page's
context (its handler makes it). May call resources.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn

import segno
from jinja2 import Environment, FileSystemLoader, Undefined
from markupsafe import Markup

from townhall import resources
from townhall.web.i18n import Style, Words, number, when

OPTIONAL: dict[str, Any] = {"board": None, "section": None, "notice": None, "next": "", "back": ""}
"""What layouts read if a page gives it."""


class Absent(Undefined):
    """A name that is missing may be asked about, but printing or reading it is a mistake.

    An `x if y` without `else` also ends here when y is false; it prints nothing.
    """

    def __str__(self) -> str:
        if not self._undefined_hint or "inline if-expression" not in self._undefined_hint:
            self._missing()
        return ""

    def __iter__(self) -> NoReturn:
        self._missing()

    def _missing(self) -> NoReturn:
        raise self._undefined_exception(self._undefined_message)


@dataclass(frozen=True)
class Reader:
    """Who a page is rendered for: their words, the house's zone, the present moment."""

    words: Words
    zone: str
    now: int


_READER: ContextVar[Reader] = ContextVar("reader")


class Templates:
    """Renders a template for a reader.

    `t`, `when` and `number` find the reader by themselves, so imported macros may call them too.
    """

    def __init__(self, asset: Callable[[str], str]) -> None:
        self.env = Environment(
            loader=FileSystemLoader(resources.templates()),
            undefined=Absent,
            autoescape=True,
            auto_reload=False,
            trim_blocks=False,
            extensions=["jinja2.ext.loopcontrols"],
        )
        self.env.globals.update(
            t=lambda key, **values: _READER.get().words(key, **values),
            when=_when,
            number=lambda value: number(value, _READER.get().words.lang),
            asset=asset,
            qr=qr,
        )

    def render(self, name: str, reader: Reader, context: dict[str, Any]) -> str:
        """The page as text."""
        token = _READER.set(reader)
        try:
            return self.env.get_template(name).render(OPTIONAL | context)
        finally:
            _READER.reset(token)


def qr(content: str, border: int = 4) -> Markup:
    """A QR code as inline SVG without size; black on white in the dark theme too, for scanners."""
    code = segno.make(content, error="m", micro=False)
    svg = code.svg_inline(border=border, omitsize=True, svgclass="qr", lineclass=None, light="#fff")
    return Markup(svg)  # noqa: S704  # Made of numbers alone; the content is in the pattern.


def _when(ms: int | None, style: Style = "datetime") -> str:
    reader = _READER.get()
    return when(ms, style, reader.words.lang, reader.zone, reader.now)
