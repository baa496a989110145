"""A result as plain data for a page, an export and the command line.

Here belong rounding for display (half up) and the documented output shape.
Here belongs no arithmetic that decides anything.
May call: the standard library, `model`.
"""

from fractions import Fraction
from typing import Any

from townhall.domain.scoring.model import Evidence, Result, Sensitivity, Spread, Standing, Variant


def display(value: Fraction, places: int = 2) -> str:
    """A number with so many decimals, halves away from zero: 64.975 is 64.98."""
    scaled = int(abs(value) * 10**places + Fraction(1, 2))
    whole, part = divmod(scaled, 10**places)
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{whole}.{part:0{places}d}"


def exact(value: Fraction, places: int = 2) -> dict[str, str]:
    """A number as it is and as it is shown: `{"exact": "323/4", "display": "80.75"}`."""
    return {"exact": str(value), "display": display(value, places)}


def to_json(result: Result) -> dict[str, Any]:
    """The output of `townhall score --json`, ready for `json.dumps`; candidates by rank.

    Documented keys: `candidates` (`id`, `sympathy`, `live`, `panel`, `total`, `rank`),
    `decided_by`, `flags`, `effective_weight`, `sensitivity`, `digest`. Besides: per candidate
    `title`, `flags` and `facts`; `rule_version`, `weights`, `margin`, `ballots`, `panel`.
    """
    weights = result.rule.weights
    return {
        "candidates": [_standing(standing) for standing in result.standings],
        "decided_by": result.decided_by,
        "margin": _maybe(result.margin),
        "flags": list(result.flags),
        "effective_weight": {name: exact(value, 1) for name, value in result.effective_weight},
        "sensitivity": _sensitivity(result.sensitivity),
        "rule_version": result.rule.version,
        "weights": {
            "sympathy": exact(weights.sympathy),
            "live": exact(weights.live),
            "panel": exact(weights.panel),
        },
        "ballots": {"first": result.first_ballots, "final": result.ballots},
        "panel": {"seats": result.seats, "quorum": result.quorum},
        "digest": result.digest,
    }


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "id": standing.candidate.id,
        "title": standing.candidate.title,
        "sympathy": exact(standing.points.sympathy),
        "live": exact(standing.points.live),
        "panel": exact(standing.points.panel),
        "total": exact(standing.points.total),
        "rank": standing.rank,
        "flags": list(standing.flags),
        "facts": _facts(standing.evidence),
    }


def _facts(found: Evidence) -> dict[str, Any]:
    return {
        "sympathies": found.sympathies,
        "live": {
            "ballots": found.ballots,
            "coverage": exact(100 * found.coverage, 1),
            "mean": _maybe(found.live_mean),
            "distribution": _spread(found.distribution),
        },
        "first": {
            "ballots": found.first_ballots,
            "mean": _maybe(found.first_mean),
            "distribution": _spread(found.first_distribution),
        },
        "panel": {
            "sheets": found.sheets,
            "mean": _maybe(found.panel_mean),
            "criteria": {name: exact(value) for name, value in found.criteria},
            "panelists": {name: exact(value) for name, value in found.panelists},
            "recused": list(found.recused),
        },
    }


def _maybe(value: Fraction | None) -> dict[str, str] | None:
    return None if value is None else exact(value)


def _spread(spread: Spread) -> dict[str, int]:
    return {str(score): ballots for score, ballots in spread}


def _sensitivity(found: Sensitivity) -> dict[str, Any]:
    suspicious = found.without_suspicious
    return {
        "what_if": [_variant(variant, "key") for variant in found.normalisations],
        "weights": [_variant(variant, "weights") for variant in found.weights],
        "sympathy_weight": [
            {"from": exact(part.start), "to": exact(part.end), "first": list(part.first)}
            for part in found.sympathy_weight
        ],
        "without_panelist": [_variant(variant, "panelist") for variant in found.without_panelist],
        "without_suspicious": None if suspicious is None else _variant(suspicious, "key"),
        "votes_to_flip": {source: flip.changes for source, flip in found.flips},
        "at_most": [source for source, flip in found.flips if not flip.exact],
        "shift": {name: _maybe(value) for name, value in found.shift},
        "trailing": [
            {
                "id": line.candidate,
                "points": exact(line.points),
                "live_mean": _maybe(line.live_mean),
                "panel_mean": _maybe(line.panel_mean),
            }
            for line in found.trailing
        ],
    }


def _variant(variant: Variant, name: str) -> dict[str, Any]:
    return {
        name: variant.key,
        "totals": {candidate: exact(total) for candidate, total in variant.totals},
        "first": list(variant.first),
        "margin": _maybe(variant.margin),
    }
