"""Seat tickets and table cards as a PDF: A4, eight to a sheet, cut along the lines.

The same sheet as `templates/print/tickets.html`, for printers that browsers do not reach. The
words come from the caller; the QR codes are drawn here.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import segno
import typst

from townhall import resources

_MASK = 3
"""Choosing the best mask takes most of the time of a code; any mask can be read."""


@dataclass(frozen=True)
class Card:
    """One ticket or table card: what stands large, the lines below it, and where it leads."""

    large: str
    unit: str
    lines: tuple[str, ...]
    how: tuple[str, ...]
    code: tuple[str, ...]  # the token in groups, for typing
    url: str


def pdf(title: str, own_code: str, language: str, cards: Sequence[Card]) -> bytes:
    """The sheets as a PDF; `own_code` is the caption of what can be typed.

    About 2 ms a card. The same input gives the same bytes.
    """
    data = {
        "title": title,
        "own_code": own_code,
        "lang": language,
        "cards": [asdict(card) | {"qr": _svg(card.url)} for card in cards],
    }
    made = typst.compile(
        str(resources.templates() / "report" / "tickets.typ"),
        root=str(resources.templates()),
        font_paths=[str(resources.static() / "fonts")],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        format="pdf",
        timestamp=0,
    )
    return bytes(made)


def _svg(url: str) -> str:
    """A QR code with its quiet zone, black on white, as SVG."""
    out = io.BytesIO()
    code = segno.make(url, error="m", micro=False, mask=_MASK)
    code.save(out, kind="svg", border=4, xmldecl=False, svgclass=None, lineclass=None, scale=1)
    return out.getvalue().decode()
