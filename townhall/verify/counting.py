"""Counting by kind of ballot, straight from the choices: what each kind must know, which choices it
has, its cells, the result that people read, and what changed between two rounds.

Written from docs/verify.md and not from the code that counts. Whatever a kind is stands in its
class. Orders of preference are in `rankings`, the shape of what changed is in `shifts`.
"""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar

from townhall.verify import rankings, shifts
from townhall.verify.figures import percent, places, rounded, width
from townhall.verify.kind import BrokenDefinition, Choices, Kind, Pairs, Result, Wants, votes

WIDEST = 100
"""The longest scale of scores."""


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

    def moved(self, pairs: Pairs) -> Result:
        return shifts.words(self.answers, pairs)


class Single(Kind):
    """One option, or abstaining."""

    wants: ClassVar[Wants] = {"abstain": (bool,)}

    def valid(self, choice: Any) -> bool:
        if not isinstance(choice, str):
            return False
        return choice in self.order or (choice == "abstain" and self.config["abstain"] is True)

    def result(self, choices: Choices, eligible: int) -> Result:
        found = Counter(choices)
        base = self._base(len(choices), found["abstain"], eligible)
        rows = votes(self.order, [found[option] for option in self.order], base)
        return self._told(rows, len(choices), found["abstain"], eligible)

    def moved(self, pairs: Pairs) -> Result:
        return shifts.words([*self.order, "abstain"], pairs)


class Multiple(Kind):
    """Several options, and a text of one's own."""

    wants: ClassVar[Wants] = {"max": (int,), "write_in": (bool,)}

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

    def moved(self, pairs: Pairs) -> Result:
        return {"rows": [self._gained(option, pairs) for option in self.order]}

    def _gained(self, option: str, pairs: Pairs) -> Result:
        sides = [(option in before["picks"], option in after["picks"]) for before, after in pairs]
        row = shifts.whole(option, "votes", sum(a for a, _ in sides), sum(b for _, b in sides))
        return row | {"gained": sides.count((False, True)), "lost": sides.count((True, False))}


class Score(Kind):
    """A score of every option, or null."""

    wants: ClassVar[Wants] = {"min": (int,), "max": (int,)}

    def __init__(self, definition: Mapping[str, Any]) -> None:
        super().__init__(definition)
        if not 0 <= self.config["min"] < self.config["max"] <= WIDEST:
            raise BrokenDefinition

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

    def moved(self, pairs: Pairs) -> Result:
        return {"rows": [self._raised(option, pairs) for option in self.order]}

    def _raised(self, option: str, pairs: Pairs) -> Result:
        both = [(before[option], after[option]) for before, after in pairs]
        both = [pair for pair in both if None not in pair]
        told = {
            "n": len(both),
            "raised": sum(after > before for before, after in both),
            "lowered": sum(after < before for before, after in both),
            "same": sum(after == before for before, after in both),
        }
        if not both:
            none = {"first": None, "final": None, "change": None}
            return {"id": option, "unit": "mean"} | none | told
        means = [Fraction(sum(pair[side] for pair in both), len(both)) for side in (0, 1)]
        return shifts.row(option, "mean", means[0], means[1], 2) | told


class Dots(Kind):
    """Points from a purse."""

    wants: ClassVar[Wants] = {
        "budget": (int,),
        "per_option_max": (int, type(None)),
        "not_own_table": (bool,),
    }

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

    def moved(self, pairs: Pairs) -> Result:
        return {"rows": [self._pointed(option, pairs) for option in self.order]}

    def _pointed(self, option: str, pairs: Pairs) -> Result:
        before, after = (sum(pair[side].get(option, 0) for pair in pairs) for side in (0, 1))
        return shifts.whole(option, "points", before, after)


class Ranking(Kind):
    """Options in order of preference, best first."""

    wants: ClassVar[Wants] = {"method": (str,)}

    def __init__(self, definition: Mapping[str, Any]) -> None:
        super().__init__(definition)
        if self.config["method"] not in rankings.METHODS:
            raise BrokenDefinition

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

    def moved(self, pairs: Pairs) -> Result:
        return shifts.words(self.order, [(before[0], after[0]) for before, after in pairs])


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
    return KINDS[definition["kind"]](definition)
