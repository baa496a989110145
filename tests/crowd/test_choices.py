"""Simulated people choose what the server takes, for every kind of ballot there is."""

import random
from typing import Any

import pytest

from townhall.crowd.choices import choose
from townhall.domain.ballots import BALLOTS, Definition, Option

CONFIGS: dict[str, list[dict[str, Any]]] = {
    "yesno": [{}],
    "single": [{}, {"abstain": True}],
    "multiple": [{"max": 2}, {"max": 3, "write_in": True}],
    "score": [{}, {"min": 0, "max": 10}],
    "ranking": [{}],
    "dots": [{}, {"budget": 7, "per_option_max": 2}, {"budget": 3, "not_own_table": True}],
}
CASES = [(kind, config) for kind, configs in CONFIGS.items() for config in configs]


def test_every_kind_has_choices() -> None:
    assert set(CONFIGS) == set(BALLOTS)


@pytest.mark.parametrize(("kind", "config"), CASES, ids=str)
def test_choice_is_one_that_the_kind_takes(kind: str, config: dict[str, Any]) -> None:
    options = (
        ()
        if kind == "yesno"
        else tuple(Option(f"t{n}", f"모둠 {n}의 이야기", table=n) for n in range(1, 5))
    )
    ballots = BALLOTS[kind]
    definition = Definition(kind, options, ballots.define(options, config))
    question = {
        "kind": kind,
        "title": "어떻게 생각하세요?",
        "options": [{"id": o.id, "title": o.title, "table": o.table} for o in options],
        "config": dict(definition.config),
    }
    dice = random.Random(3)
    for _ in range(200):
        choice = choose(question, dice, table=2)
        ballots.clean(definition, choice, 2)


def test_kind_that_is_not_known_here_is_left_alone() -> None:
    assert choose({"kind": "lottery", "title": "", "options": []}, random.Random(1), None) is None
