"""`townhall serve`: one process of the server on the settings' address, or several."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from townhall.cli import here, logs, workers
from townhall.domain.errors import Refused


def command(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one.")] = None,
    url_file: Annotated[
        Path | None, typer.Option(help="Write the address here once the server accepts.")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--workers", min=1, max=64, help="How many processes share it.")
    ] = None,
    worker: Annotated[int | None, typer.Option(hidden=True)] = None,
    quiet: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Start the server; Ctrl-C finishes what is in the line and stops.

    With several workers SIGHUP puts new ones in their place, one after the other.
    """
    chosen = here.settings()
    changes = {"host": host, "port": port, "workers": number}
    chosen = chosen.model_copy(update={k: v for k, v in changes.items() if v is not None})
    logs.configure(chosen)
    try:
        workers.refuse_alone(chosen)
        if worker is None and chosen.workers > 1:
            raise typer.Exit(workers.supervise(chosen, workers.listen(chosen)))
        # The process above the workers lives as long as they do, and never gets here.
        from townhall.cli.server import Server, run, serve

        with here.or_away():
            server = Server(chosen, url_file, worker)
    except Refused as refused:
        print(here.sentence(chosen, refused), file=sys.stderr)
        raise typer.Exit(2) from None
    run(serve(server, quiet=quiet))
