"""What a reader is warned of, and the quorum."""

from fractions import Fraction
from typing import Any

import pytest

from tests.domain.selections import changed, example, made
from townhall.domain.scoring import compute, parse


def flags(file: dict[str, Any]) -> tuple[str, ...]:
    return compute(parse(file)).flags


def own_flags(file: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {line.candidate.id: line.flags for line in compute(parse(file)).standings}


def sheets(number: int) -> list[list[list[int]]]:
    return [[[4], [2]]] * number


CALM = made([9, 1], [[5, 3]], sheets(3))


def test_a_calm_selection_has_no_flag() -> None:
    assert flags(CALM) == ()


def test_no_sympathy_is_flagged_and_gives_nothing() -> None:
    result = compute(parse(made([0, 0], [[5, 3]], sheets(3))))
    assert result.flags == ("no_sympathy",)
    assert {line.points.sympathy for line in result.standings} == {Fraction(0)}


def test_no_votes_is_flagged_at_the_candidate() -> None:
    file = made([9, 1], [[5, None]], sheets(3))
    assert own_flags(file) == {"A": (), "B": ("no_votes",)}
    assert flags(file) == ("coverage_differs", "no_votes")


def test_no_ballots_at_all_is_flagged_at_every_candidate() -> None:
    file = made([9, 1], [], sheets(3))
    assert own_flags(file) == {"A": ("no_votes",), "B": ("no_votes",)}
    assert flags(file) == ("no_votes",)


@pytest.mark.parametrize(("blanks", "expected"), [(2, ()), (3, ("coverage_differs",))])
def test_coverage_that_differs_by_more_than_a_fifth_is_flagged(
    blanks: int, expected: tuple[str, ...]
) -> None:
    ballots = [[5, None]] * blanks + [[5, 3]] * (10 - blanks)
    assert flags(made([9, 1], ballots, sheets(3))) == expected


def test_the_share_of_coverage_can_be_set() -> None:
    ballots = [[5, None]] * 3 + [[5, 3]] * 7
    assert flags(made([9, 1], ballots, sheets(3), rule__live__coverage_gap="0.3")) == ()


def test_less_than_a_point_is_practically_equal() -> None:
    # Weights 0/0/100 and one score of 4 or 5 among many: 2 points of 100 for a mean of 0.1.
    near = made([1, 1], [], [[[4], [4]]] * 19 + [[[5], [4]]], weights=(0, 0, 100))
    assert compute(parse(near)).margin == 1
    assert "practically_equal" not in flags(near)
    nearer = made([1, 1], [], [[[4], [4]]] * 20 + [[[5], [4]]], weights=(0, 0, 100))
    assert "practically_equal" in flags(nearer)
    assert "practically_equal" not in flags(changed(nearer, rule__equal_band="0.5"))


def test_no_spread_is_flagged_and_all_effective_weights_are_nothing() -> None:
    result = compute(parse(made([4, 4], [[3, 3]], [[[2], [2]]] * 3)))
    assert "no_spread" in result.flags
    assert dict(result.effective_weight) == {"sympathy": 0, "live": 0, "panel": 0}


def test_drafts_are_left_out_and_flagged() -> None:
    file = changed(CALM, panel__sheets__2__final=False)
    file["panel"]["sheets"][2]["scores"] = {"A": {}, "B": {"k0": 5}}
    result = compute(parse(file))
    assert result.flags == ("below_quorum", "drafts_left_out")
    assert [line.evidence.sheets for line in result.standings] == [2, 2]
    assert result.standings[1].points.panel == Fraction(50 * 2, 5)


@pytest.mark.parametrize(
    ("seats", "share", "expected"),
    [(5, "2/3", 4), (6, "2/3", 4), (7, "2/3", 5), (3, "2/3", 3), (1, "1/2", 3), (9, "1/1", 9)],
)
def test_the_quorum_is_a_share_of_the_seats_and_at_least_three(
    seats: int, share: str, expected: int
) -> None:
    file = made([1], rule__panel__seats=seats, rule__panel__quorum=share)
    assert compute(parse(file)).quorum == expected


def test_below_quorum_is_flagged_where_a_recusal_leaves_too_few() -> None:
    file = made([9, 1], [[5, 3]], [[[4], None], [[4], [2]], [[4], [2]]])
    assert own_flags(file) == {"A": (), "B": ("below_quorum", "recused")}


def test_enough_sheets_are_enough() -> None:
    file = example()
    file["panel"]["sheets"].pop()
    assert flags(file) == ("practically_equal",)
    file["panel"]["sheets"].pop()
    assert "below_quorum" in flags(file)


def test_no_sheets_and_a_missed_floor_are_flagged() -> None:
    file = made([9, 1], [[5, 3]], rule__floor={"panel": 2})
    assert own_flags(file)["A"] == ("no_sheets", "below_quorum", "below_floor")


def test_suspicious_ballots_count_until_a_human_decides_and_are_shown_without() -> None:
    ballots = [[1, 5], [1, 5], [5, 3], [5, 3]]
    file = made([5, 4], ballots, sheets(3), live__suspicious=[0, 1])
    result = compute(parse(file))
    assert result.flags == ("suspicious_ballots",)
    assert [line.evidence.ballots for line in result.standings] == [4, 4]
    without = result.sensitivity.without_suspicious
    clean = compute(parse(made([5, 4], ballots[2:], sheets(3))))
    assert without is not None
    assert dict(without.totals) == {
        line.candidate.id: line.points.total for line in clean.standings
    }


def test_one_of_two_equal_ballots_may_be_suspicious() -> None:
    file = made([5, 4], [[5, 3], [5, 3], [1, 1]], sheets(3), live__suspicious=[1])
    without = compute(parse(file)).sensitivity.without_suspicious
    clean = compute(parse(made([5, 4], [[5, 3], [1, 1]], sheets(3))))
    assert without is not None
    assert dict(without.totals)["A"] == clean.standings[0].points.total
