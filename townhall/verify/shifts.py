"""What changed between two rounds, over the seats that voted in both."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from townhall.verify.counting import Dots, Kind, Multiple, Ranking, Score, Single
from townhall.verify.figures import change, rounded

Pairs = Sequence[tuple[Any, Any]]


def shift(kind: Kind, pairs: Pairs) -> dict[str, Any]:
    """The shift of a question's kind; every pair is (first, final)."""
    told = {
        "n": len(pairs),
        "changed": sum(before != after for before, after in pairs),
    }
    if isinstance(kind, Multiple):
        return told | {"rows": [_picked(option, pairs) for option in kind.order]}
    if isinstance(kind, Score):
        return told | {"rows": [_scored(option, pairs) for option in kind.order]}
    if isinstance(kind, Dots):
        return told | {"rows": [_pointed(option, pairs) for option in kind.order]}
    if isinstance(kind, Ranking):
        return _words(kind.order, [(before[0], after[0]) for before, after in pairs]) | told
    words = [*kind.order, "abstain"] if isinstance(kind, Single) else ["yes", "no", "abstain"]
    return _words(words, pairs) | told


def _row(option: str, unit: str, before: Fraction, after: Fraction, decimals: int) -> Any:
    return {
        "id": option,
        "unit": unit,
        "first": rounded(before, decimals),
        "final": rounded(after, decimals),
        "change": change(after - before, decimals),
    }


def _whole(option: str, unit: str, before: int, after: int) -> Any:
    return _row(option, unit, Fraction(before), Fraction(after), 0)


def _words(order: Sequence[str], pairs: Pairs) -> dict[str, Any]:
    """Votes of each word in both rounds, and who went where."""
    before, after = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    moves = Counter(pairs)
    return {
        "rows": [_whole(each, "votes", before[each], after[each]) for each in order],
        "flows": [
            {"from": here, "to": there, "count": moves[here, there]}
            for here in order
            for there in order
            if moves[here, there]
        ],
    }


def _picked(option: str, pairs: Pairs) -> Any:
    sides = [(option in before["picks"], option in after["picks"]) for before, after in pairs]
    row = _whole(option, "votes", sum(a for a, _ in sides), sum(b for _, b in sides))
    return row | {"gained": sides.count((False, True)), "lost": sides.count((True, False))}


def _pointed(option: str, pairs: Pairs) -> Any:
    before, after = (sum(pair[side].get(option, 0) for pair in pairs) for side in (0, 1))
    return _whole(option, "points", before, after)


def _scored(option: str, pairs: Pairs) -> Any:
    both = [(before[option], after[option]) for before, after in pairs]
    both = [pair for pair in both if None not in pair]
    told = {
        "n": len(both),
        "raised": sum(after > before for before, after in both),
        "lowered": sum(after < before for before, after in both),
        "same": sum(after == before for before, after in both),
    }
    if not both:
        return {"id": option, "unit": "mean", "first": None, "final": None, "change": None} | told
    means = [Fraction(sum(pair[side] for pair in both), len(both)) for side in (0, 1)]
    return _row(option, "mean", means[0], means[1], 2) | told
