"""The `rule` part of a selection as a model, or a refusal.

Here belongs every option of the rule with its range and default; nothing is guessed.
Here belong no candidates and no data: see `parse`.
May call: the standard library, `domain.errors`, `canonical`, `fields`, `model`.
"""

from fractions import Fraction

from townhall.domain.scoring.canonical import invalid, normal
from townhall.domain.scoring.fields import (
    distinct,
    fields,
    listing,
    number,
    one_of,
    quotient,
    text,
    whole,
)
from townhall.domain.scoring.model import (
    CHAIN,
    Criterion,
    Floor,
    LiveRule,
    PanelRule,
    Rule,
    SympathyRule,
    Weights,
)

_SCALES = ("max", "range", "top")


def parse_rule(value: object) -> Rule:
    """The `rule` part alone, as it is locked before data opens. Refuses as `parse` does."""
    found = fields(
        normal(value),
        "rule",
        ("version", "weights", "sympathy", "live", "panel"),
        ("tie_break", "lot_seed", "floor", "equal_band"),
    )
    panel = _panel_rule(found["panel"])
    steps = listing(found.get("tie_break", list(CHAIN)), "rule.tie_break")
    paths = [f"rule.tie_break[{n}]" for n in range(len(steps))]
    chain = tuple(one_of(item, path, CHAIN) for item, path in zip(steps, paths, strict=True))
    distinct(chain, paths)
    seed = found.get("lot_seed")
    return Rule(
        version=whole(found["version"], "rule.version", 1),
        weights=_weights(found["weights"]),
        sympathy=_sympathy_rule(found["sympathy"]),
        live=_live_rule(found["live"]),
        panel=panel,
        tie_break=chain,
        lot_seed=None if seed is None else text(seed, "rule.lot_seed"),
        floor=_floor(found.get("floor", {}), panel),
        equal_band=number(found.get("equal_band", 1), "rule.equal_band"),
    )


def _weights(value: object) -> Weights:
    found = fields(value, "rule.weights", ("sympathy", "live", "panel"))
    parts = {name: number(item, f"rule.weights.{name}") for name, item in found.items()}
    total = sum(parts.values())
    if total != 100:
        raise invalid("rule.weights", "weights_do_not_sum_to_100", got=total)
    return Weights(**parts)


def _sympathy_rule(value: object) -> SympathyRule:
    path = "rule.sympathy"
    found = fields(value, path, ("normalise",), ("window_top",))
    name, cap = found["normalise"], 0
    if isinstance(name, str) and name.startswith("cap:"):
        digits = name[4:]
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
            raise invalid(f"{path}.normalise", "not_an_integer")
        name, cap = "cap", whole(int(digits), f"{path}.normalise", 1)
    elif name == "cap":
        raise invalid(f"{path}.normalise", "cap_needs_a_number", expected="such as cap:20")
    one_of(name, f"{path}.normalise", ("top", "share", "log", "cap", "rank"))
    window = found.get("window_top")
    if window is None:
        return SympathyRule(name, cap)
    if name not in ("top", "log"):
        raise invalid(f"{path}.window_top", "only_with_top_or_log")
    return SympathyRule(name, cap, whole(window, f"{path}.window_top", 1))


def _live_rule(value: object) -> LiveRule:
    path = "rule.live"
    found = fields(
        value,
        path,
        ("aggregate", "score_min", "score_max"),
        ("normalise", "votes", "shrinkage", "coverage_gap"),
    )
    low = whole(found["score_min"], f"{path}.score_min", 0, 99)
    aggregate = one_of(found["aggregate"], f"{path}.aggregate", ("mean", "median", "trim10"))
    votes = found.get("votes")
    if votes is not None:
        whole(votes, f"{path}.votes", 1, 1000)
        if low > 0:
            raise invalid(f"{path}.votes", "needs_score_min_0")
    shrinkage = whole(found.get("shrinkage", 0), f"{path}.shrinkage", 0, 1000)
    if shrinkage and aggregate != "mean":
        raise invalid(f"{path}.shrinkage", "needs_aggregate_mean")
    return LiveRule(
        aggregate=aggregate,
        score_min=low,
        score_max=whole(found["score_max"], f"{path}.score_max", low + 1, 100),
        normalise=one_of(found.get("normalise", "max"), f"{path}.normalise", _SCALES),
        votes=votes,
        shrinkage=shrinkage,
        coverage_gap=number(found.get("coverage_gap", "0.2"), f"{path}.coverage_gap", 0, 1),
    )


def _panel_rule(value: object) -> PanelRule:
    path = "rule.panel"
    found = fields(
        value,
        path,
        ("aggregate", "score_max", "seats", "quorum", "criteria"),
        ("score_min", "normalise"),
    )
    low = whole(found.get("score_min", 1), f"{path}.score_min", 0, 99)
    return PanelRule(
        aggregate=one_of(found["aggregate"], f"{path}.aggregate", ("mean", "drop_extremes")),
        score_min=low,
        score_max=whole(found["score_max"], f"{path}.score_max", low + 1, 100),
        seats=whole(found["seats"], f"{path}.seats", 1, 1000),
        quorum=quotient(found["quorum"], f"{path}.quorum"),
        criteria=_criteria(found["criteria"]),
        normalise=one_of(found.get("normalise", "max"), f"{path}.normalise", _SCALES),
    )


def _criteria(value: object) -> tuple[Criterion, ...]:
    path = "rule.panel.criteria"
    found = [
        (f"{path}[{n}]", fields(item, f"{path}[{n}]", ("id", "weight")))
        for n, item in enumerate(listing(value, path, least=1))
    ]
    criteria = tuple(
        Criterion(text(item["id"], f"{at}.id"), number(item["weight"], f"{at}.weight", 0, 1))
        for at, item in found
    )
    distinct((line.id for line in criteria), (f"{at}.id" for at, _ in found))
    total = sum((line.weight for line in criteria), Fraction(0))
    if total != 1:
        raise invalid(path, "criteria_do_not_sum_to_1", got=total)
    return criteria


def _floor(value: object, panel: PanelRule) -> Floor:
    found = fields(value, "rule.floor", (), ("sympathy", "panel"))
    return Floor(
        sympathy=whole(found.get("sympathy", 0), "rule.floor.sympathy"),
        panel=number(found.get("panel", 0), "rule.floor.panel", 0, panel.score_max),
    )
