"""One contract for every kind of agenda segment, and the facts of those that have some."""

from typing import Any, get_args

import pytest

from townhall.domain.errors import Refused
from townhall.domain.segments import SEGMENTS, kind_of
from townhall.domain.segments.kind import Scene

every_kind = pytest.mark.parametrize("name", sorted(SEGMENTS))


def test_the_kinds_are_registered_under_their_names() -> None:
    assert list(SEGMENTS) == ["talk", "pitch", "tables", "question", "points", "ask", "break"]
    assert [kind.name for kind in SEGMENTS.values()] == list(SEGMENTS)


@every_kind
def test_a_kind_shows_a_scene_and_can_spare_only_what_it_has(name: str) -> None:
    kind = SEGMENTS[name]
    assert kind.scene in get_args(Scene)
    assert kind.minutes > 0
    assert 0 <= kind.spare <= 50


def test_no_vote_and_no_candidate_gives_time_back() -> None:
    assert {name: kind.spare for name, kind in SEGMENTS.items() if kind.spare} == {
        "talk": 30,
        "tables": 20,
        "ask": 50,
        "break": 50,
    }


def test_votes_and_stickers_come_with_a_question() -> None:
    assert {name for name, kind in SEGMENTS.items() if kind.asks} == {"question", "points"}


@every_kind
def test_facts_checked_again_stay_the_same(name: str) -> None:
    facts = SEGMENTS[name].facts({})
    assert SEGMENTS[name].facts(facts) == facts


@every_kind
def test_unknown_facts_are_refused_by_field(name: str) -> None:
    with pytest.raises(Refused) as refusal:
        SEGMENTS[name].facts({"colour": "red"})
    assert refusal.value.code == "segment_invalid"
    assert refusal.value.details == {"field": "colour", "reason": "unknown"}


def test_pitch_speakers_have_three_minutes_unless_told() -> None:
    given = {"speakers": [{"candidate": "B"}, {"candidate": "A", "seconds": 60}]}
    assert SEGMENTS["pitch"].facts(given) == {
        "speakers": [{"candidate": "B", "seconds": 180}, {"candidate": "A", "seconds": 60}]
    }


@pytest.mark.parametrize(
    ("name", "facts", "field", "reason"),
    [
        ("pitch", {"speakers": "A"}, "speakers", "type"),
        ("pitch", {"speakers": ["A"]}, "speakers", "type"),
        ("pitch", {"speakers": [{"candidate": "A"}] * 41}, "speakers", "type"),
        ("pitch", {"speakers": [{"candidate": "A"}] * 2}, "speakers", "repeated"),
        ("pitch", {"speakers": [{}]}, "candidate", "type"),
        ("pitch", {"speakers": [{"candidate": ""}]}, "candidate", "type"),
        ("pitch", {"speakers": [{"candidate": "A", "seconds": 29}]}, "seconds", "range"),
        ("pitch", {"speakers": [{"candidate": "A", "seconds": True}]}, "seconds", "type"),
        ("pitch", {"speakers": [{"candidate": "A", "name": "x"}]}, "name", "unknown"),
        ("tables", {"limit": 501}, "limit", "range"),
        ("tables", {"limit": "140"}, "limit", "type"),
    ],
)
def test_facts_that_cannot_be_are_refused_by_field(
    name: str, facts: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Refused) as refusal:
        SEGMENTS[name].facts(facts)
    assert refusal.value.details == {"field": field, "reason": reason}


def test_an_unknown_kind_is_refused() -> None:
    assert kind_of("talk") is SEGMENTS["talk"]
    with pytest.raises(Refused) as refusal:
        kind_of("dance")
    assert refusal.value.details == {"field": "kind", "reason": "unknown"}
