"""What everybody may call stands in one place."""

import ast
from collections import defaultdict

from tests.house.sources import files, listed, relative

APART = ("townhall/verify/", "townhall/crowd/")
"""Rooms that import nothing of ours, so that they may be believed without us."""


def test_no_public_function_is_written_twice() -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for file in files(".py", under=("townhall",)):
        name = relative(file)
        if not name.startswith(APART):
            for thing in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(thing, ast.FunctionDef) and not thing.name.startswith("_"):
                    places[ast.unparse(thing)].add(name)
    twice = {said.splitlines()[0]: where for said, where in places.items() if len(where) > 1}
    assert not twice, f"Let one of these import it from the other: {listed(twice)}"
