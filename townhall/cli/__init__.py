"""The command line: one small file a command, loaded only when it is called.

`townhall score` must not load a server, so bodies import what they need.
"""

import gc
import importlib
import io
import sys

COMMANDS = {
    "serve": "start the server",
    "demo": "a ready forum to look at, with simulated people",
    "forum": "make a forum, list forums",
    "user": "accounts and the roles they hold",
    "import": "read proposals from a file",
    "export": "write proposals, or a whole forum, to a file",
    "score": "recompute a selection from its file",
    "backup": "one copy of everything, while the server runs",
    "restore": "put a copy back",
    "rehearse": "the whole evening beforehand, with simulated phones in a copy",
    "capacity": "whether so many phones fit on this machine",
    "verify": "check a forum's file, or one receipt in it",
    "migrate": "bring a PostgreSQL database up to date",
    "settings": "every setting, its value and its meaning",
}

_MODULE = {"import": "import_", "export": "export_"}

COLLECT_EVERY = (100_000, 20)
"""Looking for rings three hundred times among what is being loaded took a tenth of a start."""


def main() -> None:
    """Run one command; an unknown one is exit 2 and one clear line."""
    gc.set_threshold(*COLLECT_EVERY)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # Korean on a terminal that has none
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("--help", "-h", "help"):
        print("townhall COMMAND …\n")
        for command, purpose in COMMANDS.items():
            print(f"  {command:<10}{purpose}")
        print("\ntownhall COMMAND --help tells more.")
        return
    if name == "--version":
        print(importlib.import_module("townhall").__version__)
        return
    if name not in COMMANDS:
        known = ", ".join(COMMANDS)
        print(f"townhall: no command {name!r}; there are {known}", file=sys.stderr)
        raise SystemExit(2)
    run = importlib.import_module("townhall.cli.run")
    run.command(name, importlib.import_module(f"townhall.cli.{_MODULE.get(name, name)}"))
