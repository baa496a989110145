"""Figures as people read them: percentiles, bars, tables. Knows nothing of a server."""

from collections.abc import Sequence
from dataclasses import dataclass

from townhall.crowd.figures import percentile

__all__ = ["Figure", "at_most", "milliseconds", "percentile", "table", "verdicts", "within"]


@dataclass(frozen=True)
class Figure:
    """What was seen, the bar ("" where there is none), and whether it was met."""

    name: str
    seen: str
    bar: str = ""
    met: bool | None = None


def at_most(name: str, value: float, limit: float, form: str = "{:,.0f}") -> Figure:
    """A figure with its bar; `form` writes both, such as `{:.1f} µs`."""
    return Figure(name, form.format(value), form.format(limit), value <= limit)


def verdicts(head: str, figures: Sequence[Figure]) -> str:
    """Figures with their bars as a table."""
    words = {True: "yes", False: "no", None: ""}
    rows = [(each.name, each.seen, each.bar, words[each.met]) for each in figures]
    return table([(head, "seen", "bar", "met"), *rows])


def milliseconds(seconds: Sequence[float], *percents: float) -> str:
    """`p50 12 ms, p95 40 ms` of durations in seconds."""
    return ", ".join(f"p{p:g} {percentile(seconds, p) * 1000:,.0f} ms" for p in percents)


def within(name: str, seconds: Sequence[float], **bars: float) -> list[Figure]:
    """A figure for each percentile of durations: `p95=300` sets a bar of 300 ms."""
    return [
        at_most(f"{name}, {p}", percentile(seconds, float(p[1:])) * 1000, bar, "{:,.0f} ms")
        for p, bar in bars.items()
    ]


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns, the first row as head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
