"""Queries on selections, on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlmodel import Session

from tests import facts
from tests.facts import NOON
from townhall.domain.ballots import option_ids
from townhall.domain.errors import Refused
from townhall.domain.selections import default_rule
from townhall.storage import selections
from townhall.storage.schema import Ballot, Question, Selection, Sheet


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session on an empty, migrated database: first on SQLite, then on PostgreSQL."""
    engine = create_engine(str(request.getfixturevalue(f"{request.param}_url")))
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def selection(session: Session, titles: int = 2, **columns: object) -> Selection:
    """An open selection of so many titles."""
    row = Selection(**({"title": "의제 선정", "rule": default_rule(1, 5)} | columns))
    letters = option_ids(titles)
    selections.add(session, row, [(letter, f"후보 {letter}", None) for letter in letters])
    return row


def ballot(question: int, seat: int, choice: str) -> Ballot:
    return Ballot(
        question_id=question,
        seat_id=seat,
        rev=1,
        choice=choice,
        key=f"{question}-{seat}",
        commitment="",
        writer=1,
        batch=1,
    )


def test_candidates_stand_in_their_order_beyond_z(session: Session) -> None:
    row = selection(session, 30)
    found = [each.letter for each in selections.candidates(session, row.id or 0)]
    assert found == list(option_ids(30))


def test_ids_that_no_column_holds_are_not_found(session: Session) -> None:
    for number in (0, -1, 999, 1 << 40):
        with pytest.raises(Refused, match="not_found"):
            selections.get(session, number)
        with pytest.raises(Refused, match="not_found"):
            selections.member(session, number)
    assert selections.proposals_named(session, [0, 7, 1 << 40]) == {}


def test_a_rule_is_locked_once_by_either_round(session: Session) -> None:
    forum = facts.forum(session)
    question = facts.question(session, forum, kind="score", state="draft")
    row = selection(session, forum_id=forum, first_question_id=question)
    other = selection(session, forum_id=forum)
    selections.lock_rule(session, forum, question, NOON)
    selections.lock_rule(session, forum, question, NOON + 1)
    assert (row.locked_at, row.rule_hash) == (NOON, selections.rule_hash(row.rule))
    assert (other.locked_at, other.rule_hash) == (None, None)


def test_a_window_that_began_locks_without_a_write(session: Session) -> None:
    row = selection(session, sympathy_from=NOON)
    assert selections.locked_at(row, NOON - 1) is None
    assert selections.locked_at(row, NOON) == NOON
    row.locked_at = NOON - 5
    assert selections.locked_at(row, NOON + 9) == NOON - 5


def test_sympathies_count_until_the_published_end_or_the_first_opening(session: Session) -> None:
    forum = facts.forum(session)
    asked = facts.question(session, forum, kind="score", opened_at=NOON + 1, state="closed")
    again = facts.question(session, forum, kind="score", opened_at=NOON + 5, reopens=asked)
    final = facts.question(session, forum, kind="score", opened_at=None, state="draft")
    row = selection(session, forum_id=forum, final_question_id=final)
    assert selections.sympathies_until(session, row) is None
    row.first_question_id = again
    assert selections.sympathies_until(session, row) == NOON + 1
    row.sympathy_until = NOON + 9
    assert selections.sympathies_until(session, row) == NOON + 9


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_ballots_stand_in_an_order_that_tells_nothing(
    session: Session, order: tuple[int, ...]
) -> None:
    forum = facts.forum(session)
    final = facts.question(session, forum, kind="score", state="closed", closed_at=NOON)
    choices = ['{"A":5,"B":1}', '{"A":2,"B":null}', '{"A":2,"B":4}']
    for seat, choice in zip(order, choices, strict=True):
        session.add(ballot(final, seat, choice))
    row = selection(session, forum_id=forum, final_question_id=final)
    live = selections.document(session, row)["live"]
    assert live == {"first": [], "final": [{"A": 2, "B": 4}, {"A": 2, "B": None}, {"A": 5, "B": 1}]}


@pytest.mark.parametrize("state", ["draft", "open", "closing"])
def test_a_round_that_is_not_counted_gives_no_ballots(session: Session, state: str) -> None:
    forum = facts.forum(session)
    final = facts.question(session, forum, kind="score", state=state)
    session.add(ballot(final, 1, '{"A":5,"B":1}'))
    row = selection(session, forum_id=forum, final_question_id=final)
    assert selections.document(session, row)["live"]["final"] == []


def test_a_round_counted_after_the_close_is_not_in_the_score(session: Session) -> None:
    forum = facts.forum(session)
    first = facts.question(session, forum, kind="score", state="closed", closed_at=NOON + 9)
    final = facts.question(session, forum, kind="score", state="closed", closed_at=NOON)
    row = selection(session, forum_id=forum, first_question_id=first, final_question_id=final)
    assert [each.id for each in selections.counted_rounds(session, row)] == [first, final]
    row.closed_at = NOON
    assert [each.id for each in selections.counted_rounds(session, row)] == [final]


def test_a_removed_question_is_no_round(session: Session) -> None:
    forum = facts.forum(session)
    final = facts.question(session, forum, kind="score")
    row = selection(session, forum_id=forum, final_question_id=final)
    session.delete(session.get_one(Question, final))
    session.flush()
    assert selections.rounds(session, row) == []


def test_panel_is_listed_by_number_with_its_sheets(session: Session) -> None:
    row = selection(session)
    second, first, _ = (
        selections.add_panelist(session, row.id or 0, number, f"위원 {number}")
        for number in (2, 1, 3)
    )
    session.add(Sheet(panelist_id=first.id, rev=1, final_at=NOON, saved_at=NOON))
    session.add(Sheet(panelist_id=second.id, rev=1, saved_at=NOON))
    session.flush()
    panel = selections.panel(session, row.id or 0)
    assert [(each.panelist.number, each.state) for each in panel] == [
        (1, "final"),
        (2, "draft"),
        (3, "none"),
    ]
