"""The checker's own count against the server's, on whatever ballots there may be."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.kinds import SAMPLES, THREE, defined
from tests.domain.selections import example, made
from townhall.domain import scoring
from townhall.domain.ballots import BALLOTS, Definition
from townhall.verify.counting import kind_of
from townhall.verify.hashes import canonical
from townhall.verify.kind import BrokenDefinition, Kind
from townhall.verify.scores import BrokenSnapshot, scored

BASES = ("voted", "valid", "entitled")


def own(definition: Definition) -> Kind:
    """The same question as the checker sees it."""
    options = [
        {"id": each.id, "title": each.title, **({"table": each.table} if each.table else {})}
        for each in definition.options
    ]
    return kind_of(
        {
            "kind": definition.kind,
            "options": options,
            "config": dict(definition.config),
            "base": definition.base,
        }
    )


def variants(kind: str) -> list[Definition]:
    sample = SAMPLES[kind].definition
    settings_: list[dict[str, Any]] = [dict(sample.config)]
    if kind == "ranking":
        settings_ = [{"method": method} for method in ("borda", "irv", "pairwise")]
    return [
        Definition(kind, sample.options, BALLOTS[kind].define(sample.options, config), base)
        for config in settings_
        for base in BASES
    ]


@pytest.mark.parametrize("kind", BALLOTS)
@given(data=st.data())
def test_two_counts_of_the_same_ballots_come_to_the_same_result(
    kind: str, data: st.DataObject
) -> None:
    definition = data.draw(st.sampled_from(variants(kind)))
    theirs, ours = BALLOTS[kind], own(definition)
    cast = data.draw(st.lists(SAMPLES[kind].choices, max_size=9))
    chosen = [theirs.clean(definition, each, None) for each in cast]
    entitled = data.draw(st.integers(0, 12))
    cells = Counter[str]()
    for each in chosen:
        cells.update(theirs.cells(definition, each))
    result = theirs.tally(definition, cells, ballots=chosen, entitled=entitled)
    assert all(ours.valid(each) for each in chosen)
    assert canonical(ours.cells(chosen)) == canonical(dict(cells))
    assert canonical(ours.result(chosen, entitled)) == canonical(result)
    pairs = list(zip(chosen, reversed(chosen), strict=True))
    assert canonical(ours.shift(pairs)) == canonical(theirs.shift(definition, pairs))


UNSEEN = ("own_table", "other_too_long")
"""Where a voter sits is checked elsewhere; how long a text is does not matter to a count."""


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        pytest.param(kind, wrong, id=f"{kind}-{reason}-{n}")
        for kind in BALLOTS
        for n, (wrong, reason) in enumerate(SAMPLES[kind].refused)
        if reason not in UNSEEN
    ],
)
def test_what_the_server_refuses_is_no_choice_for_the_checker_either(kind: str, wrong: Any) -> None:
    assert not own(SAMPLES[kind].definition).valid(wrong)


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("score", {"config": {"min": 1, "max": 10**9}}),
        ("score", {"config": {"min": 1}}),
        ("ranking", {"config": {"method": "coin"}}),
        ("single", {"options": [{"id": "A"}, {"id": "A"}]}),
        ("single", {"options": [{"id": 1}]}),
        ("dots", {"options": [{"id": "A", "table": "1"}]}),
    ],
)
def test_a_definition_that_says_no_way_to_count_is_told(kind: str, broken: Any) -> None:
    definition = defined(kind) if kind != "yesno" else defined(kind, ())
    options = [{"id": each.id, "title": each.title} for each in THREE]
    given_ = {"kind": kind, "options": options, "config": dict(definition.config), "base": "voted"}
    with pytest.raises(BrokenDefinition):
        kind_of({**given_, **broken})


def theirs(snapshot: dict[str, Any]) -> dict[str, Any]:
    """The server's score of a selection, as an export tells it."""
    found = scoring.to_json(scoring.compute(scoring.parse(snapshot)))
    names = ("id", "sympathy", "live", "panel", "total", "rank")
    return {
        "candidates": [{name: each[name] for name in names} for each in found["candidates"]],
        "decided_by": found["decided_by"],
    }


def test_the_worked_example_comes_to_its_published_totals() -> None:
    totals = {each["id"]: each["total"] for each in scored(example())["candidates"]}
    assert totals == {
        "A": {"exact": "323/4", "display": "80.75"},
        "B": {"exact": "396/5", "display": "79.20"},
        "C": {"exact": "2599/40", "display": "64.98"},
    }


RULES = st.fixed_dictionaries(
    {
        "rule__sympathy__normalise": st.sampled_from(["top", "share", "log", "cap:3", "rank"]),
        "rule__live__normalise": st.sampled_from(["max", "range", "top"]),
        "rule__live__aggregate": st.sampled_from(["mean", "median", "trim10"]),
        "rule__panel__aggregate": st.sampled_from(["mean", "drop_extremes"]),
        "rule__panel__normalise": st.sampled_from(["max", "range", "top"]),
        "rule__floor": st.sampled_from([{}, {"sympathy": 2, "panel": "2.5"}]),
        "rule__tie_break": st.sampled_from([["panel", "live", "sympathy", "revote", "lot"], []]),
        "rule__lot_seed": st.sampled_from([None, "seven"]),
        "revote": st.sampled_from([None, {"A": 2, "B": 1}]),
    }
)
SCORES = st.none() | st.integers(1, 5)


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 4), min_size=3, max_size=3),
    st.lists(st.lists(SCORES, min_size=3, max_size=3), max_size=12),
    st.lists(
        st.lists(
            st.none() | st.lists(st.integers(1, 5), min_size=2, max_size=2), min_size=3, max_size=3
        ),
        max_size=6,
    ),
    RULES,
    st.integers(0, 3),
)
def test_two_scores_of_the_same_selection_are_the_same(
    sympathy: list[int],
    final: list[list[int | None]],
    sheets: list[list[list[int] | None]],
    rule: dict[str, Any],
    shrinkage: int,
) -> None:
    if rule["rule__live__aggregate"] == "mean":
        rule = {**rule, "rule__live__shrinkage": shrinkage}
    snapshot = made(sympathy, final, sheets, criteria=("0.3", "0.7"), **rule)
    if snapshot["revote"] is None:
        del snapshot["revote"]
    assert canonical(scored(snapshot)) == canonical(theirs(snapshot))


@pytest.mark.parametrize(
    "broken",
    [
        {"rule__weights__panel": 51},
        {"rule__panel__criteria": [{"id": "k0", "weight": "0.9"}]},
        {"candidates__0__sympathy": -1},
        {"live__final__0__A": 6},
        {"live__final__0__D": 1},
        {"panel__sheets__0__scores__A": {}},
        {"panel__sheets__1__panelist": "P1"},
        {"rule__sympathy__normalise": "fair"},
        {"rule__live__aggregate": "most"},
        {"rule": None},
    ],
    ids=str,
)
def test_a_snapshot_that_its_rule_cannot_score_is_told(broken: dict[str, Any]) -> None:
    with pytest.raises(BrokenSnapshot):
        scored(made([1, 2], [[5, 4]], [[[1], [2]], [[3], [4]]], **broken))
