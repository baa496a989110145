"""Figures as people read them: percentiles and one table. Knows nothing of a server."""

from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed (nearest rank); 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def milliseconds(seconds: Sequence[float], *percents: float) -> str:
    """`p50 12 ms, p95 40 ms` of durations in seconds."""
    return ", ".join(f"p{p:g} {percentile(seconds, p) * 1000:,.0f} ms" for p in percents)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns, the first row as head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
