"""`townhall user …`: make an organiser, invite somebody to a role, set a new password.

Works beside a running server, on the same database. A password is asked for and never shown, or
read from the first line of standard input. May call everything.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from townhall.actions import accounts, people
from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.live.bus_memory import MemoryBus
from townhall.live.hub import Hub
from townhall.settings import Settings
from townhall.storage.database import open_database
from townhall.web.i18n import catalogue

T = TypeVar("T")

app = typer.Typer(help="Accounts and the roles they hold.", no_args_is_help=True)

# Whoever can run a command on the server's own database runs the house.
_HERE = Actor(role="organiser")

Login = Annotated[str, typer.Argument(help="The name to sign in with.")]
FromInput = Annotated[
    bool, typer.Option("--stdin", help="Read the password from standard input, do not ask.")
]


@app.command()
def organiser(login: Login, stdin: FromInput = False) -> None:
    """Make an account an organiser of this house, with a password of its own."""
    password = _password(stdin)
    new = _run(lambda hall: accounts.add_organiser(hall, login, password))
    print(f"{login}: organiser ({'new account' if new else 'existing account'})")


@app.command()
def invite(
    role: Annotated[str, typer.Argument(help="organiser, moderator or official")],
    forum: Annotated[
        str | None, typer.Option(help="The six digits of the forum that a moderator leads.")
    ] = None,
) -> None:
    """Print a link that gives somebody a role; it works once, within 15 minutes."""
    if role not in {"organiser", "moderator", "official"}:
        raise typer.BadParameter("choose organiser, moderator or official")

    async def make(hall: Hall) -> str:
        scope = (await people.gate(hall, forum)).id if forum else None
        return await accounts.invite(hall, _HERE, role, scope)  # type: ignore[arg-type]  # checked

    print(invite_link(Settings(), _run(make)))


@app.command()
def password(login: Login, stdin: FromInput = False) -> None:
    """Set a new password and sign the account out everywhere."""
    new = _password(stdin)
    _run(lambda hall: accounts.reset_password(hall, login, new))
    print(f"{login}: new password")


def invite_link(settings: Settings, token: str) -> str:
    """The address of an invitation; its token stays in the fragment, which no log sees."""
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    return f"{base}/invite#k={token}"


def _password(from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _run(work: Callable[[Hall], Awaitable[T]]) -> T:
    """Run an action on the settings' database; a refusal is one line and exit code 2."""
    settings = Settings()
    try:
        return asyncio.run(_with_hall(settings, work))
    except Refused as refused:
        words = catalogue(settings.language)
        print(words(f"refused.{refused.code}", **refused.details), file=sys.stderr)
        raise typer.Exit(2) from None


async def _with_hall(settings: Settings, work: Callable[[Hall], Awaitable[T]]) -> T:
    hall = Hall(open_database(settings.database_url), Hub(MemoryBus()), settings)
    await hall.start()
    try:
        return await work(hall)
    finally:
        await hall.stop()
