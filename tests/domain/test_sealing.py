"""What a close publishes of recorded ballots: numbers for seats, and no small group."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townhall.domain.sealing import LEAST, Cast, counting, group, lines, numbers, shown


def cast(
    seat: int, commitment: str, *, rev: int = 1, channel: str = "phone", table: int | None = 1
) -> Cast:
    return Cast(seat, rev, f"id-{commitment}", commitment, channel, table)


def test_seats_are_numbered_by_the_lowest_commitment_of_each() -> None:
    ballots = [cast(70, "b"), cast(70, "d", rev=2), cast(8, "c"), cast(31, "a")]
    assert numbers(ballots) == {31: 1, 70: 2, 8: 3}


def test_seats_of_the_first_round_keep_their_numbers_and_new_ones_follow() -> None:
    first = [cast(5, "x"), cast(6, "y")]
    final = [cast(6, "a"), cast(9, "c"), cast(7, "b")]
    assert numbers(final, first) == {**numbers(first), 7: 3, 9: 4}


def test_the_highest_rev_of_a_seat_counts_in_whatever_order_they_come() -> None:
    ballots = [cast(1, "a", rev=2), cast(1, "b", rev=10), cast(1, "c", rev=9)]
    random.Random(7).shuffle(ballots)
    assert [each.commitment for each in counting(ballots).values()] == ["b"]


@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        pytest.param({1: 5, 2: 7}, {1, 2}, id="every table is large enough"),
        pytest.param({1: 5, 2: 4}, set(), id="the last large one would be found by what is left"),
        pytest.param({1: 5, 2: 7, 3: 4}, {2}, id="the smallest large one joins a small rest"),
        pytest.param({1: 5, 2: 7, 3: 4, 4: 1}, {1, 2}, id="small ones together are a crowd"),
        pytest.param({1: 5, 2: 5, 3: 1}, {2}, id="of equals the lower number joins"),
        pytest.param({1: 3}, set(), id="nobody is named in a small hall"),
        pytest.param({}, set(), id="nobody voted"),
    ],
)
def test_tables_are_named_when(sizes: dict[int, int], named: set[int]) -> None:
    ballots = [cast(n, str(n), table=table) for table, size in sizes.items() for n in range(size)]
    assert shown(ballots) == {("phone", table) for table in named}


@given(st.lists(st.tuples(st.sampled_from(["phone", "proxy"]), st.none() | st.integers(1, 4))))
def test_whoever_is_not_named_stands_in_a_crowd(groups: list[tuple[str, int | None]]) -> None:
    ballots = [cast(n, str(n), channel=c, table=t) for n, (c, t) in enumerate(groups)]
    named = shown(ballots)
    untold = sum(each not in named for each in groups)
    assert all(groups.count(each) >= LEAST for each in named)
    assert untold == 0 or untold >= LEAST or not named


def test_a_line_tells_of_a_replaced_ballot_only_that_it_was_there() -> None:
    ballots = [cast(3, "a"), cast(3, "b", rev=2), cast(4, "c", table=2)]
    named = frozenset({("phone", 1)})
    assert lines(ballots, {3: 1, 4: 2}, named) == [
        '[1,1,"id-a","a"]',
        '[1,2,"id-b","b","phone",1]',
        '[2,1,"id-c","c",null,null]',
    ]
    assert group(ballots[0], named) == ("phone", 1)
