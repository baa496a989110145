"""A server that lies with every hash made to fit is found out by what its file says."""

import copy
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.verify.evening import Evening
from tests.verify.liar import Document, counting, question, resealed
from townhall.verify import check

Lie = Callable[[Document], Any]
LIES: list[Any] = []


def lie(*codes: str) -> Callable[[Lie], Lie]:
    """Register a lie with all codes of findings that give it away."""

    def kept(tell: Lie) -> Lie:
        LIES.append(pytest.param(tell, set(codes), id=tell.__name__))
        return tell

    return kept


def found(document: Document) -> Counter[str]:
    return Counter(each.code for each in check(document))


def test_an_export_that_is_sealed_anew_without_a_lie_holds(evening: Evening) -> None:
    assert found(resealed(copy.deepcopy(evening.file))) == Counter()


@lie("cells")
def a_tally_is_made_up(document: Document) -> None:
    cells = question(document, "single")["certificate"]["cells"]
    cells[next(iter(cells))] += 1


@lie("result")
def a_mean_is_rounded_up(document: Document) -> None:
    row = question(document, "score", round="final")["result"]["rows"][0]
    row["figure"] = f"{float(row['figure']) + 0.01:.2f}"


@lie("result")
def a_shift_is_made_larger(document: Document) -> None:
    question(document, "score", round="final")["result"]["shift"]["changed"] += 1


@lie("result")
def an_option_goes_out_a_round_later(document: Document) -> None:
    rounds = question(document, "ranking", method="irv")["result"]["rounds"]
    rounds[0]["out"], rounds[1]["out"] = rounds[1]["out"], rounds[0]["out"]


@lie("choice_invalid")
def a_ballot_holds_what_nobody_could_choose(document: Document) -> None:
    counting(question(document, "yesno"))[0]["choice"] = "perhaps"


@lie("cells", "result")
def a_secret_choice_is_exchanged(document: Document) -> None:
    asked = question(document, "yesno", secret=True)
    asked["choices"][0] = "yes" if asked["choices"][0] != "yes" else "abstain"
    asked["choices"].sort(key=json.dumps)


@lie("ballots_counted", "batch_sum", "cells", "result")
def a_secret_ballot_is_added(document: Document) -> None:
    asked = question(document, "yesno", secret=True)
    asked["commitments"].append({"commitment": "f" * 64, "id": "e" * 64})
    asked["choices"].append("yes")


@lie("ballot_twice", "ballots_counted", "batch_sum")
def a_secret_ballot_is_there_twice(document: Document) -> None:
    asked = question(document, "single", secret=True)
    asked["commitments"].insert(0, asked["commitments"][0])


@lie("seat", "ballots_counted", "cells", "result", "group_small")
def two_ballots_of_a_seat_count(document: Document) -> None:
    asked = question(document, "yesno")
    replaced = next(each for each in asked["ballots"] if "choice" not in each)
    replaced.update(choice="yes", channel="phone", table=9)


@lie("seat_numbers")
def seats_are_numbered_as_it_suits(document: Document) -> None:
    asked = question(document, "dots", over="options")
    for each in asked["ballots"]:
        each["seat"] = {1: 2, 2: 1}.get(each["seat"], each["seat"])
    asked["ballots"].sort(key=lambda each: (each["seat"], each["rev"]))


@lie("group_small")
def a_small_table_is_told(document: Document) -> None:
    untold = [each for each in counting(question(document, "yesno")) if each["channel"] is None]
    untold[0].update(channel="phone", table=3)


@lie("own_table")
def points_go_to_ones_own_table(document: Document) -> None:
    asked = question(document, "dots", over="summaries")
    for option in asked["definition"]["options"]:
        option["table"] = {1: 2, 2: 1}[option["table"]]


@lie("late_batch")
def closes_name_an_earlier_head(document: Document) -> None:
    chain = document["chains"]
    writer = max(chain, key=int)
    for asked in document["questions"]:
        asked["certificate"]["heads"][writer] = chain[writer][-2]["hash"]


@lie("late_batch", "close_head")
def a_close_names_heads_that_go_back(document: Document) -> None:
    chain = document["chains"]
    writer = max(chain, key=int)
    for asked in document["questions"]:
        asked["certificate"]["heads"][writer] = chain[writer][-1 - asked["id"] % 2]["hash"]


@lie("differs")
def a_running_tally_was_wrong(document: Document) -> None:
    question(document, "yesno")["certificate"]["differs"] = True


@lie("batch_question", "question_missing")
def a_question_is_left_out(document: Document) -> None:
    document["questions"].remove(question(document, "multiple"))


@lie("record_missing")
def a_question_was_never_revealed(document: Document) -> None:
    asked = question(document, "multiple")["id"]
    for link in document["chains"]["0"]:
        if link["kind"] == "question_reveal" and json.loads(link["body"])["question"] == asked:
            link["kind"] = "stage"


@lie("record_misplaced")
def a_question_is_revealed_before_it_closes(document: Document) -> None:
    links = document["chains"]["0"]
    places = {
        link["kind"]: n
        for n, link in enumerate(links)
        if json.loads(link["body"]).get("question") == 4
    }
    early, late = links[places["question_open"] + 1], links[places["question_reveal"]]
    for name in ("kind", "body"):
        early[name], late[name] = late[name], early[name]


@lie("uncountable")
def a_definition_says_no_way_to_count(document: Document) -> None:
    question(document, "ranking", method="pairwise")["definition"]["config"]["method"] = "coin"


@lie("link_kind")
def a_chain_of_ballots_holds_something_else(document: Document) -> None:
    document["chains"][max(document["chains"], key=int)][-1]["kind"] = "stage"


@lie("score")
def points_are_added_to_a_score(document: Document) -> None:
    score = document["selections"][0]["score"]
    score["candidates"][-1]["total"] = {"exact": "100", "display": "100.00"}


@lie("score", "selection_ballots")
def a_ballot_is_changed_in_the_snapshot_alone(document: Document) -> None:
    ballot = document["selections"][0]["snapshot"]["live"]["final"][0]
    ballot["A"] = 5 if ballot["A"] != 5 else 1


@lie("score", "sheet")
def a_sheet_is_changed_after_it_was_handed_in(document: Document) -> None:
    sheets = document["selections"][0]["snapshot"]["panel"]["sheets"]
    own = sheets[1]["scores"]["B"]
    own["reach"] = 5 if own["reach"] != 5 else 1


@lie("score", "sheet")
def a_sheet_is_left_out(document: Document) -> None:
    document["selections"][0]["snapshot"]["panel"]["sheets"].pop()


@lie("score", "rule_changed")
def a_locked_rule_is_changed(document: Document) -> None:
    selection = document["selections"][0]
    for rule in (selection["rule"], selection["snapshot"]["rule"]):
        rule["weights"] = {"sympathy": 25, "live": 50, "panel": 25}


@lie("snapshot", "rule_changed")
def weights_do_not_add_up(document: Document) -> None:
    selection = document["selections"][0]
    for rule in (selection["rule"], selection["snapshot"]["rule"]):
        rule["weights"]["panel"] = 75


@lie("selection_missing")
def a_selection_is_left_out(document: Document) -> None:
    document["selections"].clear()


@pytest.mark.parametrize(("tell", "codes"), LIES)
def test_a_lie_is_found_by(evening: Evening, tell: Lie, codes: set[str]) -> None:
    document = copy.deepcopy(evening.file)
    tell(document)
    assert found(resealed(document)).keys() == codes
