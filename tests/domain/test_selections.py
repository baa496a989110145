"""What a form, a sheet and a close may do, and who sees figures."""

from dataclasses import replace
from typing import Any

import pytest

from tests.domain.selections import example
from townhall.domain import scoring
from townhall.domain import selections as rules
from townhall.domain.audience import AUDIENCES
from townhall.domain.errors import Refused
from townhall.domain.selections import CRITERIA, Candidate, RuleDraft

DRAFT = RuleDraft(weights=("25", "25", "50"), criteria=tuple(CRITERIA.items()))
LETTERS = ["A", "B"]
FULL = {letter: dict.fromkeys(CRITERIA, 3) for letter in LETTERS}


def test_default_rule_is_the_worked_examples() -> None:
    assert rules.default_rule(1, 5) == example()["rule"]
    assert scoring.parse_rule(rules.default_rule(0, 10)).live.score_max == 10


@pytest.mark.parametrize("weights", rules.PRESETS.values())
def test_every_preset_is_a_rule(weights: tuple[int, int, int]) -> None:
    sympathy, live, panel = map(str, weights)
    rule = rules.revised(rules.default_rule(1, 5), replace(DRAFT, weights=(sympathy, live, panel)))
    assert tuple(rule["weights"].values()) == weights


def test_draft_of_the_default_rule_changes_nothing() -> None:
    rule = rules.default_rule(1, 5)
    assert rules.revised(rule, DRAFT) == rule


def test_draft_keeps_decimals_cap_and_the_scale_of_the_final_round() -> None:
    draft = replace(DRAFT, weights=("33.5", "16.5", "50"), normalise="cap", cap=" 20 ")
    rule = rules.revised(rules.default_rule(1, 5), draft, (0, 10))
    assert rule["weights"] == {"sympathy": "33.5", "live": "16.5", "panel": 50}
    assert rule["sympathy"] == {"normalise": "cap:20"}
    assert (rule["live"]["score_min"], rule["live"]["score_max"]) == (0, 10)


@pytest.mark.parametrize(
    ("change", "code", "path", "got"),
    [
        ({"weights": ("25", "25", "49.5")}, "rule_weights", "rule.weights", "99.50"),
        ({"weights": ("1e9", "25", "50")}, "rule_field", "rule.weights.sympathy", ""),
        ({"criteria": (("a", "0.3"),)}, "rule_criteria", "rule.panel.criteria", "0.30"),
        (
            {"criteria": (("a", "0.5"), ("a", "0.5"))},
            "rule_criterion_twice",
            "rule.panel.criteria[1].id",
            "a",
        ),
    ],
)
def test_wrong_draft_is_refused_at_its_field(
    change: dict[str, Any], code: str, path: str, got: str
) -> None:
    with pytest.raises(Refused) as caught:
        rules.revised(rules.default_rule(1, 5), replace(DRAFT, **change))
    assert (caught.value.code, caught.value.details) == (code, {"path": path, "got": got})


def test_candidates_are_lettered_in_order() -> None:
    found = rules.line_up([("나무 심기", 12), (" 책수레 ", None)])
    assert found == (Candidate("A", "나무 심기", 12), Candidate("B", "책수레"))


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([("하나", None)], "candidates_number"),
        ([("하나", None), ("하나", 3)], "candidate_twice"),
        ([("하나", None), (" ", None)], "text_empty"),
    ],
)
def test_wrong_candidates_are_refused(found: Any, code: str) -> None:
    with pytest.raises(Refused) as caught:
        rules.line_up(found)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ([("B", "책수레"), ("A", "나무 심기")], True),
        ([("A", "책수레"), ("B", "나무 심기")], False),
        ([("A", "나무 심기")], False),
    ],
)
def test_a_question_matches_letter_by_letter(options: Any, same: bool) -> None:
    assert rules.matches([Candidate("A", "나무 심기"), Candidate("B", "책수레")], options) == same


def test_only_weights_may_change_under_sheets() -> None:
    old = rules.default_rule(1, 5)
    weights = tuple(zip(CRITERIA, ("0.1", "0.2", "0.3", "0.4"), strict=True))
    assert rules.same_sheets(old, rules.revised(old, replace(DRAFT, criteria=weights)))
    assert not rules.same_sheets(old, rules.revised(old, replace(DRAFT, score_max=10)))
    assert not rules.same_sheets(old, rules.revised(old, replace(DRAFT, criteria=(("a", "1"),))))


def test_sheet_is_kept_without_recused_and_empty_candidates() -> None:
    rule = rules.default_rule(1, 5)
    assert rules.sheet(rule, LETTERS, FULL, ["B"], final=True) == {"A": FULL["A"]}
    assert rules.sheet(rule, LETTERS, {"A": {}}, [], final=False) == {}


@pytest.mark.parametrize(
    ("scores", "recused"),
    [
        ({"C": {"reach": 3}}, []),
        ({}, ["C"]),
        ({"A": {"beauty": 3}}, []),
        ({"A": {"reach": 6}}, []),
        ({"A": {"reach": "3"}}, []),
    ],
)
def test_sheet_refuses_what_is_not_on_it(scores: Any, recused: list[str]) -> None:
    with pytest.raises(Refused, match="payload_invalid"):
        rules.sheet(rules.default_rule(1, 5), LETTERS, scores, recused, final=False)


def test_final_sheet_names_its_gaps() -> None:
    gap = {"A": FULL["A"], "B": {"reach": 3, "feasible": 3, "fit": 3}}
    with pytest.raises(Refused) as caught:
        rules.sheet(rules.default_rule(1, 5), LETTERS, gap, [], final=True)
    assert caught.value.details == {"n": 1, "missing": [("B", "lasting")]}


def test_outlook_of_the_example_is_clear_and_complete() -> None:
    assert rules.outlook(example()) == rules.Outlook(("A",), False, (), 4)


def test_outlook_tells_a_tie_and_missing_sheets() -> None:
    file = example(live__final=[], panel__sheets=[])
    for candidate in file["candidates"]:
        candidate["sympathy"] = 7
    found = rules.outlook(file)
    assert (found.leaders, found.tied, found.short) == (("A", "B", "C"), True, ("A", "B", "C"))


def test_a_panel_without_weight_needs_no_sheets() -> None:
    weights = {"sympathy": 50, "live": 50, "panel": 0}
    file = example(rule__weights=weights, panel__sheets=[])
    assert rules.outlook(file).short == ()
    assert rules.needed_sheets(file["rule"]) == 0
    assert rules.needed_sheets(example()["rule"]) == 4


@pytest.mark.parametrize(
    ("state", "rounds", "seen"),
    [
        ("open", [("revealed", "hidden")], []),
        ("closed", [("closed", "hidden")], ["console"]),
        ("closed", [("revealed", "hidden"), ("closed", "live")], ["console"]),
        ("decided", [("revealed", "hidden"), ("revealed", "hidden")], list(AUDIENCES)),
        ("closed", [], list(AUDIENCES)),
    ],
)
def test_figures_wait_for_every_round_in_them(
    state: str, rounds: list[tuple[str, str]], seen: list[str]
) -> None:
    assert [each for each in AUDIENCES if rules.figures_visible(each, state, rounds)] == seen


def test_a_sealed_file_says_who_wrote_it_and_scores_the_same() -> None:
    closing = {"code": "townhall 0.1.0", "closed_at": "2026-11-28T12:00:00.000+00:00"}
    for exception in (None, "두 위원이 오지 못했어요."):
        sealed = example(closing=closing | {"exception": exception})
        assert scoring.compute(scoring.parse(sealed)).standings == (
            scoring.compute(scoring.parse(example())).standings
        )
    with pytest.raises(Refused) as caught:
        scoring.parse(example(closing=closing | {"exception": ""}))
    assert caught.value.details["path"] == "closing.exception"


LINES = [("Night bus line 1", 11), ("Night bus line 2", 22)]


@pytest.mark.parametrize(
    ("before", "titles", "expected"),
    [
        pytest.param(None, ["개방 알림판", "방문 예약제"], [1, 2], id="as they were"),
        pytest.param(None, ["방문 예약제", "개방 알림판"], [2, 1], id="a title takes it along"),
        pytest.param(None, ["개방 알림판!", "방문예약제"], [1, 2], id="corrected"),
        pytest.param(None, ["방문 예약제", "개방 알림판!"], [2, 1], id="moved and corrected"),
        pytest.param(None, ["밤 도서관", "방문 예약제"], [None, 2], id="another one"),
        pytest.param(None, ["방문 예약제"], [2], id="one less"),
        pytest.param(None, ["개방 알림판", "개방 알림판"], [1, 1], id="twice, refused later"),
        pytest.param(LINES, ["Night bus line 2!", "Night bus line 1!"], [None, None], id="unclear"),
        pytest.param(LINES, ["Night bus line 2 late"], [None], id="like both that went"),
        pytest.param(LINES, ["Night bus line 1", "Night bus line 2!"], [11, 22], id="one is left"),
    ],
)
def test_titles_carry_their_proposals(
    before: list[tuple[str, int | None]] | None, titles: list[str], expected: list[int | None]
) -> None:
    known = before or [("개방 알림판", 1), ("방문 예약제", 2)]
    assert rules.carried(known, titles) == expected
