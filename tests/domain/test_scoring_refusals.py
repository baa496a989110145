"""Bad input is refused with the path of the field and the reason; the digest is over one form."""

import hashlib
import json
import unicodedata
from typing import Any

import pytest

from tests.domain.selections import changed, example, made
from townhall.domain.errors import Refused
from townhall.domain.scoring import compute, digest, parse, parse_rule, read

CRITERION = {"id": "reach", "weight": "0.3"}
CLOSING = {"code": "0.1.0", "closed_at": "2026-11-22T05:00:00Z", "exception": None}


def refused(value: Any) -> tuple[str, str, str]:
    with pytest.raises(Refused) as caught:
        parse(value)
    details = caught.value.details
    return (caught.value.code, str(details["path"]), str(details["reason"]))


@pytest.mark.parametrize(
    ("field", "value", "path", "reason"),
    [
        ("format", "townhall-selection/2", "format", "not_one_of"),
        ("rule", [], "rule", "not_an_object"),
        ("extra", 1, "extra", "unknown_field"),
        ("rule__extra", 1, "rule.extra", "unknown_field"),
        ("rule__weights__extra", 0, "rule.weights.extra", "unknown_field"),
        ("rule__version", 0, "rule.version", "out_of_range"),
        ("rule__version", True, "rule.version", "not_an_integer"),
        ("rule__version", "1", "rule.version", "not_an_integer"),
        ("rule__weights__panel", 49, "rule.weights", "weights_do_not_sum_to_100"),
        ("rule__weights__panel", "50.5", "rule.weights", "weights_do_not_sum_to_100"),
        ("rule__weights__panel", 50.0, "rule.weights.panel", "a_float"),
        ("rule__weights__panel", float("nan"), "rule.weights.panel", "a_float"),
        ("rule__weights__panel", True, "rule.weights.panel", "not_a_number"),
        ("rule__weights__panel", "5e1", "rule.weights.panel", "not_a_number"),
        ("rule__weights__panel", "-50", "rule.weights.panel", "not_a_number"),
        ("rule__weights__panel", "50\n", "rule.weights.panel", "not_a_number"),
        ("rule__weights__panel", "٥٠", "rule.weights.panel", "not_a_number"),
        ("rule__weights__panel", -50, "rule.weights.panel", "out_of_range"),
        ("rule__weights__panel", 101, "rule.weights.panel", "out_of_range"),
        ("rule__sympathy__normalise", "best", "rule.sympathy.normalise", "not_one_of"),
        ("rule__sympathy__normalise", "minmax", "rule.sympathy.normalise", "not_one_of"),
        ("rule__sympathy__normalise", 1, "rule.sympathy.normalise", "not_one_of"),
        ("rule__sympathy__normalise", "cap", "rule.sympathy.normalise", "cap_needs_a_number"),
        ("rule__sympathy__normalise", "cap:0", "rule.sympathy.normalise", "out_of_range"),
        ("rule__sympathy__normalise", "cap:", "rule.sympathy.normalise", "not_an_integer"),
        ("rule__sympathy__normalise", "cap:+5", "rule.sympathy.normalise", "not_an_integer"),
        ("rule__sympathy__window_top", 23, "rule.sympathy.window_top", "below_a_candidate"),
        ("rule__live__aggregate", "best", "rule.live.aggregate", "not_one_of"),
        ("rule__live__normalise", "rank", "rule.live.normalise", "not_one_of"),
        ("rule__live__score_max", 1, "rule.live.score_max", "out_of_range"),
        ("rule__live__score_min", -1, "rule.live.score_min", "out_of_range"),
        ("rule__live__votes", 3, "rule.live.votes", "needs_score_min_0"),
        ("rule__live__coverage_gap", 2, "rule.live.coverage_gap", "out_of_range"),
        ("rule__panel__aggregate", "median", "rule.panel.aggregate", "not_one_of"),
        ("rule__panel__seats", 0, "rule.panel.seats", "out_of_range"),
        ("rule__panel__seats", 4, "panel.sheets", "more_sheets_than_seats"),
        ("rule__panel__quorum", "0.66", "rule.panel.quorum", "not_a_quotient"),
        ("rule__panel__quorum", "2/0", "rule.panel.quorum", "not_a_quotient"),
        ("rule__panel__quorum", 1, "rule.panel.quorum", "not_a_quotient"),
        ("rule__panel__quorum", "4/3", "rule.panel.quorum", "out_of_range"),
        ("rule__panel__quorum", "0/3", "rule.panel.quorum", "out_of_range"),
        ("rule__panel__criteria", [], "rule.panel.criteria", "too_few"),
        ("rule__panel__criteria", {}, "rule.panel.criteria", "not_a_list"),
        ("rule__panel__criteria", [CRITERION], "rule.panel.criteria", "criteria_do_not_sum_to_1"),
        ("rule__panel__criteria__1", CRITERION, "rule.panel.criteria[1].id", "duplicate"),
        ("rule__panel__criteria__0__weight", 0.3, "rule.panel.criteria[0].weight", "a_float"),
        ("rule__panel__criteria__0__name", "", "rule.panel.criteria[0].name", "unknown_field"),
        ("rule__tie_break", ["coin"], "rule.tie_break[0]", "not_one_of"),
        ("rule__tie_break", ["lot", "lot"], "rule.tie_break[1]", "duplicate"),
        ("rule__lot_seed", 7, "rule.lot_seed", "not_text"),
        ("rule__lot_seed", " ", "rule.lot_seed", "empty"),
        ("rule__floor", {"panel": 6}, "rule.floor.panel", "out_of_range"),
        ("rule__floor", {"live": 1}, "rule.floor.live", "unknown_field"),
        ("rule__equal_band", "x", "rule.equal_band", "not_a_number"),
        ("candidates", [], "candidates", "too_few"),
        ("candidates__1__id", "A", "candidates[1].id", "duplicate"),
        ("candidates__1__id", "", "candidates[1].id", "empty"),
        ("candidates__1__title", None, "candidates[1].title", "not_text"),
        ("candidates__1__title", "\ud800", "candidates[1].title", "not_unicode"),
        ("candidates__1__sympathy", -1, "candidates[1].sympathy", "out_of_range"),
        ("candidates__1__sympathy", 10**9 + 1, "candidates[1].sympathy", "out_of_range"),
        ("candidates__1__sympathy", False, "candidates[1].sympathy", "not_an_integer"),
        ("candidates__1__votes", 3, "candidates[1].votes", "unknown_field"),
        ("live__final", None, "live.final", "not_a_list"),
        ("live__final__2", [5, 4, 3], "live.final[2]", "not_an_object"),
        ("live__final__2__A", 6, "live.final[2].A", "out_of_range"),
        ("live__final__2__A", 0, "live.final[2].A", "out_of_range"),
        ("live__final__2__A", True, "live.final[2].A", "not_an_integer"),
        ("live__final__2__A", 3.0, "live.final[2].A", "a_float"),
        ("live__final__2__D", 3, "live.final[2].D", "unknown_candidate"),
        ("live__first__0__A", 9, "live.first[0].A", "out_of_range"),
        ("live__second", [], "live.second", "unknown_field"),
        ("live__suspicious", [20], "live.suspicious[0]", "out_of_range"),
        ("live__suspicious", [3, 3], "live.suspicious[1]", "duplicate"),
        ("panel__sheets__1__panelist", "P1", "panel.sheets[1].panelist", "duplicate"),
        ("panel__sheets__1__final", 1, "panel.sheets[1].final", "not_true_or_false"),
        ("panel__sheets__1__comment", "", "panel.sheets[1].comment", "unknown_field"),
        ("panel__sheets__1__recused", ["D"], "panel.sheets[1].recused[0]", "unknown_candidate"),
        ("panel__sheets__1__recused", [["A"]], "panel.sheets[1].recused[0]", "unknown_candidate"),
        ("panel__sheets__1__recused", ["A"], "panel.sheets[1].scores.A", "recused_but_scored"),
        ("panel__sheets__1__scores__D", {}, "panel.sheets[1].scores.D", "unknown_candidate"),
        ("panel__sheets__1__scores__B", {}, "panel.sheets[1].scores.B.reach", "sheet_incomplete"),
        ("panel__sheets__1__scores__B__fit", 6, "panel.sheets[1].scores.B.fit", "out_of_range"),
        (
            "panel__sheets__1__scores__B__fit",
            None,
            "panel.sheets[1].scores.B.fit",
            "not_an_integer",
        ),
        ("panel__sheets__1__scores__B__x", 1, "panel.sheets[1].scores.B.x", "unknown_criterion"),
        ("revote", {"D": 1}, "revote.D", "unknown_candidate"),
        ("revote", {"A": -1}, "revote.A", "out_of_range"),
        ("revote", [1], "revote", "not_an_object"),
        ("closing", {"code": "1"}, "closing.closed_at", "missing_field"),
        ("closing", CLOSING | {"code": 1}, "closing.code", "not_text"),
        ("closing", CLOSING | {"exception": ""}, "closing.exception", "empty"),
        ("closing", CLOSING | {"by": "x"}, "closing.by", "unknown_field"),
    ],
)
def test_a_wrong_field_is_refused_by_path_and_reason(
    field: str, value: Any, path: str, reason: str
) -> None:
    assert refused(example(**{field: value})) == ("selection_invalid", path, reason)


REQUIRED = [
    "format",
    "rule",
    "candidates",
    "live",
    "panel",
    "rule__version",
    "rule__weights",
    "rule__weights__live",
    "rule__sympathy",
    "rule__sympathy__normalise",
    "rule__live",
    "rule__live__aggregate",
    "rule__live__score_min",
    "rule__live__score_max",
    "rule__panel",
    "rule__panel__aggregate",
    "rule__panel__score_max",
    "rule__panel__seats",
    "rule__panel__quorum",
    "rule__panel__criteria",
    "live__final",
    "panel__sheets",
]


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_field_is_refused(field: str) -> None:
    file = example()
    *way, last = field.split("__")
    place = file
    for step in way:
        place = place[step]
    del place[last]
    assert refused(file) == ("selection_invalid", field.replace("__", "."), "missing_field")


@pytest.mark.parametrize("field", ["panelist", "final", "scores"])
def test_a_sheet_lacks_nothing(field: str) -> None:
    file = example()
    del file["panel"]["sheets"][0][field]
    assert refused(file)[1:] == (f"panel.sheets[0].{field}", "missing_field")


def test_what_may_be_left_out_has_the_documented_value() -> None:
    short, long = example(), example()
    for field in ("tie_break", "lot_seed"):
        del short["rule"][field]
    for sheet in short["panel"]["sheets"]:
        del sheet["recused"]
    long["rule"] |= {"floor": {"sympathy": 0, "panel": 0}, "equal_band": 1}
    long["rule"]["live"] |= {"normalise": "max", "votes": None, "shrinkage": 0}
    long["rule"]["panel"] |= {"normalise": "max", "score_min": 1}
    long["rule"]["sympathy"]["window_top"] = None
    long["live"]["suspicious"] = []
    long["revote"] = None
    plain = compute(parse(example()))
    for file in (short, long):
        assert compute(parse(file)).standings == plain.standings


@pytest.mark.parametrize(
    ("rule", "path", "reason"),
    [
        (
            {"normalise": "share", "window_top": 30},
            "rule.sympathy.window_top",
            "only_with_top_or_log",
        ),
        ({"normalise": "top", "window_top": -1}, "rule.sympathy.window_top", "out_of_range"),
    ],
)
def test_a_window_top_needs_a_ratio_to_it(rule: dict[str, Any], path: str, reason: str) -> None:
    assert refused(example(rule__sympathy=rule))[1:] == (path, reason)


def test_shrinkage_needs_a_mean() -> None:
    file = example(rule__live__shrinkage=2, rule__live__aggregate="median")
    assert refused(file)[1:] == ("rule.live.shrinkage", "needs_aggregate_mean")


def test_more_votes_than_allowed_are_refused() -> None:
    rule = {"aggregate": "mean", "score_min": 0, "score_max": 3, "votes": 3}
    file = made([1, 1], [[3, 0], [2, 2]], rule__live=rule)
    assert refused(file)[1:] == ("live.final[1]", "too_many_votes")


def test_a_sheet_that_scores_whom_it_recuses_is_refused_and_the_rest_must_be_complete() -> None:
    file = made([1, 1], sheets=[[[3], None]])
    assert compute(parse(file)).standings[0].evidence.sheets == 1
    assert refused(changed(file, panel__sheets__0__scores={}))[1:] == (
        "panel.sheets[0].scores.A.k0",
        "sheet_incomplete",
    )


@pytest.mark.parametrize("value", [None, [], "text", 3, True])
def test_what_is_not_an_object_is_no_selection(value: Any) -> None:
    assert refused(value) == ("selection_invalid", "selection", "not_an_object")


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        ({1: 2}, "1", "not_text"),
        ({"a": {1, 2}}, "a", "not_json"),
        ({"a": 1.5}, "a", "a_float"),
        ({"\ud800": 1}, "selection", "not_unicode"),
        ({"가": 1, unicodedata.normalize("NFD", "가"): 2}, "가", "duplicate_key"),
    ],
)
def test_what_json_or_the_canonical_form_does_not_have_is_refused(
    value: Any, path: str, reason: str
) -> None:
    assert refused(value)[1:] == (path, reason)


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        ("", "selection", "not_json"),
        ("{", "selection", "not_json"),
        ('{"a": 1} x', "selection", "not_json"),
        ("[" * 100_000, "selection", "too_deep"),
        ("[" * 20 + "]" * 20, "selection" + "[0]" * 16, "too_deep"),
        ("9" * 5000, "selection", "number_too_long"),
        ('{"a": 1.0}', "a", "a_float"),
        ('{"a": 1e3}', "a", "a_float"),
        ('{"a": NaN}', "a", "a_float"),
        ('{"a": -Infinity}', "a", "a_float"),
        ('{"a": {"b": 1, "b": 1}}', "a.b", "duplicate_key"),
        ('{"a": [{"b": 1, "c": 2, "b": 1}]}', "a[0].b", "duplicate_key"),
    ],
)
def test_text_that_is_no_selection_is_refused(text: str, path: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(read(text))
    assert (caught.value.details["path"], caught.value.details["reason"]) == (path, reason)


def test_a_doubled_candidate_in_a_ballot_is_refused() -> None:
    text = json.dumps(example(live__final=[{"A": 5}])).replace('{"A": 5}', '{"A": 5, "A": 1}')
    assert refused(read(text))[1:] == ("live.final[0].A", "duplicate_key")


def test_a_refusal_reads_as_code_and_details() -> None:
    assert str(Refused("selection_invalid", path="a.b", reason="empty")) == (
        "selection_invalid path=a.b reason=empty"
    )


def test_the_rule_can_be_read_alone() -> None:
    assert parse_rule(example()["rule"]) == parse(example()).rule
    with pytest.raises(Refused) as caught:
        parse_rule({})
    assert caught.value.details == {"path": "rule.version", "reason": "missing_field"}


def test_the_digest_is_over_sorted_keys_without_spaces_in_nfc() -> None:
    value = {"나": [1, None, True], "a": unicodedata.normalize("NFD", "가")}
    form = '{"a":"가","나":[1,null,true]}'
    assert digest(value) == f"sha256:{hashlib.sha256(form.encode()).hexdigest()}"


def test_the_digest_ignores_order_and_spelling_of_the_file_and_nothing_else() -> None:
    file = example()
    turned = dict(reversed(list(file.items())))
    spaced = read(json.dumps(turned, indent=3, ensure_ascii=True))
    assert parse(spaced).digest == parse(file).digest == digest(file)
    assert digest(example(candidates__0__sympathy=25)) != digest(file)
    assert compute(parse(file)).digest == digest(file)


def test_how_a_file_was_sealed_is_in_the_digest_and_not_in_the_score() -> None:
    sealed, plain = parse(example(closing=CLOSING)), parse(example(closing=None))
    assert compute(sealed).standings == compute(plain).standings
    assert sealed.digest != plain.digest


def test_a_candidate_is_the_same_in_either_normal_form() -> None:
    file = made([1], [[5]])
    name = unicodedata.normalize("NFD", "가람")
    file["candidates"][0]["id"] = unicodedata.normalize("NFC", name)
    file["live"]["final"] = [{name: 5}]
    assert compute(parse(file)).standings[0].points.live == 25
