"""One contract for every registered kind of ballot."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.kinds import NOT_JSON_SHAPES, SAMPLES, defined
from townhall.domain.ballots import (
    BALLOTS,
    BallotKind,
    Choice,
    Definition,
    Option,
    kind_of,
    option_ids,
    require_ready,
)
from townhall.domain.ballots.definition import whole
from townhall.domain.errors import Refused

OWN_TABLE = 2
KINDS = sorted(BALLOTS)
FEW = settings(max_examples=40)

every_kind = pytest.mark.parametrize("name", KINDS)


def cleaned(name: str, raw: Iterable[Any]) -> list[Choice]:
    definition = SAMPLES[name].definition
    return [BALLOTS[name].clean(definition, choice, OWN_TABLE) for choice in raw]


def added(kind: BallotKind, definition: Definition, choices: Iterable[Choice]) -> Counter[str]:
    total: Counter[str] = Counter()
    for choice in choices:
        total.update(kind.cells(definition, choice))
    return total


def drawn(data: st.DataObject, name: str, least: int = 0) -> list[Choice]:
    return cleaned(name, data.draw(st.lists(SAMPLES[name].choices, min_size=least, max_size=12)))


def test_every_registered_kind_has_samples() -> None:
    assert SAMPLES.keys() == BALLOTS.keys()
    assert [kind.name for kind in BALLOTS.values()] == list(BALLOTS)


@every_kind
@FEW
@given(data=st.data())
def test_a_cleaned_choice_cleaned_again_stays_the_same(name: str, data: st.DataObject) -> None:
    (choice,) = cleaned(name, [data.draw(SAMPLES[name].choices)])
    assert cleaned(name, [choice]) == [choice]


@every_kind
@FEW
@given(data=st.data())
def test_a_cleaned_choice_survives_json(name: str, data: st.DataObject) -> None:
    (choice,) = cleaned(name, [data.draw(SAMPLES[name].choices)])
    assert cleaned(name, [json.loads(json.dumps(choice, sort_keys=True))]) == [choice]


@every_kind
@FEW
@given(data=st.data())
def test_cells_are_positive_whole_numbers(name: str, data: st.DataObject) -> None:
    (choice,) = cleaned(name, [data.draw(SAMPLES[name].choices)])
    cells = BALLOTS[name].cells(SAMPLES[name].definition, choice)
    assert cells
    assert {type(number) for number in cells.values()} == {int}
    assert min(cells.values()) > 0


@pytest.mark.parametrize(
    ("name", "choice", "cells"),
    [
        ("yesno", "no", {"no": 1}),
        ("single", "abstain", {"abstain": 1}),
        ("multiple", {"picks": ["B", "A"]}, {"A": 1, "B": 1, "#": 1}),
        ("multiple", {"picks": ["B"], "other": "x"}, {"B": 1, "other": 1, "#": 1}),
        ("score", {"A": 5, "B": None, "C": 1}, {"A:5": 1, "C:1": 1, "#": 1}),
        ("ranking", ["C", "A"], {"#": 1}),
        ("dots", {"t1": 2}, {"t1": 2, "t1#": 1, "#": 1}),
        ("dots", {"t1": 5}, {"t1": 5, "t1#": 1, "#piled": 1, "#": 1}),
        ("dots", {}, {"#abstain": 1, "#": 1}),
    ],
)
def test_a_ballot_counts_in_its_cells(name: str, choice: Any, cells: dict[str, int]) -> None:
    assert added(BALLOTS[name], SAMPLES[name].definition, cleaned(name, [choice])) == cells


@every_kind
@FEW
@given(data=st.data())
def test_the_order_of_ballots_changes_nothing(name: str, data: st.DataObject) -> None:
    kind, definition = BALLOTS[name], SAMPLES[name].definition
    choices = drawn(data, name)
    shuffled = data.draw(st.permutations(choices))
    assert kind.tally(
        definition, added(kind, definition, shuffled), ballots=shuffled
    ) == kind.tally(definition, added(kind, definition, choices), ballots=choices)


@every_kind
@FEW
@given(data=st.data())
def test_a_revote_takes_the_old_choice_back_exactly(name: str, data: st.DataObject) -> None:
    kind, definition = BALLOTS[name], SAMPLES[name].definition
    before, after = drawn(data, name, least=1), drawn(data, name, least=1)
    moved = added(kind, definition, before)
    moved.subtract(kind.cells(definition, before[0]))
    moved.update(kind.cells(definition, after[0]))
    fresh = [after[0], *before[1:]]
    assert {cell: n for cell, n in moved.items() if n} == added(kind, definition, fresh)
    assert kind.tally(definition, moved) == kind.tally(definition, added(kind, definition, fresh))


@every_kind
@FEW
@given(data=st.data())
def test_a_result_counts_every_ballot_and_is_plain_json(name: str, data: st.DataObject) -> None:
    kind, definition = BALLOTS[name], SAMPLES[name].definition
    choices = drawn(data, name)
    result = kind.tally(definition, added(kind, definition, choices), ballots=choices)
    assert result["n"] == result["base"] == len(choices)
    assert 0 <= result["abstained"] <= result["n"]
    assert json.loads(json.dumps(result)) == result
    assert not floats(result)


@every_kind
def test_no_ballots_make_a_result_without_shares(name: str) -> None:
    definition = SAMPLES[name].definition
    result = BALLOTS[name].tally(definition, {}, ballots=[])
    assert (result["n"], result["abstained"], result["base"]) == (0, 0, 0)
    assert {row["share"] for row in result["rows"]} == {None}
    assert {row["bar"] for row in result["rows"]} == {"0.0"}
    assert {row["count"] for row in result["rows"]} == {0}


@every_kind
def test_rows_have_the_common_shape(name: str) -> None:
    rows = BALLOTS[name].tally(SAMPLES[name].definition, {}, ballots=[])["rows"]
    common = {"id", "figure", "unit", "count", "share", "bar", "place"}
    assert [common - row.keys() for row in rows] == [set()] * len(rows)


@every_kind
@FEW
@given(data=st.data())
def test_the_entitled_are_the_base_where_the_question_says_so(
    name: str, data: st.DataObject
) -> None:
    sample = SAMPLES[name].definition
    definition = Definition(name, sample.options, sample.config, base="entitled")
    choices = drawn(data, name)
    cells = added(BALLOTS[name], definition, choices)
    assert BALLOTS[name].tally(definition, cells, ballots=choices, entitled=40)["base"] == 40


@every_kind
@FEW
@given(data=st.data())
def test_a_shift_of_unchanged_ballots_moves_nothing(name: str, data: st.DataObject) -> None:
    choices = drawn(data, name)
    shift = BALLOTS[name].shift(SAMPLES[name].definition, [(choice, choice) for choice in choices])
    assert (shift["n"], shift["changed"]) == (len(choices), 0)
    assert all(row["first"] == row["final"] for row in shift["rows"])
    assert all(flow["from"] == flow["to"] for flow in shift.get("flows", []))


@pytest.mark.parametrize(
    ("name", "choice", "reason"),
    [(name, *case) for name, sample in SAMPLES.items() for case in sample.refused],
)
def test_a_bad_choice_is_refused_with_its_reason(name: str, choice: Any, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        cleaned(name, [choice])
    assert refusal.value.code == "choice_invalid"
    assert refusal.value.details["reason"] == reason


@every_kind
@pytest.mark.parametrize("choice", NOT_JSON_SHAPES, ids=range(len(NOT_JSON_SHAPES)))
def test_a_choice_of_the_wrong_shape_is_refused(name: str, choice: Any) -> None:
    with pytest.raises(Refused) as refusal:
        cleaned(name, [choice])
    assert refusal.value.code == "choice_invalid"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just("A"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["A", "B", "C", "picks", "other", "t1"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@every_kind
@FEW
@given(choice=json_values)
def test_any_json_is_either_cleaned_or_refused(name: str, choice: Any) -> None:
    code, clean = attempt(name, choice)
    assert code in (None, "choice_invalid")
    assert cleaned(name, clean) == clean


def attempt(name: str, choice: Any) -> tuple[str | None, list[Choice]]:
    try:
        return None, cleaned(name, [choice])
    except Refused as refusal:
        return refusal.code, []


@every_kind
def test_a_defined_config_defined_again_stays_the_same(name: str) -> None:
    definition = SAMPLES[name].definition
    again = BALLOTS[name].define(definition.options, definition.config)
    assert again == definition.config


@pytest.mark.parametrize(
    ("name", "options", "config", "field", "reason"),
    [
        ("yesno", ("A",), {}, "options", "too_many"),
        ("yesno", (), {"x": 1}, "x", "unknown"),
        ("single", ("A", "A"), {}, "options", "repeated"),
        ("single", ("A", "yes"), {}, "options", "id"),
        ("single", ("A", "1B"), {}, "options", "id"),
        ("single", ("A", "B#"), {}, "options", "id"),
        ("single", option_ids(41), {}, "options", "too_many"),
        ("single", ("A", "B"), {"abstain": 1}, "abstain", "type"),
        ("multiple", ("A", "B"), {"max": 3}, "max", "range"),
        ("multiple", ("A", "B"), {"max": 0}, "max", "range"),
        ("multiple", ("A", "B"), {"max": True}, "max", "type"),
        ("score", ("A", "B"), {"min": 5, "max": 5}, "max", "range"),
        ("score", ("A", "B"), {"max": 11}, "max", "range"),
        ("score", ("A", "B"), {"low_label": 1}, "low_label", "type"),
        ("score", ("A", "B"), {"high_label": "x" * 31}, "high_label", "too_long"),
        ("ranking", ("A", "B"), {"method": "schulze"}, "method", "range"),
        ("ranking", ("A", "B"), {"method": []}, "method", "range"),
        ("dots", ("t1",), {"over": "tables"}, "over", "range"),
        ("dots", ("t1",), {"budget": 101}, "budget", "range"),
        ("dots", ("t1",), {"budget": 3, "per_option_max": 4}, "per_option_max", "range"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_field(
    name: str, options: tuple[str, ...], config: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Refused) as refusal:
        BALLOTS[name].define([Option(each, each) for each in options], config)
    assert refusal.value.code == "definition_invalid"
    assert refusal.value.details == {"field": field, "reason": reason}


def test_a_multiple_question_may_ask_for_as_many_as_there_are_answers() -> None:
    assert defined("multiple", write_in=True).config == {"max": 4, "write_in": True}


def test_a_whole_number_setting_falls_back_to_its_default() -> None:
    assert whole({}, "max", 7, 1, 9) == 7


@every_kind
def test_a_question_without_enough_options_cannot_open(name: str) -> None:
    require_ready(SAMPLES[name].definition)
    least = BALLOTS[name].least
    if least:
        options = SAMPLES[name].definition.options[: least - 1]
        with pytest.raises(Refused) as refusal:
            require_ready(Definition(name, options, {}))
        assert refusal.value.details == {"field": "options", "reason": "too_few"}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        kind_of("lottery")
    assert refusal.value.details == {"field": "kind", "reason": "unknown"}


def test_candidates_get_letters_and_then_numbers() -> None:
    assert option_ids(28)[::9] == ("A", "J", "S", "o28")


def floats(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(floats, value.values()))
    if isinstance(value, list):
        return any(map(floats, value))
    return isinstance(value, float)
