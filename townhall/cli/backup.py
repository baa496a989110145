"""`townhall backup FILE`: one copy of everything, while the server runs.

Says what the copy holds, forum by forum. May call everything.
"""

from pathlib import Path
from typing import Annotated

import typer

from townhall.cli import here
from townhall.cli.lines import printable
from townhall.storage import backups
from townhall.storage.backups.contents import SavedForum
from townhall.web.i18n import Words, catalogue


def command(
    file: Annotated[Path, typer.Argument(help="Where to write; must not exist yet.")],
    secret_open: Annotated[
        bool,
        typer.Option(
            "--secret-open", help="Even while a secret question is open: two copies tell votes."
        ),
    ] = False,
) -> None:
    """Copy the whole database into one file that only its owner may read."""
    chosen = here.settings()
    words = catalogue(chosen.language)
    with here.one_line(chosen):
        held = backups.save(chosen.database_url, file, secret_open=secret_open)
    megabytes = f"{file.stat().st_size / 1e6:,.1f}"
    print(words("backup.saved", file=file, megabytes=megabytes))
    tell(held, words)


def tell(held: list[SavedForum], words: Words) -> None:
    """What a copy holds, for people: each forum with its ballots and the heads of its chains."""
    ballots = sum(forum.ballots for forum in held)
    print(words("backup.sum", forums=len(held), ballots=f"{ballots:,}"))
    for forum in held:
        line = words("backup.forum", title=forum.title, code=forum.code, ballots=forum.ballots)
        print(f"  {printable(line)}")
        for writer, (n, head) in forum.chains.items():
            print(f"    {words('backup.chain', writer=writer, n=n, head=head)}")
