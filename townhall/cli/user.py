"""`townhall user …`: make an organiser, invite somebody to a role, set a new password.

Works beside a running server, on the same database. A password is asked for and never shown, or
read from the first line of standard input. May call everything.
"""

import sys
from typing import Annotated

import typer

from townhall.actions import accounts, people
from townhall.cli import here
from townhall.hall import Hall
from townhall.settings import Settings

app = typer.Typer(help="Accounts and the roles they hold.", no_args_is_help=True)

Login = Annotated[str, typer.Argument(help="The name to sign in with.")]
FromInput = Annotated[
    bool, typer.Option("--stdin", help="Read the password from standard input, do not ask.")
]


@app.command()
def organiser(login: Login, stdin: FromInput = False) -> None:
    """Make an account an organiser of this house, with a password of its own."""
    password = _password(stdin)
    new = here.on_hall(here.settings(), lambda hall: accounts.add_organiser(hall, login, password))
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
        return await accounts.invite(hall, here.OPERATOR, role, scope)  # type: ignore[arg-type]  # checked

    chosen = here.settings()
    print(invite_link(chosen, here.on_hall(chosen, make)))


@app.command()
def password(login: Login, stdin: FromInput = False) -> None:
    """Set a new password and sign the account out everywhere."""
    new = _password(stdin)
    here.on_hall(here.settings(), lambda hall: accounts.reset_password(hall, login, new))
    print(f"{login}: new password")


def invite_link(settings: Settings, token: str) -> str:
    """The address of an invitation; its token stays in the fragment, which no log sees."""
    return f"{settings.address}/invite#k={token}"


def _password(from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
