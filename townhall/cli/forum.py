"""`townhall forum new`: a forum with its tickets, cards and links; `townhall forum list`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ConfigDict, TypeAdapter, ValidationError

from townhall.actions import forums
from townhall.cli import here
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.screens import forums as screens
from townhall.web.i18n import catalogue

_QUESTIONS = TypeAdapter(list[forums.NewQuestion], config=ConfigDict(extra="forbid", strict=True))

app = typer.Typer(help="Forums: make one, list them.", no_args_is_help=True, add_completion=False)


@app.command()
def new(
    title: Annotated[str, typer.Option(help="What the forum is called.")] = "",
    template: Annotated[
        str, typer.Option(help="small-library, open-forum or blank")
    ] = "small-library",
    candidates: Annotated[
        str, typer.Option(help="Titles with commas between, or proposal numbers like #12,#7.")
    ] = "",
    tickets: Annotated[int, typer.Option(min=0, help="How many seat tickets.")] = 0,
    tables: Annotated[int, typer.Option(min=0, help="How many tables.")] = 0,
    questions: Annotated[
        Path | None, typer.Option(help="A JSON list of further questions.")
    ] = None,
    language: Annotated[str, typer.Option(help="ko or en")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Make a forum. Tickets and tokens are printed this once and stored only as hashes."""
    chosen = here.settings()
    words = catalogue(language or chosen.language)
    try:
        asked = _questions(questions) if questions else []
    except Refused as refused:
        print(here.sentence(chosen, refused), file=sys.stderr)
        raise typer.Exit(2) from None
    wanted = forums.NewForum(
        title=title or words("template.title"),
        template=template,
        language=language or chosen.language,
        tables=tables,
        tickets=tickets,
        candidates=tuple(_candidate(part) for part in candidates.split(",") if part.strip()),
        questions=tuple(asked),
    )

    async def make(hall: Hall) -> dict[str, Any]:
        made = await forums.make(hall, here.OPERATOR, wanted, words)
        return described(made, chosen.address, await hall.read(screens.made, made.id))

    found = here.on_hall(chosen, make)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    print(f"{wanted.title}  {found['url']}")
    print(f"console  {found['url']}/enter#k={found['tokens']['moderator']}")
    print(f"stage    {found['url']}/enter#k={found['tokens']['stage']}")
    for table in found["tables"]:
        print(f"table {table['number']}  {found['url']}/enter#k={table['token']}")
    for ticket in found["tickets"]:
        print(f"ticket   {found['url']}#k={ticket}")


@app.command("list")
def list_(
    rehearsals: Annotated[bool, typer.Option(help="Also the copies of rehearsals.")] = False,
) -> None:
    """Print the forums, the latest first."""
    chosen = here.settings()

    async def look(hall: Hall) -> list[dict[str, Any]]:
        return await hall.read(screens.listed, copies=rehearsals)

    for forum in here.on_hall(chosen, look):
        print(f"{forum['code']}  {forum['state']:<8}  {forum['title']}")


def described(made: forums.MadeForum, base: str, questions: list[dict[str, Any]]) -> dict[str, Any]:
    """A new forum as scripts read it."""
    return {
        "code": made.code,
        "url": f"{base}/f/{made.code}",
        "tickets": made.tickets,
        "tokens": {"moderator": made.moderator, "stage": made.stage},
        "tables": [{"number": number, "token": token} for number, token in made.tables],
        "questions": questions,
    }


def _candidate(part: str) -> forums.Candidate:
    part = part.strip()
    if part.startswith("#") and part[1:].isdigit():
        return forums.Candidate("", int(part[1:]))
    return forums.Candidate(part)


def _questions(path: Path) -> list[forums.NewQuestion]:
    """The questions of a JSON file; refuses `import_unreadable`, `questions_file` (file, place)."""
    try:
        return _QUESTIONS.validate_json(path.read_bytes())
    except OSError as error:
        raise Refused("import_unreadable", file=path, reason=error.strerror) from None
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "JSON"
        raise Refused("questions_file", file=path, place=place) from None
