"""From counts, ballots and sheets to exact points.

Here belong the conversions of scoring: sympathies, scores and sheets to shares of 0..1, and
shares to points. Everything is a `Fraction`; only `log` is rounded, once, to twelve places.
Here belong no ranks and no display.
May call: the standard library and `model`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from operator import mul
from typing import TypeVar

from townhall.domain.scoring.model import (
    LiveAggregate,
    LiveRule,
    PanelAggregate,
    Pile,
    Points,
    Rule,
    ScaleShare,
    Selection,
    Spread,
    SympathyRule,
    Weights,
)

ZERO, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)
_PRECISE = Context(prec=28)
_PLACES = Decimal("1e-12")

Given = TypeVar("Given")
# The final sheets of one candidate, each as its scores by criterion.
Column = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is scored, per candidate: sympathies, spread of final ballots, sheets, their values."""

    counts: tuple[int, ...]
    live: tuple[Spread, ...]
    sheets: tuple[Column, ...]
    values: tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True, slots=True)
class Shares:
    """Per candidate the share, 0 to 1, of what each source may give."""

    sympathy: tuple[Fraction, ...]
    live: tuple[Fraction, ...]
    panel: tuple[Fraction, ...]


def facts(selection: Selection) -> Facts:
    """The scored facts of a selection."""
    return Facts(
        counts=tuple(candidate.sympathy for candidate in selection.candidates),
        live=spreads(selection.final, len(selection.candidates)),
        sheets=by_candidate(
            [sheet.scores for sheet in selection.sheets], len(selection.candidates)
        ),
        values=by_candidate(sheet_values(selection), len(selection.candidates)),
    )


def spreads(pile: Pile, width: int) -> tuple[Spread, ...]:
    """Per candidate how many ballots gave each score; blanks are left out."""
    counted: list[Counter[int]] = [Counter() for _ in range(width)]
    for scores, ballots in pile:
        for candidate, score in enumerate(scores):
            if score is not None:
                counted[candidate][score] += ballots
    return tuple(tuple(sorted(found.items())) for found in counted)


def sheet_values(selection: Selection) -> tuple[tuple[Fraction | None, ...], ...]:
    """Per sheet its value of every candidate, None where recused: sum of weight x score."""
    weights = [line.weight for line in selection.rule.panel.criteria]
    return tuple(
        tuple(None if own is None else sum(map(mul, weights, own), ZERO) for own in sheet.scores)
        for sheet in selection.sheets
    )


def by_candidate(
    sheets: Sequence[Sequence[Given | None]], width: int
) -> tuple[tuple[Given, ...], ...]:
    """What valid sheets give, by candidate: a recused panelist is left out of that one only."""
    found = [
        [own for sheet in sheets if (own := sheet[place]) is not None] for place in range(width)
    ]
    return tuple(tuple(column) for column in found)


def shares(rule: Rule, found: Facts) -> Shares:
    """The three sources as shares under a rule."""
    return Shares(
        sympathy=count_shares(rule.sympathy, found.counts),
        live=scale_shares(
            live_means(rule.live, found.live),
            rule.live.normalise,
            rule.live.score_min,
            rule.live.score_max,
        ),
        panel=scale_shares(
            [panel_mean(rule.panel.aggregate, values) for values in found.values],
            rule.panel.normalise,
            rule.panel.score_min,
            rule.panel.score_max,
        ),
    )


def weighed(weights: Weights, found: Shares) -> tuple[Points, ...]:
    """Shares times weights: `S = w_s x share`, and so for live and panel."""
    lines = zip(found.sympathy, found.live, found.panel, strict=True)
    return tuple(
        Points(weights.sympathy * count, weights.live * live, weights.panel * panel)
        for count, live, panel in lines
    )


def count_shares(rule: SympathyRule, counts: Sequence[int]) -> tuple[Fraction, ...]:
    """Counts of sympathies as shares; all 0 when nobody has any.

    `top`: n / max n. `share`: n / sum. `log`: ln(1+n) / ln(1+max n). `cap`: n / target, at
    most 1. `rank`: see `rank_shares`. `minmax`: (n - min) / (max - min), only for what-ifs.
    """
    most = max(*counts, rule.window_top)
    if max(counts) == 0:
        return tuple(ZERO for _ in counts)
    match rule.normalise:
        case "top":
            return tuple(Fraction(count, most) for count in counts)
        case "share":
            return tuple(Fraction(count, sum(counts)) for count in counts)
        case "log":
            return tuple(_log_share(count, most) for count in counts)
        case "cap":
            return tuple(min(ONE, Fraction(count, rule.cap)) for count in counts)
        case "rank":
            return rank_shares([Fraction(count) for count in counts])
        case _:
            return minmax_shares([Fraction(count) for count in counts])


@lru_cache(maxsize=4096)
def _log_share(count: int, most: int) -> Fraction:
    one_more = (Decimal(count + 1).ln(_PRECISE), Decimal(most + 1).ln(_PRECISE))
    return Fraction(_PRECISE.divide(*one_more).quantize(_PLACES, ROUND_HALF_UP))


def trimmed_mean(spread: Spread, drop: int) -> Fraction:
    """The mean of the scores that are left when `drop` are taken from each end."""
    left = sum(ballots for _, ballots in spread) - 2 * drop
    total, skip, room = 0, drop, left
    for score, ballots in spread:
        passed = min(ballots, skip)
        skip -= passed
        taken = min(ballots - passed, room)
        room -= taken
        total += score * taken
    return Fraction(total, left)


def dropped(aggregate: LiveAggregate, ballots: int) -> int:
    """How many ballots an aggregate leaves out at each end: none, a tenth, all but the middle."""
    match aggregate:
        case "mean":
            return 0
        case "trim10":
            return ballots // 10
        case _:
            return (ballots - 1) // 2


def live_means(rule: LiveRule, found: Sequence[Spread]) -> tuple[Fraction | None, ...]:
    """The aggregated score of each candidate over the ballots that scored it, None for none.

    With shrinkage k: (sum + k x overall mean) / (n + k), the overall mean taken over every
    score given to any candidate.
    """
    sizes = [sum(ballots for _, ballots in spread) for spread in found]
    if not rule.shrinkage:
        return tuple(
            trimmed_mean(spread, dropped(rule.aggregate, size)) if size else None
            for spread, size in zip(found, sizes, strict=True)
        )
    sums = [sum(score * ballots for score, ballots in spread) for spread in found]
    overall = Fraction(sum(sums), max(1, sum(sizes)))
    return tuple(
        (total + rule.shrinkage * overall) / (size + rule.shrinkage) if size else None
        for total, size in zip(sums, sizes, strict=True)
    )


def panel_mean(aggregate: PanelAggregate, values: Sequence[Fraction]) -> Fraction | None:
    """The panel's value of a candidate over its sheets' values, None without a valid sheet.

    `drop_extremes` leaves out one highest and one lowest sheet when there are at least five.
    """
    if not values:
        return None
    if aggregate == "drop_extremes" and len(values) >= 5:
        return (sum(values, ZERO) - max(values) - min(values)) / (len(values) - 2)
    return sum(values, ZERO) / len(values)


def scale_shares(
    means: Sequence[Fraction | None], how: ScaleShare, low: int, high: int
) -> tuple[Fraction, ...]:
    """Mean scores as shares; a candidate without any score has 0.

    `max`: mean / high. `range`: (mean - low) / (high - low). `top`: mean / highest mean.
    `minmax` and `rank` are only for what-ifs.
    """
    values = [ZERO if mean is None else mean for mean in means]
    match how:
        case "max":
            return tuple(value / high for value in values)
        case "range":
            return tuple(max(ZERO, value - low) / (high - low) for value in values)
        case "top":
            most = max(values)
            return tuple(value / most if most else ZERO for value in values)
        case "rank":
            return rank_shares(values)
        case _:
            return minmax_shares(values)


def rank_shares(values: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The share of the other candidates that are below; a tie counts half; alone is 1."""
    others = len(values) - 1
    if others == 0:
        return (ONE,)
    below = [sum(1 for other in values if other < value) for value in values]
    equal = [sum(1 for other in values if other == value) - 1 for value in values]
    return tuple((under + HALF * level) / others for under, level in zip(below, equal, strict=True))


def minmax_shares(values: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """(value - lowest) / (highest - lowest); all 0 when they are equal."""
    low, high = min(values), max(values)
    if low == high:
        return tuple(ZERO for _ in values)
    return tuple((value - low) / (high - low) for value in values)
