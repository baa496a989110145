"""Equal totals: the chain, the revote, the lot, and what decided."""

import hashlib
from typing import Any

import pytest

from tests.domain.selections import made, selection
from townhall.domain.scoring import Result, compute, parse


def places(result: Result) -> list[tuple[str, int | None]]:
    return [(line.candidate.id, line.rank) for line in result.standings]


def tied(**changes: Any) -> dict[str, Any]:
    """Three candidates that are equal in every source."""
    return made([4, 4, 4], [[3, 3, 3]], [[[2], [2], [2]]] * 3, **changes)


def test_equal_totals_are_decided_by_the_panel_first() -> None:
    # A: 25 + 15 + 20, B: 25 + 5 + 30.
    result = compute(selection([4, 4], [[3, 1]], [[[2], [3]]] * 3))
    assert [line.points.total for line in result.standings] == [60, 60]
    assert (places(result), result.decided_by) == ([("B", 1), ("A", 2)], "panel")
    assert (result.margin, result.flags) == (0, ("practically_equal",))


def test_equal_panel_points_are_decided_by_live_points() -> None:
    # A: 12.5 + 25, B: 25 + 12.5 and the same panel.
    rule = {"aggregate": "mean", "score_min": 1, "score_max": 4}
    file = made([2, 4], [[4, 2]], [[[2], [2]]] * 3, rule__live=rule)
    result = compute(parse(file))
    assert (places(result), result.decided_by) == ([("A", 1), ("B", 2)], "live")


def test_another_chain_may_ask_for_sympathies_first() -> None:
    rule = {"aggregate": "mean", "score_min": 1, "score_max": 4}
    file = made(
        [2, 4],
        [[4, 2]],
        [[[2], [2]]] * 3,
        rule__live=rule,
        rule__tie_break=["sympathy", "panel"],
    )
    result = compute(parse(file))
    assert (places(result), result.decided_by) == ([("B", 1), ("A", 2)], "sympathy")


def test_equal_in_everything_needs_a_revote() -> None:
    result = compute(parse(tied()))
    assert (places(result), result.decided_by) == ([("A", 1), ("B", 1), ("C", 1)], "revote_needed")


@pytest.mark.parametrize("chain", [[], ["panel"], ["lot"], ["revote"]])
def test_a_shorter_chain_ends_in_a_revote_too(chain: list[str]) -> None:
    assert compute(parse(tied(rule__tie_break=chain))).decided_by == "revote_needed"


def test_the_revote_decides_when_it_was_held() -> None:
    result = compute(parse(tied(revote={"C": 3, "A": 1})))
    assert places(result) == [("C", 1), ("A", 2), ("B", 3)]
    assert (result.decided_by, result.flags) == ("revote", ("no_spread", "practically_equal"))


def test_a_tied_revote_without_a_seed_stays_undecided() -> None:
    result = compute(parse(tied(revote={"C": 2, "A": 2, "B": 1})))
    assert places(result) == [("A", 1), ("C", 1), ("B", 3)]
    assert result.decided_by == "revote_needed"


def test_a_tied_revote_goes_on_to_the_lot() -> None:
    result = compute(parse(tied(revote={"C": 2, "A": 2, "B": 1}, rule__lot_seed="2026-11-22")))
    order = sorted("AC", key=lambda name: hashlib.sha256(f"2026-11-22{name}".encode()).digest())
    assert places(result) == [(order[0], 1), (order[1], 2), ("B", 3)]
    assert (result.decided_by, "revote_passed_over" in result.flags) == ("lot", False)


@pytest.mark.parametrize("seed", ["a", "b", "씨앗"])
def test_the_lot_orders_by_the_hash_of_seed_and_id(seed: str) -> None:
    result = compute(parse(tied(rule__lot_seed=seed)))
    order = sorted("ABC", key=lambda name: hashlib.sha256(f"{seed}{name}".encode()).hexdigest())
    assert places(result) == [(name, n) for n, name in enumerate(order, 1)]
    assert result.decided_by == "lot"
    assert result.flags == ("no_spread", "practically_equal", "revote_passed_over")


def test_a_tie_below_the_first_leaves_the_total_to_decide() -> None:
    result = compute(selection([4, 2, 2]))
    assert places(result) == [("A", 1), ("B", 2), ("C", 2)]
    assert result.decided_by == "total"


def test_one_candidate_is_first_by_total() -> None:
    result = compute(selection([4]))
    assert (places(result), result.decided_by, result.margin) == ([("A", 1)], "total", None)


def test_nobody_is_first_when_all_are_below_the_floor() -> None:
    result = compute(parse(made([4, 3], rule__floor={"sympathy": 5})))
    assert (places(result), result.decided_by) == ([("A", None), ("B", None)], "nobody")
    assert "nobody_eligible" in result.flags
    assert dict(result.sensitivity.flips)["sympathy"].changes == 1
    assert result.sensitivity.trailing == ()
