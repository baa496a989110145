"""Orders of preference counted ballot by ballot: duels, Borda points, Copeland points, runoff."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from townhall.verify.figures import places, rounded, width

Order = Sequence[str]
Choices = Sequence[list[str]]
Duels = dict[str, dict[str, int]]
Counted = tuple[list[dict[str, Any]], dict[str, Any]]


def duels(order: Order, choices: Choices) -> Duels:
    """How many ballots put one option above another; what is left out stands below, undecided."""
    table = {one: {other: 0 for other in order if other != one} for one in order}
    for choice in choices:
        for at, option in enumerate(choice):
            for other in order:
                if other not in choice[: at + 1]:
                    table[option][other] += 1
    return table


def winner(table: Duels) -> str | None:
    """Who wins against every other."""
    won = [one for one in table if all(n > table[other][one] for other, n in table[one].items())]
    return won[0] if won else None


def _rows(order: Order, points: Sequence[Fraction], most: int) -> list[dict[str, Any]]:
    return [
        {
            "id": option,
            "figure": rounded(value, 0 if value.denominator == 1 else 1),
            "unit": "score",
            "bar": width(value, most),
            "place": place,
        }
        for option, value, place in zip(order, points, places(points), strict=True)
    ]


def borda(order: Order, choices: Choices, table: Duels) -> Counted:
    """The first of m options gets m - 1 points, the next one less; those left out share."""
    points = dict.fromkeys(order, Fraction(0))
    for choice in choices:
        left = len(order) - len(choice)
        for option in order:
            if option in choice:
                points[option] += len(order) - 1 - choice.index(option)
            else:
                points[option] += Fraction(left - 1, 2)
    return _rows(order, list(points.values()), len(choices) * (len(order) - 1)), {}


def copeland(order: Order, choices: Choices, table: Duels) -> Counted:
    """A duel won is a point, a draw half a one."""
    points = [
        sum(
            (
                Fraction(1) if n > table[other][one] else Fraction(n == table[other][one], 2)
                for other, n in table[one].items()
            ),
            Fraction(0),
        )
        for one in order
    ]
    return _rows(order, points, len(order) - 1), {}


def runoff(order: Order, choices: Choices, table: Duels) -> Counted:
    """The fewest votes go out, one option a round, until two are left."""
    left, rounds = list(order), []
    latest: dict[str, int] = {}
    while choices:
        firsts = [next((each for each in choice if each in left), None) for choice in choices]
        votes = {option: firsts.count(option) for option in left}
        latest |= votes
        out, by = _out(left, votes, table) if len(left) > 2 else (None, "votes")
        rounds.append(
            {"votes": votes, "exhausted": firsts.count(None), "out": out, "decided_by": by}
        )
        if out is None:
            break
        left.remove(out)
    placed = dict.fromkeys(order, 1)
    for option in left if choices else ():
        placed[option] = 1 + sum(latest[other] > latest[option] for other in left)
    for n, each in enumerate(rounds[:-1]):
        placed[str(each["out"])] = len(order) - n
    rows = [
        {
            "id": option,
            "figure": str(latest.get(option, 0)),
            "unit": "votes",
            "bar": width(latest.get(option, 0), len(choices)),
            "place": placed[option],
        }
        for option in order
    ]
    return rows, {"rounds": rounds}


def _out(left: Order, votes: dict[str, int], table: Duels) -> tuple[str, str]:
    """Fewest votes, then fewest pairwise votes among those tied, then the one listed last."""
    tied = [each for each in left if votes[each] == min(votes.values())]
    if len(tied) == 1:
        return tied[0], "votes"
    support = {one: sum(table[one][other] for other in tied if other != one) for one in tied}
    weakest = [each for each in tied if support[each] == min(support.values())]
    return weakest[-1], "pairwise" if len(weakest) == 1 else "order"


METHODS: dict[str, Callable[[Order, Choices, Duels], Counted]] = {
    "borda": borda,
    "pairwise": copeland,
    "irv": runoff,
}
