"""A question's states, deadlines and who sees what."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townhall.domain import questions
from townhall.domain.audience import AUDIENCES
from townhall.domain.errors import Refused
from townhall.domain.questions import Course, Terms

STATES = get_args(questions.State)
NOW = 1_700_000_000_000
DRAFT = Course()
OPEN = questions.open_(DRAFT, NOW)
TIMED = questions.open_(DRAFT, NOW, 60)
CLOSING = questions.close(OPEN, NOW)
CLOSED = questions.finish(CLOSING, NOW + 13_000)
REVEALED = questions.reveal(CLOSED, NOW + 20_000)


def test_a_question_runs_through_its_states() -> None:
    after_open = Course("open", opened_at=NOW)
    assert after_open == OPEN
    assert replace(after_open, closes_at=NOW + 60_000) == TIMED
    assert replace(after_open, state="closing", closes_at=NOW + 10_000) == CLOSING
    assert replace(CLOSING, state="closed", closed_at=NOW + 13_000) == CLOSED
    assert replace(CLOSED, state="revealed", revealed_at=NOW + 20_000) == REVEALED
    assert questions.reopen(REVEALED) == questions.reopen(CLOSED) == DRAFT


TOO_EARLY_OR_LATE: dict[str, tuple[Any, str]] = {
    "opening what is open": (lambda: questions.open_(OPEN, NOW), "question_already_open"),
    "opening what is revealed": (lambda: questions.open_(REVEALED, NOW), "question_already_open"),
    "opening for four seconds": (lambda: questions.open_(DRAFT, NOW, 4), "seconds_invalid"),
    "opening for more than an hour": (
        lambda: questions.open_(DRAFT, NOW, 3_601),
        "seconds_invalid",
    ),
    "extending a draft": (lambda: questions.extend(DRAFT, NOW, 15), "question_not_open"),
    "extending what is closed": (lambda: questions.extend(CLOSED, NOW, 15), "question_not_open"),
    "extending without a deadline": (
        lambda: questions.extend(OPEN, NOW, 15),
        "question_no_deadline",
    ),
    "extending after the grace": (
        lambda: questions.extend(TIMED, NOW + 63_000, 15),
        "question_not_open",
    ),
    "extending by nothing": (lambda: questions.extend(TIMED, NOW, 0), "seconds_invalid"),
    "closing a draft": (lambda: questions.close(DRAFT, NOW), "question_not_open"),
    "closing twice": (lambda: questions.close(CLOSING, NOW), "question_already_closing"),
    "closing after the grace": (lambda: questions.close(TIMED, NOW + 63_000), "question_not_open"),
    "closing with too long a warning": (lambda: questions.close(OPEN, NOW, 61), "seconds_invalid"),
    "counting a draft": (lambda: questions.finish(DRAFT, NOW), "question_not_open"),
    "counting twice": (lambda: questions.finish(CLOSED, NOW), "question_not_open"),
    "counting within the grace": (
        lambda: questions.finish(CLOSING, NOW + 12_999),
        "question_not_due",
    ),
    "counting without a deadline": (
        lambda: questions.finish(OPEN, NOW + 10**9),
        "question_not_due",
    ),
    "revealing what is open": (lambda: questions.reveal(OPEN, NOW), "question_not_closed"),
    "revealing twice": (lambda: questions.reveal(REVEALED, NOW), "question_already_revealed"),
    "reopening what is not counted": (lambda: questions.reopen(CLOSING), "question_not_closed"),
}


@pytest.mark.parametrize(
    ("command", "code"), TOO_EARLY_OR_LATE.values(), ids=TOO_EARLY_OR_LATE.keys()
)
def test_a_command_at_the_wrong_time_is_refused(command: Any, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        command()
    assert refusal.value.code == code


def test_more_time_counts_from_the_deadline_or_from_now_when_that_has_passed() -> None:
    assert questions.extend(TIMED, NOW, 15).closes_at == NOW + 75_000
    assert questions.extend(TIMED, NOW + 62_000, 15).closes_at == NOW + 77_000


def test_more_time_opens_a_closing_question_again_unless_the_warning_is_due() -> None:
    assert questions.extend(CLOSING, NOW + 5_000, 15) == Course("open", NOW, NOW + 25_000)
    assert questions.extend(CLOSING, NOW + 9_000, 5) == Course("closing", NOW, NOW + 15_000)


def test_a_close_never_moves_an_earlier_deadline() -> None:
    assert questions.close(TIMED, NOW + 55_000).closes_at == NOW + 60_000
    assert questions.close(TIMED, NOW).closes_at == NOW + 10_000
    assert questions.close(OPEN, NOW, 0).closes_at == NOW


@pytest.mark.parametrize(
    ("closes_at", "now", "taken"),
    [(None, 10**12, True), (1_000, 3_999, True), (1_000, 4_000, False), (1_000, 0, True)],
)
def test_ballots_are_taken_until_the_grace_is_over(
    closes_at: int | None, now: int, taken: bool
) -> None:
    for state in ("open", "closing"):
        assert questions.accepts(state, closes_at, now) is taken
        assert questions.due(state, closes_at, now) is not taken
    for state in ("draft", "closed", "revealed"):
        assert questions.accepts(state, closes_at, now) is False
        assert questions.due(state, closes_at, now) is False


SEEN = {
    # (state, results, enough ballots) -> audiences that see the tally
    ("open", "live", True): {"stage", "console"},
    ("closing", "live", True): {"stage", "console"},
    ("closed", "live", True): {"console"},
    ("closed", "live", False): {"console"},
    ("closed", "hidden", True): {"console"},
    ("closed", "hidden", False): {"console"},
    **{
        ("revealed", results, enough): set(AUDIENCES)
        for results in ("live", "hidden")
        for enough in (True, False)
    },
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("results", ["hidden", "live"])
@pytest.mark.parametrize("n", [0, 9, 10, 11])
def test_the_tally_is_seen_by_exactly_those_whom_the_table_names(
    state: str, results: str, n: int
) -> None:
    seen = {each for each in AUDIENCES if questions.tally_visible(each, state, results, n)}
    assert seen == SEEN.get((state, results, n >= 10), set())


@dataclass
class Row:
    state: str = "closed"
    opened_at: int | None = 1
    closes_at: int | None = 2
    closed_at: int | None = 3
    revealed_at: int | None = None


def test_a_stored_question_has_its_course() -> None:
    assert questions.course_of(Row()) == Course("closed", 1, 2, 3, None)


def test_a_secret_ballot_is_never_changeable() -> None:
    assert questions.terms() == Terms()
    assert questions.terms(secret=True).changeable is False
    assert questions.terms(results="live", base="valid", eligibility="open", round="final") == (
        Terms(False, True, "live", "valid", "open", "final")
    )


@pytest.mark.parametrize("field", ["results", "base", "eligibility", "round"])
def test_unknown_terms_are_refused_by_field(field: str) -> None:
    with pytest.raises(Refused) as refusal:
        questions.terms(**{field: "other"})
    assert refusal.value.code == "definition_invalid"
    assert refusal.value.details == {"field": field, "reason": "range"}


FACTS: dict[str, Any] = dict.fromkeys(questions.FROZEN, "x")


def test_the_definition_hash_covers_every_frozen_fact_and_nothing_else() -> None:
    whole = questions.definition_hash(FACTS)
    assert questions.definition_hash({**FACTS, "state": "open"}) == whole
    changed = {questions.definition_hash({**FACTS, field: "y"}) for field in questions.FROZEN}
    assert len(changed - {whole}) == len(questions.FROZEN)
    with pytest.raises(KeyError):
        questions.definition_hash({"kind": "score"})


PRESS: dict[str, Callable[[Course, int], Course]] = {
    "open": lambda course, now: questions.open_(course, now, 30),
    "extend": lambda course, now: questions.extend(course, now, 15),
    "close": questions.close,
    "finish": questions.finish,
    "reveal": questions.reveal,
}


@given(st.lists(st.tuples(st.sampled_from(list(PRESS)), st.integers(0, 90_000)), max_size=15))
def test_no_order_of_commands_leads_back_from_closed(steps: list[tuple[str, int]]) -> None:
    course, now, seen = DRAFT, NOW, ["draft"]
    for name, wait in steps:
        now += wait
        with suppress(Refused):
            course = PRESS[name](course, now)
        seen.append(course.state)
    ranks = [{"open": 1, "closing": 1}.get(state, STATES.index(state)) for state in seen]
    assert ranks == sorted(ranks)


def test_secret_question_cannot_show_its_bars_while_it_runs() -> None:
    with pytest.raises(Refused) as refused:
        questions.terms(secret=True, results="live")
    assert (refused.value.code, refused.value.details["field"]) == ("definition_invalid", "results")
