"""Samples for every kind of ballot: a definition, valid choices, and choices that are refused."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from townhall.domain.ballots import BALLOTS, Choice, Definition, Option

THREE = (Option("A", "Notice board"), Option("B", "Booking"), Option("C", "Time for toddlers"))
SUMMARIES = (Option("t1", "One", table=1), Option("t2", "Two", table=2), Option("t3", "Three", 3))


def defined(
    kind: str, options: tuple[Option, ...] = THREE, *, base: str = "voted", **config: Any
) -> Definition:
    """A definition whose config went through the kind's own check."""
    return Definition(kind, options, BALLOTS[kind].define(options, config), base)


def deep(levels: int) -> Any:
    """A list in a list in a list."""
    nested: Any = "A"
    for _ in range(levels):
        nested = [nested]
    return nested


@dataclass(frozen=True)
class Sample:
    """One kind: `definition`, a strategy of valid `choices`, and (choice, reason) refused."""

    definition: Definition
    choices: st.SearchStrategy[Choice]
    refused: tuple[tuple[Any, str], ...]


NOT_JSON_SHAPES: tuple[Any, ...] = (
    None,
    True,
    1,
    1.0,
    float("nan"),
    10**40,
    (),
    b"A",
    deep(50),
    {"A": {"A": {"A": 1}}},
    [["A"]],
    [None],
    [True],
    [1],
    {"picks": "A"},
    {"picks": {"A": 1}},
    {"picks": [["A"]]},
    {"__proto__": 1},
)
"""No kind takes any of these."""

_ORDERS = st.lists(st.sampled_from("ABC"), unique=True)
_WRITTEN = st.sampled_from(["", "  ", "a garden", "정원", "e\u0301"])
_PURSE = st.dictionaries(st.sampled_from(["t1", "t3"]), st.integers(1, 5)).filter(
    lambda choice: sum(choice.values()) <= 5
)

SAMPLES: dict[str, Sample] = {
    "yesno": Sample(
        defined("yesno", ()),
        st.sampled_from(["yes", "no", "abstain"]),
        (("Yes", "option"), ("", "option"), ("A", "option"), (["yes"], "type"), (0, "type")),
    ),
    "single": Sample(
        defined("single"),
        st.sampled_from(["A", "B", "C", "abstain"]),
        (("D", "option"), ("a", "option"), ("", "option"), (["A"], "type"), ({"A": 1}, "type")),
    ),
    "multiple": Sample(
        defined("multiple", max=3, write_in=True),
        st.builds(lambda picks, other: {"picks": picks, "other": other}, _ORDERS, _WRITTEN).filter(
            lambda choice: 1 <= len(choice["picks"]) + bool(choice["other"].strip()) <= 3
        ),
        (
            ({"picks": []}, "too_few"),
            ({}, "too_few"),
            ({"picks": ["A", "A"]}, "repeated"),
            ({"picks": ["D"]}, "option"),
            ({"picks": ["A", "B", "C"], "other": "x"}, "too_many"),
            ({"picks": ["A"], "other": 1}, "type"),
            ({"picks": ["A"], "other": None}, "type"),
            ({"picks": ["A"], "other": "x" * 101}, "other_too_long"),
            ({"picks": ["A"], "more": 1}, "type"),
            (["A"], "type"),
        ),
    ),
    "score": Sample(
        defined("score"),
        st.fixed_dictionaries(dict.fromkeys("CAB", st.none() | st.integers(1, 5))),
        (
            ({"A": 5, "B": 4}, "missing"),
            ({}, "missing"),
            ({"A": 5, "B": 4, "C": 3, "D": 1}, "option"),
            ({"A": 0, "B": 4, "C": 3}, "range"),
            ({"A": 6, "B": 4, "C": 3}, "range"),
            ({"A": 10**40, "B": 4, "C": 3}, "range"),
            ({"A": True, "B": 4, "C": 3}, "type"),
            ({"A": 5.0, "B": 4, "C": 3}, "type"),
            ({"A": float("nan"), "B": 4, "C": 3}, "type"),
            ({"A": "5", "B": 4, "C": 3}, "type"),
            ({"A": [5], "B": 4, "C": 3}, "type"),
            ([5, 4, 3], "type"),
        ),
    ),
    "ranking": Sample(
        defined("ranking"),
        _ORDERS.filter(bool),
        (
            ([], "too_few"),
            (["A", "A"], "repeated"),
            (["A", "D"], "option"),
            (["A", 1], "type"),
            ("A", "type"),
            ({"A": 1}, "type"),
        ),
    ),
    "dots": Sample(
        defined("dots", SUMMARIES, budget=5, not_own_table=True),
        _PURSE,
        (
            ({"t1": 6}, "range"),
            ({"t1": 3, "t3": 3}, "over_budget"),
            ({"t1": 0}, "range"),
            ({"t1": -1}, "range"),
            ({"t1": 10**40}, "range"),
            ({"t1": True}, "type"),
            ({"t1": 1.0}, "type"),
            ({"t1": None}, "type"),
            ({"t9": 1}, "option"),
            ({"t2": 1}, "own_table"),
            (["t1"], "type"),
        ),
    ),
}
