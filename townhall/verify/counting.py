"""Counting by kind of ballot, straight from the choices: cells, and the result that people read.

Written from docs/verify.md and not from the code that counts. A definition that cannot be counted
raises BrokenDefinition. Orders of preference are in `rankings`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from townhall.verify import rankings
from townhall.verify.figures import percent, places, rounded, width

WIDEST = 100
"""The longest scale of scores."""

Choices = Sequence[Any]
Result = dict[str, Any]


class BrokenDefinition(Exception):  # noqa: N818 (an answer about a file, not an error of ours)
    """A question whose definition does not say how to count it."""


class Kind:
    """One question as it is counted. Subclasses know the choices of their kind."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.base = definition["base"]
        self.config = definition["config"]
        self.options = definition["options"]
        self.order: list[str] = [option["id"] for option in self.options]
        if len(set(self.order)) != len(self.order):
            raise BrokenDefinition

    def valid(self, choice: Any) -> bool:
        """Whether this is a choice of the question."""
        raise BrokenDefinition

    def cells(self, choices: Choices) -> dict[str, int]:
        """The tally: cell -> ballots (or points), without empty cells."""
        found: Counter[str] = Counter()
        for choice in choices:
            found.update(self.marks(choice))
        return {cell: n for cell, n in found.items() if n}

    def marks(self, choice: Any) -> dict[str, int]:
        """What one choice adds to the tally."""
        return {choice: 1}

    def result(self, choices: Choices, eligible: int) -> Result:
        """What people read; `eligible` is the base where the question says so."""
        raise BrokenDefinition

    def own_tables(self) -> dict[str, int]:
        """Which table an option speaks for, where its own table may not choose it."""
        return {}

    def _told(self, rows: list[dict[str, Any]], n: int, abstained: int, eligible: int) -> Result:
        """A result with the share of each row's count, rows by place."""
        base = self._base(n, abstained, eligible)
        shared = [{**row, "share": percent(row["count"], base)} for row in rows]
        shared.sort(key=lambda row: row["place"])
        return {"n": n, "abstained": abstained, "base": base, "rows": shared}

    def _base(self, n: int, abstained: int, eligible: int) -> int:
        if self.base == "entitled":
            return eligible
        return n - abstained if self.base == "valid" else n


def votes(ids: Sequence[str], counts: Sequence[int], base: int) -> list[dict[str, Any]]:
    """Rows whose figure is a number of votes."""
    return [
        {
            "id": each,
            "figure": str(count),
            "unit": "votes",
            "count": count,
            "bar": width(count, base),
            "place": place,
        }
        for each, count, place in zip(ids, counts, places(counts), strict=True)
    ]


class YesNo(Kind):
    """Yes, no, abstain; rows keep that order."""

    answers = ("yes", "no", "abstain")

    def valid(self, choice: Any) -> bool:
        return isinstance(choice, str) and choice in self.answers

    def result(self, choices: Choices, eligible: int) -> Result:
        counts = [choices.count(answer) for answer in self.answers]
        base = self._base(len(choices), counts[2], eligible)
        rows = votes(self.answers[:2], counts[:2], base)
        rows += [{**votes(("abstain",), counts[2:], base)[0], "place": None}]
        for row in rows:
            row["share"] = percent(row["count"], base)
        if self.base == "valid":
            rows[2] |= {"share": None, "bar": "0.0"}
        return {"n": len(choices), "abstained": counts[2], "base": base, "rows": rows}


class Single(Kind):
    """One option, or abstaining."""

    def valid(self, choice: Any) -> bool:
        if not isinstance(choice, str):
            return False
        return choice in self.order or (choice == "abstain" and self.config["abstain"] is True)

    def result(self, choices: Choices, eligible: int) -> Result:
        found = Counter(choices)
        base = self._base(len(choices), found["abstain"], eligible)
        rows = votes(self.order, [found[option] for option in self.order], base)
        return self._told(rows, len(choices), found["abstain"], eligible)


class Multiple(Kind):
    """Several options, and a text of one's own."""

    def valid(self, choice: Any) -> bool:
        if not isinstance(choice, dict) or not {"picks"} <= choice.keys() <= {"picks", "other"}:
            return False
        picks, other = choice["picks"], choice.get("other", "-")
        known = isinstance(picks, list) and picks == [each for each in self.order if each in picks]
        written = isinstance(other, str) and other != ""
        if not known or not written or ("other" in choice and self.config["write_in"] is not True):
            return False
        most: int = self.config["max"]
        return 1 <= len(picks) + ("other" in choice) <= most

    def marks(self, choice: Any) -> dict[str, int]:
        own = {"other": 1} if "other" in choice else {}
        return dict.fromkeys(choice["picks"], 1) | own | {"#": 1}

    def result(self, choices: Choices, eligible: int) -> Result:
        ids = [*self.order, *(["other"] if self.config["write_in"] else [])]
        found = Counter(each for choice in choices for each in choice["picks"])
        texts = Counter(choice["other"] for choice in choices if "other" in choice)
        found["other"] = texts.total()
        base = self._base(len(choices), 0, eligible)
        rows = votes(ids, [found[each] for each in ids], base)
        others = [
            {"text": text, "count": n}
            for text, n in sorted(texts.items(), key=lambda item: (-item[1], item[0]))
        ]
        return self._told(rows, len(choices), 0, eligible) | {"others": others}


class Score(Kind):
    """A score of every option, or null."""

    def valid(self, choice: Any) -> bool:
        if not isinstance(choice, dict) or choice.keys() != set(self.order):
            return False
        low, high = self.config["min"], self.config["max"]
        return all(
            score is None or (type(score) is int and low <= score <= high)
            for score in choice.values()
        )

    def marks(self, choice: Any) -> dict[str, int]:
        given = {f"{option}:{n}": 1 for option, n in choice.items() if n is not None}
        return (given or {"#abstain": 1}) | {"#": 1}

    def result(self, choices: Choices, eligible: int) -> Result:
        given = {
            option: [choice[option] for choice in choices if choice[option] is not None]
            for option in self.order
        }
        means = [Fraction(sum(own), len(own)) if own else None for own in given.values()]
        rows = [
            {
                "id": option,
                "figure": None if mean is None else rounded(mean, 2),
                "unit": "mean",
                "count": len(given[option]),
                "bar": width(mean or 0, self.config["max"]),
                "place": place,
                "abstained": len(choices) - len(given[option]),
                "spread": {
                    str(score): given[option].count(score)
                    for score in range(self.config["min"], self.config["max"] + 1)
                },
            }
            for option, mean, place in zip(self.order, means, places(means), strict=True)
        ]
        silent = sum(all(score is None for score in choice.values()) for choice in choices)
        return self._told(rows, len(choices), silent, eligible)


class Dots(Kind):
    """Points from a purse."""

    def valid(self, choice: Any) -> bool:
        if not isinstance(choice, dict) or not choice.keys() <= set(self.order):
            return False
        budget = self.config["budget"]
        most = self.config["per_option_max"] or budget
        fits = all(type(points) is int and 1 <= points <= most for points in choice.values())
        return fits and sum(choice.values()) <= budget

    def marks(self, choice: Any) -> dict[str, int]:
        cells = {**choice, **{f"{option}#": 1 for option in choice}, "#": 1}
        if not choice:
            cells["#abstain"] = 1
        elif self._piled(choice):
            cells["#piled"] = 1
        return cells

    def _piled(self, choice: Any) -> bool:
        return list(choice.values()) == [self.config["budget"]]

    def own_tables(self) -> dict[str, int]:
        if not self.config["not_own_table"]:
            return {}
        return {each["id"]: each["table"] for each in self.options if each.get("table") is not None}

    def result(self, choices: Choices, eligible: int) -> Result:
        points = [sum(choice.get(option, 0) for choice in choices) for option in self.order]
        total, most = sum(points), max(points, default=0)
        rows = [
            {
                "id": option,
                "figure": str(given),
                "unit": "points",
                "count": sum(option in choice for choice in choices),
                "bar": width(given, most),
                "place": place,
            }
            for option, given, place in zip(self.order, points, places(points), strict=True)
        ]
        falling = sorted(points, reverse=True)
        half = next(n for n in range(len(points) + 1) if 2 * sum(falling[:n]) >= total)
        return self._told(rows, len(choices), sum(not choice for choice in choices), eligible) | {
            "points": total,
            "concentration": {
                "top": percent(most, total),
                "half": half,
                "reached": sum(given > 0 for given in points),
                "piled": sum(self._piled(choice) for choice in choices),
            },
        }


class Ranking(Kind):
    """Options in order of preference, best first."""

    def valid(self, choice: Any) -> bool:
        if not isinstance(choice, list) or not choice:
            return False
        known = all(isinstance(each, str) and each in self.order for each in choice)
        return known and len(set(choice)) == len(choice)

    def marks(self, choice: Any) -> dict[str, int]:
        return {"#": 1}

    def result(self, choices: Choices, eligible: int) -> Result:
        method = self.config["method"]
        duels = rankings.duels(self.order, choices)
        rows, extras = rankings.METHODS[method](self.order, choices, duels)
        for row in rows:
            row["count"] = sum(choice[0] == row["id"] for choice in choices)
        return self._told(rows, len(choices), 0, eligible) | {
            "method": method,
            "pairwise": duels,
            "condorcet": rankings.winner(duels),
            **extras,
        }


KINDS: dict[str, type[Kind]] = {
    "yesno": YesNo,
    "single": Single,
    "multiple": Multiple,
    "score": Score,
    "ranking": Ranking,
    "dots": Dots,
}


def kind_of(definition: Mapping[str, Any]) -> Kind:
    """The question as it is counted. Raises BrokenDefinition."""
    wanted = _CONFIG[definition["kind"]]
    config, options = definition["config"], definition["options"]
    if any(type(option.get("id")) is not str for option in options):
        raise BrokenDefinition
    if any(type(option.get("table")) not in (int, type(None)) for option in options):
        raise BrokenDefinition
    if any(type(config.get(name)) not in types for name, types in wanted.items()):
        raise BrokenDefinition
    if definition["kind"] == "score" and not 0 <= config["min"] < config["max"] <= WIDEST:
        raise BrokenDefinition
    if definition["kind"] == "ranking" and config["method"] not in rankings.METHODS:
        raise BrokenDefinition
    return KINDS[definition["kind"]](definition)


_CONFIG: dict[str, dict[str, tuple[type, ...]]] = {
    "yesno": {},
    "single": {"abstain": (bool,)},
    "multiple": {"max": (int,), "write_in": (bool,)},
    "score": {"min": (int,), "max": (int,)},
    "ranking": {"method": (str,)},
    "dots": {
        "budget": (int,),
        "per_option_max": (int, type(None)),
        "not_own_table": (bool,),
    },
}
"""What each kind must know to be counted."""
