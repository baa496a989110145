"""Votes to flip against the slow truth: every possible change, tried one after another."""

import random
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.domain.selections import (
    changed,
    least_ballots,
    least_panel_moves,
    least_sympathies,
    made,
    selection,
)
from townhall.domain.scoring import Selection, compute, parse
from townhall.domain.scoring.flow import Side, fewest_chosen
from townhall.domain.scoring.model import Flip, Source
from townhall.domain.scoring.panel_reach import reach
from townhall.domain.scoring.points import panel_mean

NORMALISE = ["top", "share", "log", "cap:3", "rank"]
WEIGHTS = [(25, 25, 50), (20, 30, 50), (0, 50, 50), (34, 33, 33), (10, 80, 10), (50, 50, 0)]


def flip(found: Selection, source: Source) -> Flip:
    return dict(compute(found).sensitivity.flips)[source]


def agrees(found: Flip, truth: int | None, most: int) -> bool:
    """Whether a count is the truth, or beyond what was tried."""
    if truth is None:
        return found.changes is None or found.changes > most
    return found.exact and found.changes == truth


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(st.integers(0, 1))
    live: dict[str, Any] = {
        "aggregate": draw(st.sampled_from(["mean", "median", "trim10"])),
        "score_min": low,
        "score_max": low + draw(st.integers(1, 2)),
        "normalise": draw(st.sampled_from(["max", "range", "top"])),
    }
    if low == 0 and draw(st.booleans()):
        live["votes"] = draw(st.integers(1, 3))
    if live["aggregate"] == "mean":
        live["shrinkage"] = draw(st.sampled_from([0, 0, 2]))
    return {
        "weights": draw(st.sampled_from(WEIGHTS)),
        "rule__sympathy": {"normalise": draw(st.sampled_from(NORMALISE))},
        "rule__live": live,
        "rule__lot_seed": draw(st.sampled_from([None, "seed"])),
        "rule__floor": draw(st.sampled_from([{}, {}, {"sympathy": 2, "panel": 1}])),
        "rule__panel__score_min": 0,
        "rule__panel__score_max": 2,
        "rule__panel__normalise": draw(st.sampled_from(["max", "range", "top"])),
    }


@st.composite
def selections(draw: st.DrawFn, most_ballots: int = 3, most_sheets: int = 2) -> Selection:
    rule = draw(rules())
    live = rule["rule__live"]
    width = draw(st.integers(1, 3))
    score = st.none() | st.integers(live["score_min"], live["score_max"])
    ballot = st.lists(score, min_size=width, max_size=width).filter(
        lambda scores: "votes" not in live or sum(n or 0 for n in scores) <= live["votes"]
    )
    criteria = draw(st.sampled_from([(1,), ("0.7", "0.3")]))
    own = st.none() | st.lists(st.integers(0, 2), min_size=len(criteria), max_size=len(criteria))
    sheet = st.lists(own, min_size=width, max_size=width)
    return selection(
        draw(st.lists(st.integers(0, 6), min_size=width, max_size=width)),
        draw(st.lists(ballot, max_size=most_ballots)),
        draw(st.lists(sheet, max_size=most_sheets)),
        criteria=criteria,
        **rule,
    )


@settings(max_examples=60)
@given(selections())
def test_sympathies_to_flip_are_the_least(found: Selection) -> None:
    assert agrees(flip(found, "sympathy"), least_sympathies(found, 5), 5)


@settings(max_examples=40)
@given(selections())
def test_ballots_to_flip_are_the_least(found: Selection) -> None:
    counted, truth = flip(found, "live"), least_ballots(found, 2)
    if counted.exact:
        assert agrees(counted, truth, 2)
    else:
        assert (counted.least or 0) <= (truth or 3)
        assert counted.changes is None or counted.changes >= (truth or 3)


@settings(max_examples=40)
@given(selections())
def test_panel_moves_to_flip_are_the_least(found: Selection) -> None:
    assert agrees(flip(found, "panel"), least_panel_moves(found, 2), 2)


@pytest.mark.parametrize("normalise", ["max", "range", "top"])
@pytest.mark.parametrize("aggregate", ["mean", "median", "trim10"])
def test_ballots_of_two_candidates_are_counted_exactly(aggregate: str, normalise: str) -> None:
    dice = random.Random(f"{aggregate} {normalise}")
    seen: Counter[int | None] = Counter()
    for _ in range(12):
        found = selection(
            [dice.randint(0, 6), 6],
            [[dice.choice([1, 2, 3, None]), dice.randint(1, 3)] for _ in range(11)],
            weights=(20, 80, 0),
            rule__live={
                "aggregate": aggregate,
                "score_min": 1,
                "score_max": 3,
                "normalise": normalise,
            },
        )
        truth = least_ballots(found, 1)
        assert agrees(flip(found, "live"), truth, 1)
        seen[truth] += 1
    assert len(seen) == 2


@pytest.mark.parametrize("normalise", ["max", "top"])
def test_panel_moves_are_counted_exactly_when_extremes_are_dropped(normalise: str) -> None:
    dice = random.Random(normalise)
    for _ in range(6):
        found = selection(
            [4, 3],
            sheets=[[[dice.randint(1, 3)], [dice.randint(1, 3)]] for _ in range(5)],
            weights=(10, 0, 90),
            rule__panel__aggregate="drop_extremes",
            rule__panel__score_max=3,
            rule__panel__normalise=normalise,
        )
        assert agrees(flip(found, "panel"), least_panel_moves(found, 3), 3)


@pytest.mark.parametrize("weights", [(10, 0, 90), (60, 0, 40), (30, 50, 20), (50, 50, 0)])
@pytest.mark.parametrize("floor", [{}, {"panel": "1.5", "sympathy": 2}])
def test_panel_moves_are_counted_exactly_when_a_third_holds_the_top(
    weights: tuple[int, int, int], floor: dict[str, Any]
) -> None:
    dice = random.Random(f"{weights} {floor}")
    for _ in range(8):
        found = selection(
            [dice.randint(1, 6) for _ in range(3)],
            [[dice.randint(1, 5) for _ in range(3)]],
            [[[dice.randint(0, 2)] for _ in range(3)] for _ in range(2)],
            weights=weights,
            rule__floor=floor,
            rule__panel__score_min=0,
            rule__panel__score_max=2,
            rule__panel__normalise="top",
        )
        assert agrees(flip(found, "panel"), least_panel_moves(found, 3), 3)


def test_from_nobody_the_nearest_to_the_floor_comes_first() -> None:
    file = made([2, 9], sheets=[[[3], [2]]] * 3, rule__floor={"panel": 4})
    assert flip(parse(file), "panel") == Flip(3, 3)
    assert flip(parse(file), "sympathy") == Flip(None, None)


def test_no_rank_of_sympathies_reaches_a_lead_that_large() -> None:
    found = selection(
        [9, 0, 0], [[5, 1, 1]], weights=(10, 90, 0), rule__sympathy={"normalise": "rank"}
    )
    assert flip(found, "sympathy") == Flip(None, None)


@pytest.mark.parametrize("counts", [[9, 0, 0, 0], [3, 3, 9, 0], [5, 4, 4, 1]])
def test_sympathies_under_ranks_are_the_least(counts: list[int]) -> None:
    found = selection(
        counts,
        [[3, 4, 2, 5]],
        weights=(60, 40, 0),
        rule__sympathy={"normalise": "rank"},
    )
    assert agrees(flip(found, "sympathy"), least_sympathies(found, 6), 6)


def test_the_lowest_trimmed_panel_mean_is_found_for_every_number_of_moves() -> None:
    dice = random.Random(5)
    for _ in range(4):
        column = [(dice.randint(1, 3), dice.randint(1, 3)) for _ in range(5)]
        rule = selection(
            [1],
            criteria=["0.7", "0.3"],
            rule__panel__aggregate="drop_extremes",
            rule__panel__score_max=3,
        ).rule.panel
        lowest: dict[int, Any] = {}
        ways = [list(product(range(1, a + 1), range(1, b + 1))) for a, b in column]
        for sheets in product(*ways):
            moves = sum(map(sum, column)) - sum(map(sum, sheets))
            values = [Fraction(7 * a + 3 * b, 10) for a, b in sheets]
            mean = panel_mean("drop_extremes", values)
            lowest[moves] = min(mean, lowest.get(moves, mean))
        found = reach(rule, (tuple(column),), max(lowest))
        assert [Fraction(mean, found.unit) for mean in found.low(0)] == [
            lowest[moves] for moves in range(max(lowest) + 1)
        ]


def chosen_by_trying(
    ballots: Sequence[tuple[int, int]], drop: int, costs: tuple[int, int], need: int
) -> int | None:
    def value(heights: list[int], cost: int) -> int:
        return cost * sum(sorted(heights)[drop : len(heights) - drop])

    def total(keep: Sequence[bool]) -> int:
        sides = (
            [heights[side] * kept for heights, kept in zip(ballots, keep, strict=True)]
            for side in (0, 1)
        )
        return sum(value(side, cost) for side, cost in zip(sides, costs, strict=True))

    start = total([True] * len(ballots))
    ways = product([True, False], repeat=len(ballots))
    enough = [way.count(False) for way in ways if start - total(way) >= need]
    return min(enough, default=None)


# Here the fewest are found only by giving back a ballot chosen before.
EXCHANGE = [(3, 3), (1, 3), (2, 2), (1, 1), (3, 1), (3, 0), (0, 3)]


@settings(max_examples=120)
@example(EXCHANGE, 2, (2, 2), 18)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=5, max_size=8),
    st.integers(0, 2),
    st.tuples(st.integers(0, 3), st.integers(1, 3)),
    st.integers(1, 30),
)
def test_the_network_chooses_the_fewest(
    ballots: list[tuple[int, int]], drop: int, costs: tuple[int, int], need: int
) -> None:
    left, right = (
        Side(
            reach=tuple(sum(1 for b in ballots if b[side] > level) for level in range(3)),
            drop=drop,
            kept=len(ballots) - 2 * drop,
            cost=costs[side],
        )
        for side in (0, 1)
    )
    found = fewest_chosen(Counter(ballots), left, right, need)
    assert found == chosen_by_trying(ballots, drop, costs, need)


def test_a_third_candidate_is_lifted_between_when_ranks_are_counted() -> None:
    # A 18 + 5, B 0 + 18.2, C 9. Two for C take A to 14, C to 18, and B is first; one leaves A
    # at 18.5, and B itself would need eight for nine points.
    found = selection(
        [9, 0, 8],
        [[1, 4, None]] * 16 + [[1, 3, None]] * 9,
        weights=(18, 25, 57),
        rule__sympathy={"normalise": "rank"},
    )
    assert flip(found, "sympathy") == Flip(2, 2)
    assert least_sympathies(found, 2) == 2


def test_no_number_of_sympathies_helps_without_weight() -> None:
    assert flip(selection([3, 1], [[5, 1]], weights=(0, 50, 50)), "sympathy") == Flip(None, None)


def test_a_source_without_data_cannot_flip() -> None:
    found = selection([3, 1])
    assert (flip(found, "live"), flip(found, "panel")) == (Flip(None, None), Flip(None, None))
    blank = selection([3, 1], [[None, None]], rule__live__normalise="top")
    assert flip(blank, "live") == Flip(None, None)


def test_one_more_for_either_breaks_a_full_tie() -> None:
    found = selection([4, 4], [[3, 3]], [[[2], [2]]] * 3)
    flips = dict(compute(found).sensitivity.flips)
    assert {source: way.changes for source, way in flips.items()} == {
        "sympathy": 1,
        "live": 1,
        "panel": 1,
    }


def test_a_floor_can_be_the_nearest_way() -> None:
    # A leads by far, but one move takes it below the panel's floor.
    file = made([90, 1], sheets=[[[3], [3]]] * 3, rule__floor={"panel": 3})
    assert flip(parse(file), "panel") == Flip(1, 1)


def test_a_large_room_is_counted_without_trying() -> None:
    # 10,000 ballots of 4 and 3: each changed ballot moves the lead by (3 + 2) / 10,000.
    found = selection([1, 1], [[4, 3]] * 10_000, weights=(0, 100, 0))
    assert flip(found, "live") == Flip(2000, 2000)
    trimmed = selection(
        [1, 1], [[4, 3]] * 10_000, weights=(0, 100, 0), rule__live__aggregate="trim10"
    )
    # The first 1,000 changed ballots are the ones left out at the end.
    assert flip(trimmed, "live") == Flip(1000 + 1600, 1000 + 1600)


def test_a_median_turns_when_half_the_room_does() -> None:
    found = selection([1, 1], [[5, 1]] * 9, weights=(0, 100, 0), rule__live__aggregate="median")
    assert flip(found, "live") == Flip(5, 5)


def test_a_panel_without_weight_can_still_lift_over_the_floor() -> None:
    file = made(
        [2, 9],
        sheets=[[[3], [2]], [[3], [2]], [[3], [2]]],
        weights=(100, 0, 0),
        rule__floor={"panel": 3},
    )
    assert flip(parse(file), "panel") == Flip(1, 1)
    far = changed(file, rule__floor={"panel": "2.5"})
    assert flip(parse(far), "panel") == Flip(2, 2)


def test_without_weight_and_floor_no_panel_move_matters() -> None:
    found = selection([2, 9], sheets=[[[3], [2]]], weights=(100, 0, 0))
    assert flip(found, "panel") == Flip(None, None)


RATIO = {"aggregate": "mean", "score_min": 0, "score_max": 1, "normalise": "top"}
TRIMMED = {"aggregate": "median", "score_min": 1, "score_max": 3, "normalise": "top"}


def test_behind_elsewhere_the_first_falls_when_no_score_is_left() -> None:
    # A leads by 75 live points that B cannot have; while one score is left its share is 1.
    found = selection([1, 3], [[1, None]] * 3, weights=(25, 75, 0), rule__live=RATIO)
    assert flip(found, "live") == Flip(3, 3)
    assert least_ballots(found, 3) == 3


def test_scores_of_nothing_are_no_ratio() -> None:
    found = selection(
        [4, 5, 1],
        [[0, None, 0], [0, None, 0]],
        weights=(25, 25, 50),
        rule__sympathy={"normalise": "cap:3"},
        rule__live=RATIO,
    )
    assert flip(found, "live").changes == least_ballots(found, 2) == 1


@pytest.mark.parametrize(
    ("sympathy", "ballots", "weights", "expected"),
    [
        # A third raised to the top turns it with one ballot, and none is fewer.
        ([5, 1, 1], [[1, 3, 1], [1, 3, 2], [2, 3, 3], [1, 1, 3]], (20, 80, 0), Flip(1, 1)),
        # Two are enough and one is not, but the bound only says that none is not.
        ([3, 0, 1], [[2, 2, 3], [2, 1, 3], [1, 1, 2], [1, 2, 2]], (20, 80, 0), Flip(2, 1)),
        # Another way is found to be shorter than the one by a third.
        ([3, 6, 2], [[2, 1, 3], [1, 1, 1], [1, 1, 2], [2, 1, 2]], (30, 70, 0), Flip(1, 1)),
    ],
)
def test_a_third_candidate_may_hold_the_top_of_trimmed_means(
    sympathy: list[int], ballots: list[list[int]], weights: Any, expected: Flip
) -> None:
    found = selection(sympathy, ballots, weights=weights, rule__live=TRIMMED)
    assert flip(found, "live") == expected
    assert least_ballots(found, 2) == expected.changes


def test_a_first_without_ballots_is_overtaken_by_ballots_for_another() -> None:
    # A 55, C 45, B 27.5 + 22.5: B needs a share above 27.5 / 45 of the top.
    found = selection([4, 2, 0], [[None, 1, 2]] * 3, weights=(55, 45, 0), rule__live=TRIMMED)
    assert flip(found, "live").changes == least_ballots(found, 3) == 2
