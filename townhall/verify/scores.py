"""The score reckoned anew from a snapshot (`townhall-selection/1`), in exact fractions.

Sympathy points = weight x n / most n, live points = weight x mean / highest score, panel points =
weight x mean of the sheets' weighted scores / highest score, or as the rule says otherwise; then
the order by total and the chain of ties. Written from the published rule, not from the code that
scores.
"""

import hashlib
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

from townhall.verify.figures import rounded

CHAIN = ["panel", "live", "sympathy", "revote", "lot"]
ZERO = Fraction(0)

Shares = list[Fraction]


class BrokenSnapshot(Exception):  # noqa: N818 (an answer about a file, not an error of ours)
    """A snapshot that cannot be scored; `at` names the part."""

    def __init__(self, at: str) -> None:
        super().__init__(at)
        self.at = at


def scored(snapshot: dict[str, Any]) -> dict[str, Any]:
    """`{"candidates": [{"id", "sympathy", "live", "panel", "total", "rank"}], "decided_by"}`.

    Raises BrokenSnapshot where a weight, a ballot or a sheet is not what the rule asks for.
    """
    try:
        return _scored(snapshot)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
        raise BrokenSnapshot("snapshot") from None


def _scored(snapshot: dict[str, Any]) -> dict[str, Any]:
    rule, listed = snapshot["rule"], snapshot["candidates"]
    ids = [each["id"] for each in listed]
    _require(len(set(ids)) == len(ids) > 0, "candidates")
    weights = [Fraction(rule["weights"][name]) for name in ("sympathy", "live", "panel")]
    _require(sum(weights) == 100 and min(weights) >= 0, "rule.weights")
    counts = [each["sympathy"] for each in listed]
    _require(all(type(n) is int and n >= 0 for n in counts), "candidates")
    given = _live(rule["live"], snapshot["live"]["final"], ids)
    _live(rule["live"], snapshot["live"].get("first", []), ids)
    values = _panel(rule["panel"], snapshot["panel"]["sheets"], ids)
    panel = [_sheet_mean(rule["panel"]["aggregate"], own) for own in values]
    shares = (
        _sympathy(rule["sympathy"], counts),
        _scaled(rule["live"], _live_means(rule["live"], given)),
        _scaled({"score_min": 1, **rule["panel"]}, panel),
    )
    points = [
        [weight * share[at] for weight, share in zip(weights, shares, strict=True)]
        for at in range(len(ids))
    ]
    floor = rule.get("floor", {})
    able = [
        counts[at] >= floor.get("sympathy", 0)
        and (panel[at] or ZERO) >= Fraction(floor.get("panel", 0))
        for at in range(len(ids))
    ]
    return _ranked(snapshot, ids, points, able)


def _require(fits: bool, at: str) -> None:
    if not fits:
        raise BrokenSnapshot(at)


def _live(rule: dict[str, Any], ballots: list[Any], ids: list[str]) -> list[list[int]]:
    """Per candidate the scores that were given, lowest first; a blank is no score."""
    low, high = rule["score_min"], rule["score_max"]
    for ballot in ballots:
        scores = [score for score in ballot.values() if score is not None]
        fits = all(type(score) is int and low <= score <= high for score in scores)
        most = rule.get("votes")
        within = most is None or sum(scores) <= most
        _require(fits and within and ballot.keys() <= set(ids), "live")
    return [
        sorted(ballot[each] for ballot in ballots if ballot.get(each) is not None) for each in ids
    ]


def _live_means(rule: dict[str, Any], given: list[list[int]]) -> list[Fraction | None]:
    extra = rule.get("shrinkage", 0)
    everything = [score for own in given for score in own]
    overall = Fraction(sum(everything), max(1, len(everything)))
    means: list[Fraction | None] = []
    for own in given:
        if not own:
            means.append(None)
            continue
        drop = {"mean": 0, "trim10": len(own) // 10, "median": (len(own) - 1) // 2}[
            rule["aggregate"]
        ]
        kept = own[drop : len(own) - drop]
        means.append((sum(kept) + extra * overall) / (len(kept) + extra))
    return means


def _panel(rule: dict[str, Any], sheets: list[Any], ids: list[str]) -> list[list[Fraction]]:
    """Per candidate the value that each final sheet gives it; who is recused gives none."""
    weights = {line["id"]: Fraction(line["weight"]) for line in rule["criteria"]}
    _require(sum(weights.values()) == 1 and len(weights) == len(rule["criteria"]), "rule.panel")
    names = [sheet["panelist"] for sheet in sheets]
    final = [sheet for sheet in sheets if sheet["final"] is True]
    _require(len(set(names)) == len(names) and len(final) <= rule["seats"], "panel")
    low, high = rule.get("score_min", 1), rule["score_max"]
    found: list[list[Fraction]] = [[] for _ in ids]
    for sheet in final:
        recused = sheet.get("recused", [])
        _require(set(ids) - set(recused) == sheet["scores"].keys(), "panel")
        for place, each in enumerate(ids):
            if each in recused:
                continue
            own = sheet["scores"][each]
            fits = all(type(score) is int and low <= score <= high for score in own.values())
            _require(fits and own.keys() == weights.keys(), "panel")
            found[place].append(sum((weights[line] * own[line] for line in own), ZERO))
    return found


def _sheet_mean(aggregate: str, values: list[Fraction]) -> Fraction | None:
    kept = sorted(values)
    if aggregate == "drop_extremes" and len(kept) >= 5:
        kept = kept[1:-1]
    return sum(kept, ZERO) / len(kept) if kept else None


def _sympathy(rule: dict[str, Any], counts: list[int]) -> Shares:
    """Counts as shares, 0 to 1."""
    if not any(counts):
        return [ZERO] * len(counts)
    most = max(*counts, rule.get("window_top") or 0)
    how, _, number = rule["normalise"].partition(":")
    ways: dict[str, Callable[[int], Fraction]] = {
        "top": lambda n: Fraction(n, most),
        "share": lambda n: Fraction(n, sum(counts)),
        "log": lambda n: _logarithmic(n, most),
        "cap": lambda n: min(Fraction(1), Fraction(n, int(number))),
        "rank": lambda n: _standing(n, counts),
    }
    return [ways[how](n) for n in counts]


def _logarithmic(n: int, most: int) -> Fraction:
    """ln(1 + n) / ln(1 + most) in 28 digits, rounded half up to twelve places."""
    context = Context(prec=28)
    share = context.divide(context.ln(Decimal(n + 1)), context.ln(Decimal(most + 1)))
    return Fraction(share.quantize(Decimal("1e-12"), ROUND_HALF_UP))


def _standing(n: int, counts: list[int]) -> Fraction:
    """The share of the others that are below; an equal one counts half."""
    others = len(counts) - 1
    if others == 0:
        return Fraction(1)
    halves = sum(2 * (each < n) + (each == n) for each in counts) - 1
    return Fraction(halves, 2 * others)


def _scaled(rule: dict[str, Any], means: Sequence[Fraction | None]) -> Shares:
    """Mean scores as shares, 0 to 1; no score at all is 0."""
    values = [ZERO if mean is None else mean for mean in means]
    low, high, top = rule["score_min"], rule["score_max"], max(values)
    ways: dict[str, Callable[[Fraction], Fraction]] = {
        "max": lambda value: value / high,
        "range": lambda value: max(ZERO, value - low) / (high - low),
        "top": lambda value: value / top if top else ZERO,
    }
    return [ways[rule.get("normalise", "max")](value) for value in values]


def _ranked(
    snapshot: dict[str, Any], ids: list[str], points: list[Shares], able: list[bool]
) -> dict[str, Any]:
    steps = _steps(snapshot)
    keys = {
        at: (
            sum(points[at], ZERO),
            *(_advantage(snapshot, step, ids[at], points[at]) for step in steps),
        )
        for at in range(len(ids))
        if able[at]
    }
    order = sorted(keys, key=lambda at: keys[at], reverse=True)
    below = sorted(set(range(len(ids))) - keys.keys(), key=lambda at: (-sum(points[at]), at))
    rank = {at: 1 + sum(other > keys[at] for other in keys.values()) for at in order}
    return {
        "candidates": [
            {
                "id": ids[at],
                **{
                    name: {"exact": str(value), "display": rounded(value, 2)}
                    for name, value in zip(
                        ("sympathy", "live", "panel", "total"),
                        (*points[at], sum(points[at], ZERO)),
                        strict=True,
                    )
                },
                "rank": rank.get(at),
            }
            for at in (*order, *below)
        ],
        "decided_by": _decided_by([keys[at] for at in order], ["total", *steps]),
    }


def _steps(snapshot: dict[str, Any]) -> list[str]:
    """The steps of the tie chain that can be taken: up to a revote or a lot that is missing."""
    seed = snapshot["rule"].get("lot_seed")
    steps = []
    for step in snapshot["rule"].get("tie_break", CHAIN):
        if step == "revote" and snapshot.get("revote") is None:
            if seed is None:
                break
            continue
        if step == "lot" and seed is None:
            break
        steps.append(step)
    return steps


def _advantage(snapshot: dict[str, Any], step: str, name: str, points: Shares) -> Fraction:
    """What a candidate has at one step; more is better. A lot: the lowest hash wins."""
    if step == "revote":
        return Fraction(snapshot["revote"].get(name, 0))
    if step == "lot":
        drawn = hashlib.sha256(f"{snapshot['rule']['lot_seed']}{name}".encode()).hexdigest()
        return Fraction(-int(drawn, 16))
    return points[["sympathy", "live", "panel"].index(step)]


def _decided_by(keys: list[tuple[Fraction, ...]], steps: list[str]) -> str:
    if not keys:
        return "nobody"
    if len(keys) == 1:
        return "total"
    parted = (step for at, step in enumerate(steps) if keys[0][at] != keys[1][at])
    return next(parted, "revote_needed")
