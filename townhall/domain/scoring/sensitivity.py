"""How close it was: what would have been, and how little would have changed it.

Here belong effective weights, other normalisations and weights, leaving out a panelist or the
suspicious ballots, the shift between rounds. None of it is the result.
Here belong no search for flips (see `flip_*`) and no display.
May call: the standard library, `model`, `points`, `ranking`, `flip_*`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise

from townhall.domain.scoring import flip_live, flip_panel, flip_sympathy
from townhall.domain.scoring.model import (
    SOURCES,
    CountShare,
    LiveRule,
    PanelRule,
    Points,
    Rule,
    ScaleShare,
    Selection,
    Sensitivity,
    Source,
    Stretch,
    Trailing,
    Variant,
    Weights,
)
from townhall.domain.scoring.points import (
    ZERO,
    Facts,
    by_candidate,
    live_means,
    panel_mean,
    shares,
    sheet_values,
    spreads,
    trimmed_mean,
    weighed,
)
from townhall.domain.scoring.ranking import Board, Ranking, board, ranked, reweighed

HUNDRED = Fraction(100)
# Sympathy, live and panel of the published presets.
PRESETS = ((25, 25, 50), (20, 30, 50), (0, 50, 50), (40, 0, 60))


def sensitivity(selection: Selection, found: Facts, shown: Board, ranking: Ranking) -> Sensitivity:
    """The whole block for a selection that is scored as `shown` and ranked so."""
    return Sensitivity(
        normalisations=tuple(normalisations(selection, found)),
        weights=tuple(
            what_if(selection, found, "/".join(map(str, preset)), _weighted(*preset))
            for preset in PRESETS
        ),
        sympathy_weight=sympathy_weight(selection, found, shown),
        without_panelist=tuple(without_panelist(selection, found)),
        without_suspicious=without_suspicious(selection, found),
        flips=(
            ("sympathy", flip_sympathy.flip(shown, ranking, found)),
            ("live", flip_live.flip(shown, ranking, found, selection.final)),
            ("panel", flip_panel.flip(shown, ranking, found)),
        ),
        shift=shift(selection, found),
        trailing=tuple(trailing(selection, found, shown, ranking)),
    )


def effective_weights(points: tuple[Points, ...]) -> tuple[tuple[Source, Fraction], ...]:
    """Per source the spread of its points over the sum of spreads, in percent.

    The spread is the highest less the lowest points of a candidate. All 0 when nothing spreads.
    """
    spans: dict[Source, Fraction] = {}
    for source in SOURCES:
        given = [getattr(line, source) for line in points]
        spans[source] = max(given) - min(given)
    total = sum(spans.values(), ZERO)
    return tuple(
        (source, HUNDRED * span / total if total else ZERO) for source, span in spans.items()
    )


def what_if(
    selection: Selection, found: Facts, key: str, change: Callable[[Rule], Rule]
) -> Variant:
    """The totals of a selection under another rule, marked by a key; never the result."""
    return _variant(selection, key, board(selection, found, change(selection.rule)))


def _variant(selection: Selection, key: str, shown: Board) -> Variant:
    ranking = ranked(shown)
    return Variant(
        key=key,
        totals=tuple(
            (name, points.total) for name, points in zip(shown.ids, shown.points, strict=True)
        ),
        first=_named(selection, ranking),
        margin=ranking.margin,
    )


def _named(selection: Selection, ranking: Ranking) -> tuple[str, ...]:
    return tuple(selection.candidates[place].id for place in sorted(ranking.leaders))


def _weighted(sympathy: int, live: int, panel: int) -> Callable[[Rule], Rule]:
    weights = Weights(Fraction(sympathy), Fraction(live), Fraction(panel))
    return lambda rule: replace(rule, weights=weights)


def normalised(
    counts: CountShare | None = None, scales: ScaleShare | None = None
) -> Callable[[Rule], Rule]:
    """A change of rule: other shares for the counts, for both scales, or for all."""

    def change(rule: Rule) -> Rule:
        if counts:
            window = rule.sympathy.window_top if counts in ("top", "log") else 0
            sympathy = replace(rule.sympathy, normalise=counts, window_top=window)
            rule = replace(rule, sympathy=sympathy)
        if scales:
            rule = replace(
                rule,
                live=replace(rule.live, normalise=scales),
                panel=replace(rule.panel, normalise=scales),
            )
        return rule

    return change


def _dropping(rule: Rule) -> Rule:
    return replace(rule, panel=replace(rule.panel, aggregate="drop_extremes"))


def normalisations(selection: Selection, found: Facts) -> Iterator[Variant]:
    """The totals under each other way to turn counts and scores into points.

    `default`: counts to the highest count, scores to the highest score. `scales_range`: scores
    as (mean - low) / (high - low). `top`, `minmax` and `rank` for all sources. `share` and `log`
    for the counts. `panel_trimmed`: the panel without its highest and lowest sheet.
    """
    changes = {
        "default": normalised("top", "max"),
        "scales_range": normalised(scales="range"),
        "top": normalised("top", "top"),
        "share": normalised("share"),
        "log": normalised("log"),
        "minmax": normalised("minmax", "minmax"),
        "rank": normalised("rank", "rank"),
        "panel_trimmed": _dropping,
    }
    for key, change in changes.items():
        yield what_if(selection, found, key, change)


def sympathy_weight(selection: Selection, found: Facts, shown: Board) -> tuple[Stretch, ...]:
    """Who is first for each weight of sympathy from 0 to 100, live : panel kept as ruled.

    Empty when the rule gives live and panel nothing, for then their proportion is unknown.
    """
    weights = shown.rule.weights
    rest = weights.live + weights.panel
    if not rest:
        return ()
    given = shares(shown.rule, found)
    others = [
        (weights.live * live + weights.panel * panel) / rest
        for live, panel in zip(given.live, given.panel, strict=True)
    ]
    borders = {ZERO, HUNDRED, *_crossings(given.sympathy, others)}
    stretches: list[Stretch] = []
    for start, end in pairwise(sorted(borders)):
        middle = (start + end) / 2
        left = (HUNDRED - middle) / rest
        mixed = Weights(middle, weights.live * left, weights.panel * left)
        first = _named(selection, ranked(reweighed(shown, mixed, weighed(mixed, given))))
        same = bool(stretches) and stretches[-1].first == first
        stretches.append(Stretch(stretches.pop().start if same else start, end, first))
    return tuple(stretches)


def _crossings(steep: tuple[Fraction, ...], flat: list[Fraction]) -> Iterator[Fraction]:
    """The weights at which two totals, w x steep + (100 - w) x flat, are equal."""
    for one, other in combinations(range(len(flat)), 2):
        slope = (steep[one] - flat[one]) - (steep[other] - flat[other])
        if slope:
            weight = HUNDRED * (flat[other] - flat[one]) / slope
            if 0 < weight < HUNDRED:
                yield weight


def without_panelist(selection: Selection, found: Facts) -> Iterator[Variant]:
    """The totals without each panelist's sheet in turn."""
    given = sheet_values(selection)
    for left_out, sheet in enumerate(selection.sheets):
        others = [row for n, row in enumerate(given) if n != left_out]
        left = replace(found, values=by_candidate(others, len(selection.candidates)))
        yield _variant(selection, sheet.panelist, board(selection, left))


def without_suspicious(selection: Selection, found: Facts) -> Variant | None:
    """The totals without the ballots that the integrity check marked; None without marks."""
    if not selection.suspicious:
        return None
    marked = dict(selection.suspicious)
    left = tuple((scores, n - marked.get(scores, 0)) for scores, n in selection.final)
    kept = tuple((scores, n) for scores, n in left if n)
    clean = replace(found, live=spreads(kept, len(selection.candidates)))
    return _variant(selection, "without_suspicious", board(selection, clean))


def shift(selection: Selection, found: Facts) -> tuple[tuple[str, Fraction | None], ...]:
    """Per candidate the plain mean of the final round less that of the first; None without."""
    first = spreads(selection.first, len(selection.candidates))
    return tuple(
        (
            candidate.id,
            trimmed_mean(after, 0) - trimmed_mean(before, 0) if before and after else None,
        )
        for candidate, before, after in zip(selection.candidates, first, found.live, strict=True)
    )


def trailing(
    selection: Selection, found: Facts, shown: Board, ranking: Ranking
) -> Iterator[Trailing]:
    """How far every ranked candidate is behind the first, and what higher mean would level it.

    A mean is None where the scale does not reach that far, or where shares are ratios to the
    highest mean, so that no single number says it.
    """
    rule = shown.rule
    live = live_means(rule.live, found.live)
    panel = [panel_mean(rule.panel.aggregate, values) for values in found.values]
    best = shown.points[ranking.order[0]].total
    for place in ranking.order:
        if ranking.ranks[place] not in (None, 1):
            points = best - shown.points[place].total
            yield Trailing(
                candidate=selection.candidates[place].id,
                points=points,
                live_mean=_more(rule.live, rule.weights.live, live[place], points),
                panel_mean=_more(rule.panel, rule.weights.panel, panel[place], points),
            )


def _more(
    scale: LiveRule | PanelRule, weight: Fraction, mean: Fraction | None, points: Fraction
) -> Fraction | None:
    if mean is None or not weight or scale.normalise == "top":
        return None
    low = scale.score_min if scale.normalise == "range" else 0
    more = points * (scale.score_max - low) / weight
    return more if mean + more <= scale.score_max else None
