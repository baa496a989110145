"""The worked example of the scoring rule: every figure of its tables."""

from fractions import Fraction
from typing import Any

import pytest

from tests.domain.selections import example
from townhall.domain.scoring import compute, parse, to_json
from townhall.domain.scoring.model import Rule, Variant, Weights
from townhall.domain.scoring.points import facts
from townhall.domain.scoring.present import display
from townhall.domain.scoring.sensitivity import normalised, what_if


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    return to_json(compute(parse(example())))


def totals(variant: Variant) -> list[str]:
    return [display(total) for _, total in variant.totals]


def test_the_example_gives_the_published_points(shown: dict[str, Any]) -> None:
    lines = [
        [line[name]["exact"] for name in ("sympathy", "live", "panel", "total")]
        for line in shown["candidates"]
    ]
    assert lines == [
        ["25", "71/4", "38", "323/4"],
        ["75/4", "81/4", "201/5", "396/5"],
        ["75/8", "19", "183/5", "2599/40"],
    ]


def test_the_example_is_displayed_with_halves_rounded_up(shown: dict[str, Any]) -> None:
    assert [line["total"]["display"] for line in shown["candidates"]] == ["80.75", "79.20", "64.98"]
    parts = [shown["candidates"][2][name]["display"] for name in ("sympathy", "live", "panel")]
    assert parts == ["9.38", "19.00", "36.60"]


def test_the_example_is_decided_by_the_total_and_raises_no_flag(shown: dict[str, Any]) -> None:
    ranks = [(line["id"], line["rank"]) for line in shown["candidates"]]
    assert ranks == [("A", 1), ("B", 2), ("C", 3)]
    assert (shown["decided_by"], shown["flags"]) == ("total", [])
    assert shown["margin"] == {"exact": "31/20", "display": "1.55"}


def test_the_example_shows_its_facts(shown: dict[str, Any]) -> None:
    found = shown["candidates"][0]["facts"]
    assert found["sympathies"] == 24
    assert found["live"] == {
        "ballots": 20,
        "coverage": {"exact": "100", "display": "100.0"},
        "mean": {"exact": "71/20", "display": "3.55"},
        "distribution": {"1": 1, "2": 3, "3": 5, "4": 6, "5": 5},
    }
    assert found["first"]["mean"] == {"exact": "4", "display": "4.00"}
    panelists = {name: value["display"] for name, value in found["panel"]["panelists"].items()}
    assert panelists == {"P1": "3.80", "P2": "3.80", "P3": "3.60", "P4": "3.70", "P5": "4.10"}
    assert found["panel"]["mean"]["display"] == "3.80"
    assert found["panel"]["criteria"]["reach"]["display"] == "3.60"


@pytest.mark.parametrize(
    ("key", "expected", "first"),
    [
        ("default", ["80.75", "79.20", "64.98"], "A"),
        ("scales_range", ["75.94", "75.56", "60.13"], "A"),
        ("top", ["94.18", "93.75", "78.35"], "A"),
        ("share", ["67.51", "69.27", "60.01"], "B"),
        ("log", ["80.75", "83.32", "73.48"], "B"),
        ("minmax", ["44.44", "90.00", "12.50"], "B"),
        ("rank", ["50.00", "87.50", "12.50"], "B"),
        ("panel_trimmed", ["80.42", "79.33", "63.71"], "A"),
    ],
)
def test_each_other_normalisation_gives_its_row(key: str, expected: list[str], first: str) -> None:
    rows = {row.key: row for row in compute(parse(example())).sensitivity.normalisations}
    assert (totals(rows[key]), rows[key].first) == (expected, (first,))


@pytest.mark.parametrize(
    ("weights", "expected", "first"),
    [
        ((20, 30, 50), ["79.30", "79.50", "66.90"], "B"),
        ((0, 50, 50), ["73.50", "80.70", "74.60"], "B"),
        ((34, 33, 33), ["82.51", "78.76", "61.99"], "A"),
        ((10, 30, 60), ["76.90", "80.04", "70.47"], "B"),
        ((50, 25, 25), ["86.75", "77.85", "56.05"], "A"),
    ],
)
def test_other_weights_give_their_row(
    weights: tuple[int, int, int], expected: list[str], first: str
) -> None:
    chosen = parse(example())

    def change(rule: Rule) -> Rule:
        return Rule(
            rule.version, Weights(*map(Fraction, weights)), rule.sympathy, rule.live, rule.panel
        )

    row = what_if(chosen, facts(chosen), "weights", change)
    assert (totals(row), row.first) == (expected, (first,))
    named = dict(zip(("sympathy", "live", "panel"), weights, strict=True))
    ruled = compute(parse(example(rule__weights=named)))
    assert {line.candidate.id: line.points.total for line in ruled.standings} == dict(row.totals)


def test_the_presets_are_shown_beside_the_result(shown: dict[str, Any]) -> None:
    rows = {row["weights"]: row["first"] for row in shown["sensitivity"]["weights"]}
    assert rows == {"25/25/50": ["A"], "20/30/50": ["B"], "0/50/50": ["B"], "40/0/60": ["A"]}


def test_rules_may_be_what_the_what_ifs_compute() -> None:
    ranged = example(rule__live__normalise="range", rule__panel__normalise="range")
    found = {line.candidate.id: line.points.total for line in compute(parse(ranged)).standings}
    chosen = parse(example())
    row = what_if(chosen, facts(chosen), "range", normalised(scales="range"))
    assert found == dict(row.totals)


def test_real_weight_is_the_spread_of_a_source(shown: dict[str, Any]) -> None:
    assert {name: value["display"] for name, value in shown["effective_weight"].items()} == {
        "sympathy": "71.9",
        "live": "11.5",
        "panel": "16.6",
    }


def test_leaving_out_any_panelist_keeps_the_first(shown: dict[str, Any]) -> None:
    rows = shown["sensitivity"]["without_panelist"]
    found = [(row["panelist"], row["first"], row["margin"]["display"]) for row in rows]
    assert found == [
        ("P1", ["A"], "0.75"),
        ("P2", ["A"], "2.25"),
        ("P3", ["A"], "2.50"),
        ("P4", ["A"], "1.50"),
        ("P5", ["A"], "0.75"),
    ]


def test_the_first_place_turns_between_twenty_and_twenty_one_points_of_sympathy(
    shown: dict[str, Any],
) -> None:
    parts = [
        (part["from"]["exact"], part["to"]["exact"], part["first"])
        for part in shown["sensitivity"]["sympathy_weight"]
    ]
    assert parts == [("0", "9400/469", ["B"]), ("9400/469", "100", ["A"])]
    assert 20 < Fraction(9400, 469) < 21


def test_two_sympathies_two_ballots_or_three_panel_moves_change_the_first(
    shown: dict[str, Any],
) -> None:
    found = shown["sensitivity"]
    assert found["votes_to_flip"] == {"sympathy": 2, "live": 2, "panel": 3}
    assert found["at_most"] == []


def test_the_shift_between_rounds_is_reported(shown: dict[str, Any]) -> None:
    shifts = {name: value["display"] for name, value in shown["sensitivity"]["shift"].items()}
    assert shifts == {"A": "-0.45", "B": "0.35", "C": "0.35"}


def test_the_trailing_candidate_is_told_what_would_level_it(shown: dict[str, Any]) -> None:
    second, third = shown["sensitivity"]["trailing"]
    assert (second["id"], second["points"]["exact"]) == ("B", "31/20")
    assert (second["live_mean"]["exact"], second["panel_mean"]["exact"]) == ("31/100", "31/200")
    assert (third["id"], third["live_mean"], third["panel_mean"]) == ("C", None, None)


def test_the_documented_keys_are_there(shown: dict[str, Any]) -> None:
    documented = {
        "candidates",
        "decided_by",
        "flags",
        "effective_weight",
        "sensitivity",
        "digest",
    }
    assert documented <= set(shown)
    line = shown["candidates"][0]
    assert {"id", "sympathy", "live", "panel", "total", "rank"} <= set(line)
    assert line["total"] == {"exact": "323/4", "display": "80.75"}
