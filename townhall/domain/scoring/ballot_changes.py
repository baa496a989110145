"""How many ballots must change for one condition on the means to hold.

Here belong the searches over ballots: by largest effect for means, by the network for trimmed
means, by a bound that treats candidates alone, and by trying a fixed order.
Here belongs nothing about which conditions decide the first place: see `flip_live`.
May call: the standard library, `duel`, `flow`, `model`, `points`.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from townhall.domain.scoring.duel import Duel
from townhall.domain.scoring.flow import Side, fewest_chosen
from townhall.domain.scoring.model import LiveRule, Pile, Scores, Spread
from townhall.domain.scoring.points import (
    ZERO,
    dropped,
    live_means,
    scale_shares,
    spreads,
    trimmed_mean,
)


@dataclass(frozen=True, slots=True)
class Form:
    """A lead, times something positive: constant + sum over candidates of factor x mean."""

    constant: Fraction
    factors: Mapping[int, Fraction]

    def value(self, means: Mapping[int, Fraction] | tuple[Fraction, ...]) -> Fraction:
        """The form at given means."""
        return self.constant + sum(
            (factor * means[place] for place, factor in self.factors.items()), ZERO
        )


@dataclass(frozen=True, slots=True)
class Round:
    """The final round: its rule, ballots, and by candidate the spread and the mean."""

    rule: LiveRule
    pile: Pile
    spreads: tuple[Spread, ...]
    means: tuple[Fraction, ...]

    @property
    def high(self) -> int:
        """The highest score that one ballot can give one candidate."""
        return min(self.rule.score_max, self.rule.votes or self.rule.score_max)

    def size(self, place: int) -> int:
        """How many ballots scored a candidate."""
        return sum(ballots for _, ballots in self.spreads[place])


def true_least(held: Round, duel: Duel, form: Form) -> int | None:
    """The least number of changed ballots at which the form says changed. Exact.

    Trimmed means need a form of two candidates, the first's factor not below 0 and the other's
    not above 0.
    """
    if held.rule.aggregate == "mean":
        return _by_effect(held, duel, form)
    return _by_network(held, duel, form)


def _by_effect(held: Round, duel: Duel, form: Form) -> int | None:
    """Means are linear in the scores, so the ballots with the largest effect go first."""
    effects = {place: effect for place, effect in _effects(held, form).items() if effect}
    value = form.value(held.means)
    unit = lcm(value.denominator, *(effect.denominator for effect in effects.values()))
    costs = {place: int(effect * unit) for place, effect in effects.items()}
    gains: Counter[int] = Counter()
    for scores, ballots in held.pile:
        given = [
            (cost, score) for place, cost in costs.items() if (score := scores[place]) is not None
        ]
        best = _lowest(held, [cost for cost, _ in given])
        gains[sum(cost * score for cost, score in given) - best] += ballots
    need = int(value * unit) + (not duel.level)
    if need <= 0:
        return 0
    count = 0
    for gain, ballots in sorted(gains.items(), reverse=True):
        steps = ballots if gain * ballots < need else -(-need // max(gain, 1))
        count, need = count + steps, need - steps * gain
        if need <= 0:
            return count
    return None


def _effects(held: Round, form: Form) -> dict[int, Fraction]:
    """By how much one point of one score for each candidate moves the form."""
    extra = held.rule.shrinkage
    sizes = {place: held.size(place) for place in range(len(held.spreads))}
    parts = {
        place: factor / (sizes[place] + extra)
        for place, factor in form.factors.items()
        if sizes[place]
    }
    # Every score also moves the overall mean, to which shrinkage draws all means.
    common = extra * sum(parts.values(), ZERO) / max(1, sum(sizes.values()))
    return {place: parts.get(place, ZERO) + common for place in sizes}


def _lowest(held: Round, costs: list[int]) -> int:
    """The lowest sum of cost x score that a ballot with these scores given can have."""
    low, high, left = held.rule.score_min, held.rule.score_max, held.rule.votes
    total = low * sum(cost for cost in costs if cost > 0)
    for cost in sorted(cost for cost in costs if cost < 0):
        score = high if left is None else min(high, left)
        left = left if left is None else left - score
        total += cost * score
    return total


def _by_network(held: Round, duel: Duel, form: Form) -> int | None:
    """Trimmed means of two candidates: heights are how far a score is from its best."""
    low, high = held.rule.score_min, held.high
    kinds: Counter[tuple[int, int]] = Counter()
    for scores, ballots in held.pile:
        ours, theirs = scores[duel.first], scores[duel.other]
        down = 0 if ours is None else ours - low
        up = 0 if theirs is None else high - theirs
        kinds[down, up] += ballots
    value = form.value(held.means)
    costs = [
        abs(form.factors[place]) / max(1, held.size(place) - 2 * _dropped(held, place))
        for place in (duel.first, duel.other)
    ]
    unit = lcm(value.denominator, *(cost.denominator for cost in costs))
    left, right = (
        Side(
            reach=tuple(
                sum(ballots for kind, ballots in kinds.items() if kind[side] > level)
                for level in range(high - low)
            ),
            drop=_dropped(held, place),
            kept=held.size(place) - 2 * _dropped(held, place),
            cost=int(costs[side] * unit),
        )
        for side, place in enumerate((duel.first, duel.other))
    )
    need = int(value * unit) + (not duel.level)
    return 0 if need <= 0 else fewest_chosen(kinds, left, right, need)


def _dropped(held: Round, place: int) -> int:
    return dropped(held.rule.aggregate, held.size(place)) if held.spreads[place] else 0


def alone_least(held: Round, duel: Duel, form: Form) -> int | None:
    """A bound from below for trimmed means: each candidate may choose its own best ballots."""

    def enough(count: int) -> bool:
        means = {place: _pushed(held, place, count, form) for place in form.factors}
        return duel.changed(form.value(means))

    return _first(enough, 0, sum(ballots for _, ballots in held.pile))


def _pushed(held: Round, place: int, count: int, form: Form) -> Fraction:
    """The mean of a candidate after its worst `count` scores became the best for the form."""
    spread, left = held.spreads[place], count
    if not spread:
        return held.means[place]
    down = form.factors[place] > 0
    target = held.rule.score_min if down else held.high
    found: Counter[int] = Counter()
    for score, ballots in reversed(spread) if down else spread:
        moved = min(ballots, left)
        left -= moved
        found[target] += moved
        found[score] += ballots - moved
    return trimmed_mean(tuple(sorted(found.items())), _dropped(held, place))


def probed_least(
    held: Round, duel: Duel, form: Form, low: int = 0, raised: int | None = None
) -> int | None:
    """The number of ballots, from `low`, whose change is enough, in order of effect on a form.

    A changed ballot gives the first the lowest score, the other the highest, and every third
    the lowest too, but for the one to be raised. Another order might need fewer.
    """
    moves = _moves(held, form)
    order = sorted(held.pile, key=lambda item: moves(item[0]), reverse=True)

    def enough(count: int) -> bool:
        left, mixed = count, []
        for scores, ballots in order:
            moved = min(ballots, left)
            left -= moved
            mixed.append((_changed(held, scores, duel, raised), moved))
            mixed.append((scores, ballots - moved))
        rule = held.rule
        means = live_means(rule, spreads(tuple(mixed), len(held.spreads)))
        given = scale_shares(means, rule.normalise, rule.score_min, rule.score_max)
        return duel.changed(duel.gap + duel.weight * (given[duel.first] - given[duel.other]))

    return _first(enough, low, sum(ballots for _, ballots in held.pile))


def _moves(held: Round, form: Form) -> Callable[[Scores], int]:
    """How far a ballot can move the form, in some unit; a blank cannot."""
    effects = {
        place: factor / held.size(place)
        for place, factor in form.factors.items()
        if held.spreads[place]
    }
    unit = lcm(*(effect.denominator for effect in effects.values()))
    costs = [
        (place, int(effect * unit), held.rule.score_min if effect > 0 else held.high)
        for place, effect in effects.items()
    ]

    def moves(scores: Scores) -> int:
        given = ((cost, scores[place], best) for place, cost, best in costs)
        return sum(cost * (score - best) for cost, score, best in given if score is not None)

    return moves


def _changed(held: Round, scores: Scores, duel: Duel, raised: int | None) -> Scores:
    left = held.rule.votes
    found: list[int | None] = [None if score is None else held.rule.score_min for score in scores]
    for place in (duel.other, raised):
        if place is not None and scores[place] is not None:
            score = held.rule.score_max if left is None else min(held.rule.score_max, left)
            left = left if left is None else left - score
            found[place] = score
    return tuple(found)


def _first(enough: Callable[[int], bool], low: int, most: int) -> int | None:
    """The first number from `low` to `most` that is enough, every later one being so too."""
    reach = 1
    while low + reach <= most and not enough(low + reach - 1):
        low, reach = low + reach, 2 * reach
    numbers = range(low, min(low + reach, most + 1))
    place = bisect_left(numbers, True, key=enough)
    return numbers[place] if place < len(numbers) else None
