"""`townhall forum new`: a forum with its tickets, cards and links; `townhall forum list`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from townhall.actions import forums
from townhall.cli import here
from townhall.hall import Hall
from townhall.screens import forums as screens
from townhall.web.i18n import catalogue

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
    wanted = forums.NewForum(
        title=title or words("template.title"),
        template=template,
        language=language or chosen.language,
        tables=tables,
        tickets=tickets,
        candidates=tuple(_candidate(part) for part in candidates.split(",") if part.strip()),
        questions=tuple(_questions(questions)) if questions else (),
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
def list_() -> None:
    """Print the forums, the latest first."""
    chosen = here.settings()

    async def look(hall: Hall) -> list[dict[str, Any]]:
        return await hall.read(screens.listed)

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
    """The questions of a JSON file; unknown fields and other shapes are refused."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [forums.NewQuestion(**each) for each in found]
    except (OSError, ValueError, TypeError) as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--questions") from None
