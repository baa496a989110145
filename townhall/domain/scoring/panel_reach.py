"""How far a number of moves by one can take the panel's mean of a candidate.

Here belongs the best mean after 0, 1, 2 … moves, for a plain mean and without extremes.
Here belongs nothing about who is first: see `flip_panel`.
May call: the standard library, `model`, `points`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import lcm

from townhall.domain.scoring.model import PanelRule
from townhall.domain.scoring.points import Column

# The best means of one candidate after 0, 1, 2 … moves, in whole parts of a score.
Means = list[int]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far up to `limit` moves reach, computed for a candidate when it is asked for.

    Means are in parts of 1/unit of a score. Without sheets there is a single mean, the one
    whose share is 0.
    """

    rule: PanelRule
    columns: tuple[Column, ...]
    limit: int
    unit: int
    known: dict[tuple[int, bool], Means] = field(default_factory=dict)

    def low(self, place: int) -> Means:
        """The lowest means of a candidate after 0, 1, 2 … moves."""
        return self._means(place, up=False)

    def high(self, place: int) -> Means:
        """The highest means of a candidate after 0, 1, 2 … moves."""
        return self._means(place, up=True)

    def _means(self, place: int, up: bool) -> Means:
        if (place, up) not in self.known:
            self.known[place, up] = self._found(self.columns[place], up)
        return self.known[place, up]

    def _found(self, column: Column, up: bool) -> Means:
        if not column:
            return [self.unit * self.rule.score_min if self.rule.normalise == "range" else 0]
        if not up:
            return lowest(self.rule, column, self.limit, self.unit)
        # Upwards is downwards on the mirrored scale.
        both = self.rule.score_min + self.rule.score_max
        mirrored = tuple(tuple(both - score for score in sheet) for sheet in column)
        means = lowest(self.rule, mirrored, self.limit, self.unit)
        return [self.unit * both - mean for mean in means]


def reach(rule: PanelRule, columns: tuple[Column, ...], limit: int) -> Reach:
    """The reach of every candidate's sheets with up to `limit` moves."""
    return Reach(rule, columns, limit, lcm(*(_parts(rule, column) for column in columns)))


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
