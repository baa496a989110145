"""What holds for every selection: order is nothing, points are bounded, JSON can be recomputed."""

import json
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.selections import changed, made
from townhall.domain.scoring import compute, digest, parse, read, to_json

SCALES = ["max", "range", "top"]


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    width = draw(st.integers(1, 4))
    score = st.none() | st.integers(1, 5)
    ballots = st.lists(st.lists(score, min_size=width, max_size=width), max_size=12)
    own = st.none() | st.lists(st.integers(1, 5), min_size=2, max_size=2)
    sheet = st.lists(own, min_size=width, max_size=width)
    sympathy = draw(st.integers(0, 100))
    live = draw(st.integers(0, 100 - sympathy))
    return made(
        draw(st.lists(st.integers(0, 40), min_size=width, max_size=width)),
        draw(ballots),
        draw(st.lists(sheet, max_size=6)),
        weights=(sympathy, live, 100 - sympathy - live),
        criteria=["0.4", "0.6"],
        first=draw(ballots),
        rule__sympathy={
            "normalise": draw(st.sampled_from(["top", "share", "log", "cap:10", "rank"]))
        },
        rule__live__aggregate=draw(st.sampled_from(["mean", "median", "trim10"])),
        rule__live__normalise=draw(st.sampled_from(SCALES)),
        rule__panel__aggregate=draw(st.sampled_from(["mean", "drop_extremes"])),
        rule__panel__normalise=draw(st.sampled_from(SCALES)),
        rule__lot_seed=draw(st.none() | st.just("seed")),
    )


def without_digest(file: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in to_json(compute(parse(file))).items() if name != "digest"
    }


@settings(max_examples=40)
@given(files(), st.randoms(use_true_random=False))
def test_the_order_of_ballots_and_sheets_never_matters(file: dict[str, Any], dice: Any) -> None:
    mixed = changed(file)
    for pack in (mixed["live"]["first"], mixed["live"]["final"], mixed["panel"]["sheets"]):
        dice.shuffle(pack)
    assert without_digest(mixed) == without_digest(file)


@settings(max_examples=40)
@given(files())
def test_points_lie_between_nothing_and_the_weight(file: dict[str, Any]) -> None:
    result = compute(parse(file))
    weights = result.rule.weights
    for line in result.standings:
        for source in ("sympathy", "live", "panel"):
            assert 0 <= getattr(line.points, source) <= getattr(weights, source)
    assert sum(weight for _, weight in result.effective_weight) in (0, 100)


@settings(max_examples=40)
@given(files())
def test_ranks_follow_totals(file: dict[str, Any]) -> None:
    lines = compute(parse(file)).standings
    totals = [line.points.total for line in lines]
    assert totals == sorted(totals, reverse=True)
    ranks = [line.rank or 0 for line in lines]
    assert (ranks, ranks[0]) == (sorted(ranks), 1)


@settings(max_examples=40)
@given(files(), st.integers(2, 9))
def test_sympathies_in_proportion_give_the_same_points(file: dict[str, Any], times: int) -> None:
    plain = changed(file, rule__sympathy={"normalise": "top"})
    larger = changed(plain)
    for line in larger["candidates"]:
        line["sympathy"] *= times
    before, after = compute(parse(plain)), compute(parse(larger))
    assert [line.points for line in before.standings] == [line.points for line in after.standings]


@settings(max_examples=40)
@given(files(), st.integers(2, 4))
def test_every_ballot_more_often_leaves_the_mean(file: dict[str, Any], times: int) -> None:
    plain = changed(file, rule__live__aggregate="mean")
    larger = changed(plain, live__final=plain["live"]["final"] * times)
    before, after = compute(parse(plain)), compute(parse(larger))
    assert [line.points for line in before.standings] == [line.points for line in after.standings]


@settings(max_examples=40)
@given(files())
def test_the_written_result_can_be_computed_again_from_the_written_file(
    file: dict[str, Any],
) -> None:
    text = json.dumps(file, ensure_ascii=False)
    shown = to_json(compute(parse(read(text))))
    assert shown == to_json(compute(parse(file)))
    assert shown["digest"] == digest(file)
    assert json.loads(json.dumps(shown)) == shown
    for line in shown["candidates"]:
        parts = [Fraction(line[name]["exact"]) for name in ("sympathy", "live", "panel")]
        assert sum(parts) == Fraction(line["total"]["exact"])


@settings(max_examples=40)
@given(files())
def test_stretches_of_sympathy_weight_cover_the_whole_and_name_the_first(
    file: dict[str, Any],
) -> None:
    result = compute(parse(file))
    stretches = result.sensitivity.sympathy_weight
    ruled = result.rule.weights
    if not ruled.live + ruled.panel:
        assert stretches == ()
        return
    assert (stretches[0].start, stretches[-1].end) == (0, 100)
    for one, other in pairwise(stretches):
        assert one.end == other.start
        assert one.first != other.first
    inside = [part for part in stretches if part.start < ruled.sympathy < part.end]
    borders = {border for part in stretches for border in (part.start, part.end)}
    first = tuple(sorted(line.candidate.id for line in result.standings if line.rank == 1))
    if ruled.sympathy not in borders and result.margin:
        assert [part.first for part in inside] == [first]
