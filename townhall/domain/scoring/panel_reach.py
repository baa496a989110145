"""How far a number of moves by one can take the panel's mean of a candidate.

Here belongs the best mean after 0, 1, 2 … moves, for a plain mean and without extremes.
Here belongs nothing about who is first: see `flip_panel`.
May call: the standard library, `model`, `points`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import lcm

from townhall.domain.scoring.model import PanelRule
from townhall.domain.scoring.points import Column

# The best means of one candidate after 0, 1, 2 … moves, in whole parts of a score.
Means = list[int]


@dataclass(frozen=True, slots=True)
class Reach:
    """Per candidate the lowest and the highest means, in parts of 1/unit of a score.

    Without sheets there is a single mean, the one whose share is 0.
    """

    unit: int
    low: list[Means]
    high: list[Means]


def reach(rule: PanelRule, columns: Sequence[Column], limit: int) -> Reach:
    """Lowest and highest means of every candidate after up to `limit` moves."""
    unit = lcm(*(_parts(rule, column) for column in columns))
    both = rule.score_min + rule.score_max
    nothing = [unit * rule.score_min if rule.normalise == "range" else 0]
    mirrored = [tuple(tuple(both - s for s in sheet) for sheet in column) for column in columns]
    return Reach(
        unit=unit,
        low=[lowest(rule, column, limit, unit) if column else nothing for column in columns],
        high=[
            [unit * both - mean for mean in lowest(rule, column, limit, unit)]
            if column
            else nothing
            for column in mirrored
        ],
    )


def _trims(rule: PanelRule, column: Column) -> bool:
    return rule.aggregate == "drop_extremes" and len(column) >= 5


def _parts(rule: PanelRule, column: Column) -> int:
    """The denominator of any mean of a candidate."""
    size = len(column) - 2 if _trims(rule, column) else max(1, len(column))
    return size * lcm(*(line.weight.denominator for line in rule.criteria))


def lowest(rule: PanelRule, column: Column, limit: int, unit: int) -> Means:
    """The lowest mean of a candidate that has sheets, after 0, 1, 2 … up to `limit` moves."""
    grain = lcm(*(line.weight.denominator for line in rule.criteria))
    weights = [int(line.weight * grain) for line in rule.criteria]
    values = [sum(w * s for w, s in zip(weights, sheet, strict=True)) for sheet in column]
    steps = [_steps(weights, sheet, rule.score_min)[:limit] for sheet in column]
    sums = (
        _trimmed_sums(values, steps, limit)
        if _trims(rule, column)
        else _sums(sum(values), Counter(chain.from_iterable(steps)), limit)
    )
    scale = unit // _parts(rule, column)
    return [total * scale for total in sums]


def _steps(weights: Sequence[int], sheet: Sequence[int], low: int) -> list[int]:
    """What each move down on a sheet takes from its value, the heaviest first."""
    lines = sorted(zip(weights, sheet, strict=True), reverse=True)
    return [weight for weight, score in lines for _ in range(score - low)]


def _sums(total: int, steps: Counter[int], limit: int) -> list[int]:
    """The lowest total after each number of moves: the heaviest steps first, then none."""
    sums = [total]
    for step in sorted(steps, reverse=True):
        for _ in range(min(steps[step], limit + 1 - len(sums))):
            total -= step
            sums.append(total)
    return sums + [total] * (limit + 1 - len(sums))


def _trimmed_sums(values: Sequence[int], steps: Sequence[Sequence[int]], limit: int) -> list[int]:
    """The lowest sum without one highest and one lowest sheet, after each number of moves.

    Leaving out some sheet h and the lowest of the rest is the sum of the n - 2 largest of the
    rest, and that is the minimum over t of (n - 2) t + the sum of max(value - t, 0). For each
    h and t moves act on each sheet alone with falling effect, so the heaviest go first; t need
    only be a value that a sheet can reach. The true sum is the least over all h and t.
    """
    size = len(values)
    best = _sums(sum(values), Counter(), limit)
    levels = {
        level
        for value, line in zip(values, steps, strict=True)
        for level in _sums(value, Counter(line), len(line))
    }
    for level in levels:
        rooms = [max(value - level, 0) for value in values]
        own = [Counter(_above(room, line)) for room, line in zip(rooms, steps, strict=True)]
        every = sum(own, Counter[int]())
        # Sheets that stand and fall alike above the level need to be left out only once.
        alike = {
            (room, *mine.items()): n for n, (room, mine) in enumerate(zip(rooms, own, strict=True))
        }
        for left_out in alike.values():
            total = (size - 2) * level + sum(rooms) - rooms[left_out]
            best = list(map(min, best, _sums(total, every - own[left_out], limit)))
    return best


def _above(room: int, steps: Iterable[int]) -> Iterator[int]:
    """What each step takes away from the part of a value above a level."""
    for step in steps:
        if room <= 0:
            return
        yield min(step, room)
        room -= step
