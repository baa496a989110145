"""What a simulated person chooses: a plausible ballot for any kind of question.

Everybody in a crowd leans the same way by an option's title, and each person strays from it; so
results have a shape, and a final round resembles its first. Pure: the dice are an argument.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

_ABSTAINS = 0.05
_STRAYS = 0.25


def leaning(title: str) -> float:
    """How much a crowd likes something, 0.2 to 0.9, the same in every run."""
    return random.Random(title).uniform(0.2, 0.9)


def choose(question: Mapping[str, Any], dice: random.Random, table: int | None) -> Any:
    """A choice in the form that the question's kind documents; None for a kind unknown here."""
    choose_kind = KINDS.get(question["kind"])
    return choose_kind(question, dice, table) if choose_kind else None


def _likes(options: Sequence[Mapping[str, Any]], dice: random.Random) -> dict[str, float]:
    """Option id -> how much this person likes it, now."""
    return {
        str(option["id"]): min(1.0, max(0.01, dice.gauss(leaning(option["title"]), _STRAYS)))
        for option in options
    }


def _drawn(likes: Mapping[str, float], dice: random.Random) -> str:
    return dice.choices(list(likes), [like**2 for like in likes.values()])[0]


def _yesno(question: Mapping[str, Any], dice: random.Random, table: int | None) -> str:
    if dice.random() < 2 * _ABSTAINS:
        return "abstain"
    return "yes" if dice.random() < leaning(question["title"]) else "no"


def _single(question: Mapping[str, Any], dice: random.Random, table: int | None) -> str:
    if question["config"].get("abstain") and dice.random() < _ABSTAINS:
        return "abstain"
    return _drawn(_likes(question["options"], dice), dice)


def _multiple(question: Mapping[str, Any], dice: random.Random, table: int | None) -> Any:
    likes = _likes(question["options"], dice)
    most = min(int(question["config"].get("max", 1)), len(likes))
    best = sorted(likes, key=lambda option: -likes[option])
    return {"picks": sorted(best[: dice.randint(1, most)])}


def _score(question: Mapping[str, Any], dice: random.Random, table: int | None) -> Any:
    low, high = int(question["config"]["min"]), int(question["config"]["max"])
    return {
        option: None if dice.random() < _ABSTAINS else round(low + like * (high - low))
        for option, like in _likes(question["options"], dice).items()
    }


def _ranking(question: Mapping[str, Any], dice: random.Random, table: int | None) -> list[str]:
    likes = _likes(question["options"], dice)
    order = sorted(likes, key=lambda option: -likes[option])
    return order if dice.random() < 0.8 else order[: max(1, len(order) - 1)]


def _dots(question: Mapping[str, Any], dice: random.Random, table: int | None) -> dict[str, int]:
    config = question["config"]
    elsewhere = [
        option
        for option in question["options"]
        if not (config.get("not_own_table") and table and option.get("table") == table)
    ]
    likes = _likes(elsewhere, dice)
    most = config.get("per_option_max") or config["budget"]
    given: dict[str, int] = {}
    for _ in range(int(config["budget"])):
        free = {option: like for option, like in likes.items() if given.get(option, 0) < most}
        if free:
            option = _drawn(free, dice)
            given[option] = given.get(option, 0) + 1
    return given


KINDS = {
    "yesno": _yesno,
    "single": _single,
    "multiple": _multiple,
    "score": _score,
    "ranking": _ranking,
    "dots": _dots,
}
