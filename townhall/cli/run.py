"""Running one command's module: its typer app, or its single `command` function."""

import sys
from types import ModuleType

import typer
from typer._click.exceptions import ClickException


def command(name: str, module: ModuleType) -> None:
    """Run `module.app` or `module.command` on the words after the command's name.

    Words that it does not take are one line and exit code 2.
    """
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False)
        app.command(name)(module.command)
    try:
        code = app(args=sys.argv[2:], prog_name=f"townhall {name}", standalone_mode=False)
    except ClickException as error:
        said = " ".join(error.format_message().split())
        if said:  # without a word where the help was printed instead
            print(f"townhall {name}: {said}", file=sys.stderr)
        raise SystemExit(2) from None
    raise SystemExit(code if isinstance(code, int) else 0)
