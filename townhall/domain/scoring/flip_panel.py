"""How many moves of panel scores by one change the first place.

Here belongs the search over final sheets; one change moves one score of one sheet by one,
within the scale.
Here belongs nothing about sympathies and ballots.
May call: the standard library, `duel`, `model`, `points`, `ranking`.

Every score belongs to one candidate, so for each candidate the best mean after 0, 1, 2 … moves
is computed alone (`reachable`), and moves are then shared out between the candidates.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from heapq import nlargest
from itertools import accumulate, chain
from math import lcm
from operator import sub

from townhall.domain.scoring.duel import Duel, duels, exactly, fewest
from townhall.domain.scoring.model import Flip, PanelRule, Rule
from townhall.domain.scoring.points import ZERO, Column, Facts
from townhall.domain.scoring.ranking import Board, Ranking

# The best means of one candidate after 0, 1, 2 … moves.
Means = list[Fraction]


@dataclass(frozen=True, slots=True)
class _Reach:
    """Per candidate the lowest and the highest means; a single one, of share 0, without sheets."""

    low: list[Means]
    high: list[Means]


def flip(board: Board, ranking: Ranking, found: Facts) -> Flip:
    """The least number of moves of panel scores that changes who is first, from nobody too."""
    rule = board.rule
    if not any(found.sheets):
        return exactly(None)
    able = [n for n in range(len(board.ids)) if _may_win(rule, found, n)]
    pairs = [duel for duel in duels(board, ranking, "panel", able) if _possible(rule.panel, duel)]
    height = rule.panel.score_max - rule.panel.score_min
    most = max(len(column) for column in found.sheets) * len(rule.panel.criteria) * height
    limit = 4
    while True:
        # Moves beyond the limit are not looked at, so a find within the limit is the least.
        limit = min(2 * limit, most)
        reach = _reach(rule.panel, found.sheets, limit)
        best = fewest(
            [
                *(exactly(_below_floor(rule, reach.low[first])) for first in ranking.leaders),
                *(exactly(_least(rule, duel, reach)) for duel in pairs),
                *(exactly(_to_floor(rule, reach.high[n])) for n in able if not ranking.leaders),
            ]
        )
        if limit == most or (best.changes is not None and best.changes <= limit):
            return best


def _may_win(rule: Rule, found: Facts, place: int) -> bool:
    """Whether panel scores, if anything, keep a candidate below the floor."""
    scored = bool(found.sheets[place]) or not rule.floor.panel
    return scored and found.counts[place] >= rule.floor.sympathy


def _possible(rule: PanelRule, duel: Duel) -> bool:
    """Whether even the lowest scores for the first and the highest for the other suffice."""
    lowest = ZERO if rule.normalise == "range" else Fraction(rule.score_min, rule.score_max)
    return duel.changed(duel.gap + duel.weight * (lowest - 1))


def _below_floor(rule: Rule, means: Means) -> int | None:
    """The least number of moves that takes a candidate below the floor."""
    return next((n for n, mean in enumerate(means) if mean < rule.floor.panel), None)


def _to_floor(rule: Rule, means: Means) -> int | None:
    """The least number of moves that brings a candidate up to the floor."""
    return next((n for n, mean in enumerate(means) if mean >= rule.floor.panel), None)


def _least(rule: Rule, duel: Duel, reach: _Reach) -> int | None:
    """The least number of moves by which the other reaches the floor and the first place."""
    ours, theirs = reach.low[duel.first], reach.high[duel.other]
    start = bisect_left(theirs, rule.floor.panel)
    if rule.panel.normalise == "top":
        return _least_to_top(duel, reach, start)
    scale = rule.panel.score_max
    if rule.panel.normalise == "range":
        scale -= rule.panel.score_min

    def enough(down: int, up: int) -> bool:
        return duel.changed(duel.gap + duel.weight * (ours[down] - theirs[up]) / scale)

    found = [
        down + up
        for down in range(len(ours))
        if (up := _first(range(start, len(theirs)), partial(enough, down))) is not None
    ]
    return min(found, default=None)


def _least_to_top(duel: Duel, reach: _Reach, start: int) -> int | None:
    """The same where shares are ratios to the highest mean, which a third one may hold."""
    thirds = [n for n in range(len(reach.low)) if n not in (duel.first, duel.other)]
    ours, theirs = reach.low[duel.first], reach.high[duel.other]
    best: int | None = None
    for down in range(len(ours)):
        for up in range(start, len(theirs)):
            if best is not None and down + up >= best:
                break
            more = _third_moves(duel, ours[down], theirs[up], reach, thirds)
            if more is not None and (best is None or down + up + more < best):
                best = down + up + more
    return best


def _third_moves(
    duel: Duel, ours: Fraction, theirs: Fraction, reach: _Reach, thirds: Sequence[int]
) -> int | None:
    """How many moves of third candidates' scores are needed for the first place to change.

    Ahead elsewhere, the first gains from a high top (it shrinks the panel's difference), so
    every third must come down far enough; behind elsewhere, one third must come up.
    """

    def enough(means: Means, floor: Fraction, moves: int) -> bool:
        top = max(means[moves], floor)
        return duel.changed(duel.gap + (duel.weight * (ours - theirs) / top if top else 0))

    pair = max(ours, theirs)
    if duel.gap >= 0:
        downs = [
            _first(range(len(means)), partial(enough, means, pair))
            for means in (reach.low[third] for third in thirds)
        ]
        if not enough([pair], pair, 0) or None in downs:
            return None
        return sum(moves for moves in downs if moves is not None)
    present = max([pair, *(reach.high[third][0] for third in thirds)])
    if enough([present], present, 0):
        return 0
    ups = [
        _first(range(len(means)), partial(enough, means, present))
        for means in (reach.high[third] for third in thirds)
    ]
    return min((moves for moves in ups if moves is not None), default=None)


def _first(numbers: range, enough: Callable[[int], bool]) -> int | None:
    """The first number that is enough, given that every later one is too."""
    place = bisect_left(numbers, True, key=enough)
    return numbers[place] if place < len(numbers) else None


def _reach(rule: PanelRule, columns: Sequence[Column], limit: int) -> _Reach:
    """Lowest and highest means of every candidate after up to `limit` moves."""
    both = rule.score_min + rule.score_max
    nothing = Fraction(rule.score_min if rule.normalise == "range" else 0)
    mirrored = [[tuple(both - score for score in sheet) for sheet in column] for column in columns]
    return _Reach(
        low=[reachable(rule, column, limit) if column else [nothing] for column in columns],
        high=[
            [both - mean for mean in reachable(rule, column, limit)] if column else [nothing]
            for column in mirrored
        ],
    )


def reachable(rule: PanelRule, column: Sequence[Sequence[int]], limit: int) -> Means:
    """The lowest mean of one candidate that has sheets after 0, 1, 2 … up to `limit` moves."""
    unit = lcm(*(line.weight.denominator for line in rule.criteria))
    weights = [int(line.weight * unit) for line in rule.criteria]
    values = [sum(w * s for w, s in zip(weights, sheet, strict=True)) for sheet in column]
    steps = [
        sorted(
            (
                weight
                for weight, score in zip(weights, sheet, strict=True)
                for _ in range(score - rule.score_min)
            ),
            reverse=True,
        )[:limit]
        for sheet in column
    ]
    if rule.aggregate == "drop_extremes" and len(column) >= 5:
        size, sums = len(column) - 2, _trimmed_sums(values, steps, limit)
    else:
        size, sums = len(column), _sums(sum(values), chain.from_iterable(steps), limit)
    return [Fraction(total, size * unit) for total in sums]


def _sums(total: int, steps: Iterable[int], limit: int) -> list[int]:
    """The lowest total after each number of moves: the heaviest steps first."""
    return list(accumulate(nlargest(limit, steps), sub, initial=total))


def _trimmed_sums(values: Sequence[int], steps: Sequence[Sequence[int]], limit: int) -> list[int]:
    """The lowest sum without one highest and one lowest sheet, after each number of moves.

    Leaving out some sheet h and the lowest of the rest is the sum of the n - 2 largest of the
    rest, and that is the minimum over t of (n - 2) t + the sum of max(value - t, 0). For each
    h and t moves act on each sheet alone with falling effect, so the heaviest go first; t need
    only be a value that a sheet can reach. The true sum is the least over all h and t.
    """
    size = len(values)
    reached = [set(_sums(value, line, limit)) for value, line in zip(values, steps, strict=True)]
    best: list[int] = []
    for left_out in range(size):
        rest = [n for n in range(size) if n != left_out]
        for level in set().union(*(reached[n] for n in rest)):
            total = (size - 2) * level + sum(max(values[n] - level, 0) for n in rest)
            above = [step for n in rest for step in _above(values[n] - level, steps[n])]
            sums = _sums(total, above, limit)
            sums += sums[-1:] * (limit + 1 - len(sums))
            best = [min(pair) for pair in zip(best or sums, sums, strict=True)]
    return best


def _above(room: int, steps: Iterable[int]) -> Iterator[int]:
    """What each step takes away from the part of a value above a level."""
    for step in steps:
        if room <= 0:
            return
        yield min(step, room)
        room -= step
