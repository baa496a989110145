"""How many changed ballots of the final round change the first place.

Here belongs the search over ballots; one change gives one ballot other valid scores where it
gave scores. A blank stays a blank, so nobody's base moves.
Here belongs nothing about sympathies and sheets.
May call: the standard library, `ballot_changes`, `duel`, `model`, `points`, `ranking`.

The lead of one candidate over another is turned into forms: a constant and a factor for each
mean. Under `max` and `range` there is one form and its count is exact. Where shares are ratios
to the highest mean there is one form for each candidate that may hold it: ahead elsewhere, the
first falls behind only when every form says so; behind elsewhere, one form is enough.
"""

from fractions import Fraction

from townhall.domain.scoring.ballot_changes import (
    Form,
    Round,
    alone_least,
    probed_least,
    true_least,
)
from townhall.domain.scoring.duel import Duel, duels, exactly, fewest
from townhall.domain.scoring.model import Flip, Pile
from townhall.domain.scoring.points import Facts, live_means
from townhall.domain.scoring.ranking import Board, Ranking


def flip(board: Board, ranking: Ranking, found: Facts, pile: Pile) -> Flip:
    """The least number of changed final ballots that changes who is first."""
    rule = board.rule.live
    nothing = Fraction(rule.score_min if rule.normalise == "range" else 0)
    means = live_means(rule, found.live)
    held = Round(
        rule=rule,
        pile=pile,
        spreads=found.live,
        means=tuple(nothing if mean is None else mean for mean in means),
    )
    able = [place for place, able in enumerate(board.eligible) if able]
    ways: list[Flip] = []
    for duel in duels(board, ranking, "live", able):
        ways.append(_least(held, duel, fewest(ways).changes))
    return fewest(ways)


def _least(held: Round, duel: Duel, best: int | None) -> Flip:
    # A share is at most 1 and at least 0: no lead can fall by more than the weight.
    if not any(held.spreads) or not duel.weight or not duel.changed(duel.gap - duel.weight):
        return exactly(None)
    if held.rule.normalise != "top":
        return exactly(true_least(held, duel, _form(held, duel)))
    forms = {place: _ratio_form(duel, place) for place, spread in enumerate(held.spreads) if spread}
    if duel.gap < 0:
        return _one_needed(held, duel, forms)
    return _all_needed(held, duel, forms, best)


def _form(held: Round, duel: Duel) -> Form:
    scale = held.rule.score_max
    if held.rule.normalise == "range":
        scale -= held.rule.score_min
    return Form(duel.gap * scale, {duel.first: duel.weight, duel.other: -duel.weight})


def _ratio_form(duel: Duel, top: int) -> Form:
    """The lead times the mean of the candidate that holds the top."""
    factors = {duel.first: duel.weight, duel.other: -duel.weight}
    factors[top] = factors.get(top, Fraction(0)) + duel.gap
    return Form(Fraction(0), factors)


def _all_needed(held: Round, duel: Duel, forms: dict[int, Form], best: int | None) -> Flip:
    # Ahead elsewhere, the first can only fall behind with the lower mean: it holds no top then.
    needed = {place: form for place, form in forms.items() if place != duel.first}
    bounds = {place: _bound(held, duel, form) for place, form in needed.items()}
    least = max((bound for bound in bounds.values() if bound is not None), default=None)
    if least is None or None in bounds.values():
        return exactly(None)
    if len(needed) == 1 and duel.other in needed and held.rule.score_min > 0:
        return exactly(least)
    if best is not None and least >= best:
        return Flip(None, least)
    tightest = next(place for place, bound in bounds.items() if bound == least)
    return Flip(probed_least(held, duel, needed[tightest], low=least), least)


def _one_needed(held: Round, duel: Duel, forms: dict[int, Form]) -> Flip:
    ways = []
    if held.rule.score_min == 0:
        # With no score left at all, the first falls back to what it has elsewhere.
        given = [ballots for score, ballots in held.spreads[duel.first] if score]
        ways.append(exactly(sum(given)))
    ways += [
        exactly(true_least(held, duel, form)) for form in forms.values() if _solvable(held, form)
    ]
    for place, form in forms.items():
        if not _solvable(held, form):
            best, bound = fewest(ways).changes, alone_least(held, duel, form)
            # Only a way that may be shorter is tried out, and it may be shorter still.
            if bound is not None and (best is None or bound < best):
                tried = probed_least(held, duel, form, low=bound, raised=place)
                ways.append(Flip(tried, bound))
    return fewest(ways)


def _solvable(held: Round, form: Form) -> bool:
    """Means are linear; for trimmed means the network has two sides."""
    return held.rule.aggregate == "mean" or len(form.factors) == 2


def _bound(held: Round, duel: Duel, form: Form) -> int | None:
    search = true_least if _solvable(held, form) else alone_least
    return search(held, duel, form)
