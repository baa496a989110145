"""Each option of the rule on cases small enough to compute by hand."""

from fractions import Fraction
from typing import Any

import pytest

from tests.domain.selections import made, selection
from townhall.domain.scoring import compute, parse
from townhall.domain.scoring.model import SympathyRule
from townhall.domain.scoring.points import (
    count_shares,
    dropped,
    minmax_shares,
    panel_mean,
    rank_shares,
    scale_shares,
    trimmed_mean,
)
from townhall.domain.scoring.present import display

F = Fraction


def points(file: dict[str, Any], source: str) -> dict[str, Fraction]:
    lines = compute(parse(file)).standings
    return {line.candidate.id: getattr(line.points, source) for line in lines}


@pytest.mark.parametrize(
    ("rule", "counts", "expected"),
    [
        (SympathyRule("top"), [24, 18, 9], [F(1), F(3, 4), F(3, 8)]),
        (SympathyRule("top", window_top=48), [24, 18, 0], [F(1, 2), F(3, 8), F(0)]),
        (SympathyRule("share"), [24, 18, 9], [F(24, 51), F(18, 51), F(9, 51)]),
        (SympathyRule("log"), [3, 1, 0], [F(1), F(1, 2), F(0)]),
        (SympathyRule("log", window_top=15), [3, 1, 0], [F(1, 2), F(1, 4), F(0)]),
        (SympathyRule("cap", cap=20), [24, 18, 0], [F(1), F(9, 10), F(0)]),
        (SympathyRule("rank"), [24, 18, 9], [F(1), F(1, 2), F(0)]),
        (SympathyRule("rank"), [18, 18, 9], [F(3, 4), F(3, 4), F(0)]),
        (SympathyRule("minmax"), [24, 18, 9], [F(1), F(9, 15), F(0)]),
        (SympathyRule("top"), [0, 0], [F(0), F(0)]),
        (SympathyRule("rank"), [0, 0], [F(0), F(0)]),
        (SympathyRule("rank"), [7], [F(1)]),
    ],
)
def test_counts_become_shares(
    rule: SympathyRule, counts: list[int], expected: list[Fraction]
) -> None:
    assert list(count_shares(rule, counts)) == expected


def test_the_logarithm_is_rounded_once_to_twelve_places() -> None:
    # ln 19 / ln 25 = 0.914741400217 5243…, half up.
    share = count_shares(SympathyRule("log"), [24, 18])[1]
    assert share == F("0.914741400218")
    assert (share * 10**12).denominator == 1


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("max", [F(4, 5), F(3, 5), F(0)]),
        ("range", [F(3, 4), F(1, 2), F(0)]),
        ("top", [F(1), F(3, 4), F(0)]),
        ("minmax", [F(1), F(3, 4), F(0)]),
        ("rank", [F(1), F(1, 2), F(0)]),
    ],
)
def test_scores_become_shares_and_no_score_is_none(how: Any, expected: list[Fraction]) -> None:
    assert list(scale_shares([F(4), F(3), None], how, 1, 5)) == expected


def test_ratio_to_top_gives_nothing_where_all_means_are_zero() -> None:
    assert scale_shares([F(0), F(0)], "top", 0, 1) == (F(0), F(0))


def test_equal_values_have_no_spread_to_share() -> None:
    assert minmax_shares([F(3), F(3)]) == (F(0), F(0))
    assert rank_shares([F(3), F(3)]) == (F(1, 2), F(1, 2))


@pytest.mark.parametrize(
    ("aggregate", "ballots", "expected"),
    [
        ("mean", 25, 0),
        ("trim10", 9, 0),
        ("trim10", 10, 1),
        ("trim10", 29, 2),
        ("median", 1, 0),
        ("median", 2, 0),
        ("median", 5, 2),
        ("median", 6, 2),
    ],
)
def test_aggregates_leave_out_so_many_at_each_end(
    aggregate: Any, ballots: int, expected: int
) -> None:
    assert dropped(aggregate, ballots) == expected


@pytest.mark.parametrize(
    ("drop", "expected"), [(0, F(30, 10)), (1, F(24, 8)), (2, F(17, 6)), (4, F(5, 2))]
)
def test_a_trimmed_mean_is_the_mean_of_the_middle(drop: int, expected: Fraction) -> None:
    # 1 2 2 2 2 3 4 4 5 5
    assert trimmed_mean(((1, 1), (2, 4), (3, 1), (4, 2), (5, 2)), drop) == expected


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [("mean", F(25, 2)), ("median", F(25 * 5, 5 * 2)), ("trim10", F(25 * 19, 8 * 5))],
)
def test_live_aggregates_give_points(aggregate: str, expected: Fraction) -> None:
    # Ten scores: mean 2.5, median 2.5, without one 1 and one 5 19/8.
    scores = [1, 1, 1, 2, 2, 3, 3, 3, 4, 5]
    file = made([1], [[score] for score in scores], rule__live__aggregate=aggregate)
    assert points(file, "live")["A"] == expected


def test_a_median_of_an_even_number_is_between_the_middle_two() -> None:
    file = made([1], [[1], [3], [4], [5]], rule__live__aggregate="median")
    assert points(file, "live")["A"] == F(25 * 7, 2 * 5)


def test_a_blank_is_not_a_zero() -> None:
    file = made([1, 1], [[5, 1], [5, None], [None, 3]])
    assert points(file, "live") == {"A": F(25), "B": F(25 * 2, 5)}


def test_the_first_round_is_never_mixed_in() -> None:
    with_first = made([1, 1], [[4, 2]], first=[[1, 5], [1, 5]])
    assert points(with_first, "live") == points(made([1, 1], [[4, 2]]), "live")


def test_shrinkage_adds_pseudo_ballots_at_the_overall_mean() -> None:
    # Overall mean (5 + 5 + 1 + 1 + 3) / 5 = 3; A (10 + 2x3) / (2 + 2) = 4, B (5 + 6) / (3 + 2).
    file = made([1, 1, 1], [[5, 1, None], [5, 1, None], [None, 3, None]], rule__live__shrinkage=2)
    assert points(file, "live") == {"A": F(25 * 4, 5), "B": F(25 * 11, 25), "C": F(0)}


def test_for_and_against_is_the_share_of_valid_ballots() -> None:
    file = made(
        [1, 1],
        [[1, 0], [1, None], [0, 1], [1, 0]],
        rule__live={"aggregate": "mean", "score_min": 0, "score_max": 1},
    )
    assert points(file, "live") == {"A": F(25 * 3, 4), "B": F(25, 3)}


def test_three_votes_a_person_are_scores_with_a_limit() -> None:
    rule = {"aggregate": "mean", "score_min": 0, "score_max": 3, "votes": 3}
    file = made([1, 1], [[3, 0], [1, 2]], rule__live=rule)
    assert points(file, "live") == {"A": F(25 * 2, 3), "B": F(25, 3)}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([F(1), F(5), F(3), F(3)], F(3)),
        ([F(1), F(5), F(3), F(3), F(4)], F(10, 3)),
        ([F(5), F(5), F(5), F(1), F(1)], F(11, 3)),
    ],
)
def test_the_panel_drops_its_extremes_from_five_sheets_on(
    values: list[Fraction], expected: Fraction
) -> None:
    assert panel_mean("drop_extremes", values) == expected


def test_criteria_weigh_the_scores_of_a_sheet() -> None:
    file = made([1], sheets=[[[5, 3]], [[3, 5]], [[1, 1]]], criteria=["0.75", "0.25"])
    # 4.5, 3.5 and 1 of 5, mean 3.
    assert points(file, "panel")["A"] == F(30)


def test_a_recused_panelist_is_left_out_of_that_candidate_only() -> None:
    file = made([1, 1], sheets=[[[5], None], [[1], [1]], [[3], [3]]])
    assert points(file, "panel") == {"A": F(30), "B": F(20)}
    result = compute(parse(file))
    recused = {line.candidate.id: line.evidence.recused for line in result.standings}
    assert recused == {"A": (), "B": ("P1",)}


def test_a_candidate_without_any_sheet_has_no_panel_points() -> None:
    file = made([1, 1], sheets=[[[5], None], [[1], None], [[3], None]])
    assert points(file, "panel") == {"A": F(30), "B": F(0)}


def test_weights_are_not_redistributed_when_a_source_is_empty() -> None:
    result = compute(selection([3, 1]))
    assert [line.points.total for line in result.standings] == [F(25), F(25, 3)]


def test_decimal_weights_are_exact() -> None:
    file = made([1], weights=("33.3", "33.3", "33.4"))
    assert points(file, "sympathy") == {"A": F("33.3")}


def test_below_the_floor_there_is_no_rank() -> None:
    file = made(
        [30, 20, 19],
        sheets=[[[1], [4], [5]], [[1], [4], [5]], [[1], [3], [5]]],
        rule__floor={"sympathy": 20, "panel": "3.5"},
    )
    result = compute(parse(file))
    assert [(line.candidate.id, line.rank) for line in result.standings] == [
        ("B", 1),
        ("C", None),
        ("A", None),
    ]
    assert (result.decided_by, result.margin) == ("total", None)


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        (F("64.975"), 2, "64.98"),
        (F("64.9749"), 2, "64.97"),
        (F("-0.45"), 2, "-0.45"),
        (F("-0.005"), 2, "-0.01"),
        (F("-0.004"), 2, "0.00"),
        (F(1, 3), 1, "0.3"),
        (F(100), 2, "100.00"),
    ],
)
def test_display_rounds_halves_away_from_zero(value: Fraction, places: int, expected: str) -> None:
    assert display(value, places) == expected
