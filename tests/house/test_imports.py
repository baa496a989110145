"""Who may import whom: the walls between the rooms, as data.

A room is a folder or a module directly under `townhall/`. `SESSION` is the type that every read
and every decision receives; it is no licence to write SQL outside `storage`.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house.sources import ROOT, files, relative

SESSION = "sqlmodel.Session"
ANYTHING = ("*",)


@dataclass(frozen=True)
class Room:
    ours: tuple[str, ...]
    """What it may import from `townhall`, besides itself."""
    outside: tuple[str, ...] = ()
    """What it may import from other distributions."""


ROOMS = {
    "domain": Room(()),
    "settings": Room((), ("pydantic", "pydantic_settings")),
    "resources": Room(()),
    "counts": Room(()),
    "verify": Room(()),
    "crowd": Room((), ("httpx", "websockets")),
    "storage": Room(("domain", "counts"), ("sqlmodel", "sqlalchemy", "alembic")),
    "live": Room(("settings",)),
    "hall": Room(
        (
            "domain",
            "storage.database",
            "storage.writer",
            "storage.audit",
            "storage.ballots.CastBallot",
            "live",
            "settings",
        ),
        (SESSION,),
    ),
    "actions": Room(("domain", "storage", "hall", "__version__"), (SESSION, "argon2")),
    "screens": Room(("domain", "storage", "__version__"), (SESSION,)),
    "events": Room(("domain", "actions", "screens", "hall", "counts"), (SESSION, "pydantic")),
    "reports": Room(("domain", "screens", "resources"), ("typst", "xlsxwriter", "segno")),
    "web": Room(
        (
            "domain",
            "actions",
            "screens",
            "events",
            "reports",
            "hall",
            "counts",
            "settings",
            "resources",
        ),
        (
            SESSION,
            "starlette",
            "anyio",
            "jinja2",
            "markupsafe",
            "babel",
            "markdown_it",
            "nh3",
            "segno",
            "PIL",
        ),
    ),
    "sockets": Room(
        ("domain", "actions", "screens", "events", "hall", "counts", "settings"),
        (SESSION, "socketio", "engineio", "orjson"),
    ),
    "app": Room(ANYTHING, ANYTHING),
    "cli": Room(ANYTHING, ANYTHING),
    "__main__": Room(("cli",)),
}
SINGLE_FILES = {
    "townhall/web/metrics.py": ("prometheus_client",),
    "townhall/live/bus_redis.py": ("redis",),
    "townhall/sockets/frames.py": ("websockets",),
}
"""Outside names that one file of a room may import and the rest may not."""

BELONGS = {
    "townhall.storage": "what reads or writes rows belongs in `actions` (a change) or `screens` "
    "(a view); a door calls those",
    "townhall.actions": "a change belongs in `actions` and is called by a door, `app` or `cli`",
    "townhall.screens": "what an audience sees belongs in `screens`, for doors and `reports`",
    "townhall.hall": "what needs the hall belongs in `actions`",
    "townhall.live": "announcing happens in `hall` after a commit; return the slices instead",
    "townhall.web": "what needs a request belongs in `web`; give it plain data",
    "townhall.sockets": "what needs a socket belongs in `sockets`; give it plain data",
    "townhall.settings": "take the value as an argument; `app` composes",
    "sqlmodel": "SQL belongs in `storage`",
    "sqlalchemy": "SQL belongs in `storage`",
    "starlette": "HTTP belongs in `web`",
    "socketio": "Socket.IO belongs in `sockets`",
    "redis": "Redis belongs in `live/bus_redis.py`",
    "typst": "paper belongs in `reports`",
    "xlsxwriter": "sheets belong in `reports`",
}
"""Where code belongs that wants a forbidden import."""

LATE = {
    "townhall/app.py": ("townhall.live.bus_redis", "townhall.sockets.stock"),
    "townhall/storage/migrations/__init__.py": ("townhall.storage.migrations.upgrade",),
}
"""Optional drivers and what few starts need, which may be imported inside a function; so may
anything in `cli`."""


@dataclass(frozen=True)
class Import:
    file: str
    line: int
    names: tuple[str, ...]
    """Dotted names, most exact first: `from a.b import c` gives `a.b.c` and `a.b`."""
    late: bool
    """Whether it stands inside a function."""

    @property
    def room(self) -> str:
        return Path(self.file).parts[1].removesuffix(".py")

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.names[0]}"


def imports_of(file: Path) -> Iterator[Import]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(relative(file), node.lineno, (alias.name,), id(node) in late)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(file, node)
            for alias in node.names:
                names = (f"{base}.{alias.name}", base)
                yield Import(relative(file), node.lineno, names, id(node) in late)


def absolute(file: Path, node: ast.ImportFrom) -> str:
    """The module's full name, also for `from . import notes`."""
    if not node.level:
        return node.module or ""
    package = file.relative_to(ROOT).parent.parts
    above = package[: len(package) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def within(name: str, allowed: tuple[str, ...]) -> bool:
    return any(entry == "*" or name == entry or name.startswith(f"{entry}.") for entry in allowed)


def permitted(found: Import) -> bool:
    """Whether the table of rooms allows this import."""
    room = ROOMS[found.room]
    if found.names[-1].split(".")[0] in sys.stdlib_module_names:
        return True
    if found.names[-1].split(".")[0] == "townhall":
        names = [name.removeprefix("townhall").lstrip(".") for name in found.names]
        return any(within(name, (found.room, *room.ours)) for name in names if name)
    allowed = room.outside + SINGLE_FILES.get(found.file, ())
    return any(within(name, allowed) for name in found.names)


def explanation(found: Import) -> str:
    """The rule in words, and where the code belongs."""
    room = ROOMS[found.room]
    ours = ", ".join(room.ours) or "nothing of ours"
    outside = ", ".join(room.outside) or "nothing but the standard library"
    belongs = next(
        (words for name, words in BELONGS.items() if within(found.names[0], (name,))),
        "another room does this; see the table in tests/house/test_imports.py",
    )
    return (
        f"{found}. Rule: `{found.room}` may import {ours} from townhall and {outside} "
        f"from outside. Mend: {belongs}."
    )


ALL = [found for file in files(".py", under=("townhall",)) for found in imports_of(file)]


def test_every_room_is_in_the_table() -> None:
    rooms = {found.room for found in ALL} - {"__init__"}
    assert rooms <= ROOMS.keys(), "A new room needs a row in ROOMS and in the README."


def test_no_room_imports_what_its_rule_forbids() -> None:
    broken = [explanation(found) for found in ALL if not permitted(found)]
    assert not broken, "\n".join(broken)


def test_the_walls_hold_against_an_import_that_would_break_them() -> None:
    bad = Import("townhall/web/pages.py", 7, ("townhall.storage.notes", "townhall.storage"), False)
    assert not permitted(bad)
    assert "`web` may import domain, actions" in explanation(bad)
    assert "belongs in `actions`" in explanation(bad)
    sql = Import("townhall/actions/notes.py", 3, ("sqlmodel.select", "sqlmodel"), False)
    assert not permitted(sql)
    assert "SQL belongs in `storage`" in explanation(sql)


def test_no_import_hides_inside_a_function() -> None:
    hidden = [
        f"{found} inside a function; only command bodies in `cli` and what LATE names may."
        for found in ALL
        if found.late
        and found.room != "cli"
        and not any(within(name, LATE.get(found.file, ())) for name in found.names)
    ]
    assert not hidden, "\n".join(hidden)


def test_loadtests_know_only_the_crowd_and_the_public_protocol() -> None:
    found = [one for file in files(".py", under=("loadtests",)) for one in imports_of(file)]
    ours = [one for one in found if within(one.names[-1], ("townhall",))]
    broken = [one for one in ours if not any(within(n, ("townhall.crowd",)) for n in one.names)]
    assert not broken, "\n".join(f"{one}; of ours, load tests import the crowd." for one in broken)


def test_every_foreign_import_is_declared_in_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {
        "".join(letter for letter in name if letter.isalnum() or letter in "-_")
        for name in (
            entry.replace("[", " ").replace(">", " ").replace("=", " ").split()[0]
            for entry in project["dependencies"]
        )
    }
    known_as = {
        "PIL": "pillow",
        "argon2": "argon2-cffi",
        "engineio": "python-engineio",
        "markdown_it": "markdown-it-py",
        "prometheus_client": "prometheus-client",
        "pydantic_settings": "pydantic-settings",
        "socketio": "python-socketio",
        # Both come with jinja2 and alembic and are part of their public interface.
        "mako": "alembic",
        "markupsafe": "jinja2",
        # Comes with starlette, whose thread pool it is.
        "anyio": "starlette",
        "click": "typer",
    }
    tops = {found.names[-1].split(".")[0] for found in ALL} - set(sys.stdlib_module_names)
    missing = {top for top in tops - {"townhall"} if known_as.get(top, top) not in declared}
    assert not missing, f"Imported but not declared in pyproject.toml: {sorted(missing)}"
