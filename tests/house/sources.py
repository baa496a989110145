"""The files of the checkout that house tests read: ours, never what was brought or generated."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = ("townhall", "templates", "static", "loadtests", "tests", "docs", ".ci")
COMMENTS = re.compile(r"/\*.*?\*/|^\s*//[^\n]*|\{#.*?#\}", re.DOTALL | re.MULTILINE)
BROUGHT = ("static/vendor/", "static/fonts/", "tests/vendor/")


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def files(*endings: str, under: tuple[str, ...] = OURS) -> Iterator[Path]:
    """Our files with one of the endings, in order."""
    for folder in under:
        for file in sorted((ROOT / folder).rglob("*")):
            name = relative(file)
            if file.suffix in endings and not name.startswith(BROUGHT) and file.is_file():
                yield file


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def without_comments(text: str) -> str:
    """A template or script without its comments; every line keeps its number."""
    return COMMENTS.sub(lambda found: "\n" * found.group().count("\n"), text)


def listed(found: Mapping[Any, Any] | Iterable[Any]) -> str:
    """Every finding on a line of its own; pytest itself would shorten the list."""
    if isinstance(found, Mapping):
        found = [f"{key}: {value}" for key, value in found.items()]
    return "\n" + "\n".join(sorted(map(str, found)))
