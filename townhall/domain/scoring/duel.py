"""Two candidates and one source: what must move for the first place to change.

Here belongs the shape that the three counts of "votes to flip" share.
Here belongs no search: see `flip_sympathy`, `flip_live`, `flip_panel`.
May call: the standard library, `model`, `ranking`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from townhall.domain.scoring.model import Flip, Source
from townhall.domain.scoring.ranking import Board, Ranking, advantage, chain


@dataclass(frozen=True, slots=True)
class Duel:
    """A first candidate, another one, and one source that may move.

    `gap` is how far the first is ahead in the other two sources, in points; the first place has
    changed when gap + weight x (share of first - share of other) is below 0, or equal to 0
    where `level` says that being level is enough.
    """

    first: int
    other: int
    gap: Fraction
    weight: Fraction
    level: bool

    def changed(self, lead: Fraction) -> bool:
        """Whether the first place has changed at this lead of the first candidate, in points."""
        return lead < 0 or (lead == 0 and self.level)


def duels(board: Board, ranking: Ranking, source: Source, others: Iterable[int]) -> list[Duel]:
    """Every first candidate against every other that might overtake it."""
    return [
        _duel(board, ranking, source, first, other)
        for first in sorted(ranking.leaders)
        for other in others
        if other != first
    ]


def _duel(board: Board, ranking: Ranking, source: Source, first: int, other: int) -> Duel:
    ours, theirs = board.points[first], board.points[other]
    gap = (ours.total - getattr(ours, source)) - (theirs.total - getattr(theirs, source))
    return Duel(
        first=first,
        other=other,
        gap=gap,
        weight=getattr(board.rule.weights, source),
        level=_level_is_enough(board, ranking, source, first, other, gap),
    )


def _level_is_enough(
    board: Board, ranking: Ranking, source: Source, first: int, other: int, gap: Fraction
) -> bool:
    """At equal totals the moved source differs by exactly the gap, so the chain is known."""
    for step in chain(board.rule, board.revote):
        ahead = (
            gap if step == source else advantage(board, step, other) - advantage(board, step, first)
        )
        if ahead:
            return ahead > 0
    return other not in ranking.leaders


def exactly(changes: int | None) -> Flip:
    """A number of changes that is known to be the least."""
    return Flip(changes, changes)


def fewest(flips: Iterable[Flip]) -> Flip:
    """The least of several ways to change the first place."""
    found = list(flips)
    return Flip(
        changes=min((way.changes for way in found if way.changes is not None), default=None),
        least=min((way.least for way in found if way.least is not None), default=None),
    )
