"""A selection scored: lines by rank, the deciding step, flags and the sensitivity block.

Here belong the evidence beside the points, the quorum and the flags.
Here belong no conversion of data (see `points`) and no display (see `present`).
May call: the standard library, `model`, `points`, `ranking`, `sensitivity`.
"""

from fractions import Fraction
from math import ceil

from townhall.domain.scoring.model import Evidence, PanelRule, Result, Selection, Spread, Standing
from townhall.domain.scoring.points import (
    Facts,
    facts,
    live_means,
    panel_mean,
    sheet_values,
    spreads,
    trimmed_mean,
)
from townhall.domain.scoring.ranking import Board, Ranking, board, ranked
from townhall.domain.scoring.sensitivity import effective_weights, sensitivity

LEAST_SHEETS = 3


def compute(selection: Selection) -> Result:
    """Score a selection: exact points out of 100, ranks, flags and how close it was.

    Sympathy `w_s x n / max n`, live `w_l x mean / score_max`, panel `w_p x mean over valid
    sheets of sum(criterion weight x score) / score_max`, or as the rule says otherwise; total
    the sum. Never refuses: what is missing gives 0 points and a flag. The same selection always
    gives the same result, whatever the order of its ballots and sheets.
    """
    found = facts(selection)
    shown = board(selection, found)
    ranking = ranked(shown)
    evidence = _evidence(selection, found)
    weights = effective_weights(shown.points)
    standings = tuple(
        Standing(
            candidate=selection.candidates[place],
            points=shown.points[place],
            rank=ranking.ranks[place],
            flags=tuple(_candidate_flags(selection, evidence[place], shown.eligible[place])),
            evidence=evidence[place],
        )
        for place in ranking.order
    )
    flags = _flags(selection, shown, ranking, found)
    for standing in standings:
        flags.update(standing.flags)
    return Result(
        rule=selection.rule,
        ballots=_size(selection.final),
        first_ballots=_size(selection.first),
        seats=selection.rule.panel.seats,
        quorum=quorum(selection.rule.panel),
        standings=standings,
        decided_by=ranking.decided_by,
        margin=ranking.margin,
        flags=tuple(sorted(flags)),
        effective_weight=weights,
        sensitivity=sensitivity(selection, found, shown, ranking),
        digest=selection.digest,
    )


def quorum(rule: PanelRule) -> int:
    """How many valid sheets a candidate needs: the rule's share of the seats, at least 3."""
    return max(LEAST_SHEETS, ceil(rule.seats * rule.quorum))


def _size(pile: tuple[tuple[object, int], ...]) -> int:
    return sum(ballots for _, ballots in pile)


def _flags(selection: Selection, shown: Board, ranking: Ranking, found: Facts) -> set[str]:
    """What a reader must know about the whole; each code is explained in the catalogue."""
    rule, flags = selection.rule, set()
    ballots = _size(selection.final)
    given = [sum(n for _, n in spread) for spread in found.live]
    if max(found.counts) == 0:
        flags.add("no_sympathy")
    if max(given) - min(given) > rule.live.coverage_gap * ballots:
        flags.add("coverage_differs")
    if ranking.margin is not None and ranking.margin < rule.equal_band:
        flags.add("practically_equal")
    if not any(weight for _, weight in effective_weights(shown.points)):
        flags.add("no_spread")
    if selection.drafts:
        flags.add("drafts_left_out")
    if selection.suspicious:
        flags.add("suspicious_ballots")
    if ranking.decided_by == "nobody":
        flags.add("nobody_eligible")
    if ranking.decided_by == "lot" and "revote" in rule.tie_break and selection.revote is None:
        flags.add("revote_passed_over")
    return flags


def _candidate_flags(selection: Selection, evidence: Evidence, able: bool) -> list[str]:
    checks = {
        "no_votes": evidence.ballots == 0,
        "no_sheets": evidence.sheets == 0,
        "below_quorum": evidence.sheets < quorum(selection.rule.panel),
        "recused": bool(evidence.recused),
        "below_floor": not able,
    }
    return [flag for flag, raised in checks.items() if raised]


def _evidence(selection: Selection, found: Facts) -> list[Evidence]:
    rule, ballots = selection.rule, _size(selection.final)
    first = spreads(selection.first, len(selection.candidates))
    means = live_means(rule.live, found.live)
    lines = []
    for place, candidate in enumerate(selection.candidates):
        given = sum(n for _, n in found.live[place])
        column = found.sheets[place]
        lines.append(
            Evidence(
                sympathies=candidate.sympathy,
                ballots=given,
                coverage=Fraction(given, max(1, ballots)),
                live_mean=means[place],
                distribution=found.live[place],
                first_ballots=sum(n for _, n in first[place]),
                first_mean=_mean(first[place]),
                first_distribution=first[place],
                sheets=len(column),
                panel_mean=panel_mean(rule.panel.aggregate, found.values[place]),
                criteria=_criteria(rule.panel, column),
                panelists=_panelists(selection, place),
                recused=tuple(
                    sheet.panelist for sheet in selection.sheets if sheet.scores[place] is None
                ),
            )
        )
    return lines


def _mean(spread: Spread) -> Fraction | None:
    return trimmed_mean(spread, 0) if spread else None


def _criteria(
    rule: PanelRule, column: tuple[tuple[int, ...], ...]
) -> tuple[tuple[str, Fraction], ...]:
    """The plain mean of each criterion over the valid sheets; none without a sheet."""
    if not column:
        return ()
    return tuple(
        (line.id, Fraction(sum(sheet[n] for sheet in column), len(column)))
        for n, line in enumerate(rule.criteria)
    )


def _panelists(selection: Selection, place: int) -> tuple[tuple[str, Fraction], ...]:
    """Each valid sheet's value of one candidate, by panelist."""
    return tuple(
        (sheet.panelist, value)
        for sheet, row in zip(selection.sheets, sheet_values(selection), strict=True)
        if (value := row[place]) is not None
    )
