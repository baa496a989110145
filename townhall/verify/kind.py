"""What every kind of ballot has in common when it is counted; the kinds are in `counting`.

A definition that cannot be counted raises BrokenDefinition.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from townhall.verify.figures import percent, places, width

Choices = Sequence[Any]
Pairs = Sequence[tuple[Any, Any]]
Result = dict[str, Any]
Wants = Mapping[str, tuple[type, ...]]


class BrokenDefinition(Exception):  # noqa: N818 (an answer about a file, not an error of ours)
    """A question whose definition does not say how to count it."""


class Kind:
    """One question as it is counted. Subclasses know the choices of their kind."""

    wants: ClassVar[Wants] = {}
    """What the configuration must say: name -> types that the value may have."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.base = definition["base"]
        self.config = definition["config"]
        self.options = definition["options"]
        self.order: list[str] = [option.get("id") for option in self.options]
        tables = [option.get("table") for option in self.options]
        known = all(type(self.config.get(name)) in types for name, types in self.wants.items())
        named = all(type(each) is str for each in self.order)
        seated = all(type(table) in (int, type(None)) for table in tables)
        if not (known and named and seated) or len(set(self.order)) != len(self.order):
            raise BrokenDefinition

    def valid(self, choice: Any) -> bool:
        """Whether this is a choice of the question."""
        raise BrokenDefinition

    def cells(self, choices: Choices) -> dict[str, int]:
        """The tally: cell -> ballots (or points), without empty cells."""
        found: Counter[str] = Counter()
        for choice in choices:
            found.update(self.marks(choice))
        return {cell: n for cell, n in found.items() if n}

    def marks(self, choice: Any) -> dict[str, int]:
        """What one choice adds to the tally."""
        return {choice: 1}

    def result(self, choices: Choices, eligible: int) -> Result:
        """What people read; `eligible` is the base where the question says so."""
        raise BrokenDefinition

    def shift(self, pairs: Pairs) -> Result:
        """What changed over the seats that voted in both rounds: pairs of (first, final)."""
        changed = sum(before != after for before, after in pairs)
        return {"n": len(pairs), "changed": changed} | self.moved(pairs)

    def moved(self, pairs: Pairs) -> Result:
        """What a kind says of a shift besides how many changed."""
        raise BrokenDefinition

    def own_tables(self) -> dict[str, int]:
        """Which table an option speaks for, where its own table may not choose it."""
        return {}

    def _told(self, rows: list[dict[str, Any]], n: int, abstained: int, eligible: int) -> Result:
        """A result with the share of each row's count, rows by place."""
        base = self._base(n, abstained, eligible)
        shared = [{**row, "share": percent(row["count"], base)} for row in rows]
        shared.sort(key=lambda row: row["place"])
        return {"n": n, "abstained": abstained, "base": base, "rows": shared}

    def _base(self, n: int, abstained: int, eligible: int) -> int:
        if self.base == "entitled":
            return eligible
        return n - abstained if self.base == "valid" else n


def votes(ids: Sequence[str], counts: Sequence[int], base: int) -> list[dict[str, Any]]:
    """Rows whose figure is a number of votes."""
    return [
        {
            "id": each,
            "figure": str(count),
            "unit": "votes",
            "count": count,
            "bar": width(count, base),
            "place": place,
        }
        for each, count, place in zip(ids, counts, places(counts), strict=True)
    ]
