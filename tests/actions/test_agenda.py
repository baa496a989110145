"""Steering the run of show: each step once, whoever presses and however often."""

import asyncio
from typing import Any

import pytest

from tests import facts
from tests.actions.conftest import Announced
from tests.actions.desks import key
from tests.facts import NOON, Clock
from townhall.actions import agenda
from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.domain.segments import SEGMENTS
from townhall.hall import Hall
from townhall.screens import agenda as screen
from townhall.screens import forums as forum_screen
from townhall.storage.database import writing

MINUTES = (10, 20, 5)


@pytest.fixture
def forum(hall: Hall) -> int:
    """A forum that has not begun, with a talk, table talk and a vote."""
    with writing(hall.database) as session:
        made = facts.forum(session, state="before")
        asked = facts.question(session, made, state="draft", opened_at=None)
        for position, kind in enumerate(("talk", "tables", "question")):
            facts.segment(
                session,
                made,
                kind=kind,
                current=False,
                position=position,
                minutes=MINUTES[position],
                question_id=asked if kind == "question" else None,
            )
    return made


@pytest.fixture
def moderator(forum: int) -> Actor:
    return Actor(role="moderator", forum=forum)


def shown(hall: Hall, forum: int) -> dict[str, Any]:
    return hall.database.read_here(screen.agenda, forum, "console", None)


def stage(hall: Hall, forum: int) -> dict[str, Any]:
    return hall.database.read_here(forum_screen.stage, forum, "stage", None)


def position(hall: Hall, forum: int) -> int | None:
    """The place of the running segment, from 0."""
    now = shown(hall, forum)
    ids = [segment["id"] for segment in now["segments"]]
    return ids.index(now["current"]) if now["current"] is not None else None


async def refused(awaited: Any) -> str:
    with pytest.raises(Refused) as caught:
        await awaited
    return caught.value.code


async def test_starting_runs_the_first_segment(
    hall: Hall, forum: int, moderator: Actor, clock: Clock
) -> None:
    clock.pass_seconds(90)
    answer = await agenda.start(hall, moderator, key=key(1))
    now = shown(hall, forum)
    assert (answer["status"], answer["state"], now["state"]) == ("ok", "running", "running")
    assert (now["started_at"], now["segments"][0]["started_at"]) == (NOON + 90_000,) * 2
    assert stage(hall, forum) == {"scene": "agenda", "question": None, "blank": False}


async def test_a_start_announces_what_every_screen_shows_of_it(
    hall: Hall, forum: int, moderator: Actor, announced: Announced
) -> None:
    await agenda.start(hall, moderator, key=key(1))
    assert [at for at, _ in announced] == [forum]
    assert {"agenda", "forum", "stage"} <= announced[0][1]


async def test_the_same_key_moves_once(hall: Hall, forum: int, moderator: Actor) -> None:
    await agenda.start(hall, moderator, key=key(1))
    first = await agenda.next_(hall, moderator, key=key(2))
    again = await agenda.next_(hall, moderator, key=key(2))
    assert (first["status"], again["status"]) == ("ok", "ok")
    assert position(hall, forum) == 1


async def test_two_consoles_that_press_next_at_once_move_one_step(
    hall: Hall, forum: int, moderator: Actor
) -> None:
    await agenda.start(hall, moderator, key=key(1))
    here = shown(hall, forum)["current"]
    answers = await asyncio.gather(
        *(agenda.next_(hall, moderator, key=key(n), current=here) for n in (2, 3)),
        return_exceptions=True,
    )
    codes = [answer.code for answer in answers if isinstance(answer, Refused)]
    assert (codes, position(hall, forum)) == (["agenda_moved"], 1)


async def test_next_ends_one_segment_and_the_stage_follows(
    hall: Hall, forum: int, moderator: Actor, clock: Clock
) -> None:
    await agenda.start(hall, moderator, key=key(1))
    await agenda.next_(hall, moderator, key=key(2))
    clock.pass_seconds(60)
    await agenda.next_(hall, moderator, key=key(3))
    segments = shown(hall, forum)["segments"]
    assert [segment["ended_at"] for segment in segments] == [NOON, NOON + 60_000, None]
    question = segments[2]["question"]
    assert stage(hall, forum) == {"scene": "question", "question": question, "blank": False}
    assert await refused(agenda.next_(hall, moderator, key=key(4))) == "agenda_last"


async def test_back_takes_up_the_segment_before(hall: Hall, forum: int, moderator: Actor) -> None:
    await agenda.start(hall, moderator, key=key(1))
    assert await refused(agenda.back(hall, moderator, key=key(2))) == "agenda_first"
    await agenda.next_(hall, moderator, key=key(3))
    await agenda.back(hall, moderator, key=key(4))
    segments = shown(hall, forum)["segments"]
    assert position(hall, forum) == 0
    assert (segments[0]["ended_at"], segments[1]["started_at"]) == (None, None)


async def test_minutes_are_given_to_the_running_and_to_a_coming_segment(
    hall: Hall, forum: int, moderator: Actor, announced: Announced
) -> None:
    await agenda.start(hall, moderator, key=key(1))
    coming = shown(hall, forum)["segments"][1]["id"]
    await agenda.extend(hall, moderator, key=key(2), minutes=5)
    await agenda.extend(hall, moderator, key=key(3), minutes=-10, segment=coming)
    assert [segment["extended"] for segment in shown(hall, forum)["segments"]] == [5, -10, 0]
    assert "agenda" in announced[-1][1]
    over = agenda.extend(hall, moderator, key=key(4), minutes=-10, segment=coming)
    assert await refused(over) == "minutes_invalid"


async def test_the_plan_says_what_each_segment_can_spare(hall: Hall, forum: int) -> None:
    kinds = {segment["kind"]: segment["spare"] for segment in shown(hall, forum)["segments"]}
    assert kinds == {kind: SEGMENTS[kind].spare for kind in kinds}


async def test_a_speakers_clock_starts_and_stops(
    hall: Hall, forum: int, moderator: Actor, clock: Clock
) -> None:
    await agenda.start(hall, moderator, key=key(1))
    clock.pass_seconds(5)
    await agenda.speaker(hall, moderator, key=key(2), name=" 하늘 ", seconds=180)
    expected = {"name": "하늘", "seconds": 180, "started_at": NOON + 5_000}
    assert shown(hall, forum)["speaker"] == expected
    await agenda.speaker(hall, moderator, key=key(3), name="", seconds=0)
    assert shown(hall, forum)["speaker"] is None


async def test_ending_stops_the_clock_and_the_stage_waits(
    hall: Hall, forum: int, moderator: Actor, clock: Clock
) -> None:
    assert await refused(agenda.end(hall, moderator, key=key(1))) == "agenda_not_running"
    await agenda.start(hall, moderator, key=key(2))
    clock.pass_seconds(30)
    await agenda.end(hall, moderator, key=key(3))
    now = shown(hall, forum)
    assert (now["state"], now["ended_at"], now["current"]) == ("ended", NOON + 30_000, None)
    assert stage(hall, forum)["scene"] == "waiting"


async def test_only_this_forums_console_steers(hall: Hall, forum: int) -> None:
    for actor in (
        Actor(role="facilitator", forum=forum, table=1),
        Actor(role="stage", forum=forum),
        Actor(role="organiser"),
    ):
        assert await refused(agenda.start(hall, actor, key=key(1))) == "not_allowed"
    assert shown(hall, forum)["state"] == "before"
