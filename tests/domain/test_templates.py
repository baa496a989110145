"""What the ready plans contain."""

import json
from pathlib import Path

import pytest

from townhall.domain import templates
from townhall.domain.ballots import BALLOTS
from townhall.domain.errors import Refused
from townhall.domain.segments import SEGMENTS

THREE = ["도서관 개방 알림판", "방문 예약제", "유아와 함께 쓰는 시간"]
LOCALES = Path(__file__).parents[2] / "townhall" / "locale"

every_template = pytest.mark.parametrize("key", templates.TEMPLATES)


def test_small_library_scores_twice_and_gives_points_between() -> None:
    plan = templates.plan("small-library", THREE)
    asked = [plan.questions[s.question] for s in plan.segments if s.question is not None]
    assert [(q.kind, q.round, q.first) for q in asked] == [
        ("score", "first", None),
        ("dots", None, None),
        ("score", "final", 0),
    ]
    assert asked[0].options == asked[2].options == plan.candidates
    assert [question.source for question in asked] == ["candidates", "summaries", "candidates"]
    assert asked[1].config["over"] == "summaries"
    assert asked[0].config == asked[2].config
    assert [(option.id, option.title) for option in plan.candidates] == [
        *zip("ABC", THREE, strict=True)
    ]
    assert plan.entry == "seats"


def test_small_library_goes_from_opening_to_closing_in_three_hours() -> None:
    plan = templates.plan("small-library", THREE)
    assert [segment.kind for segment in plan.segments] == [
        "talk",
        "talk",
        "talk",
        "pitch",
        "question",
        "tables",
        "break",
        "points",
        "tables",
        "question",
        "talk",
        "talk",
    ]
    assert sum(segment.minutes for segment in plan.segments) == 177


def test_every_candidate_has_a_pitch_of_three_minutes() -> None:
    (pitch,) = [s for s in templates.plan("small-library", THREE).segments if s.kind == "pitch"]
    assert pitch.minutes == 12
    assert pitch.facts["speakers"] == [{"candidate": letter, "seconds": 180} for letter in "ABC"]


@pytest.mark.parametrize(
    ("candidates", "kind", "pitched"),
    [([], "yesno", False), (["하나"], "yesno", True), (THREE, "single", True)],
)
def test_open_forum_asks_for_a_choice_where_there_is_one(
    candidates: list[str], kind: str, pitched: bool
) -> None:
    plan = templates.plan("open-forum", candidates)
    assert [question.kind for question in plan.questions] == ["dots", kind]
    assert {question.eligibility for question in plan.questions} == {"open"}
    assert any(segment.kind == "pitch" for segment in plan.segments) is pitched
    assert plan.entry == "open"


def test_blank_is_blank_but_keeps_the_candidates() -> None:
    plan = templates.plan("blank", THREE)
    assert (plan.segments, plan.questions) == ((), ())
    assert len(plan.candidates) == 3


@every_template
def test_a_plan_holds_together(key: str) -> None:
    plan = templates.plan(key, THREE)
    for segment in plan.segments:
        assert SEGMENTS[segment.kind].facts(segment.facts) == segment.facts
        assert SEGMENTS[segment.kind].asks is (segment.question is not None)
    for question in plan.questions:
        config = BALLOTS[question.kind].define(question.options, question.config)
        assert config == question.config
    used = [s.question for s in plan.segments if s.question is not None]
    assert sorted(used) == list(range(len(plan.questions)))


@every_template
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_key_of_a_plan_is_in_the_catalogue(key: str, language: str) -> None:
    words = json.loads((LOCALES / language / "domain.json").read_text("utf-8"))
    wanted: set[str] = set()
    for candidates in ([], THREE) if key == "open-forum" else (THREE,):
        plan = templates.plan(key, candidates)
        wanted |= {each for s in plan.segments for each in (s.title, s.prompt)}
        wanted |= {each for q in plan.questions for each in (q.title, q.help)}
    assert wanted - words.keys() == set()


@pytest.mark.parametrize(
    ("key", "candidates", "code"),
    [
        ("assembly", THREE, "template_unknown"),
        ("small-library", THREE[:1], "candidates_count"),
        ("blank", ["x"] * 13, "candidates_count"),
        ("open-forum", ["\u200b"], "text_empty"),
        ("small-library", ["x", "y" * 121], "text_too_long"),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused(key: str, candidates: list[str], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        templates.plan(key, candidates)
    assert refusal.value.code == code


def test_a_candidate_stands_once() -> None:
    with pytest.raises(Refused, match="candidate_twice title=가"):
        templates.plan("small-library", ["가", "나", "가"])
