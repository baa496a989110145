"""Scores, points and exact display: results and shifts by hand."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.kinds import SUMMARIES, defined
from townhall.domain.ballots import BALLOTS, Definition, figures, marginal_shift

SCORE, DOTS = BALLOTS["score"], BALLOTS["dots"]

# The worked example of the scoring rule: twenty ballots each, counts of scores 5 to 1.
COUNTS = {"A": (5, 6, 5, 3, 1), "B": (7, 8, 4, 1, 0), "C": (6, 7, 5, 1, 1)}
EXAMPLE = {
    "#": 21,
    "#abstain": 1,
    **{
        f"{letter}:{score}": count
        for letter, counts in COUNTS.items()
        for score, count in zip((5, 4, 3, 2, 1), counts, strict=True)
    },
}


def test_score_of_the_worked_example_has_its_means() -> None:
    result = SCORE.tally(defined("score"), EXAMPLE)
    assert (result["n"], result["abstained"]) == (21, 1)
    rows = [
        (row["id"], row["figure"], row["bar"], row["place"], row["count"], row["abstained"])
        for row in result["rows"]
    ]
    assert rows == [
        ("B", "4.05", "81.0", 1, 20, 1),
        ("C", "3.80", "76.0", 2, 20, 1),
        ("A", "3.55", "71.0", 3, 20, 1),
    ]
    assert result["rows"][0]["spread"] == {"1": 0, "2": 1, "3": 4, "4": 8, "5": 7}
    assert result["rows"][0]["share"] == "95.2"


def test_score_of_a_candidate_nobody_scored_is_nothing_and_last() -> None:
    result = SCORE.tally(defined("score", min=0), {"#": 1, "A:0": 1, "C:3": 1})
    assert [(row["id"], row["figure"], row["place"]) for row in result["rows"]] == [
        ("C", "3.00", 1),
        ("A", "0.00", 2),
        ("B", None, 3),
    ]


def test_score_of_a_ballot_that_abstains_on_all_is_one_abstention() -> None:
    definition = defined("score")
    assert SCORE.cells(definition, {"A": None, "B": None, "C": None}) == {"#": 1, "#abstain": 1}
    assert SCORE.cells(definition, {"A": 5, "B": None, "C": 1}) == {"#": 1, "A:5": 1, "C:1": 1}


def test_score_shift_compares_seats_that_scored_twice() -> None:
    pairs = [
        ({"A": 4, "B": 2, "C": None}, {"A": 3, "B": 4, "C": 5}),
        ({"A": 4, "B": 3, "C": 1}, {"A": 4, "B": None, "C": None}),
    ]
    shift = SCORE.shift(defined("score"), pairs)
    assert shift["changed"] == 2
    by_id = {row["id"]: row for row in shift["rows"]}
    assert by_id["A"] == {
        "id": "A",
        "unit": "mean",
        "first": "4.00",
        "final": "3.50",
        "change": "-0.50",
        "n": 2,
        "raised": 0,
        "lowered": 1,
        "same": 1,
    }
    assert (by_id["B"]["change"], by_id["B"]["n"], by_id["B"]["raised"]) == ("+2.00", 1, 1)
    assert (by_id["C"]["first"], by_id["C"]["change"], by_id["C"]["n"]) == (None, None, 0)


def test_score_labels_are_cleaned() -> None:
    config = defined("score", low_label=" not\u202e now ", high_label="").config
    assert (config["low_label"], config["high_label"]) == ("not now", "")


def stickers(**config: Any) -> Definition:
    return defined("dots", SUMMARIES, **config)


def test_dots_count_points_and_the_people_who_gave_them() -> None:
    definition = stickers(budget=5)
    cells: dict[str, int] = {}
    for choice in ({"t1": 3, "t2": 2}, {"t1": 5}, {"t2": 1}, {}):
        for cell, number in DOTS.cells(definition, choice).items():
            cells[cell] = cells.get(cell, 0) + number
    result = DOTS.tally(definition, cells)
    assert (result["n"], result["abstained"], result["points"]) == (4, 1, 11)
    rows = [
        (row["id"], row["figure"], row["count"], row["share"], row["bar"], row["place"])
        for row in result["rows"]
    ]
    assert rows == [
        ("t1", "8", 2, "50.0", "100.0", 1),
        ("t2", "3", 2, "50.0", "37.5", 2),
        ("t3", "0", 0, "0.0", "0.0", 3),
    ]
    assert result["concentration"] == {"top": "72.7", "half": 1, "reached": 2, "piled": 1}


@pytest.mark.parametrize(
    ("points", "half"),
    [({}, 0), ({"t1": 1}, 1), ({"t1": 1, "t2": 1}, 1), ({"t1": 1, "t2": 1, "t3": 1}, 2)],
)
def test_dots_half_is_the_fewest_options_that_hold_half(points: dict[str, int], half: int) -> None:
    assert DOTS.tally(stickers(), points)["concentration"]["half"] == half


def test_dots_of_no_options_is_an_empty_result() -> None:
    result = DOTS.tally(defined("dots", ()), {})
    assert (result["rows"], result["concentration"]["half"]) == ([], 0)


def test_dots_go_to_the_own_table_where_that_is_allowed() -> None:
    assert DOTS.clean(stickers(), {"t2": 1}, 2) == {"t2": 1}
    assert DOTS.clean(stickers(not_own_table=True), {"t2": 1}, None) == {"t2": 1}


def test_dots_on_one_option_have_a_limit_of_their_own() -> None:
    definition = stickers(budget=5, per_option_max=2)
    assert DOTS.clean(definition, {"t3": 1, "t1": 2}, 2) == {"t1": 2, "t3": 1}
    with pytest.raises(Exception, match="choice_invalid reason=range"):
        DOTS.clean(definition, {"t1": 3}, 2)


def test_dots_shift_by_points() -> None:
    shift = DOTS.shift(stickers(), [({"t1": 2}, {"t2": 3}), ({}, {"t1": 1})])
    assert [row["change"] for row in shift["rows"]] == ["-1", "+3", "0"]


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (Fraction(19, 8), 2, "2.38"),
        (Fraction(599, 64), 2, "9.36"),
        (Fraction(75, 8), 2, "9.38"),
        (Fraction(-19, 8), 2, "-2.38"),
        (Fraction(-1, 1000), 2, "0.00"),
        (Fraction(1, 2), 0, "1"),
        (7, 0, "7"),
        (7, 1, "7.0"),
        (0, 2, "0.00"),
    ],
)
def test_halves_are_rounded_away_from_zero(value: Fraction | int, places: int, shown: str) -> None:
    assert figures.half_up(value, places) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(Fraction(35, 100), "+0.35"), (Fraction(1, 1000), "0.00"), (0, "0.00"), (-1, "-1.00")],
)
def test_a_change_shows_its_sign_when_it_shows_at_all(value: Fraction | int, shown: str) -> None:
    assert figures.signed(value, 2) == shown


@given(st.fractions(), st.integers(0, 6))
def test_rounding_is_never_off_by_more_than_half_a_step(value: Fraction, places: int) -> None:
    assert abs(Fraction(figures.half_up(value, places)) - value) * 10**places * 2 <= 1


def test_equal_values_share_a_place_and_nothing_stands_last() -> None:
    assert figures.places([3, None, 5, Fraction(3), 0]) == [2, 5, 1, 2, 4]


@given(st.lists(st.none() | st.integers(0, 5)))
def test_a_place_is_one_more_than_those_above(values: list[int | None]) -> None:
    above = [-1 if value is None else value for value in values]
    assert figures.places(values) == [1 + sum(o > v for o in above) for v in above]


def test_two_secret_rounds_compare_by_their_shown_figures() -> None:
    definition = defined("score")
    first = SCORE.tally(definition, {"#": 1, "A:4": 1, "B:3": 1})
    final = SCORE.tally(definition, {"#": 2, "A:4": 1, "A:3": 1, "B:3": 1, "C:5": 1})
    assert marginal_shift(first, final) == {
        "n": None,
        "changed": None,
        "rows": [
            {"id": "C", "unit": "mean", "first": None, "final": "5.00", "change": None},
            {"id": "A", "unit": "mean", "first": "4.00", "final": "3.50", "change": "-0.50"},
            {"id": "B", "unit": "mean", "first": "3.00", "final": "3.00", "change": "0.00"},
        ],
    }
    assert marginal_shift(final, first)["rows"][0]["change"] == "+0.50"
