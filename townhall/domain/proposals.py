"""The life of a proposal on a board: deadlines, rungs of the ladder, and marks on its card.

공감 (sympathy) and 동의 (agreement) are two things: sympathy climbs the ladder and is scored,
agreement has a deadline. Times are epoch milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from fractions import Fraction
from typing import Literal

from townhall.domain.ballots import figures
from townhall.domain.errors import Refused

Status = Literal["open", "closed", "concluded"]

DAY_MS = 86_400_000
THRESHOLDS = (50, 500, 5_000)
"""Sympathies at which the department answers, the public deliberates, the mayor answers."""

BEST_MOST = 3
BEST_LEAST = 10


@dataclass(frozen=True)
class Meter:
    """How far up the ladder: `met` rungs, the `next` one and what is `missing` to it.

    `fills` is the percentage of each of three equal spans, since each rung is a new duty and not
    a share of the last.
    """

    count: int
    met: int
    next: int | None
    missing: int
    fills: tuple[str, ...]


def closes_at(submitted_at: int, days: int) -> int:
    """When agreement ends: `days` times 24 hours after submission."""
    return submitted_at + days * DAY_MS


def status(stored: Status, agreement_closes_at: int | None, now: int) -> Status:
    """The status now: an open proposal is closed once its deadline has passed."""
    past = agreement_closes_at is not None and now >= agreement_closes_at
    return "closed" if stored == "open" and past else stored


def require_agreement(stored: Status, agreement_closes_at: int | None, now: int) -> None:
    """Refuse (`agreement_closed`) to agree, or to withdraw, once the deadline has passed."""
    if status(stored, agreement_closes_at, now) != "open":
        raise Refused("agreement_closed")


def days_left(agreement_closes_at: int, now: int, zone: tzinfo) -> int | None:
    """Days to the deadline as the house's calendar counts them, 0 on the last; None when past."""
    days = day_of(agreement_closes_at, zone) - day_of(now, zone)
    return days.days if now < agreement_closes_at else None


def day_of(moment: int, zone: tzinfo) -> date:
    """The calendar day of a moment in epoch milliseconds."""
    return datetime.fromtimestamp(moment / 1000, zone).date()


def meter(count: int) -> Meter:
    """Where `count` sympathies stand between the thresholds."""
    met = sum(count >= threshold for threshold in THRESHOLDS)
    ahead = THRESHOLDS[met] if met < len(THRESHOLDS) else None
    bounds = zip((0, *THRESHOLDS), THRESHOLDS, strict=False)
    fills = tuple(
        figures.bar(Fraction(max(0, count - below), above - below), 1) for below, above in bounds
    )
    return Meter(count, met, ahead, 0 if ahead is None else ahead - count, fills)


def best(counts: Mapping[int, int]) -> frozenset[int]:
    """Which proposals carry the BEST mark: at most three with most sympathies, from ten on.

    Takes proposal -> sympathies of one list. Where a tie would make it more than three, those who
    tie at the edge go without: no mark is given by chance.
    """
    able = sorted((count for count in counts.values() if count >= BEST_LEAST), reverse=True)
    edge = able[BEST_MOST] if len(able) > BEST_MOST else BEST_LEAST - 1
    return frozenset(proposal for proposal, count in counts.items() if count > edge)
