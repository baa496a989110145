"""`townhall score FILE`: recompute a selection from its file alone.

Here belong opening the file and printing the result, as a plain table or as JSON. The table
speaks in the words of the JSON, which are the same in every language.
Here belong no server, no database and no arithmetic: start to end it takes a moment.
May call: `domain.scoring`, `domain.errors`, `lines`.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from townhall.cli.lines import printable, width
from townhall.domain.errors import Refused
from townhall.domain.scoring import compute, parse, read, to_json

WIDEST_TITLE = 40


def command(
    file: Annotated[Path, typer.Argument(help="A selection in the form townhall-selection/1.")],
    json_output: Annotated[
        bool, typer.Option("--json", help="Print everything as JSON instead of a table.")
    ] = False,
) -> None:
    """Recompute the score of a selection from one file; exit code 2 when it is refused."""
    try:
        score(file, json_output)
    except Refused as refused:
        print(printable(refusal(file, refused)), file=sys.stderr)
        raise typer.Exit(2) from None


def score(path: Path, json_output: bool) -> None:
    """Print the scored selection in a file.

    Raises `Refused("file_unreadable")` for a file that cannot be read as UTF-8 text, and
    `Refused("selection_invalid")` as `domain.scoring.parse` does. Nothing is printed then.
    """
    result = to_json(compute(parse(read(_text(path)))))
    if json_output:
        print(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        for line in table(result):
            print(printable(line))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise Refused("file_unreadable", reason=error.strerror) from None
    except UnicodeDecodeError as error:
        raise Refused("file_unreadable", reason="not_utf8", at=f"byte {error.start}") from None


def refusal(file: Path, refused: Refused) -> str:
    """One line: the file, the path of the field, the reason, and what was found or expected."""
    details = dict(refused.details)
    place = [str(details.pop("path"))] if "path" in details else []
    reason = str(details.pop("reason")).replace("_", " ")
    rest = ", ".join(f"{name} {value}" for name, value in details.items())
    return ": ".join([str(file), *place, reason]) + (f" ({rest})" if rest else "")


def table(result: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the plain table: candidates by rank, then what the page says beneath."""
    weights = [f"{source} /{_short(value)}" for source, value in result["weights"].items()]
    rows = [["rank", "id", "title", *weights, "total"]]
    for line in result["candidates"]:
        points = [line[name]["display"] for name in ("sympathy", "live", "panel", "total")]
        rank = "-" if line["rank"] is None else str(line["rank"])
        rows.append([rank, line["id"], _cut(line["title"]), *points])
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, strict=True)
        yield "  ".join(_padded(cell, room, n > 2) for n, (cell, room) in enumerate(cells)).rstrip()
    yield ""
    yield from _beneath(result)


def _beneath(result: Mapping[str, Any]) -> Iterator[str]:
    close = result["sensitivity"]
    margin = result["margin"]
    flips = {
        source: "-"
        if changes is None
        else ("<=" if source in close["at_most"] else "") + str(changes)
        for source, changes in close["votes_to_flip"].items()
    }
    shares = {name: f"{value['display']} %" for name, value in result["effective_weight"].items()}
    yield f"decided_by        {result['decided_by']}"
    yield f"margin            {margin['display'] if margin else '-'}"
    yield f"effective_weight  {_listed(shares)}"
    yield f"votes_to_flip     {_listed(flips)}"
    yield f"flags             {', '.join(result['flags']) or '-'}"
    yield f"digest            {result['digest']}"


def _listed(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _short(weight: Mapping[str, str]) -> str:
    return weight["display"].removesuffix(".00")


def _cut(text: str) -> str:
    if width(text) <= WIDEST_TITLE:
        return text
    while width(text) >= WIDEST_TITLE:
        text = text[:-1]
    return text + "…"


def _padded(cell: str, room: int, right: bool) -> str:
    gap = " " * (room - width(cell))
    return gap + cell if right else cell + gap
