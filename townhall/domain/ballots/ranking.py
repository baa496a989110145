"""Options in order of preference, best first. The choice is `["B", "A"]`; it may stop early."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from townhall.domain.ballots import figures, preferences
from townhall.domain.ballots.definition import (
    BALLOTS_CELL,
    Choice,
    Definition,
    Option,
    Result,
    check_fields,
    check_options,
    choice_invalid,
    definition_invalid,
)

METHODS = ("borda", "irv", "pairwise")


class Ranking:
    """Config: `method` that orders the result, one of borda (default), irv, pairwise."""

    name = "ranking"
    needs_ballots = True
    least = 2
    most = 20

    def define(self, options: Sequence[Option], config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Checks options and `method`."""
        check_fields(config, "method")
        check_options(options, self.most)
        method = config.get("method", "borda")
        if method not in METHODS:
            raise definition_invalid("method", "range")
        return {"method": method}

    def clean(
        self,
        definition: Definition,
        choice: object,
        table: int | None,
    ) -> Choice:
        """A list of different options' ids, at least one."""
        if type(choice) is not list or not all(type(option) is str for option in choice):
            raise choice_invalid("type")
        chosen = set(choice)
        if not chosen <= definition.ids:
            raise choice_invalid("option")
        if len(chosen) != len(choice):
            raise choice_invalid("repeated")
        if not choice:
            raise choice_invalid("too_few")
        return choice

    def cells(self, definition: Definition, choice: Choice) -> dict[str, int]:
        """One for the ballot: an order is counted from the ballots after close."""
        return {BALLOTS_CELL: 1}

    def tally(
        self,
        definition: Definition,
        cells: Mapping[str, int],
        *,
        ballots: Iterable[Choice] | None = None,
        entitled: int = 0,
    ) -> Result:
        """The options in the order of the method; without ballots only their number, no rows.

        `count` (and share) are first preferences. `figure` is Borda points; duels won and half
        of those drawn; or the votes in the last round that the option was in. Always with the
        `pairwise` table and `condorcet` (who wins every duel, or nothing); for irv also `rounds`.
        """
        if ballots is None:
            n = cells.get(BALLOTS_CELL, 0)
            return figures.result(definition, n=n, entitled=entitled, rows=[])
        rankings = Counter(tuple(choice) for choice in ballots)
        n = rankings.total()
        table = preferences.pairwise(definition.order, rankings)
        method = definition.config["method"]
        rows, extras = _COUNT[method](definition, rankings, table, n)
        firsts = Counter[str]()
        for ranking, number in rankings.items():
            firsts[ranking[0]] += number
        return figures.result(
            definition,
            n=n,
            entitled=entitled,
            rows=[row | {"count": firsts[row["id"]]} for row in rows],
            method=method,
            pairwise=table,
            condorcet=preferences.condorcet(table),
            **extras,
        )

    def shift(
        self, definition: Definition, pairs: Iterable[tuple[Choice, Choice]]
    ) -> dict[str, Any]:
        """First preferences in both rounds, and where they went."""
        both = list(pairs)
        moves = figures.single_shift(
            definition.order, [(first[0], final[0]) for first, final in both]
        )
        return moves | {"changed": sum(first != final for first, final in both)}


Rows = list[dict[str, Any]]


def _by_points(
    definition: Definition, points: Mapping[str, Fraction], most: int
) -> tuple[Rows, dict[str, Any]]:
    values = [points[option] for option in definition.order]
    rows = [
        {
            "id": option,
            "figure": figures.short(value),
            "unit": "score",
            "bar": figures.bar(value, most),
            "place": place,
        }
        for option, value, place in zip(
            definition.order, values, figures.places(values), strict=True
        )
    ]
    return rows, {}


def _borda(
    definition: Definition,
    rankings: preferences.Rankings,
    table: preferences.Pairwise,
    n: int,
) -> tuple[Rows, dict[str, Any]]:
    most = n * (len(definition.order) - 1)
    return _by_points(definition, preferences.borda(table, n), most)


def _pairwise(
    definition: Definition,
    rankings: preferences.Rankings,
    table: preferences.Pairwise,
    n: int,
) -> tuple[Rows, dict[str, Any]]:
    return _by_points(definition, preferences.copeland(table), len(definition.order) - 1)


def _irv(
    definition: Definition, rankings: preferences.Rankings, table: preferences.Pairwise, n: int
) -> tuple[Rows, dict[str, Any]]:
    rounds = preferences.runoff(definition.order, rankings, table) if n else []
    placed = preferences.runoff_places(definition.order, rounds) if n else {}
    votes = {option: count for each in rounds for option, count in each.votes.items()}
    rows = [
        {
            "id": option,
            "figure": str(votes.get(option, 0)),
            "unit": "votes",
            "bar": figures.bar(votes.get(option, 0), n),
            "place": placed.get(option, 1),
        }
        for option in definition.order
    ]
    return rows, {"rounds": [_told(each) for each in rounds]}


def _told(each: preferences.Round) -> dict[str, Any]:
    return {
        "votes": dict(each.votes),
        "exhausted": each.exhausted,
        "out": each.out,
        "decided_by": each.decided_by,
    }


_COUNT = {"borda": _borda, "irv": _irv, "pairwise": _pairwise}
