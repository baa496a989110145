"""Who is first, and by which step.

Here belong the order by exact total, the tie chain and the floor.
Here belongs no conversion of data to points.
May call: the standard library, `model`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from townhall.domain.scoring.model import Points, Rule, Selection, Step, Weights
from townhall.domain.scoring.points import Facts, panel_mean, shares, weighed


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that ranking looks at, in the order of the candidates."""

    rule: Rule
    ids: tuple[str, ...]
    points: tuple[Points, ...]
    eligible: tuple[bool, ...]
    revote: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Places of candidates, best first; ranks in the order of the candidates."""

    order: tuple[int, ...]
    ranks: tuple[int | None, ...]
    leaders: frozenset[int]
    decided_by: str
    margin: Fraction | None


def board(selection: Selection, found: Facts, rule: Rule | None = None) -> Board:
    """The board of a selection for given facts, under its own rule or another."""
    rule = rule or selection.rule
    return Board(
        rule=rule,
        ids=tuple(candidate.id for candidate in selection.candidates),
        points=weighed(rule.weights, shares(rule, found)),
        eligible=eligible(rule, found),
        revote=selection.revote,
    )


def reweighed(old: Board, weights: Weights, points: tuple[Points, ...]) -> Board:
    """The same board under other weights."""
    return replace(old, rule=replace(old.rule, weights=weights), points=points)


def eligible(rule: Rule, found: Facts) -> tuple[bool, ...]:
    """Whether each candidate reaches the floor: sympathies, and the panel's mean score."""
    return tuple(
        count >= rule.floor.sympathy and met
        for count, met in zip(found.counts, panel_floor_met(rule, found), strict=True)
    )


def panel_floor_met(rule: Rule, found: Facts) -> tuple[bool, ...]:
    """Whether the panel's mean score of each candidate reaches the floor; no sheet is 0."""
    return tuple(
        (panel_mean(rule.panel.aggregate, values) or 0) >= rule.floor.panel
        for values in found.values
    )


def chain(rule: Rule, revote: tuple[int, ...] | None) -> tuple[Step, ...]:
    """The steps of the tie chain that can be taken.

    The chain ends where it reaches a revote that was not held or a lot without a seed. A seed
    stands for a lot that was drawn: with it, a revote without a result is passed over.
    """
    steps: list[Step] = []
    for step in rule.tie_break:
        if step == "revote" and revote is None:
            if rule.lot_seed is None:
                break
        elif step == "lot" and rule.lot_seed is None:
            break
        else:
            steps.append(step)
    return tuple(steps)


def advantage(found: Board, step: Step, place: int) -> Fraction | int:
    """What a candidate has at one step of the chain; more is better."""
    match step:
        case "panel" | "live" | "sympathy":
            return Fraction(getattr(found.points[place], step))
        case "revote":
            return found.revote[place] if found.revote else 0
        case _:
            return -lot(found.rule.lot_seed or "", found.ids[place])


def lot(seed: str, candidate: str) -> int:
    """The number a candidate draws: SHA-256 of seed and id, the lowest first."""
    return int.from_bytes(hashlib.sha256((seed + candidate).encode()).digest())


def ranked(found: Board) -> Ranking:
    """Order by exact total, then by the chain; equal to the last step share a rank.

    `decided_by` is `total`, the step that parted the first from the second, `revote_needed`
    when none did, or `nobody` when no candidate reaches the floor.
    """
    steps = chain(found.rule, found.revote)
    keys = {
        place: (found.points[place].total, *(advantage(found, step, place) for step in steps))
        for place, able in enumerate(found.eligible)
        if able
    }
    order = sorted(keys, key=lambda place: keys[place], reverse=True)
    ranks: list[int | None] = [None] * len(found.ids)
    for n, place in enumerate(order):
        same = n and keys[place] == keys[order[n - 1]]
        ranks[place] = ranks[order[n - 1]] if same else n + 1
    below = sorted(
        (place for place in range(len(found.ids)) if place not in keys),
        key=lambda place: -found.points[place].total,
    )
    return Ranking(
        order=(*order, *below),
        ranks=tuple(ranks),
        leaders=frozenset(place for place in order if ranks[place] == 1),
        decided_by=_decided_by([keys[place] for place in order], steps),
        margin=_margin([found.points[place].total for place in order]),
    )


def _margin(totals: Sequence[Fraction]) -> Fraction | None:
    return totals[0] - totals[1] if len(totals) > 1 else None


def _decided_by(keys: Sequence[tuple[Fraction | int, ...]], steps: Sequence[Step]) -> str:
    if not keys:
        return "nobody"
    if len(keys) == 1:
        return "total"
    for name, first, second in zip(("total", *steps), keys[0], keys[1], strict=True):
        if first != second:
            return name
    return "revote_needed"
