"""Who sees what of a question, by equality: facts that could leak are there, and do not."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests import facts
from townhall.domain.audience import AUDIENCES, Audience
from townhall.screens import slices
from townhall.storage.database import Database, open_database, writing
from townhall.storage.schema import Ballot, Certificate, Participation, Tally, Turnout

STATES = ("draft", "open", "closing", "closed", "revealed")


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = open_database(sqlite_url)
    yield opened
    opened.close()


def asked(database: Database, state: str, *, votes: int, **columns: Any) -> tuple[int, str]:
    """A question in a state with stored votes: (forum, its id as slices name it)."""
    with writing(database) as session:
        forum = facts.forum(session)
        question = facts.question(session, forum, state=state, **columns)
        for n in range(1, votes + 1):
            seat = facts.seat(session, forum, n)
            session.add(Participation(question_id=question, seat_id=seat))
            session.add(
                Ballot(
                    question_id=question,
                    seat_id=seat,
                    rev=1,
                    choice='"yes"',
                    key=secrets.token_hex(16),
                    commitment=f"{n:064x}",
                    writer=1,
                    batch=n,
                )
            )
        session.add(Tally(question_id=question, writer=1, cell="yes", n=votes))
        session.add(Turnout(question_id=question, writer=1, channel="phone", n=votes))
        if state in ("closed", "revealed"):
            session.add(
                Certificate(
                    question_id=question,
                    counted=votes,
                    eligible=votes,
                    present=0,
                    channels={"phone": votes},
                    digest="d",
                    root="r",
                    heads={"0": "h"},
                    cells={"yes": votes},
                    result={"n": votes, "rows": []},
                    closed_at=facts.NOON,
                )
            )
        return forum, str(question)


def seen(database: Database, forum: int, audience: Audience) -> dict[str, Any]:
    _, values = database.read_here(slices.read, forum, audience, 1)
    return values


def who_sees_tally(database: Database, forum: int) -> set[str]:
    return {audience for audience in AUDIENCES if seen(database, forum, audience)["tally"]}


@pytest.mark.parametrize(("state", "entitled"), [("open", 4), ("closed", 3)])
def test_a_ticket_made_after_the_close_changes_no_turnout(
    database: Database, state: str, entitled: int
) -> None:
    forum, question = asked(database, state, votes=3)
    with writing(database) as session:
        facts.seat(session, forum, 4)
    assert seen(database, forum, "stage")["turnout"][question]["entitled"] == entitled


@pytest.mark.parametrize(
    ("state", "results", "votes", "audiences"),
    [
        ("draft", "live", 12, set()),
        ("open", "hidden", 12, set()),
        ("closing", "hidden", 12, set()),
        ("open", "live", 9, set()),
        ("open", "live", 10, {"stage", "console"}),
        ("closing", "live", 10, {"stage", "console"}),
        ("closed", "hidden", 12, {"console"}),
        ("closed", "live", 12, {"console"}),
        ("revealed", "hidden", 2, set(AUDIENCES)),
    ],
)
def test_tally_is_seen_only_by(
    database: Database, state: str, results: str, votes: int, audiences: set[str]
) -> None:
    forum, _ = asked(database, state, votes=votes, results=results)
    assert who_sees_tally(database, forum) == audiences


@pytest.mark.parametrize("state", STATES)
def test_draft_is_for_the_console_alone(database: Database, state: str) -> None:
    forum, _ = asked(database, state, votes=1)
    who = {a for a in AUDIENCES if seen(database, forum, a)["questions"]}
    assert who == ({"console"} if state == "draft" else set(AUDIENCES))


@pytest.mark.parametrize("state", STATES[1:])
def test_turnout_is_a_count_and_from_the_close_on_the_seal(database: Database, state: str) -> None:
    forum, question = asked(database, state, votes=3)
    seal = {"root": "r", "heads": {"0": "h"}} if state in ("closed", "revealed") else {}
    for audience in AUDIENCES:
        assert seen(database, forum, audience)["turnout"] == {
            question: {"voted": 3, "entitled": 3, "channels": {"phone": 3}, **seal}
        }


def test_phones_get_no_name_seat_or_ballot_of_others(database: Database) -> None:
    forum, _ = asked(database, "open", votes=12, results="live")
    for audience in ("phone", "public", "desk"):
        found = seen(database, forum, audience)  # type: ignore[arg-type]
        assert '"yes"' not in str(found["tally"])
        assert found["tally"] == {}
    assert set(seen(database, forum, "phone")) == {
        "agenda",
        "asks",
        "forum",
        "questions",
        "score",
        "stage",
        "summaries",
        "tally",
        "turnout",
    }
