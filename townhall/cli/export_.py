"""`townhall export proposals` and `townhall export forum`: what others read, check or take over.

Proposals go out as CSV or JSONL and `townhall import proposals` reads them: agreements then stand
as imported ones, and sympathies are told but not taken over. A forum goes out as JSON, which
`townhall verify` checks. May call everything.
"""

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from sqlmodel import Session

from townhall.cli import here
from townhall.cli.import_ import target
from townhall.domain.errors import Refused
from townhall.domain.importing import EXPORTED, escaped
from townhall.hall import Hall
from townhall.screens import audit
from townhall.settings import Settings
from townhall.storage import boards
from townhall.storage import proposals as stored

AT_ONCE = 500


class Form(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSONL = "jsonl"


app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def command() -> None:
    """Write proposals, or a whole forum, to a file."""


@app.command()
def proposals(
    file: Annotated[
        Path | None, typer.Argument(help="Where to write; the terminal if not given.")
    ] = None,
    board: Annotated[
        str | None, typer.Option(help="The key of the board; not needed where there is one.")
    ] = None,
    form: Annotated[
        Form | None, typer.Option("--format", help="By the file's name, else CSV.")
    ] = None,
) -> None:
    """Write every proposal of a board with its counts."""
    chosen = here.settings()
    jsonl = form is Form.JSONL or (form is None and file is not None and file.suffix == ".jsonl")
    rows = here.on_hall(chosen, lambda hall: _rows(hall, board))
    # CSV begins with a mark by which spreadsheets know that it is UTF-8.
    with _opened(chosen, file, "utf-8" if jsonl else "utf-8-sig") as out:
        write(out, rows, jsonl=jsonl)


@app.command()
def forum(
    code: Annotated[str, typer.Argument(help="The six digits of the forum.")],
    file: Annotated[
        Path | None, typer.Option("--out", help="Where to write; the terminal if not given.")
    ] = None,
) -> None:
    """Write a finished forum with ballots, results and audit chains, naming nobody."""
    chosen = here.settings()

    async def look(hall: Hall) -> dict[str, Any]:
        return await hall.read(audit.forum, code)

    found = here.on_hall(chosen, look)
    with _opened(chosen, file, "utf-8") as out:
        json.dump(found, out, ensure_ascii=False, indent=1)
        out.write("\n")


@contextmanager
def _opened(chosen: Settings, file: Path | None, encoding: str) -> Iterator[TextIO]:
    """The file, or the terminal; what cannot be written is one line and exit code 2."""
    if file is None:
        yield sys.stdout
        return
    try:
        with file.open("w", encoding=encoding, newline="") as out:
            yield out
    except OSError as error:
        refused = Refused("export_unwritable", file=file, reason=error.strerror)
        print(here.sentence(chosen, refused), file=sys.stderr)
        raise typer.Exit(2) from None


def write(out: TextIO, rows: list[dict[str, Any]], *, jsonl: bool) -> None:
    """One row a proposal; in CSV no cell begins like a formula."""
    if jsonl:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return
    table = csv.writer(out)
    table.writerow(EXPORTED)
    for row in rows:
        table.writerow(escaped(_cell(row[column])) for column in EXPORTED)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)


async def _rows(hall: Hall, board: str | None) -> list[dict[str, Any]]:
    key = target(await hall.read(boards.every), board, None).key
    return await hall.read(lambda session: list(_exported(session, key)))


def _exported(session: Session, key: str) -> Iterator[dict[str, Any]]:
    found = boards.get(session, key)
    assert found is not None
    after = 0
    while rows := boards.chunk(session, found.id or 0, after, AT_ONCE):
        tags = stored.tags_of(session, [counts.id for _, counts in rows])
        for row, counts in rows:
            after = counts.id
            yield {
                "key": row.source_key or f"townhall:{row.id}",
                "title": row.title,
                "background": row.background,
                "content": row.content,
                "category": row.category,
                "tags": tags.get(counts.id, []),
                "author": row.author,
                "status": row.status,
                "submitted_at": _moment(row.submitted_at),
                "agreement_closes_at": _moment(row.agreement_closes_at),
                "agreements": counts.agreements,
                "sympathies": counts.sympathies,
                "comments": counts.comments,
                "imported_agreements": row.imported_agreements,
                "source": row.source,
            }
        session.expunge_all()


def _moment(at: int | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
