"""Rankings against hand counts, a brute-force pairwise table and an independent library."""

from collections import Counter
from fractions import Fraction
from itertools import permutations
from typing import Any

import pyrankvote
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.kinds import THREE, defined
from townhall.domain.ballots import BALLOTS, Option
from townhall.domain.ballots import preferences as counting

RANKING = BALLOTS["ranking"]
FOUR = (*THREE, Option("D", "Bus stop screen"))
LETTERS = [option.id for option in FOUR]

ballots_of_four = st.lists(
    st.lists(st.sampled_from(LETTERS), unique=True, min_size=1), min_size=1, max_size=25
)


def told(method: str, ballots: list[list[str]], options: tuple[Option, ...] = FOUR) -> Any:
    definition = defined("ranking", options, method=method)
    return RANKING.tally(definition, {"#": len(ballots)}, ballots=ballots)


def times(**counts: int) -> list[list[str]]:
    return [list(ranking) for ranking, number in counts.items() for _ in range(number)]


def places(result: Any) -> list[tuple[str, str, int]]:
    return [(row["id"], row["figure"], row["place"]) for row in result["rows"]]


# Tennessee: the capital example of the textbooks, in hundredths of the voters.
TENNESSEE = times(ABCD=42, BCDA=26, CDBA=15, DCBA=17)


def test_borda_of_the_textbook_example() -> None:
    result = told("borda", TENNESSEE)
    assert places(result) == [("B", "194", 1), ("C", "173", 2), ("A", "126", 3), ("D", "107", 4)]
    assert result["condorcet"] == "B"
    assert [row["bar"] for row in result["rows"]] == ["64.7", "57.7", "42.0", "35.7"]
    assert [row["share"] for row in result["rows"]] == ["26.0", "15.0", "42.0", "17.0"]


def test_runoff_of_the_textbook_example() -> None:
    result = told("irv", TENNESSEE)
    assert places(result) == [("D", "58", 1), ("A", "42", 2), ("B", "26", 3), ("C", "15", 4)]
    assert result["rounds"] == [
        {
            "votes": {"A": 42, "B": 26, "C": 15, "D": 17},
            "exhausted": 0,
            "out": "C",
            "decided_by": "votes",
        },
        {"votes": {"A": 42, "B": 26, "D": 32}, "exhausted": 0, "out": "B", "decided_by": "votes"},
        {"votes": {"A": 42, "D": 58}, "exhausted": 0, "out": None, "decided_by": "votes"},
    ]


def test_pairwise_of_the_textbook_example() -> None:
    result = told("pairwise", TENNESSEE)
    assert places(result) == [("B", "3", 1), ("C", "2", 2), ("D", "1", 3), ("A", "0", 4)]
    assert result["pairwise"]["B"] == {"A": 58, "C": 68, "D": 68}


def test_a_cycle_has_no_condorcet_winner_and_shares_every_place() -> None:
    cycle = times(ABC=1, BCA=1, CAB=1)
    assert told("pairwise", cycle, THREE)["condorcet"] is None
    assert places(told("pairwise", cycle, THREE)) == [("A", "1", 1), ("B", "1", 1), ("C", "1", 1)]
    assert places(told("borda", cycle, THREE)) == [("A", "3", 1), ("B", "3", 1), ("C", "3", 1)]


def test_borda_shares_the_places_left_over_among_options_left_out() -> None:
    # One ballot ranks A alone: B, C and D share 2 + 1 + 0 points, one each.
    assert places(told("borda", times(A=1))) == [
        ("A", "3", 1),
        ("B", "1", 2),
        ("C", "1", 2),
        ("D", "1", 2),
    ]
    # Two left out share 1 + 0 points: a half each.
    assert places(told("borda", times(AB=1)))[2:] == [("C", "0.5", 3), ("D", "0.5", 3)]


def test_a_drawn_duel_is_half_a_win() -> None:
    halves = places(told("pairwise", times(AB=1, BA=1), THREE))
    assert halves == [("A", "1.5", 1), ("B", "1.5", 1), ("C", "0", 3)]


def test_a_runoff_tie_is_broken_by_the_duel() -> None:
    # B and C have two first votes each, and B is above C on three of the other ballots.
    result = told("irv", times(ABC=3, BCA=2, CBA=2), THREE)
    assert result["rounds"][0]["out"] == "C"
    assert result["rounds"][0]["decided_by"] == "pairwise"


def test_a_runoff_tie_that_no_duel_breaks_is_broken_by_order() -> None:
    result = told("irv", times(A=3, BC=1, CB=1), THREE)
    assert result["rounds"][0]["out"] == "C"
    assert result["rounds"][0]["decided_by"] == "order"


def test_a_draw_of_the_last_two_shares_the_first_place() -> None:
    result = told("irv", times(AB=2, BA=2, C=1), THREE)
    assert places(result) == [("A", "2", 1), ("B", "2", 1), ("C", "1", 3)]
    assert result["rounds"][1]["exhausted"] == 1


def test_a_runoff_without_ballots_has_no_rounds() -> None:
    result = told("irv", [])
    assert result["rounds"] == []
    assert places(result) == [(letter, "0", 1) for letter in LETTERS]


def test_without_the_ballots_only_their_number_is_known() -> None:
    result = RANKING.tally(defined("ranking"), {"#": 7})
    assert result == {"n": 7, "abstained": 0, "base": 7, "rows": []}


def test_a_ranking_shift_is_of_first_preferences() -> None:
    pairs = [(["A", "B"], ["A", "C"]), (["A"], ["B"])]
    shift = RANKING.shift(defined("ranking"), pairs)
    assert (shift["n"], shift["changed"]) == (2, 2)
    assert [row["change"] for row in shift["rows"]] == ["-1", "+1", "0"]


@given(ballots_of_four)
def test_the_pairwise_table_equals_comparing_every_ballot(ballots: list[list[str]]) -> None:
    def rank(ballot: list[str], option: str) -> int:
        return ballot.index(option) if option in ballot else len(LETTERS)

    expected = {
        a: {b: sum(rank(each, a) < rank(each, b) for each in ballots) for b in LETTERS if b != a}
        for a in LETTERS
    }
    assert counting.pairwise(LETTERS, Counter(map(tuple, ballots))) == expected


@given(ballots_of_four)
def test_borda_equals_points_ballot_by_ballot(ballots: list[list[str]]) -> None:
    expected = dict.fromkeys(LETTERS, Fraction(0))
    for ballot in ballots:
        left_out = [option for option in LETTERS if option not in ballot]
        for position, option in enumerate(ballot):
            expected[option] += len(LETTERS) - 1 - position
        for option in left_out:
            expected[option] += Fraction(len(left_out) - 1, 2)
    table = counting.pairwise(LETTERS, Counter(map(tuple, ballots)))
    points = counting.borda(table, len(ballots))
    assert points == expected
    assert sum(points.values()) == len(ballots) * 6


@given(ballots_of_four)
def test_a_condorcet_winner_wins_every_duel_and_copeland(ballots: list[list[str]]) -> None:
    table = counting.pairwise(LETTERS, Counter(map(tuple, ballots)))
    points = counting.copeland(table)
    assert [option for option in LETTERS if points[option] == 3] == (
        [winner] if (winner := counting.condorcet(table)) else []
    )


@settings(max_examples=60)
@given(ballots_of_four, st.permutations(LETTERS))
def test_runoff_winner_agrees_with_an_independent_library(
    ballots: list[list[str]], letters: list[str]
) -> None:
    # The library breaks ties by lot, so ties are kept out: every option has bullet votes of its
    # own, whose numbers (1, 2, 4, 8) tell any two sums apart while all else counts sixteenfold.
    bullets = [[letter] for power, letter in enumerate(letters) for _ in range(2**power)]
    untied = ballots * 16 + bullets
    result = told("irv", untied)
    assert {each["decided_by"] for each in result["rounds"]} == {"votes"}
    assert library_winners(untied) == [result["rows"][0]["id"]]
    assert [row["place"] for row in result["rows"]] == [1, 2, 3, 4]


def library_winners(ballots: list[list[str]]) -> list[str]:
    candidates = {letter: pyrankvote.Candidate(letter) for letter in LETTERS}
    theirs = pyrankvote.instant_runoff_voting(
        list(candidates.values()),
        [pyrankvote.Ballot([candidates[letter] for letter in ballot]) for ballot in ballots],
    )
    return [winner.name for winner in theirs.get_winners()]


def test_the_library_agrees_on_the_textbook_example() -> None:
    assert library_winners(TENNESSEE) == ["D"]


@given(ballots_of_four)
def test_every_runoff_round_accounts_for_every_ballot(ballots: list[list[str]]) -> None:
    for each in told("irv", ballots)["rounds"]:
        assert sum(each["votes"].values()) + each["exhausted"] == len(ballots)


@pytest.mark.parametrize("method", ["borda", "irv", "pairwise"])
@given(ballots=ballots_of_four)
def test_naming_the_options_differently_changes_only_names(
    method: str, ballots: list[list[str]]
) -> None:
    result = told(method, ballots)
    if any(each["decided_by"] == "order" for each in result.get("rounds", [])):
        return
    for renamed in list(permutations(LETTERS))[5::9]:
        new = dict(zip(LETTERS, renamed, strict=True))
        other = told(method, [[new[letter] for letter in ballot] for ballot in ballots])
        assert {new[i]: (f, p) for i, f, p in places(result)} == {
            i: (f, p) for i, f, p in places(other)
        }
