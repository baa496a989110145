"""What is counted as ballots come in, and what a vote must know before it comes in."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests import facts
from tests.actions.test_ballots import actor, cast, key, room
from tests.facts import Clock
from townhall.actions import ballots, questions
from townhall.domain.audience import Actor
from townhall.hall import Hall
from townhall.screens import slices
from townhall.storage import audit
from townhall.storage import questions as stored
from townhall.storage.database import writing

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "counts", ["UPDATE tally SET n = n + 1", "UPDATE turnout SET n = n + 1", "DELETE FROM turnout"]
)
async def test_counts_that_differ_from_the_ballots_are_an_alarm(
    hall: Hall, clock: Clock, counts: str
) -> None:
    forum, question, seats = room(hall, 3)
    for seat in seats:
        await cast(hall, actor(seat, forum), question, "yes")
    with writing(hall.database) as session:
        session.connection().execute(text(counts))
    moderator = Actor(role="moderator", forum=forum)
    await questions.close(hall, moderator, key=key(), question=question, seconds=0)
    clock.pass_seconds(3)
    await questions.finish_due(hall)
    found = hall.database.read_here(stored.certificates, [question])[question]
    assert (found.counted, found.channels, found.differs) == (3, {"phone": 3}, True)
    _, seen = hall.database.read_here(slices.read, forum, "phone")
    shown = seen["turnout"][str(question)]
    assert (shown["voted"], shown["channels"]) == (3, {"phone": 3})


async def test_after_a_restart_the_first_vote_makes_every_open_question_known(hall: Hall) -> None:
    forum, first, seats = room(hall)
    with writing(hall.database) as session:
        second = facts.question(session, forum)
        draft = facts.question(session, forum, state="draft")
    me = actor(seats[0], forum)
    said = {"key": key(), "rev": 1, "nonce": key(), "choice": "yes"}
    answers: list[Any] = []
    assert not ballots.cast_now(hall, me, ballots.Vote(question=second, **said), answers.append)
    await cast(hall, me, first, "yes")
    assert ballots.cast_now(hall, me, ballots.Vote(question=second, **said), answers.append)
    assert not ballots.cast_now(hall, me, ballots.Vote(question=draft, **said), answers.append)


async def test_more_time_that_came_first_is_not_counted_over(
    postgres_hall: Hall, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count looked before another process gave more time, and waited for the forum's line."""
    forum, question, _ = room(postgres_hall)
    moderator = Actor(role="moderator", forum=forum)
    await questions.close(postgres_hall, moderator, key=key(), question=question, seconds=0)
    clock.pass_seconds(3)
    raised = audit.raise_revision

    def waits(session: Session, forum_id: int) -> None:
        with writing(postgres_hall.database) as other:
            other.connection().execute(text("UPDATE question SET closes_at = closes_at + 60000"))
        raised(session, forum_id)

    with monkeypatch.context() as slow:
        slow.setattr(audit, "raise_revision", waits)
        assert await questions.finish_due(postgres_hall) == 0
    clock.pass_seconds(60)
    assert await questions.finish_due(postgres_hall) == 1
