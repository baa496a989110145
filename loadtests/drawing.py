"""A line chart as SVG: sizes in powers of ten to the right, costs from zero upwards.

Readable on a phone and on light and dark pages; drawn by hand, so that the same figures give the
same file. Knows nothing of loads.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 480, 340
LEFT, RIGHT, TOP, BOTTOM = 60, 450, 80, 270

STYLE = """
text { font: 16px system-ui, sans-serif; fill: #222 }
.title { font-size: 20px; font-weight: 600 }
.grid { stroke: #8886; stroke-width: 1 }
.line { fill: none; stroke-width: 3 }
.s0 { stroke: #1769c2 } .s0m, .s0t { fill: #1769c2 }
.s1 { stroke: #c2410c; stroke-dasharray: 8 5 } .s1m, .s1t { fill: #c2410c }
@media (prefers-color-scheme: dark) {
  text { fill: #eee }
  .s0 { stroke: #6cb2ff } .s0m, .s0t { fill: #6cb2ff }
  .s1 { stroke: #ff9d66 } .s1m, .s1t { fill: #ff9d66 }
}
"""

Points = Sequence[tuple[float, float]]


def chart(title: str, across: str, series: Mapping[str, Points]) -> str:
    """At most two series of (size, cost), each named with its unit, sizes at least 1."""
    sizes = [size for points in series.values() for size, _ in points]
    low, high = math.log10(min(sizes)), math.log10(max(sizes))
    top = _round_up(max(cost for points in series.values() for _, cost in points))

    def x(size: float) -> float:
        return LEFT + (RIGHT - LEFT) * (math.log10(size) - low) / ((high - low) or 1)

    def y(cost: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * cost / top

    middle = f'x="{(LEFT + RIGHT) / 2:.0f}" y="{HEIGHT - 16}" text-anchor="middle"'
    body = [
        f'<text class="title" x="{LEFT}" y="32">{escape(title)}</text>',
        f"<text {middle}>{escape(across)}</text>",
        *_costs(top, y),
        *(
            f'<text x="{x(size):.0f}" y="{BOTTOM + 26}" text-anchor="middle">{_short(size)}</text>'
            for size in sorted(set(sizes))
        ),
    ]
    for n, (name, points) in enumerate(series.items()):
        place = " ".join(f"{x(size):.1f},{y(cost):.1f}" for size, cost in points)
        at = LEFT + n * (RIGHT - LEFT) / 2
        body += [
            f'<polyline class="line s{n}" points="{place}"/>',
            *(
                f'<circle class="s{n}m" cx="{x(size):.1f}" cy="{y(cost):.1f}" r="5"/>'
                for size, cost in points
            ),
            f'<line class="line s{n}" x1="{at:.0f}" y1="58" x2="{at + 36:.0f}" y2="58"/>',
            f'<text class="s{n}t" x="{at + 46:.0f}" y="63">{escape(name)}</text>',
        ]
    whole = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n{whole}\n</svg>\n"
    )


def _costs(top: float, y: Callable[[float], float]) -> Iterator[str]:
    """The grid's lines with their costs."""
    for n in range(5):
        cost = top * n / 4
        yield f'<line class="grid" x1="{LEFT}" y1="{y(cost):.1f}" x2="{RIGHT}" y2="{y(cost):.1f}"/>'
        yield f'<text x="{LEFT - 10}" y="{y(cost) + 5:.1f}" text-anchor="end">{cost:g}</text>'


def _round_up(most: float) -> float:
    """The next of 4, 8, 20, 40, 80, 200 …, which a quarter of is round as well."""
    whole = 10.0 ** math.floor(math.log10(most))
    return next(whole * step for step in (2, 4, 8, 20) if whole * step >= most)


def _short(size: float) -> str:
    """`300`, `10k`, `1M`."""
    if size >= 1e6:
        return f"{size / 1e6:g}M"
    return f"{size / 1e3:g}k" if size >= 1e3 else f"{size:g}"
