"""Selections for tests of scoring: the worked example, small made ones, and slow true answers.

Here belong builders of interchange files and brute force over every possible change.
"""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

from townhall.domain.scoring import Selection, parse
from townhall.domain.scoring.model import Pile, Scores, Sheet
from townhall.domain.scoring.parse import pile
from townhall.domain.scoring.points import facts
from townhall.domain.scoring.ranking import board, ranked

EXAMPLE = Path(__file__).parent.parent / "data" / "selection_example.json"


def example(**changes: Any) -> dict[str, Any]:
    """The worked example as JSON values; a change is named by its path, with __ for a dot."""
    found: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    return changed(found, **changes)


def changed(file: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy of a file with fields set: `rule__weights__panel=51`."""
    found = copy.deepcopy(dict(file))
    for path, value in changes.items():
        *way, last = path.split("__")
        place: Any = found
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[int(last) if isinstance(place, list) else last] = value
    return found


def made(
    sympathy: Sequence[int],
    final: Sequence[Sequence[int | None]] = (),
    sheets: Sequence[Sequence[Sequence[int] | None]] = (),
    weights: tuple[Any, Any, Any] = (25, 25, 50),
    criteria: Sequence[str | int] = (1,),
    first: Sequence[Sequence[int | None]] = (),
    **changes: Any,
) -> dict[str, Any]:
    """A small selection of candidates A, B, C …: counts, ballots, sheets by candidate."""
    ids = [chr(65 + n) for n in range(len(sympathy))]
    names = [f"k{n}" for n in range(len(criteria))]
    file = {
        "format": "townhall-selection/1",
        "rule": {
            "version": 1,
            "weights": dict(zip(("sympathy", "live", "panel"), weights, strict=True)),
            "sympathy": {"normalise": "top"},
            "live": {"aggregate": "mean", "score_min": 1, "score_max": 5},
            "panel": {
                "aggregate": "mean",
                "score_max": 5,
                "seats": max(3, len(sheets)),
                "quorum": "2/3",
                "criteria": [
                    {"id": name, "weight": weight}
                    for name, weight in zip(names, criteria, strict=True)
                ],
            },
            "tie_break": ["panel", "live", "sympathy", "revote", "lot"],
            "lot_seed": None,
        },
        "candidates": [
            {"id": name, "title": f"Candidate {name}", "sympathy": count}
            for name, count in zip(ids, sympathy, strict=True)
        ],
        "live": {
            "first": [dict(zip(ids, ballot, strict=True)) for ballot in first],
            "final": [dict(zip(ids, ballot, strict=True)) for ballot in final],
        },
        "panel": {
            "sheets": [
                {
                    "panelist": f"P{n}",
                    "final": True,
                    "recused": [name for name, own in zip(ids, sheet, strict=True) if own is None],
                    "scores": {
                        name: dict(zip(names, own, strict=True))
                        for name, own in zip(ids, sheet, strict=True)
                        if own is not None
                    },
                }
                for n, sheet in enumerate(sheets, 1)
            ]
        },
    }
    return changed(file, **changes)


def leaders(selection: Selection) -> frozenset[int]:
    """The places of the first, by the very path that the result takes."""
    return ranked(board(selection, facts(selection))).leaders


def least_sympathies(selection: Selection, most: int) -> int | None:
    """The least number of added sympathies, by trying every way to add up to `most`."""
    before = leaders(selection)
    for added in range(1, most + 1):
        for extra in _parts(added, len(selection.candidates)):
            candidates = tuple(
                replace(candidate, sympathy=candidate.sympathy + more)
                for candidate, more in zip(selection.candidates, extra, strict=True)
            )
            if leaders(replace(selection, candidates=candidates)) != before:
                return added
    return None


def _parts(total: int, places: int) -> Iterator[tuple[int, ...]]:
    if places == 1:
        yield (total,)
        return
    for here in range(total + 1):
        for rest in _parts(total - here, places - 1):
            yield (here, *rest)


def least_ballots(selection: Selection, most: int) -> int | None:
    """The least number of changed ballots, by trying every change of up to `most` ballots."""
    before = leaders(selection)
    ballots = _spread_out(selection.final)
    for number in range(1, min(most, len(ballots)) + 1):
        for chosen in combinations(range(len(ballots)), number):
            for new in product(*(_other_scores(selection, ballots[n]) for n in chosen)):
                mixed = list(ballots)
                for n, scores in zip(chosen, new, strict=True):
                    mixed[n] = scores
                if leaders(replace(selection, final=pile(mixed))) != before:
                    return number
    return None


def _spread_out(final: Pile) -> list[Scores]:
    return [scores for scores, number in final for _ in range(number)]


def _other_scores(selection: Selection, ballot: Scores) -> Iterable[Scores]:
    rule = selection.rule.live
    scale = range(rule.score_min, rule.score_max + 1)
    for scores in product(*([None] if score is None else scale for score in ballot)):
        if rule.votes is None or sum(score or 0 for score in scores) <= rule.votes:
            yield scores


def least_panel_moves(selection: Selection, most: int) -> int | None:
    """The least number of moves of panel scores by one, step by step from what is there."""
    before = leaders(selection)
    seen = {selection.sheets}
    edge = [selection.sheets]
    for moves in range(1, most + 1):
        found = [after for sheets in edge for after in _neighbours(selection, sheets)]
        edge = []
        for sheets in found:
            if sheets not in seen:
                seen.add(sheets)
                edge.append(sheets)
                if leaders(replace(selection, sheets=sheets)) != before:
                    return moves
    return None


def _neighbours(selection: Selection, sheets: tuple[Sheet, ...]) -> Iterator[tuple[Sheet, ...]]:
    rule = selection.rule.panel
    for n, sheet in enumerate(sheets):
        for place, own in enumerate(sheet.scores):
            for line, score in enumerate(own or ()):
                for moved in (score - 1, score + 1):
                    if own is not None and rule.score_min <= moved <= rule.score_max:
                        new = (*own[:line], moved, *own[line + 1 :])
                        scores = (*sheet.scores[:place], new, *sheet.scores[place + 1 :])
                        yield (*sheets[:n], replace(sheet, scores=scores), *sheets[n + 1 :])


def selection(*args: Any, **kwargs: Any) -> Selection:
    """A made selection, parsed."""
    return parse(made(*args, **kwargs))
