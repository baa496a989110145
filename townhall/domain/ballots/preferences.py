"""Counting of rankings: the pairwise table, Borda points, Copeland points and instant runoff.

Pure counting over `{ranking: number of ballots}`; a ranking lists options best first and may stop
early. Knows no Definition and no display.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Rankings = Mapping[tuple[str, ...], int]
Pairwise = dict[str, dict[str, int]]
DecidedBy = Literal["votes", "pairwise", "order"]


@dataclass(frozen=True)
class Round:
    """One count of an instant runoff: votes of those still in, and who goes out by which rule."""

    votes: Mapping[str, int]
    exhausted: int
    out: str | None
    decided_by: DecidedBy


def pairwise(order: Sequence[str], rankings: Rankings) -> Pairwise:
    """How many ballots put the first option above the second: `table[first][second]`.

    A ranked option stands above every option left out; two that are left out are not compared.
    """
    table = {a: {b: 0 for b in order if b != a} for a in order}
    for ranking, number in rankings.items():
        below = set(order)
        for option in ranking:
            below.discard(option)
            row = table[option]
            for other in below:
                row[other] += number
    return table


def borda(table: Pairwise, n: int) -> dict[str, Fraction]:
    """Borda points: for each ballot and other option, 1 when above it and ½ when not compared.

    With m options the best of a full ranking gets m - 1 and the last 0. Options left out share
    equally the points of the places left over ("average" treatment of partial votes: Narodytska
    and Walsh, The Computational Impact of Partial Votes on Strategic Voting, ECAI 2014), so every
    ballot hands out m (m - 1) / 2 points and leaving options out gains nothing.
    """
    return {
        option: sum(
            (Fraction(n + above - table[other][option], 2) for other, above in row.items()),
            Fraction(0),
        )
        for option, row in table.items()
    }


def copeland(table: Pairwise) -> dict[str, Fraction]:
    """Duels won plus half of the duels drawn (Copeland's method), between 0 and m - 1."""
    return {
        option: sum(
            (
                Fraction((above > table[other][option]) * 2 + (above == table[other][option]), 2)
                for other, above in row.items()
            ),
            Fraction(0),
        )
        for option, row in table.items()
    }


def condorcet(table: Pairwise) -> str | None:
    """The option that wins every duel, if there is one."""
    for option, row in table.items():
        if all(above > table[other][option] for other, above in row.items()):
            return option
    return None


def runoff(order: Sequence[str], rankings: Rankings, table: Pairwise) -> list[Round]:
    """The counts of an instant runoff, down to the last two.

    Each ballot counts for its best option still in; the option with fewest votes goes out, one a
    round. Among several with fewest, the one with the fewest pairwise votes against those it ties
    with goes out; if that ties too, the one listed last. The last round has no `out`.
    """
    left, rounds = list(order), []
    while len(left) > 2:
        votes, exhausted = _count(left, rankings)
        out, decided_by = _weakest(left, votes, table)
        rounds.append(Round(votes, exhausted, out, decided_by))
        left.remove(out)
    return [*rounds, Round(*_count(left, rankings), out=None, decided_by="votes")]


def runoff_places(order: Sequence[str], rounds: Sequence[Round]) -> dict[str, int]:
    """Places of a runoff: the later out, the better; the last two share the first in a draw."""
    final = rounds[-1].votes
    placed = {each: 1 + sum(votes > own for votes in final.values()) for each, own in final.items()}
    outs = (each.out for each in rounds if each.out is not None)
    return placed | {out: len(order) - index for index, out in enumerate(outs)}


def _count(left: Sequence[str], rankings: Rankings) -> tuple[dict[str, int], int]:
    votes, exhausted = dict.fromkeys(left, 0), 0
    for ranking, number in rankings.items():
        best = next((option for option in ranking if option in votes), None)
        if best is None:
            exhausted += number
        else:
            votes[best] += number
    return votes, exhausted


def _weakest(
    left: Sequence[str], votes: Mapping[str, int], table: Pairwise
) -> tuple[str, DecidedBy]:
    fewest = min(votes.values())
    tied = [option for option in left if votes[option] == fewest]
    if len(tied) == 1:
        return tied[0], "votes"
    support = {a: sum(table[a][b] for b in tied if b != a) for a in tied}
    fewest = min(support.values())
    last = [option for option in tied if support[option] == fewest]
    return last[-1], "pairwise" if len(last) == 1 else "order"
