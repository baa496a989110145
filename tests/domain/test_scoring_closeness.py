"""The rest of the sensitivity block: trailing, shift, stretches and variants by hand."""

from fractions import Fraction
from typing import Any

import pytest

from tests.domain.selections import made
from townhall.domain.scoring import compute, parse, to_json
from townhall.domain.scoring.model import Sensitivity, Trailing

F = Fraction
SHEETS = [[[4], [3]]] * 3


def close(*args: Any, **kwargs: Any) -> Sensitivity:
    return compute(parse(made(*args, **kwargs))).sensitivity


def test_trailing_says_what_higher_mean_would_level() -> None:
    # A 25 + 20 + 40, B 12.5 + 15 + 30: 27.5 behind; a panel mean of 2.75 more is beyond 5.
    found = close([2, 1], [[4, 3]], SHEETS, weights=(25, 25, 50))
    assert found.trailing == (Trailing("B", F("27.5"), None, None),)
    near = close([20, 19], [[4, 4]], [[[4], [4]]] * 3)
    assert near.trailing == (Trailing("B", F("1.25"), F(1, 4), F(1, 8)),)


def test_trailing_counts_the_used_part_of_the_scale() -> None:
    # 1.25 points are 1.25 x 4 / 25 of a live mean on 1 to 5.
    near = close([20, 19], [[4, 4]], [[[4], [4]]] * 3, rule__live__normalise="range")
    assert near.trailing[0].live_mean == F(1, 5)


@pytest.mark.parametrize(
    "changes",
    [
        {"rule__live__normalise": "top"},
        {"weights": (50, 0, 50)},
        {"final": [[4, None]]},
    ],
)
def test_trailing_is_silent_where_no_single_mean_says_it(changes: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"final": [[4, 4]], "sheets": SHEETS} | changes
    assert close([20, 20], **arguments).trailing[0].live_mean is None


def test_the_shift_needs_both_rounds() -> None:
    found = close([1, 1, 1], [[4, 4, None]], first=[[2, None, 5]])
    assert found.shift == (("A", F(2)), ("B", None), ("C", None))


def test_the_shift_is_of_plain_means_whatever_the_aggregate() -> None:
    found = close([1], [[5], [5], [2]], first=[[1], [1], [4]], rule__live__aggregate="median")
    assert found.shift == (("A", F(2)),)


def test_the_sympathy_weight_is_silent_when_nothing_else_has_weight() -> None:
    assert close([2, 1], weights=(100, 0, 0)).sympathy_weight == ()


def test_equal_lines_have_no_border() -> None:
    found = close([2, 2], [[4, 4]], SHEETS, weights=(25, 75, 0))
    assert [(part.start, part.end, part.first) for part in found.sympathy_weight] == [
        (0, 100, ("A",))
    ] or found.sympathy_weight[0].first == ("A", "B")


def test_a_window_top_is_left_out_of_the_shares_that_have_none() -> None:
    file = made([20, 10], [[4, 4]], SHEETS, rule__sympathy={"normalise": "top", "window_top": 40})
    rows = {row.key: dict(row.totals) for row in compute(parse(file)).sensitivity.normalisations}
    assert rows["default"]["A"] == F(25, 2) + 20 + 40
    assert rows["share"]["A"] == F(50, 3) + 20 + 40


def test_leaving_out_a_recused_panelist_changes_only_the_others() -> None:
    sheets: list[list[list[int] | None]] = [[[5], None], [[3], [4]], [[3], [2]]]
    rows = {row.key: dict(row.totals) for row in close([0, 0], sheets=sheets).without_panelist}
    assert rows["P1"] == {"A": F(30), "B": F(30)}
    assert rows["P2"] == {"A": F(40), "B": F(20)}


def test_the_block_without_suspicious_ballots_is_written() -> None:
    file = made([2, 1], [[1, 5], [5, 1]], SHEETS, live__suspicious=[0])
    shown = to_json(compute(parse(file)))["sensitivity"]["without_suspicious"]
    assert shown["first"] == ["A"]
    assert shown["totals"]["A"] == {"exact": "90", "display": "90.00"}
    plain = to_json(compute(parse(made([2, 1]))))["sensitivity"]
    assert plain["without_suspicious"] is None
