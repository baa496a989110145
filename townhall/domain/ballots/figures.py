"""How counts become what people read: exact rounding, shares, places and rows of a result.

Everything is whole numbers and fractions; a float never appears. Knows no kind of ballot.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from townhall.domain.ballots.definition import Choice, Definition, Result

Exact = int | Fraction


def half_up(value: Exact, places: int) -> str:
    """The value with `places` decimals, exact halves away from zero: 19/8 with two is "2.38"."""
    scale = 10**places
    scaled = abs(value) * scale
    digits = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    sign = "-" if value < 0 and digits else ""
    whole, rest = divmod(digits, scale)
    return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"


def signed(value: Exact, places: int) -> str:
    """A change: like `half_up`, with a plus sign when it shows as more than zero."""
    shown = half_up(value, places)
    return f"+{shown}" if value > 0 and shown.strip("0.") else shown


def percent(part: Exact, whole: Exact) -> str | None:
    """The share in percent with one decimal, or nothing when there is nothing to share."""
    return half_up(Fraction(part) * 100 / whole, 1) if whole else None


def bar(part: Exact, whole: Exact) -> str:
    """Percent of the bar's full width, between "0.0" and "100.0"."""
    return percent(min(part, whole), whole) or "0.0"


def short(value: Exact) -> str:
    """A number of halves without needless decimals: "12" or "12.5"."""
    return half_up(value, 0 if value.denominator == 1 else 1)


def places(values: Sequence[Exact | None]) -> list[int]:
    """Places from 1, highest value first; equal values share a place, so 1, 1, 3.

    Nothing (`None`) stands below every value.
    """
    keys = [(value is not None, value or 0) for value in values]
    place_of: dict[tuple[bool, Exact], int] = {}
    for place, key in enumerate(sorted(keys, reverse=True), 1):
        place_of.setdefault(key, place)
    return [place_of[key] for key in keys]


def base_of(definition: Definition, n: int, abstained: int, entitled: int) -> int:
    """What a percentage is of, in ballots or seats, as the definition says."""
    return {"voted": n, "valid": n - abstained, "entitled": entitled}[definition.base]


def result(
    definition: Definition,
    *,
    n: int,
    rows: Iterable[Mapping[str, Any]],
    abstained: int = 0,
    entitled: int = 0,
    **extras: Any,
) -> Result:
    """The shape that every kind's result has in common.

    A row comes with `id`, `figure`, `unit`, `count`, `bar` and `place`, in options' order; its
    share is `count` of the base. Rows leave sorted by place, equals in options' order.
    """
    base = base_of(definition, n, abstained, entitled)
    shared = [{"share": percent(row["count"], base), **row} for row in rows]
    shared.sort(key=lambda row: row["place"])
    return {"n": n, "abstained": abstained, "base": base, "rows": shared, **extras}


def shift(
    pairs: Sequence[tuple[Choice, Choice]], rows: Sequence[dict[str, Any]], **extras: Any
) -> dict[str, Any]:
    """The shape that every kind's shift has in common; `rows` in options' order."""
    changed = sum(first != final for first, final in pairs)
    return {"n": len(pairs), "changed": changed, "rows": list(rows), **extras}


def moved(option: str, unit: str, first: Exact, final: Exact, decimals: int = 0) -> dict[str, Any]:
    """A row of a shift: a figure in both rounds and the difference of the exact values."""
    return {
        "id": option,
        "unit": unit,
        "first": half_up(first, decimals),
        "final": half_up(final, decimals),
        "change": signed(Fraction(final) - first, decimals),
    }


def flows(order: Sequence[str], pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """How many went from which option to which, in options' order; empty flows are left out."""
    counts = Counter(pairs)
    return [
        {"from": before, "to": after, "count": counts[before, after]}
        for before in order
        for after in order
        if (before, after) in counts
    ]


def single_shift(
    order: Sequence[str], pairs: Sequence[tuple[str, str]], **extras: Any
) -> dict[str, Any]:
    """The shift of answers that are one word: votes in both rounds, and who went where."""
    before = Counter(first for first, _ in pairs)
    after = Counter(final for _, final in pairs)
    rows = [moved(answer, "votes", before[answer], after[answer]) for answer in order]
    return shift(pairs, rows, flows=flows(order, pairs), **extras)


def marginal_shift(first: Result, final: Result) -> dict[str, Any]:
    """The shift of two secret rounds: only the results' displayed figures can be compared.

    Takes two results of the same options; gives rows in the order of the final one. `n` and
    `changed` are nothing, since nobody's two ballots can be joined.
    """
    before = {row["id"]: row for row in first["rows"]}
    rows = []
    for row in final["rows"]:
        earlier = before[row["id"]]["figure"]
        known = earlier is not None and row["figure"] is not None
        change = Decimal(row["figure"]) - Decimal(earlier) if known else None
        rows.append(
            {
                "id": row["id"],
                "unit": row["unit"],
                "first": earlier,
                "final": row["figure"],
                "change": None if change is None else f"{change:+f}" if change else f"{change:f}",
            }
        )
    return {"n": None, "changed": None, "rows": rows}
