"""Deadlines, the ladder and marks of a proposal."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townhall.domain import proposals
from townhall.domain.errors import Refused
from townhall.domain.proposals import DAY_MS, Meter

NOW = 1_700_000_000_000
SEOUL = ZoneInfo("Asia/Seoul")
MIDNIGHT = 1_700_060_400_000  # after NOW, in Seoul
END = proposals.closes_at(NOW, 30)


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (NOW, 30),
        (NOW + 11 * 60_000, 30),
        (MIDNIGHT - 1, 30),
        (MIDNIGHT, 29),
        (END - DAY_MS, 1),
        (MIDNIGHT + 29 * DAY_MS - 1, 1),
        (MIDNIGHT + 29 * DAY_MS, 0),
        (END - 1, 0),
        (END, None),
    ],
)
def test_days_left_are_days_of_the_houses_calendar(now: int, days: int | None) -> None:
    assert proposals.days_left(END, now, SEOUL) == days


@pytest.mark.parametrize(
    ("stored", "closes_at", "now", "status"),
    [
        ("open", END, END - 1, "open"),
        ("open", END, END, "closed"),
        ("open", None, END, "open"),
        ("closed", END, NOW, "closed"),
        ("concluded", END, END, "concluded"),
    ],
)
def test_an_open_proposal_closes_at_its_deadline(
    stored: proposals.Status, closes_at: int | None, now: int, status: str
) -> None:
    assert proposals.status(stored, closes_at, now) == status
    if status == "open":
        proposals.require_agreement(stored, closes_at, now)
    else:
        with pytest.raises(Refused, match="agreement_closed"):
            proposals.require_agreement(stored, closes_at, now)


@pytest.mark.parametrize(
    ("count", "met", "ahead", "missing", "fills"),
    [
        (0, 0, 50, 50, ("0.0", "0.0", "0.0")),
        (49, 0, 50, 1, ("98.0", "0.0", "0.0")),
        (50, 1, 500, 450, ("100.0", "0.0", "0.0")),
        (275, 1, 500, 225, ("100.0", "50.0", "0.0")),
        (500, 2, 5_000, 4_500, ("100.0", "100.0", "0.0")),
        (5_000, 3, None, 0, ("100.0", "100.0", "100.0")),
        (9_999, 3, None, 0, ("100.0", "100.0", "100.0")),
    ],
)
def test_the_meter_climbs_three_equal_rungs(
    count: int, met: int, ahead: int | None, missing: int, fills: tuple[str, ...]
) -> None:
    assert proposals.meter(count) == Meter(count, met, ahead, missing, fills)


@pytest.mark.parametrize(
    ("counts", "marked"),
    [
        ({}, set()),
        ({1: 9}, set()),
        ({1: 10}, {1}),
        ({1: 10, 2: 12, 3: 11, 4: 30}, {2, 3, 4}),
        ({1: 30, 2: 12, 3: 12, 4: 12}, {1}),
        ({1: 12, 2: 12, 3: 12}, {1, 2, 3}),
        ({1: 12, 2: 12, 3: 12, 4: 12}, set()),
    ],
)
def test_best_marks_the_most_sympathised_and_never_by_chance(
    counts: dict[int, int], marked: set[int]
) -> None:
    assert proposals.best(counts) == marked


@given(st.dictionaries(st.integers(), st.integers(0, 20)))
def test_best_never_passes_over_an_equal(counts: dict[int, int]) -> None:
    marked = proposals.best(counts)
    assert len(marked) <= 3
    assert {counts[each] for each in marked}.isdisjoint(
        {count for each, count in counts.items() if each not in marked}
    )
