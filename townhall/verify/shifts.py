"""The shape of what changed between two rounds; which figure a kind compares is in `counting`."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from townhall.verify.figures import change, rounded
from townhall.verify.kind import Pairs


def row(option: str, unit: str, before: Fraction, after: Fraction, decimals: int) -> dict[str, Any]:
    """One option's figure in both rounds, and the difference."""
    return {
        "id": option,
        "unit": unit,
        "first": rounded(before, decimals),
        "final": rounded(after, decimals),
        "change": change(after - before, decimals),
    }


def whole(option: str, unit: str, before: int, after: int) -> dict[str, Any]:
    """The same for a figure without decimals."""
    return row(option, unit, Fraction(before), Fraction(after), 0)


def words(order: Sequence[str], pairs: Pairs) -> dict[str, Any]:
    """Votes of each word in both rounds, and who went where."""
    before, after = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    moves = Counter(pairs)
    return {
        "rows": [whole(each, "votes", before[each], after[each]) for each in order],
        "flows": [
            {"from": here, "to": there, "count": moves[here, there]}
            for here in order
            for there in order
            if moves[here, there]
        ],
    }
