"""How many more sympathies change the first place.

Here belongs the search over added sympathies; one change is one sympathy more for any candidate.
Here belongs nothing about ballots and sheets.
May call: the standard library, `duel`, `model`, `points`, `ranking`.

Under `top`, `share`, `log` and `cap` it is never better to spread the sympathies: one more for
the candidate that is to overtake moves the lead at least as far as one more for anybody else
(raising the highest count or the sum shrinks a difference by less than its own part), and the
effect of more is monotone. So each candidate is searched by bisection. Under `rank` a third
candidate may be lifted between the two, so there the cheapest set of lifts is computed.
"""

from collections.abc import Sequence
from dataclasses import replace

from townhall.domain.scoring.duel import Duel, duels, exactly, fewest
from townhall.domain.scoring.model import Flip
from townhall.domain.scoring.points import Facts, count_shares
from townhall.domain.scoring.ranking import Board, Ranking, panel_floor_met, ranked

# More sympathies than this nobody can give; a flip that needs more counts as impossible.
MOST = 1_000_000_000


def flip(board: Board, ranking: Ranking, found: Facts) -> Flip:
    """The least number of added sympathies that changes who is first, from nobody too."""
    met = panel_floor_met(board.rule, found)
    able = [place for place in range(len(met)) if met[place]]
    if board.rule.sympathy.normalise == "rank" and ranking.leaders:
        pairs = duels(board, ranking, "sympathy", able)
        return fewest(exactly(_by_lifts(board, duel, found.counts)) for duel in pairs)
    best: int | None = None
    for place in able:
        most = MOST if best is None else best - 1
        shorter = _by_bisection(board, ranking, found.counts, met, place, most)
        best = best if shorter is None else shorter
    return exactly(best)


def _by_bisection(
    board: Board,
    ranking: Ranking,
    counts: Sequence[int],
    met: Sequence[bool],
    place: int,
    most: int,
) -> int | None:
    """The least number of sympathies, up to `most`, added to one candidate that is enough."""

    def enough(added: int) -> bool:
        more = [count + added * (n == place) for n, count in enumerate(counts)]
        return ranked(_with_counts(board, more, met)).leaders != ranking.leaders

    if most < 1 or not enough(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _with_counts(board: Board, counts: Sequence[int], met: Sequence[bool]) -> Board:
    """The board at other counts; `met` says whom the panel's floor does not stop."""
    given = count_shares(board.rule.sympathy, counts)
    weight, floor = board.rule.weights.sympathy, board.rule.floor.sympathy
    return replace(
        board,
        points=tuple(
            replace(points, sympathy=weight * share)
            for points, share in zip(board.points, given, strict=True)
        ),
        eligible=tuple(count >= floor and able for count, able in zip(counts, met, strict=True)),
    )


def _by_lifts(board: Board, duel: Duel, counts: Sequence[int]) -> int | None:
    """The least cost under `rank`: the other's new count, and which third ones to lift.

    Ranks only depend on comparisons, so the new count is one of the present counts, one more,
    or two more than the first's; a third candidate stays, draws level with the first, or passes.
    """
    ours, theirs = counts[duel.first], counts[duel.other]
    least = max(theirs, board.rule.floor.sympathy)
    levels = {least, ours + 2} | {count + more for count in counts for more in (0, 1)}
    thirds = [n for n in range(len(counts)) if n not in (duel.first, duel.other)]
    best: int | None = None
    for level in sorted(level for level in levels if level >= least):
        if best is not None and level - theirs >= best:
            break
        # Cheapest cost for each lead of the first in half places.
        costs = {_beats(ours, level) - _beats(level, ours): level - theirs}
        for third in thirds:
            costs = _lifted(costs, counts[third], ours, level)
        unit = duel.weight / (2 * (len(counts) - 1))
        reached = [cost for lead, cost in costs.items() if duel.changed(duel.gap + unit * lead)]
        best = min([*reached, *([] if best is None else [best])], default=None)
    return best


def _beats(count: int, other: int) -> int:
    """Half places that one count gains from another: 2 above, 1 level, 0 below."""
    return (count > other) + (count >= other)


def _lifted(costs: dict[int, int], third: int, ours: int, level: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for target in {third, max(third, ours), max(third, ours + 1)}:
        moved = _beats(ours, target) - _beats(level, target)
        for lead, cost in costs.items():
            total = cost + target - third
            found[lead + moved] = min(total, found.get(lead + moved, total))
    return found
