"""Casting: what each status means, on both databases. The oracle is the stored ballots."""

import asyncio
import json
import random
import secrets
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests import facts
from tests.facts import Clock
from townhall.actions import ballots, questions
from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.storage import questions as stored
from townhall.storage.database import writing
from townhall.storage.schema import Certificate

pytestmark = pytest.mark.anyio

SCORE = {
    "kind": "score",
    "options": [{"id": "A", "title": "개방 알림판"}, {"id": "B", "title": "방문 예약제"}],
    "config": {"min": 1, "max": 5},
}


def key() -> str:
    return secrets.token_hex(16)


def actor(seat: int, forum: int, kind: str = "ticket") -> Actor:
    role = "open" if kind == "open" else "seated"
    return Actor(role=role, session=1, forum=forum, seat=seat, seat_kind=kind)  # type: ignore[arg-type]


async def cast(hall: Hall, who: Actor, question: int, choice: Any, **given: Any) -> dict[str, Any]:
    sent = {"key": key(), "rev": 1, "nonce": key(), **given}
    return await ballots.cast(hall, who, question=question, choice=choice, **sent)


def room(hall: Hall, seats: int = 1, **question: Any) -> tuple[int, int, list[int]]:
    """A forum with one question and some ticket seats: (forum, question, seats)."""
    with writing(hall.database) as session:
        forum = facts.forum(session)
        asked = facts.question(session, forum, **question)
        return forum, asked, [facts.seat(session, forum, n + 1) for n in range(seats)]


def cells(hall: Hall, question: int) -> dict[str, int]:
    return hall.database.read_here(stored.cells, [question])[question]


def counted(session: Session, question: int) -> list[Any]:
    return [choice for _, choice in stored.current(session, question)]


async def test_ballot_is_stored_before_its_answer(either_hall: Hall) -> None:
    forum, question, [seat] = room(either_hall)
    answer = await cast(either_hall, actor(seat, forum), question, "yes")
    assert answer["status"] == "counted"
    assert either_hall.database.read_here(counted, question) == ["yes"]
    assert cells(either_hall, question) == {"yes": 1}


async def test_same_key_again_gets_the_same_receipt(either_hall: Hall) -> None:
    forum, question, [seat] = room(either_hall)
    first = await cast(either_hall, actor(seat, forum), question, "yes", key="a" * 32)
    again = await cast(either_hall, actor(seat, forum), question, "yes", key="a" * 32)
    assert again == {**first, "status": "counted_before"}
    assert cells(either_hall, question) == {"yes": 1}


async def test_higher_rev_replaces_and_lower_rev_is_superseded(either_hall: Hall) -> None:
    forum, question, [seat] = room(either_hall)
    who = actor(seat, forum)
    await cast(either_hall, who, question, "yes", rev=1)
    second = await cast(either_hall, who, question, "no", rev=2)
    late = await cast(either_hall, who, question, "abstain", rev=1)
    assert (second["status"], late["status"]) == ("counted", "superseded")
    assert (late["choice"], late["rev"]) == ("no", 2)
    assert late["receipt"] == second["receipt"]
    assert either_hall.database.read_here(counted, question) == ["no"]
    assert cells(either_hall, question) == {"no": 1}


async def test_confirmed_ballot_cannot_be_changed(either_hall: Hall) -> None:
    forum, question, [seat] = room(either_hall, changeable=False)
    who = actor(seat, forum)
    await cast(either_hall, who, question, "yes")
    second = await cast(either_hall, who, question, "no", rev=2)
    assert (second["status"], second["choice"]) == ("already_voted", "yes")


async def test_secret_ballot_is_final_and_a_retry_gets_its_receipt(either_hall: Hall) -> None:
    forum, question, [seat] = room(either_hall, secret=True)
    who = actor(seat, forum)
    first = await cast(either_hall, who, question, "yes", key="b" * 32)
    again = await cast(either_hall, who, question, "yes", key="b" * 32)
    other = await cast(either_hall, who, question, "no", rev=2)
    assert first["status"] == "counted"
    assert again == {**first, "status": "counted_before"}
    assert other == {"status": "already_voted"}
    assert cells(either_hall, question) == {"yes": 1}


async def test_key_of_another_seat_is_invalid(either_hall: Hall) -> None:
    for secret in (False, True):
        with writing(either_hall.database) as session:
            forum = facts.forum(session, code=f"99999{int(secret)}")
            question = facts.question(session, forum, secret=secret)
            mine, yours = (facts.seat(session, forum, n) for n in (1, 2))
        await cast(either_hall, actor(mine, forum), question, "yes", key="c" * 32)
        stolen = await cast(either_hall, actor(yours, forum), question, "yes", key="c" * 32)
        assert stolen == {"status": "invalid", "reason": "key_used"}
        voted = await cast(either_hall, actor(yours, forum), question, "no")
        assert voted["status"] == "counted"
        if not secret:  # also for a seat that has voted before
            again = cast(either_hall, actor(yours, forum), question, "yes", key="c" * 32, rev=2)
            assert await again == {"status": "invalid", "reason": "key_used"}


async def test_who_may_not_vote_is_not_eligible(either_hall: Hall) -> None:
    forum, question, [seat] = room(either_hall)
    assert (await cast(either_hall, actor(seat, forum, "open"), question, "yes")) == {
        "status": "not_eligible"
    }
    assert (await cast(either_hall, actor(seat, forum + 1), question, "yes")) == {
        "status": "not_eligible"
    }


async def test_draft_and_unknown_questions_are_closed(either_hall: Hall) -> None:
    forum, question, [seat] = room(either_hall, state="draft")
    for asked in (question, 999):
        answer = await cast(either_hall, actor(seat, forum), asked, "yes")
        assert answer == {"status": "closed", "reason": "not_open"}


async def test_bad_choice_is_invalid_and_leaves_no_trace(either_hall: Hall) -> None:
    forum, question, [seat] = room(either_hall, **SCORE)
    who = actor(seat, forum)
    for choice in ({"A": 6, "B": 1}, {"A": 5}, {"A": True, "B": 1}, [], None, "yes", {"C": 1}):
        assert (await cast(either_hall, who, question, choice))["status"] == "invalid"
    assert (await cast(either_hall, who, question, {"A": 5, "B": None}))["status"] == "counted"


async def test_deadline_closes_without_anybody(hall: Hall, clock: Clock) -> None:
    forum, question, [early, late] = room(hall, 2, closes_at=clock() + 1_000)
    clock.pass_seconds(3)
    in_grace = await cast(hall, actor(early, forum), question, "yes")
    clock.pass_seconds(2)
    too_late = await cast(hall, actor(late, forum), question, "yes")
    assert (in_grace["status"], too_late["status"]) == ("counted", "closed")


async def test_many_seats_at_once_are_each_counted_once(either_hall: Hall) -> None:
    forum, question, seats = room(either_hall, 300, **SCORE)
    sent = [(seat, key()) for seat in seats for _ in range(2)]
    dice = random.Random(7)
    dice.shuffle(sent)
    answers = await asyncio.gather(
        *(
            cast(either_hall, actor(seat, forum), question, {"A": 1 + seat % 5, "B": None}, key=k)
            for seat, k in sent
        )
    )
    statuses = [answer["status"] for answer in answers]
    assert statuses.count("counted") == 300
    assert statuses.count("superseded") == 300
    assert len(either_hall.database.read_here(counted, question)) == 300
    assert sum(n for cell, n in cells(either_hall, question).items() if cell[0] == "A") == 300


async def test_tally_equals_a_fresh_count_after_many_revotes(either_hall: Hall) -> None:
    forum, question, seats = room(either_hall, 40)
    dice = random.Random(11)
    for rev in range(1, 6):
        await asyncio.gather(
            *(
                cast(
                    either_hall,
                    actor(seat, forum),
                    question,
                    dice.choice(["yes", "no", "abstain"]),
                    rev=rev,
                )
                for seat in seats
            )
        )
    found = either_hall.database.read_here(counted, question)
    fresh: dict[str, int] = {}
    for choice in found:
        fresh[choice] = fresh.get(choice, 0) + 1
    assert cells(either_hall, question) == fresh


async def test_close_certifies_exactly_the_counted_ballots(either_hall: Hall, clock: Clock) -> None:
    forum, question, seats = room(either_hall, 50)
    moderator = Actor(role="moderator", forum=forum)
    votes = asyncio.gather(
        *(cast(either_hall, actor(seat, forum), question, "yes") for seat in seats[:30])
    )
    await questions.close(either_hall, moderator, key=key(), question=question, seconds=0)
    answers = list(await votes)
    clock.pass_seconds(3)
    late = [await cast(either_hall, actor(seat, forum), question, "yes") for seat in seats[30:33]]
    assert {answer["status"] for answer in late} == {"closed"}
    assert await questions.finish_due(either_hall) == 1
    assert await questions.finish_due(either_hall) == 0

    def certificate(session: Session) -> Certificate | None:
        return session.get(Certificate, question)

    found = either_hall.database.read_here(certificate)
    assert found is not None
    assert found.counted == sum(a["status"] == "counted" for a in answers) == 30
    assert (found.cells, found.differs) == ({"yes": 30}, False)
    assert found.eligible == 50


async def test_every_batch_extends_one_unbroken_chain(either_hall: Hall) -> None:
    forum, question, seats = room(either_hall, 20)
    for seat in seats:
        await cast(either_hall, actor(seat, forum), question, "yes")

    def chain(session: Session) -> list[Any]:
        rows = session.connection().execute(
            text("SELECT n, prev_hash, hash, body FROM audit WHERE writer > 0 ORDER BY n")
        )
        return list(rows)

    links = either_hall.database.read_here(chain)
    assert [link.n for link in links] == list(range(1, len(links) + 1))
    assert [link.prev_hash for link in links] == ["", *(link.hash for link in links[:-1])]
    assert sum(json.loads(link.body)[str(question)]["n"] for link in links) == 20


async def test_audit_record_cannot_be_changed(either_hall: Hall) -> None:
    forum, question, [seat] = room(either_hall)
    await cast(either_hall, actor(seat, forum), question, "yes")
    for statement in ("UPDATE audit SET body = '{}'", "DELETE FROM audit"):
        with (
            pytest.raises(Exception, match="append-only"),
            writing(either_hall.database) as session,
        ):
            session.connection().execute(text(statement))


async def test_reopening_makes_a_new_question(hall: Hall, clock: Clock) -> None:
    forum, question, _ = room(hall)
    moderator = Actor(role="moderator", forum=forum)
    await questions.close(hall, moderator, key=key(), question=question, seconds=0)
    clock.pass_seconds(4)
    await questions.finish_due(hall)
    answer = await questions.reopen(hall, moderator, key=key(), question=question)

    def rows(session: Session) -> list[tuple[str, int | None]]:
        return [(q.state, q.reopens) for q in stored.of_forum(session, forum)]

    assert answer["state"] == "draft"
    assert hall.database.read_here(rows) == [("closed", None), ("draft", question)]


@pytest.mark.parametrize("secret", [False, True])
async def test_retry_after_the_close_gets_its_receipt(
    either_hall: Hall, clock: Clock, secret: bool
) -> None:
    forum, question, [mine, other] = room(either_hall, 2, secret=secret)
    first = await cast(either_hall, actor(mine, forum), question, "yes", key="d" * 32)
    moderator = Actor(role="moderator", forum=forum)
    await questions.close(either_hall, moderator, key=key(), question=question, seconds=0)
    clock.pass_seconds(4)
    await questions.finish_due(either_hall)
    again = await cast(either_hall, actor(mine, forum), question, "yes", key="d" * 32)
    stolen = await cast(either_hall, actor(other, forum), question, "yes", key="d" * 32)
    assert again == {**first, "status": "counted_before"}
    assert stolen == {"status": "closed"}


async def test_retry_of_a_paper_after_the_close_gets_its_receipt(
    either_hall: Hall, clock: Clock
) -> None:
    forum, question, _ = room(either_hall)
    here, elsewhere = (Actor(role="facilitator", forum=forum, table=n) for n in (1, 2))

    async def paper(desk: Actor, number: int, sent: str) -> dict[str, Any]:
        vote = {"key": sent, "rev": 1, "nonce": sent, "choice": "yes"}
        return await ballots.cast_by_proxy(
            either_hall, desk, question=question, paper=number, **vote
        )

    first = await paper(here, 7, "d" * 32)
    moderator = Actor(role="moderator", forum=forum)
    await questions.close(either_hall, moderator, key=key(), question=question, seconds=0)
    clock.pass_seconds(4)
    assert await questions.finish_due(either_hall) == 1
    assert await paper(here, 7, "d" * 32) == {**first, "status": "counted_before"}
    assert (await paper(here, 7, "e" * 32))["status"] == "closed"
    assert (await paper(here, 8, "e" * 32))["status"] == "closed"
    assert await paper(elsewhere, 7, "d" * 32) == {"status": "closed"}


async def test_question_that_cannot_be_counted_holds_back_no_other(
    hall: Hall, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    closes_at = clock() + 1_000
    forum, broken, [seat] = room(
        hall, kind="ranking", options=SCORE["options"], config={}, closes_at=closes_at
    )
    with writing(hall.database) as session:
        whole = facts.question(session, forum, closes_at=closes_at)
    await cast(hall, actor(seat, forum), whole, "yes")
    clock.pass_seconds(10)
    assert await questions.finish_due(hall) == 1
    assert hall.database.read_here(stored.certificates, [broken, whole]).keys() == {whole}
    assert f"question {broken} could not be counted" in caplog.text


async def test_same_key_from_two_seats_at_once_counts_for_one(either_hall: Hall) -> None:
    forum, question, seats = room(either_hall, 2)
    answers = await asyncio.gather(
        *(
            cast(either_hall, actor(seat, forum), question, choice, key="e" * 32)
            for seat, choice in zip(seats, ("yes", "no"), strict=True)
        )
    )
    assert sorted(answer["status"] for answer in answers) == ["counted", "invalid"]
    assert sum(cells(either_hall, question).values()) == 1
    voted = either_hall.database.read_here(stored.turnout, [question])
    assert voted == {question: {"phone": 1}}


async def test_refused_paper_makes_no_seat(either_hall: Hall, clock: Clock) -> None:
    forum, question, _ = room(either_hall)
    desk = Actor(role="facilitator", forum=forum, table=1)

    async def paper(number: int, choice: str) -> str:
        answer = await ballots.cast_by_proxy(
            either_hall,
            desk,
            question=question,
            paper=number,
            key=key(),
            rev=1,
            nonce=key(),
            choice=choice,
        )
        return str(answer["status"])

    def seats() -> int:
        return either_hall.database.read_here(stored.entitled, "seats", forum)

    assert (await paper(1, "perhaps"), seats()) == ("invalid", 1)
    assert (await paper(1, "yes"), seats()) == ("counted", 2)
    for number in range(2, ballots.MOST_PAPERS + 1):
        assert await paper(number, "no") == "counted"
    with pytest.raises(Refused) as refused:
        await paper(ballots.MOST_PAPERS + 1, "yes")
    assert refused.value.code == "papers_used_up"
    moderator = Actor(role="moderator", forum=forum)
    await questions.close(either_hall, moderator, key=key(), question=question, seconds=0)
    clock.pass_seconds(4)
    assert (await paper(99, "yes"), seats()) == ("closed", ballots.MOST_PAPERS + 1)


async def test_command_sent_again_after_another_changes_nothing(hall: Hall, clock: Clock) -> None:
    forum, question, _ = room(hall, closes_at=clock() + 60_000)
    moderator = Actor(role="moderator", forum=forum)
    first, other = key(), key()
    for sent in (first, other, first):
        await questions.extend(hall, moderator, key=sent, question=question, seconds=15)

    def deadline(session: Session) -> int | None:
        return stored.get(session, question, forum).closes_at

    assert hall.database.read_here(deadline) == clock() + 90_000
