"""Yes/no, single and multiple choice: results and shifts by hand."""

from typing import Any

import pytest

from tests.domain.kinds import defined
from townhall.domain.ballots import BALLOTS

YESNO, SINGLE, MULTIPLE = BALLOTS["yesno"], BALLOTS["single"], BALLOTS["multiple"]


def column(result: dict[str, Any], name: str) -> list[Any]:
    return [row[name] for row in result["rows"]]


@pytest.mark.parametrize(
    ("base", "whole", "shares", "bars"),
    [
        ("voted", 8, ["50.0", "37.5", "12.5"], ["50.0", "37.5", "12.5"]),
        ("valid", 7, ["57.1", "42.9", None], ["57.1", "42.9", "0.0"]),
        ("entitled", 20, ["20.0", "15.0", "5.0"], ["20.0", "15.0", "5.0"]),
    ],
)
def test_yesno_shares_are_of_the_base_that_the_question_names(
    base: str, whole: int, shares: list[str], bars: list[str]
) -> None:
    cells = {"yes": 4, "no": 3, "abstain": 1}
    result = YESNO.tally(defined("yesno", (), base=base), cells, entitled=20)
    assert (result["n"], result["abstained"], result["base"]) == (8, 1, whole)
    assert column(result, "share") == shares
    assert column(result, "bar") == bars


def test_yesno_keeps_its_order_and_gives_abstaining_no_place() -> None:
    result = YESNO.tally(defined("yesno", ()), {"no": 9, "yes": 2})
    assert column(result, "id") == ["yes", "no", "abstain"]
    assert column(result, "place") == [2, 1, None]
    assert column(result, "figure") == ["2", "9", "0"]


def test_more_votes_than_entitled_fill_the_bar_and_no_more() -> None:
    result = YESNO.tally(defined("yesno", (), base="entitled"), {"yes": 12}, entitled=10)
    assert (result["rows"][0]["share"], result["rows"][0]["bar"]) == ("120.0", "100.0")


def test_yesno_shift_says_who_went_where() -> None:
    pairs = [("yes", "no"), ("yes", "no"), ("abstain", "yes"), ("no", "no")]
    assert YESNO.shift(defined("yesno", ()), pairs) == {
        "n": 4,
        "changed": 3,
        "rows": [
            {"id": "yes", "unit": "votes", "first": "2", "final": "1", "change": "-1"},
            {"id": "no", "unit": "votes", "first": "1", "final": "3", "change": "+2"},
            {"id": "abstain", "unit": "votes", "first": "1", "final": "0", "change": "-1"},
        ],
        "flows": [
            {"from": "yes", "to": "no", "count": 2},
            {"from": "no", "to": "no", "count": 1},
            {"from": "abstain", "to": "yes", "count": 1},
        ],
    }


def test_single_rows_come_by_votes_and_equals_share_a_place() -> None:
    result = SINGLE.tally(defined("single"), {"A": 2, "B": 2, "C": 5, "abstain": 1})
    assert result == {
        "n": 10,
        "abstained": 1,
        "base": 10,
        "rows": [
            {
                "id": letter,
                "figure": str(votes),
                "unit": "votes",
                "count": votes,
                "share": share,
                "bar": share,
                "place": place,
            }
            for letter, votes, share, place in [
                ("C", 5, "50.0", 1),
                ("A", 2, "20.0", 2),
                ("B", 2, "20.0", 2),
            ]
        ],
    }


def test_single_abstaining_is_refused_where_it_is_not_offered() -> None:
    with pytest.raises(Exception, match="choice_invalid reason=option"):
        SINGLE.clean(defined("single", abstain=False), "abstain", None)


def test_single_shift_includes_those_who_abstain() -> None:
    shift = SINGLE.shift(defined("single"), [("A", "abstain"), ("A", "B")])
    assert [row["change"] for row in shift["rows"]] == ["-2", "+1", "0", "+1"]


def test_multiple_picks_are_kept_in_options_order_with_a_cleaned_text() -> None:
    definition = defined("multiple", write_in=True)
    assert MULTIPLE.clean(definition, {"picks": ["C", "A"], "other": " a  b "}, None) == {
        "picks": ["A", "C"],
        "other": "a b",
    }
    assert MULTIPLE.clean(definition, {"other": "정원"}, None) == {"picks": [], "other": "정원"}


def test_multiple_without_write_in_takes_no_text_but_an_empty_one() -> None:
    definition = defined("multiple")
    assert MULTIPLE.clean(definition, {"picks": ["A"], "other": " "}, None) == {"picks": ["A"]}
    with pytest.raises(Exception, match="choice_invalid reason=option"):
        MULTIPLE.clean(definition, {"picks": ["A"], "other": "b"}, None)


def test_multiple_shares_are_of_ballots_and_other_is_a_row() -> None:
    definition = defined("multiple", write_in=True)
    ballots = [{"picks": ["A", "B"]}, {"picks": ["B"], "other": "b"}, {"picks": [], "other": "a"}]
    result = MULTIPLE.tally(definition, {"#": 3, "A": 1, "B": 2, "other": 2}, ballots=ballots)
    assert column(result, "id") == ["B", "other", "A", "C"]
    assert column(result, "share") == ["66.7", "66.7", "33.3", "0.0"]
    assert column(result, "place") == [1, 1, 3, 4]
    assert result["others"] == [{"text": "a", "count": 1}, {"text": "b", "count": 1}]


def test_multiple_shows_no_texts_without_the_ballots() -> None:
    assert "others" not in MULTIPLE.tally(defined("multiple"), {"#": 1, "A": 1})


def test_multiple_shift_counts_who_took_up_and_who_dropped_an_option() -> None:
    pairs = [
        ({"picks": ["A"]}, {"picks": ["B"]}),
        ({"picks": ["A", "B"]}, {"picks": ["A", "B"]}),
        ({"picks": ["B"]}, {"picks": ["A"]}),
    ]
    shift = MULTIPLE.shift(defined("multiple"), pairs)
    assert (shift["n"], shift["changed"]) == (3, 2)
    assert shift["rows"][0] == {
        "id": "A",
        "unit": "votes",
        "first": "2",
        "final": "2",
        "change": "0",
        "gained": 1,
        "lost": 1,
    }
