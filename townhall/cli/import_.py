"""`townhall import proposals FILE`: proposals from elsewhere, with a report line by line.

Works beside a running server, on the same database. Belongs here: the command, its board and its
report. Does not belong here: reading files (`domain.records`), what rows mean
(`domain.importing`). May call everything.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from townhall.actions.proposals import DAYS, TakenIn, take_in
from townhall.cli import here
from townhall.cli.lines import printable
from townhall.domain import importing, records
from townhall.domain.errors import Refused
from townhall.domain.importing import Context, Row
from townhall.domain.records import Broken
from townhall.hall import Hall
from townhall.storage import boards
from townhall.storage.schema import Board
from townhall.web.i18n import Words, catalogue


@dataclass(frozen=True)
class Target:
    """The board that rows go to; `create` is its title where it is made first."""

    key: str
    days: int
    create: str | None = None


@dataclass(frozen=True)
class Report:
    """What the command has to tell; `made` is the title of a board made unasked."""

    board: str
    made: str | None
    outcome: TakenIn
    refused: Mapping[int, Refused]
    ignored: tuple[str, ...]
    stored: bool


app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def command() -> None:
    """Read proposals from a file."""


@app.command()
def proposals(
    file: Annotated[Path, typer.Argument(help="CSV or JSONL; told apart by content.")],
    board: Annotated[
        str | None, typer.Option(help="The key of the board; not needed where there is one.")
    ] = None,
    create_board: Annotated[
        str | None,
        typer.Option("--create-board", help="Make the board with this title if it is missing."),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="column=field for a file of another kind; may be repeated."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Where the proposals come from, as the page says it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report; store nothing.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Store nothing and exit with 2 if a row is refused.")
    ] = False,
) -> None:
    """Take proposals in: valid rows together, refused ones listed with line and reason.

    A row that is already there adds nothing, so a file may be imported again. A file that cannot
    be used is refused with exit code 2.
    """
    chosen = here.settings()
    words = catalogue(chosen.language)
    try:
        table = records.read(_bytes(file))
        columns = importing.columns_of(table, mapping or [])
    except Refused as refused:
        print(printable(here.sentence(chosen, _about(file, refused))), file=sys.stderr)
        raise typer.Exit(2) from None

    async def work(hall: Hall) -> Report:
        to = target(await hall.read(boards.every), board, create_board, file.stem[:40])
        context = Context(hall.now(), ZoneInfo(chosen.timezone), to.days, source or file.name)
        rows = importing.rows_of(table, columns, context)
        told = await _store(hall, to, rows, columns.ignored, dry_run=dry_run, strict=strict)
        return replace(told, made=None if create_board else told.made)

    report = here.on_hall(chosen, work)
    for line in lines(report, words, dry_run=dry_run):
        print(printable(line))
    if strict and report.refused:
        print(words("import.strict"), file=sys.stderr)
        raise typer.Exit(2)


def lines(report: Report, words: Words, *, dry_run: bool) -> list[str]:
    """The report: one line with the three numbers, then each refused row in the file's order."""
    told = [
        words(
            "import.summary",
            taken=report.outcome.new if report.stored or dry_run else 0,
            refused=len(report.refused),
            already=report.outcome.already,
            board=report.board,
        )
    ]
    if report.made:
        told.append(words("import.board_made", title=report.made, board=report.board))
    if dry_run:
        told.append(words("import.dry_run"))
    for line, refused in sorted(report.refused.items()):
        details = dict(refused.details)
        if "field" in details:
            details["field"] = words(f"import.field.{details['field']}")
        reason = words(f"import.reason.{refused.code}", **details)
        told.append(words("import.line", line=line, reason=reason))
    if report.ignored:
        told.append(words("import.ignored", columns=", ".join(report.ignored)))
    return told


async def _store(
    hall: Hall,
    to: Target,
    checked: Sequence[Row | Broken],
    ignored: tuple[str, ...],
    *,
    dry_run: bool,
    strict: bool,
) -> Report:
    """Store what may be stored, and what there is to tell of it."""
    good = [row for row in checked if isinstance(row, Row)]
    refused = {row.line: row.reason for row in checked if isinstance(row, Broken)}
    keep: Literal["all", "unless_clashing", "nothing"] = "all"
    if dry_run or (strict and refused):
        keep = "nothing"
    elif strict:
        keep = "unless_clashing"
    outcome = await take_in(hall, to.key, good, keep=keep, create=to.create)
    refused |= {line: Refused("key_taken") for line in outcome.clashing}
    stored = not (dry_run or (strict and refused))
    return Report(to.key, to.create if stored else None, outcome, refused, ignored, stored)


def target(
    existing: Sequence[Board], key: str | None, create: str | None, fallback: str | None = None
) -> Target:
    """Which board is meant: the one named, the one to be made, or the only one.

    A house without boards gets its first one with the title `fallback`, where that is given; if
    it has some, an unknown key may be a slip and makes none. Refuses `import_board_unknown`
    (board, known), `import_no_board` and `import_which_board` (known).
    """
    known = ", ".join(board.key for board in existing)
    if not existing:
        create = create or fallback
    if key is not None:
        found = next((board for board in existing if board.key == key), None)
        if found is None and create is None:
            raise Refused("import_board_unknown", board=key, known=known or "-")
        return Target(key, DAYS, create) if found is None else Target(key, found.agreement_days)
    if create is not None:
        same = next((board for board in existing if board.title == create.strip()), None)
        if same is not None:
            return Target(same.key, same.agreement_days)
        return Target(_free_key(create, {board.key for board in existing}), DAYS, create)
    if len(existing) != 1:
        raise Refused("import_which_board" if existing else "import_no_board", known=known)
    return Target(existing[0].key, existing[0].agreement_days)


def _free_key(title: str, taken: set[str]) -> str:
    """A key made of the Latin letters of a title, or `board`, with a number where it is taken."""
    key = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:30].strip("-") or "board"
    free = key
    number = 1
    while free in taken:
        number += 1
        free = f"{key}-{number}"
    return free


def _about(file: Path, refused: Refused) -> Refused:
    return Refused(refused.code, **{"file": file} | refused.details)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise Refused("import_missing") from None
    except OSError as error:
        raise Refused("import_unreadable", reason=error.strerror) from None
