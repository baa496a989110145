"""`townhall restore FILE`: put a copy in the place of the database; the server must be stopped.

Checks the copy first and says what it held. May call everything.
"""

from pathlib import Path
from typing import Annotated

import typer

from townhall.cli import here
from townhall.cli.backup import tell
from townhall.storage import backups
from townhall.web.i18n import catalogue


def command(
    file: Annotated[Path, typer.Argument(help="A file that `townhall backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Even where the database holds forums: they are lost.")
    ] = False,
) -> None:
    """Check a copy, then put it in the place of the database."""
    chosen = here.settings()
    words = catalogue(chosen.language)
    with here.one_line(chosen):
        held = backups.restore(chosen.database_url, file, replace=replace)
    print(words("restore.done", file=file))
    tell(held, words)
    print(words("restore.next"))
