"""How many moves of panel scores by one change the first place.

Here belongs the search over final sheets; one change moves one score of one sheet by one,
within the scale. Floors count: a move may also take a candidate below the floor or up to it.
Here belongs nothing about sympathies and ballots.
May call: the standard library, `duel`, `model`, `panel_reach`, `points`, `ranking`.

Every score belongs to one candidate, so for each candidate the best mean after 0, 1, 2 … moves
is computed alone (`panel_reach`), and moves are then shared out between the candidates.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import ceil, floor

from townhall.domain.scoring.duel import Duel, duels, exactly, fewest
from townhall.domain.scoring.model import Flip, PanelRule, Rule
from townhall.domain.scoring.panel_reach import Means, Reach, reach
from townhall.domain.scoring.points import Facts
from townhall.domain.scoring.ranking import Board, Ranking


def flip(board: Board, ranking: Ranking, found: Facts) -> Flip:
    """The least number of moves of panel scores that changes who is first, from nobody too."""
    rule = board.rule
    if not any(found.sheets):
        return exactly(None)
    able = [n for n in range(len(board.ids)) if _may_win(rule, found, n)]
    pairs = [duel for duel in duels(board, ranking, "panel", able) if _possible(rule.panel, duel)]
    height = rule.panel.score_max - rule.panel.score_min
    most = max(len(column) for column in found.sheets) * len(rule.panel.criteria) * height
    limit = 4
    while True:
        # Moves beyond the limit are not looked at, so a find within the limit is the least.
        limit = min(2 * limit, most)
        within = reach(rule.panel, found.sheets, limit)
        best = fewest(exactly(count) for count in _ways(rule, ranking, within, pairs, able))
        if limit == most or (best.changes is not None and best.changes <= limit):
            return best


def _ways(
    rule: Rule, ranking: Ranking, within: Reach, pairs: list[Duel], able: list[int]
) -> Iterator[int | None]:
    least = ceil(rule.floor.panel * within.unit)
    for first in ranking.leaders:
        yield _first(within.low(first), lambda mean: mean < least)
    for duel in pairs:
        start = bisect_left(within.high(duel.other), least)
        if not duel.weight:
            # Only the floor was in the way.
            yield start if start < len(within.high(duel.other)) else None
        elif rule.panel.normalise == "top":
            yield _TopDuel(duel, within).least(start)
        else:
            yield _least(rule.panel, duel, within, start)
    if not ranking.leaders:
        for place in able:
            yield _first(within.high(place), lambda mean: mean >= least)


def _may_win(rule: Rule, found: Facts, place: int) -> bool:
    """Whether panel scores, if anything, keep a candidate below the floor."""
    scored = bool(found.sheets[place]) or not rule.floor.panel
    return scored and found.counts[place] >= rule.floor.sympathy


def _possible(rule: PanelRule, duel: Duel) -> bool:
    """Whether the lowest scores for the first and the highest for the other would suffice."""
    lowest = 0 if rule.normalise == "range" else rule.score_min
    highest = rule.score_max - (rule.score_min if rule.normalise == "range" else 0)
    return duel.changed(duel.gap + duel.weight * (lowest - highest) / highest)


def _least(rule: PanelRule, duel: Duel, within: Reach, start: int) -> int | None:
    """The least number of moves where shares are parts of a fixed scale.

    Then the other must be ahead by a fixed difference of means. `start` is the least number of
    moves that brings the other up to the floor.
    """
    scale = rule.score_max - (rule.score_min if rule.normalise == "range" else 0)
    exact = duel.gap * scale * within.unit / duel.weight
    ahead = ceil(exact) if duel.level else floor(exact) + 1
    ours, theirs = within.low(duel.first), within.high(duel.other)
    ups = (bisect_left(theirs, mean + ahead, lo=start) for mean in ours)
    return min((down + up for down, up in enumerate(ups) if up < len(theirs)), default=None)


@dataclass(frozen=True, slots=True)
class _TopDuel:
    """A duel where shares are ratios to the highest mean, which a third one may hold.

    Ahead elsewhere, the first gains from a high top (it shrinks the panel's difference), so
    every third must come down far enough; behind elsewhere, one third may come up.
    """

    duel: Duel
    within: Reach

    def least(self, start: int) -> int | None:
        """The least number of moves, the other's at least `start`."""
        ours, theirs = self.within.low(self.duel.first), self.within.high(self.duel.other)
        best: int | None = None
        for down, mean in enumerate(ours):
            up = start
            if self.duel.gap >= 0 or not self._thirds():
                up += _count(theirs[start:], partial(self._pair, mean))
            for more in range(up, len(theirs)):
                if best is not None and down + more >= best:
                    break
                extra = self._extra(mean, theirs[more])
                if extra is not None:
                    best = min(down + more + extra, down + more + extra if best is None else best)
                if extra == 0:
                    break
        return best

    def _thirds(self) -> list[int]:
        places = range(len(self.within.columns))
        return [n for n in places if n not in (self.duel.first, self.duel.other)]

    def _changed(self, ours: int, theirs: int, top: int) -> bool:
        """The sign of gap + weight x (ours - theirs) / top, in whole numbers."""
        ratio = self.duel.gap / self.duel.weight
        lead = ratio.numerator * (top or 1) + ratio.denominator * (ours - theirs)
        return lead < 0 or (lead == 0 and self.duel.level)

    def _pair(self, ours: int, theirs: int) -> bool:
        return self._changed(ours, theirs, max(ours, theirs))

    def _extra(self, ours: int, theirs: int) -> int | None:
        """How many moves of third candidates' scores are needed besides.

        Ahead elsewhere, the pair alone must be enough already.
        """
        pair, thirds = max(ours, theirs), self._thirds()

        def enough(mean: int) -> bool:
            return self._changed(ours, theirs, max(pair, mean))

        if self.duel.gap >= 0:
            downs = [_first(self.within.low(third), enough) for third in thirds]
            return None if None in downs else sum(moves or 0 for moves in downs)
        if enough(max([pair, *(self.within.high(third)[0] for third in thirds)])):
            return 0
        ups = [_first(self.within.high(third), enough) for third in thirds]
        return min((moves for moves in ups if moves is not None), default=None)


def _count(means: Means, enough: Callable[[int], bool]) -> int:
    """How many moves are not enough, given that more are better."""
    return bisect_left(means, True, key=enough)


def _first(means: Means, enough: Callable[[int], bool]) -> int | None:
    """The first number of moves that is enough, given that more are better."""
    moves = _count(means, enough)
    return moves if moves < len(means) else None
