"""Running one command's module: its typer app, or its single `command` function."""

import sys
from types import ModuleType

import typer


def command(name: str, module: ModuleType) -> None:
    """Run `module.app` or `module.command` on the words after the command's name."""
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False)
        app.command(name)(module.command)
    app(args=sys.argv[2:], prog_name=f"townhall {name}")
