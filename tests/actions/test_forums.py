"""Making a forum: everything at once, once, and what its stage shows."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from tests.actions.conftest import Announced
from tests.actions.desks import key
from tests.facts import Clock
from townhall.actions import forums, people, proposals
from townhall.actions import questions as asking
from townhall.actions.forums import Candidate, MadeForum, NewForum, NewQuestion
from townhall.domain.audience import Actor
from townhall.domain.drafts import draft
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.screens import forums as screen
from townhall.screens import organise
from townhall.storage import people as accounts
from townhall.storage.schema import Forum, Seat
from townhall.web.i18n import catalogue

ORGANISER = Actor(role="organiser", session=1, person=1)
WORDS = catalogue("ko")
LIBRARY = NewForum(
    title="작은도서관 열린토론회",
    template="small-library",
    candidates=(Candidate("밤 도서관"), Candidate("나무 그늘"), Candidate("마을 부엌")),
    tables=2,
    tickets=5,
)


async def make(hall: Hall, new: NewForum = LIBRARY, **given: Any) -> MadeForum:
    return await forums.make(hall, ORGANISER, new, WORDS, **given)


def counted(hall: Hall) -> tuple[int, int]:
    """How many forums and ticket seats there are."""
    return hall.database.read_here(
        lambda s: (len(s.exec(select(Forum)).all()), len(s.exec(select(Seat)).all()))
    )


def seen(hall: Hall, forum: int) -> dict[str, Any]:
    return hall.database.read_here(organise.setup, forum, hall.now())


async def refused(awaited: Any) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Refused) as caught:
        await awaited
    return caught.value.code, caught.value.details


async def test_a_template_brings_its_run_of_show_questions_and_selection(hall: Hall) -> None:
    made = await make(hall)
    found = seen(hall, made.id)
    questions = found["questions"]
    assert (found["forum"]["title"], found["forum"]["state"]) == (LIBRARY.title, "before")
    assert [(q["kind"], q["round"]) for q in questions] == [
        ("score", "first"),
        ("dots", None),
        ("score", "final"),
    ]
    assert questions[2]["first"] == questions[0]["id"]
    assert [o["title"] for o in questions[0]["options"]] == ["밤 도서관", "나무 그늘", "마을 부엌"]
    assert [q["selection"] for q in questions] == [True, False, True]
    assert len(found["segments"]) == 12
    assert found["selection"]["state"] == "open"


async def test_every_token_opens_its_screen(hall: Hall) -> None:
    made = await make(hall)
    links = [made.moderator, made.stage, *(token for _, token in made.tables)]
    paths = [(await people.enter(hall, made.code, token)).path for token in links]
    at = f"/f/{made.code}"
    assert paths == [f"{at}/console", f"{at}/stage", f"{at}/desk", f"{at}/desk"]
    seats = [await people.enter(hall, made.code, token) for token in made.tickets]
    assert [entrance.role for entrance in seats] == ["seated"] * 5
    assert [number for number, _ in made.tables] == [1, 2]


async def test_the_same_form_makes_one_forum_with_the_same_tokens(hall: Hall) -> None:
    first = await make(hall, key=key(1))
    assert await make(hall, key=key(1)) == first
    assert counted(hall) == (1, 5)


async def test_a_form_pressed_twice_at_once_makes_one_forum(hall: Hall) -> None:
    one, other = await asyncio.gather(make(hall, key=key(1)), make(hall, key=key(1)))
    assert one == other
    assert counted(hall) == (1, 5)


async def test_another_key_other_wishes_or_another_person_make_another_forum(hall: Hall) -> None:
    made = [
        await make(hall, key=key(1)),
        await make(hall, key=key(2)),
        await make(hall, replace(LIBRARY, tables=3), key=key(1)),
        await forums.make(hall, replace(ORGANISER, person=2), LIBRARY, WORDS, key=key(1)),
        await make(hall),
        await make(hall),
    ]
    assert len({each.id for each in made}) == 6
    assert len({token for each in made for token in each.tickets}) == 30


async def test_a_key_of_another_shape_is_refused(hall: Hall) -> None:
    assert (await refused(make(hall, key="1")))[0] == "form_used"
    assert counted(hall) == (0, 0)


async def test_candidates_come_from_proposals_of_a_board(hall: Hall) -> None:
    person = await hall.change(
        None, lambda session, now: Change(accounts.add_person(session, "haneul", "하늘", None, now))
    )
    author = Actor(role="member", session=1, person=person)
    await proposals.open_board(hall, ORGANISER, "village", "마을 정책제안")
    written = draft("우리 동네 공유 공구함", "배경", "내용", "", "")
    idea = await proposals.propose(hall, author, "village", written, key="1")
    made = await make(
        hall,
        replace(LIBRARY, board="village", candidates=(Candidate("밤 도서관"), Candidate("", idea))),
    )
    options = seen(hall, made.id)["questions"][0]["options"]
    assert [option["title"] for option in options] == ["밤 도서관", "우리 동네 공유 공구함"]


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"template": "none"}, "template_unknown"),
        ({"candidates": (Candidate("하나"),)}, "candidates_count"),
        ({"candidates": (Candidate("하나"), Candidate("", 99))}, "proposal_unknown"),
        ({"board": "nowhere"}, "board_unknown"),
        ({"tables": 201}, "tables_invalid"),
        ({"tickets": 10_001}, "tickets_number"),
        ({"title": " "}, "text_empty"),
        ({"questions": (NewQuestion("mood", "어때요?"),)}, "definition_invalid"),
        ({"questions": (NewQuestion("yesno", "어때요?", seconds=3),)}, "seconds_invalid"),
    ],
)
async def test_a_forum_that_cannot_be_is_refused_and_leaves_nothing(
    hall: Hall, wish: dict[str, Any], refusal: str
) -> None:
    assert (await refused(make(hall, replace(LIBRARY, **wish))))[0] == refusal
    assert counted(hall) == (0, 0)


async def test_only_an_organiser_makes_a_forum(hall: Hall) -> None:
    moderator = Actor(role="moderator", forum=1)
    assert (await refused(forums.make(hall, moderator, LIBRARY, WORDS)))[0] == "not_allowed"


async def test_a_moderator_chooses_the_scene_and_blanks_it(
    hall: Hall, announced: Announced
) -> None:
    made = await make(hall)
    moderator = Actor(role="moderator", forum=made.id)
    question = seen(hall, made.id)["questions"][0]["id"]
    announced.clear()
    await forums.show(hall, moderator, key=key(1), scene="question", question=question)
    await forums.blank(hall, moderator, key=key(2), on=True)
    now = hall.database.read_here(screen.stage, made.id, "stage", None)
    assert now == {"scene": "question", "question": question, "blank": True}
    assert announced == [(made.id, frozenset({"stage"}))] * 2
    await forums.show(hall, moderator, key=key(3), scene="join")
    assert hall.database.read_here(screen.stage, made.id, "stage", None) == {
        "scene": "join",
        "question": None,
        "blank": False,
    }


async def test_a_result_of_no_named_question_is_the_last_that_was_revealed(
    hall: Hall, clock: Clock
) -> None:
    made = await make(hall)
    moderator = Actor(role="moderator", forum=made.id)

    async def shown(key: str) -> int | None:
        await forums.show(hall, moderator, key=key, scene="reveal")
        stage = hall.database.read_here(screen.stage, made.id, "stage", None)
        about: int | None = stage["question"]
        return about

    assert await shown(key(1)) is None
    asked = [question["id"] for question in seen(hall, made.id)["questions"]]
    for n, question in ((10, asked[2]), (20, asked[0])):
        about: Any = {"question": question}
        await asking.open_(hall, moderator, key=key(n), **about)
        await asking.close(hall, moderator, key=key(n + 1), seconds=0, **about)
        clock.pass_seconds(4)
        await asking.finish_due(hall)
        await asking.reveal(hall, moderator, key=key(n + 2), **about)
        assert await shown(key(n + 3)) == question


async def test_a_scene_or_question_that_is_not_there_is_refused(hall: Hall) -> None:
    made = await make(hall)
    moderator = Actor(role="moderator", forum=made.id)
    unknown = forums.show(hall, moderator, key=key(1), scene="party")
    assert (await refused(unknown))[0] == "scene_unknown"
    foreign = forums.show(hall, moderator, key=key(1), scene="question", question=99)
    assert (await refused(foreign))[0] == "question_unknown"
