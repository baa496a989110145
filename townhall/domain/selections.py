"""The rule a selection starts from, before its organiser changes it. Pure.

Criteria ids are stable; their words are in the catalogues under `criterion.<id>`. The four and
their weights are those of the worked example in the design; presets of weights come from the
founding project's slide and its districts.
"""

from collections.abc import Mapping
from typing import Any

PRESETS: Mapping[str, tuple[int, int, int]] = {
    "slide": (25, 25, 50),
    "eunpyeong": (20, 30, 50),
    "dongdaemun": (0, 50, 50),
    "board": (40, 0, 60),
}
"""Weights of sympathy, live vote and panel, in points out of 100."""

CRITERIA: Mapping[str, str] = {"reach": "0.3", "feasible": "0.3", "fit": "0.2", "lasting": "0.2"}


def default_rule(score_min: int, score_max: int, *, seats: int = 5) -> dict[str, Any]:
    """The `rule` of townhall-selection/1 with the default weights, for a live score range."""
    sympathy, live, panel = PRESETS["slide"]
    return {
        "version": 1,
        "weights": {"sympathy": sympathy, "live": live, "panel": panel},
        "sympathy": {"normalise": "top"},
        "live": {"aggregate": "mean", "score_min": score_min, "score_max": score_max},
        "panel": {
            "aggregate": "mean",
            "score_max": 5,
            "seats": seats,
            "quorum": "2/3",
            "criteria": [{"id": name, "weight": weight} for name, weight in CRITERIA.items()],
        },
        "tie_break": ["panel", "live", "sympathy", "revote", "lot"],
        "lot_seed": None,
    }
