"""Questions from the floor: one intention, one ask; one seat, one sympathy; one on stage."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests import facts
from tests.actions.conftest import Announced
from townhall.actions import asks
from townhall.domain.audience import VISITOR, Actor
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.screens import asks as screens
from townhall.storage import asks as stored
from townhall.storage import sessions
from townhall.storage.database import writing
from townhall.storage.schema import Forum, Seat


def key(n: int) -> str:
    return f"{n:032x}"


@dataclass(frozen=True)
class Room:
    """A running forum with two seats and a moderator."""

    forum: int
    one: Actor
    two: Actor
    moderator: Actor


def furnish(hall: Hall) -> Room:
    with writing(hall.database) as session:
        forum = facts.forum(session)
        first, second = (facts.seat(session, forum, n) for n in (1, 2))
    one = Actor("seated", forum=forum, seat=first, seat_kind="ticket")
    return Room(forum, one, replace(one, seat=second), Actor("moderator", forum=forum))


@pytest.fixture
def room(hall: Hall) -> Room:
    return furnish(hall)


async def shown(hall: Hall, room: Room, audience: Any = "phone") -> Any:
    return await hall.read(screens.asks, room.forum, audience, None)


async def refused(call: Any) -> str:
    with pytest.raises(Refused) as caught:
        await call
    return caught.value.code


async def states(hall: Hall, room: Room) -> dict[int, str]:
    return {ask["id"]: ask["state"] for ask in await shown(hall, room, "console")}


async def test_an_ask_is_shown_to_everyone(hall: Hall, room: Room, announced: Announced) -> None:
    answer = await asks.write(hall, room.one, key=key(1), text=" 주차장은\n어디인가요? ")

    ask = answer["id"]
    assert answer == {"status": "ok", "id": ask, "rev": 1}
    for audience in ("phone", "desk", "console", "stage", "public"):
        assert await shown(hall, room, audience) == [
            {
                "id": ask,
                "text": "주차장은 어디인가요?",
                "upvotes": 0,
                "open": 0,
                "state": "open",
                "created_at": facts.NOON,
            }
        ]
    assert announced == [(room.forum, frozenset({"asks"}))]


async def test_an_ask_sent_again_is_one_ask(either_hall: Hall) -> None:
    hall, room = either_hall, furnish(either_hall)

    answers = await asyncio.gather(
        *(asks.write(hall, room.one, key=key(1), text="한 번만") for _ in range(20))
    )

    assert answers == [answers[0]] * 20
    assert [ask["id"] for ask in await shown(hall, room)] == [answers[0]["id"]]


async def test_a_key_of_another_seat_is_refused(hall: Hall, room: Room) -> None:
    await asks.write(hall, room.one, key=key(1), text="질문")

    assert await refused(asks.write(hall, room.two, key=key(1), text="질문")) == "key_used"


@pytest.mark.parametrize(
    ("text", "code"), [("가" * 201, "text_too_long"), ("\u200b", "text_empty")]
)
async def test_a_bad_ask_is_refused(hall: Hall, room: Room, text: str, code: str) -> None:
    assert await refused(asks.write(hall, room.one, key=key(1), text=text)) == code


async def test_one_seat_cannot_fill_the_list(hall: Hall, room: Room) -> None:
    for n in range(asks.WAITING_LIMIT):
        await asks.write(hall, room.one, key=key(n), text=f"질문 {n}")
    late = asks.write(hall, room.one, key=key(99), text="하나 더")
    assert await refused(late) == "asks_waiting"

    first = (await shown(hall, room))[0]["id"]
    await asks.steer(hall, room.moderator, ask=first, state="answered")

    assert (await asks.write(hall, room.one, key=key(99), text="하나 더"))["status"] == "ok"


async def test_a_seat_sympathises_once(either_hall: Hall, announced: Announced) -> None:
    hall, room = either_hall, furnish(either_hall)
    ask = (await asks.write(hall, room.one, key=key(1), text="질문"))["id"]
    announced.clear()

    given = await asyncio.gather(
        *(asks.upvote(hall, room.two, ask=ask, on=True) for _ in range(10))
    )

    assert given == [{"status": "ok", "id": ask, "on": True, "upvotes": 1}] * 10
    assert [slices for _, slices in announced if slices] == [{"asks"}]


async def test_sympathy_by_the_code_alone_is_counted_apart(either_hall: Hall) -> None:
    hall, room = either_hall, furnish(either_hall)
    ask = (await asks.write(hall, room.one, key=key(1), text="질문"))["id"]
    with writing(hall.database) as session:
        crowd = [facts.seat(session, room.forum, n, kind="open") for n in range(1, 4)]
        paper = facts.seat(session, room.forum, 1, kind="paper")
    for seat in (*crowd, paper):
        await asks.upvote(hall, replace(room.two, seat=seat), ask=ask, on=True)

    assert [(a["upvotes"], a["open"]) for a in await shown(hall, room)] == [(1, 3)]


async def test_where_nobody_has_a_ticket_all_sympathy_is_one(hall: Hall) -> None:
    with writing(hall.database) as session:
        forum = facts.forum(session)
        seat = facts.seat(session, forum, kind="open")
    actor = Actor("open", forum=forum, seat=seat, seat_kind="open")
    ask = (await asks.write(hall, actor, key=key(1), text="질문"))["id"]
    await asks.upvote(hall, actor, ask=ask, on=True)

    found = await hall.read(screens.asks, forum, "phone", None)
    assert [(a["upvotes"], a["open"]) for a in found] == [(1, 0)]


async def test_sympathy_can_be_withdrawn(hall: Hall, room: Room) -> None:
    ask = (await asks.write(hall, room.one, key=key(1), text="질문"))["id"]
    for actor in (room.one, room.two):
        await asks.upvote(hall, actor, ask=ask, on=True)
    assert room.two.seat is not None
    assert await hall.read(stored.upvoted, [room.two.seat]) == {room.two.seat: [ask]}

    for _ in range(2):
        answer = await asks.upvote(hall, room.two, ask=ask, on=False)

    assert answer == {"status": "ok", "id": ask, "on": False, "upvotes": 1}
    assert [a["upvotes"] for a in await shown(hall, room)] == [1]
    assert await hall.read(stored.upvoted, [room.two.seat]) == {room.two.seat: []}


async def test_the_stage_holds_one_ask(hall: Hall, room: Room, announced: Announced) -> None:
    one, two = [
        (await asks.write(hall, room.one, key=key(n), text=f"질문 {n}"))["id"] for n in (1, 2)
    ]
    announced.clear()

    for ask in (one, two, two):
        await asks.steer(hall, room.moderator, ask=ask, state="on_stage")
    moved = await states(hall, room)
    await asks.steer(hall, room.moderator, ask=two, state="answered")
    await asks.steer(hall, room.moderator, ask=one, state="on_stage")

    assert moved == {one: "open", two: "on_stage"}
    assert await states(hall, room) == {one: "on_stage", two: "answered"}
    assert [slices for _, slices in announced if slices] == [{"asks"}] * 4


async def test_a_hidden_ask_is_for_the_console_alone(hall: Hall, room: Room) -> None:
    ask = (await asks.write(hall, room.one, key=key(1), text="욕설"))["id"]
    await asks.steer(hall, room.moderator, ask=ask, state="hidden")

    for audience in ("phone", "desk", "stage", "public"):
        assert await shown(hall, room, audience) == []
    assert await states(hall, room) == {ask: "hidden"}
    assert await refused(asks.upvote(hall, room.two, ask=ask, on=True)) == "not_found"
    assert room.one.seat is not None
    assert await hall.read(stored.asked, [room.one.seat]) == {room.one.seat: [ask]}


async def test_asks_of_another_forum_are_out_of_reach(hall: Hall, room: Room) -> None:
    ask = (await asks.write(hall, room.one, key=key(1), text="질문"))["id"]
    with writing(hall.database) as session:
        elsewhere = facts.forum(session, code="654321")
        seat = facts.seat(session, elsewhere)
    stranger = replace(room.one, forum=elsewhere, seat=seat)
    moderator = replace(room.moderator, forum=elsewhere)

    assert await refused(asks.upvote(hall, stranger, ask=ask, on=True)) == "not_found"
    assert await refused(asks.steer(hall, moderator, ask=ask, state="hidden")) == "not_allowed"
    assert await refused(asks.steer(hall, room.moderator, ask=404, state="open")) == "not_found"


async def test_an_organiser_steers_the_asks_of_every_forum(hall: Hall, room: Room) -> None:
    ask = (await asks.write(hall, room.one, key=key(1), text="질문"))["id"]

    answer = await asks.steer(hall, Actor("organiser", person=1), ask=ask, state="answered")

    assert answer == {"status": "ok", "id": ask, "state": "answered"}
    assert await states(hall, room) == {ask: "answered"}


async def test_an_unknown_state_is_refused(hall: Hall, room: Room) -> None:
    ask = (await asks.write(hall, room.one, key=key(1), text="질문"))["id"]

    call = asks.steer(hall, room.moderator, ask=ask, state="deleted")

    assert await refused(call) == "payload_invalid"


async def test_only_those_whose_right_it_is(hall: Hall, room: Room) -> None:
    ask = (await asks.write(hall, room.one, key=key(1), text="질문"))["id"]
    desk = Actor("facilitator", forum=room.forum, table=1)

    for actor, code in ((VISITOR, "sign_in"), (desk, "not_allowed")):
        assert await refused(asks.write(hall, actor, key=key(2), text="질문")) == code
        assert await refused(asks.upvote(hall, actor, ask=ask, on=True)) == code
        assert await refused(asks.steer(hall, actor, ask=ask, state="hidden")) == code
    assert await refused(asks.steer(hall, room.one, ask=ask, state="hidden")) == "not_allowed"


async def test_a_forum_that_has_ended_takes_no_more(hall: Hall, room: Room) -> None:
    sent = {"key": key(1), "text": "제때"}
    answer = await asks.write(hall, room.one, **sent)
    with writing(hall.database) as session:
        session.get_one(Forum, room.forum).state = "ended"

    assert await refused(asks.write(hall, room.one, key=key(2), text="늦게")) == "forum_ended"
    assert await refused(asks.upvote(hall, room.two, ask=answer["id"], on=True)) == "forum_ended"
    assert await asks.write(hall, room.one, **sent) == answer
    hidden = await asks.steer(hall, room.moderator, ask=answer["id"], state="hidden")
    assert hidden["status"] == "ok"


async def test_a_voided_seat_asks_nothing(hall: Hall, room: Room) -> None:
    assert room.one.seat is not None
    with writing(hall.database) as session:
        made = sessions.open_session(
            session, "seated", facts.NOON, facts.NOON + 10_000, forum=room.forum, seat=room.one.seat
        )
    phone = replace(room.one, session=made.id)
    ask = (await asks.write(hall, phone, key=key(1), text="질문"))["id"]
    with writing(hall.database) as session:
        session.get_one(Seat, room.one.seat).voided_at = facts.NOON

    assert await refused(asks.write(hall, phone, key=key(2), text="또")) == "session_over"
    assert await refused(asks.upvote(hall, phone, ask=ask, on=True)) == "session_over"
