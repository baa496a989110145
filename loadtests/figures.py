"""Percentiles, and one table of what was measured against what it may be."""

import unicodedata
from collections.abc import Sequence

Row = tuple[str, str, str]


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed; 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * int(percent) // 100) - 1))]


def milliseconds(seconds: Sequence[float]) -> str:
    """p50 / p95 / p99 in milliseconds."""
    found = [percentile(seconds, percent) * 1000 for percent in (50, 95, 99)]
    return " / ".join(f"{value:.0f}" for value in found) + " ms"


def table(title: str, rows: Sequence[Row]) -> str:
    """What, found, may be: aligned for a terminal."""
    widths = [max(_width(row[column]) for row in rows) for column in (0, 1)]
    lines = [
        "  ".join(
            cell + " " * (width - _width(cell))
            for cell, width in zip(row, [*widths, 0], strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([title, "-" * _width(title), *lines])


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
