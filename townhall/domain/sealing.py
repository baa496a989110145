"""What a close seals beside the count: the list of ballots as it is published, naming nobody.

Here belong the numbers that stand for seats, and which ballots keep channel and table. Here belong
no rows and no hashes but the lines they are taken over. May call `audit`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from townhall.domain import audit

LEAST = 5
"""Fewer seats than this in a channel at a table would show how single people voted."""

Group = tuple[str, int | None]
"""A channel and a table."""


@dataclass(frozen=True, slots=True)
class Cast:
    """One recorded ballot of any rev; `ballot` is its id."""

    seat: int
    rev: int
    ballot: str
    commitment: str
    channel: str
    table: int | None


def numbers(ballots: Iterable[Cast], before: Iterable[Cast] = ()) -> dict[int, int]:
    """A number from 1 for each seat, in the order of the lowest commitment of each.

    Commitments are hashes, so the order tells nothing. Seats that took part `before`, in the first
    round of a pair, are numbered first and as they were then: the rounds stay comparable.
    """
    found: dict[int, int] = {}
    for pile in (before, ballots):
        lowest: dict[int, str] = {}
        for each in pile:
            lowest[each.seat] = min(each.commitment, lowest.get(each.seat, each.commitment))
        for seat in sorted(lowest, key=lowest.__getitem__):
            found.setdefault(seat, len(found) + 1)
    return found


def counting(ballots: Iterable[Cast]) -> dict[int, Cast]:
    """Of each seat the ballot with the highest rev: the one that counts."""
    found: dict[int, Cast] = {}
    for each in ballots:
        if each.seat not in found or found[each.seat].rev < each.rev:
            found[each.seat] = each
    return found


def shown(ballots: Iterable[Cast]) -> frozenset[Group]:
    """The groups of counting ballots that are large enough to be named.

    If what is left unnamed were itself a small group, the smallest named one joins it.
    """
    sizes = Counter((each.channel, each.table) for each in ballots)
    large = sorted(
        (group for group, n in sizes.items() if n >= LEAST),
        key=lambda group: (sizes[group], group[0], group[1] or 0),
    )
    if 0 < sizes.total() - sum(sizes[group] for group in large) < LEAST:
        large = large[1:]
    return frozenset(large)


def group(ballot: Cast, named: frozenset[Group]) -> tuple[str | None, int | None]:
    """Channel and table as they are published: both nothing where the group is not named."""
    own = (ballot.channel, ballot.table)
    return own if own in named else (None, None)


def lines(ballots: Sequence[Cast], number: Mapping[int, int], named: frozenset[Group]) -> list[str]:
    """The published list as lines, one a ballot: what its digest in the close record is over.

    A replaced ballot is `[seat, rev, id, commitment]`; one that counts says channel and table
    besides, both null where its group is not named.
    """
    last = counting(ballots)
    return [
        audit.canonical([number[each.seat], each.rev, each.ballot, each.commitment, *where])
        for each in ballots
        for where in [group(each, named) if last[each.seat] is each else ()]
    ]
