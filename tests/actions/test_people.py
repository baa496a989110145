"""Entering by ticket, card and link; each door opens once, to the right room, and can be shut."""

import asyncio

import pytest
from sqlmodel import select

from tests import facts
from townhall.actions import cards, people
from townhall.actions.people import Device
from townhall.domain.audience import VISITOR, Actor
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.storage import seats
from townhall.storage.database import writing
from townhall.storage.schema import Audit, Seat


def room(hall: Hall, *, tables: int = 3, code: str = "123456") -> int:
    """A forum with tables."""
    with writing(hall.database) as session:
        forum = facts.forum(session, code=code)
        for number in range(1, tables + 1):
            facts.table(session, forum, number)
    return forum


def moderator(forum: int) -> Actor:
    return Actor(role="moderator", session=1, forum=forum)


ORGANISER = Actor(role="organiser", session=1, person=1)


async def refusal(awaitable: object) -> str:
    with pytest.raises(Refused) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value.code


async def test_tickets_are_dealt_round_robin_and_only_their_hashes_are_kept(hall: Hall) -> None:
    forum = room(hall)
    made = await cards.mint(hall, moderator(forum), forum, 7)
    assert [ticket.table for ticket in made] == [1, 2, 3, 1, 2, 3, 1]
    assert [ticket.number for ticket in made] == [1, 2, 3, 4, 5, 6, 7]
    stored = hall.database.read_here(lambda s: [row.ticket_hash for row in s.exec(select(Seat))])
    assert not {ticket.token for ticket in made} & set(stored)


async def test_a_ticket_opens_its_seat_once(hall: Hall) -> None:
    forum = room(hall)
    ticket = (await cards.mint(hall, moderator(forum), forum, 1))[0]
    entrance = await people.enter(hall, "123456", ticket.token)
    actor = await people.recognise(hall, entrance.token)
    assert (entrance.role, entrance.path) == ("seated", "/f/123456")
    assert (actor.role, actor.forum, actor.seat, actor.table) == ("seated", forum, entrance.seat, 1)
    assert await refusal(people.enter(hall, "123456", ticket.token)) == "ticket_used"


async def test_whoever_holds_the_seat_may_show_the_ticket_again(hall: Hall) -> None:
    forum = room(hall)
    first, second = await cards.mint(hall, moderator(forum), forum, 2)
    entrance = await people.enter(hall, "123456", first.token)
    holder = await people.recognise(hall, entrance.token)
    again = await people.enter(hall, "123456", first.token, Device(held=holder))
    assert (again.seat, again.token == entrance.token) == (entrance.seat, False)
    await people.enter(hall, "123456", second.token)
    other = people.enter(hall, "123456", second.token, Device(held=holder))
    assert await refusal(other) == "ticket_used"


async def test_a_device_whose_answer_was_lost_gets_its_seat_again(either_hall: Hall) -> None:
    forum = room(either_hall)
    ticket = (await cards.mint(either_hall, moderator(forum), forum, 1))[0]
    ours, other = Device("a" * 32), Device("b" * 32)
    first = await people.enter(either_hall, "123456", ticket.token, ours)
    again = await people.join(either_hall, "123456", ticket=ticket.token, device=ours)
    assert again.seat == first.seat
    for stranger in (other, Device()):
        told = people.enter(either_hall, "123456", ticket.token, stranger)
        assert await refusal(told) == "ticket_used"
    kept = either_hall.database.read_here(lambda s: s.get_one(Seat, first.seat).device_hash)
    assert kept not in (None, "a" * 32)


async def test_one_devices_tries_at_once_all_get_its_seat(either_hall: Hall) -> None:
    forum = room(either_hall)
    ticket = (await cards.mint(either_hall, moderator(forum), forum, 1))[0]
    tries = (
        people.enter(either_hall, "123456", ticket.token, Device("ab"[n % 2] * 32))
        for n in range(60)
    )
    answers = await asyncio.gather(*tries, return_exceptions=True)
    won = [isinstance(answer, people.Entrance) for answer in answers]
    assert {tuple(won[0::2]), tuple(won[1::2])} == {(True,) * 30, (False,) * 30}


async def test_a_reset_seat_forgets_the_device(hall: Hall) -> None:
    forum = room(hall)
    ticket = (await cards.mint(hall, moderator(forum), forum, 1))[0]
    old, new = Device("a" * 32), Device("b" * 32)
    await people.enter(hall, "123456", ticket.token, old)
    await cards.seat_reset(hall, moderator(forum), ticket.number)
    await people.enter(hall, "123456", ticket.token, new)
    assert await refusal(people.enter(hall, "123456", ticket.token, old)) == "ticket_used"


def test_a_device_key_has_128_bits() -> None:
    for key in ("", "a" * 31, "A" * 32, "a" * 33):
        with pytest.raises(Refused, match="payload_invalid"):
            Device(key)


async def test_another_seat_is_taken_only_after_asking(hall: Hall) -> None:
    forum = room(hall)
    first, second, third = await cards.mint(hall, moderator(forum), forum, 3)
    ours = await people.enter(hall, "123456", first.token)
    holder = await people.recognise(hall, ours.token)
    theirs = await people.enter(hall, "123456", second.token)
    passed_around = await people.my_link(hall, await people.recognise(hall, theirs.token))
    for token in (passed_around, third.token):
        with pytest.raises(Refused) as caught:
            await people.enter(hall, "123456", token, Device(held=holder))
        assert (caught.value.code, caught.value.details) == ("seat_held", {"number": 1})
    swapped = await people.enter(hall, "123456", third.token, Device(held=holder, swap=True))
    assert swapped.seat not in (ours.seat, theirs.seat)


async def test_a_guest_may_show_a_fresh_ticket_but_is_asked_before_a_link(hall: Hall) -> None:
    forum = room(hall)
    ticket = (await cards.mint(hall, moderator(forum), forum, 1))[0]
    guest, other = [
        await people.recognise(hall, (await people.join(hall, "123456")).token) for _ in range(2)
    ]
    link = await people.my_link(hall, other)
    told = people.enter(hall, "123456", link, Device(held=guest))
    assert await refusal(told) == "guest_held"
    assert (await people.enter(hall, "123456", ticket.token, Device(held=guest))).role == "seated"


async def test_200_simultaneous_redemptions_have_one_winner(either_hall: Hall) -> None:
    forum = room(either_hall)
    ticket = (await cards.mint(either_hall, moderator(forum), forum, 1))[0]
    tries = (people.enter(either_hall, "123456", ticket.token) for _ in range(200))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    winners = [answer for answer in answers if isinstance(answer, people.Entrance)]
    losers = [answer.code for answer in answers if isinstance(answer, Refused)]
    assert (len(winners), losers) == (1, ["ticket_used"] * 199)


async def test_open_joins_at_once_get_different_numbers(either_hall: Hall) -> None:
    room(either_hall)
    await asyncio.gather(*(people.join(either_hall, "123456") for _ in range(30)))
    numbers = either_hall.database.read_here(
        lambda s: sorted(seat.number for seat in s.exec(select(Seat)))
    )
    assert numbers == list(range(1, 31))


async def test_an_unknown_token_opens_nothing(hall: Hall) -> None:
    room(hall)
    assert await refusal(people.enter(hall, "123456", "A" * 22)) == "link_unknown"
    assert await refusal(people.enter(hall, "999999", "A" * 22)) == "forum_unknown"
    assert await people.recognise(hall, "A" * 22) == VISITOR
    assert await people.recognise(hall, "1.stage.99999999999999.forged") == VISITOR


async def test_a_ticket_of_another_forum_says_so(hall: Hall) -> None:
    forum = room(hall)
    room(hall, code="654321")
    ticket = (await cards.mint(hall, moderator(forum), forum, 1))[0]
    assert await refusal(people.enter(hall, "654321", ticket.token)) == "link_elsewhere"


async def test_joining_by_code_makes_an_open_seat_with_its_table(hall: Hall) -> None:
    forum = room(hall)
    entrance = await people.join(hall, "123456", nickname="  하늘\u202e ", table=2)
    actor = await people.recognise(hall, entrance.token)
    assert (actor.role, actor.seat_kind, actor.table, actor.nickname) == ("open", "open", 2, "하늘")
    assert actor.forum == forum
    assert await refusal(people.join(hall, "123456", table=9)) == "table_unknown"
    assert await refusal(people.join(hall, "123456", nickname="가" * 21)) == "text_too_long"


async def test_an_ended_forum_takes_nobody_in(hall: Hall) -> None:
    with writing(hall.database) as session:
        facts.forum(session, state="ended")
    assert await refusal(people.join(hall, "123456")) == "forum_ended"


async def test_joining_raises_no_revision_but_announces_the_room(
    hall: Hall, announced: list[tuple[int, frozenset[str]]]
) -> None:
    forum = room(hall)
    await people.join(hall, "123456")
    await asyncio.sleep(0.3)
    assert (forum, frozenset({"room", "turnout"})) in announced


async def test_sitting_down_moves_the_seat(hall: Hall) -> None:
    room(hall)
    entrance = await people.join(hall, "123456")
    actor = await people.recognise(hall, entrance.token)
    assert await people.sit(hall, actor, 3) == {"status": "ok", "table": 3}
    assert (await people.recognise(hall, entrance.token)).table == 3
    assert await refusal(people.sit(hall, actor, 4)) == "table_unknown"
    assert await refusal(people.sit(hall, VISITOR, 1)) == "sign_in"


async def test_a_table_card_on_another_tablet_demotes_the_first(hall: Hall) -> None:
    forum = room(hall)
    card = await cards.card(hall, moderator(forum), forum, "facilitator", table=2)
    first = await people.enter(hall, "123456", card)
    assert (await people.recognise(hall, first.token)).table == 2
    second = await people.enter(hall, "123456", card)
    assert await people.recognise(hall, first.token) == VISITOR
    actor = await people.recognise(hall, second.token)
    assert (actor.role, actor.forum, actor.table) == ("facilitator", forum, 2)
    assert second.path == "/f/123456/desk"


async def test_a_revoked_card_closes_its_tablet_and_itself(hall: Hall) -> None:
    forum = room(hall)
    card = await cards.card(hall, moderator(forum), forum, "facilitator", table=2)
    other = await cards.card(hall, moderator(forum), forum, "facilitator", table=1)
    entered = await people.enter(hall, "123456", card)
    tablet = await people.recognise(hall, entered.token)
    await cards.card_revoke(hall, moderator(forum), 2)
    assert tablet.session is not None
    assert await people.revoked_among(hall, [tablet.session]) == {tablet.session}
    assert await people.recognise(hall, card) == VISITOR
    assert (await people.recognise(hall, other)).role == "facilitator"


async def test_a_reset_seat_lets_its_ticket_in_again_and_is_recorded(hall: Hall) -> None:
    forum = room(hall)
    ticket = (await cards.mint(hall, moderator(forum), forum, 1))[0]
    first = await people.enter(hall, "123456", ticket.token)
    held = await people.recognise(hall, first.token)
    assert held.seat is not None
    await cards.seat_reset(hall, moderator(forum), ticket.number)
    second = await people.enter(hall, "123456", ticket.token)
    assert await people.recognise(hall, first.token) == VISITOR
    assert (await people.recognise(hall, second.token)).seat == held.seat
    kinds = hall.database.read_here(lambda s: [row.kind for row in s.exec(select(Audit))])
    assert kinds == ["tickets_minted", "seat_reset"]


async def test_a_seat_of_another_forum_cannot_be_reset(hall: Hall) -> None:
    forum = room(hall)
    elsewhere = room(hall, code="654321")
    ticket = (await cards.mint(hall, moderator(forum), forum, 1))[0]
    assert await refusal(cards.seat_reset(hall, moderator(elsewhere), ticket.number)) == (
        "seat_unknown"
    )


async def test_facilitators_cannot_mint_tickets_or_cards(hall: Hall) -> None:
    forum = room(hall)
    facilitator = Actor(role="facilitator", session=1, forum=forum, table=1)
    assert await refusal(cards.mint(hall, facilitator, forum, 1)) == "not_allowed"
    assert await refusal(cards.card(hall, facilitator, forum, "stage")) == "not_allowed"
    away = moderator(room(hall, code="654321"))
    assert await refusal(cards.mint(hall, away, forum, 1)) == "not_allowed"
    assert await refusal(cards.card(hall, moderator(forum), forum, "moderator")) == "not_allowed"


async def test_stage_and_moderator_links_enter_many_times(hall: Hall) -> None:
    forum = room(hall)
    for role, path in (("stage", "/f/123456/stage"), ("moderator", "/f/123456/console")):
        link = await cards.card(hall, ORGANISER, forum, role)  # type: ignore[arg-type]
        entered = [await people.enter(hall, "123456", link) for _ in range(2)]
        assert [entrance.path for entrance in entered] == [path, path]
        actors = [await people.recognise(hall, entrance.token) for entrance in entered]
        assert [(actor.role, actor.forum) for actor in actors] == [(role, forum)] * 2
        direct = await people.recognise(hall, link)
        assert direct.role == role


async def test_a_page_token_lasts_an_hour_and_dies_with_its_session(
    hall: Hall, clock: facts.Clock
) -> None:
    forum = room(hall)
    entrance = await people.join(hall, "123456")
    actor = await people.recognise(hall, entrance.token)
    token, expires = people.page_token(hall, actor, forum)
    assert expires == clock.at + 3_600_000
    assert await people.recognise(hall, token, forum) == actor
    assert await people.recognise(hall, token[:-1] + "x", forum) == VISITOR
    clock.pass_seconds(3600)
    assert await people.recognise(hall, token, forum) == VISITOR
    again, _ = people.page_token(hall, actor, forum)
    await people.leave(hall, actor)
    assert await people.recognise(hall, again, forum) == VISITOR
    assert await people.recognise(hall, entrance.token, forum) == VISITOR


async def test_a_page_token_opens_its_own_forum_alone(hall: Hall) -> None:
    forum = room(hall)
    with writing(hall.database) as session:
        other = facts.forum(session, code="654321")
    actor = await people.recognise(hall, (await people.join(hall, "123456")).token)
    token, _ = people.page_token(hall, actor, forum)
    assert await people.recognise(hall, token, forum) == actor
    assert await people.recognise(hall, token, other) == VISITOR
    assert await people.recognise(hall, token) == VISITOR


async def test_a_moderators_stage_page_listens_as_the_stage(hall: Hall) -> None:
    forum = room(hall)
    link = await cards.card(hall, ORGANISER, forum, "moderator")
    actor = await people.recognise(hall, link, forum)
    token, _ = people.page_token(hall, actor, forum, "stage")
    listening = await people.recognise(hall, token, forum)
    assert (listening.role, listening.forum) == ("stage", forum)
    seated = await people.recognise(hall, (await people.join(hall, "123456")).token)
    sneaking, _ = people.page_token(hall, seated, forum, "stage")
    assert await people.recognise(hall, sneaking, forum) == VISITOR


async def test_a_session_ends_after_the_set_days(hall: Hall, clock: facts.Clock) -> None:
    room(hall)
    entrance = await people.join(hall, "123456")
    actor = await people.recognise(hall, entrance.token)
    assert actor.session is not None
    clock.pass_seconds(30 * 86_400)
    assert await people.recognise(hall, entrance.token) == VISITOR
    assert await people.revoked_among(hall, [actor.session, 999]) == {actor.session, 999}


async def test_a_card_printed_weeks_ahead_opens_on_the_day(hall: Hall, clock: facts.Clock) -> None:
    with writing(hall.database) as session:
        forum = facts.forum(session, starts_at=facts.NOON + 60 * 86_400_000)
    link = await cards.card(hall, ORGANISER, forum, "stage")
    clock.pass_seconds(80 * 86_400)
    assert (await people.recognise(hall, link)).role == "stage"


async def test_a_personal_link_brings_the_seat_to_another_browser(hall: Hall) -> None:
    room(hall)
    entrance = await people.join(hall, "123456", nickname="구름")
    actor = await people.recognise(hall, entrance.token)
    link = await people.my_link(hall, actor)
    second = await people.enter(hall, "123456", link)
    assert (await people.recognise(hall, second.token)).seat == actor.seat
    assert (await people.recognise(hall, entrance.token)).seat == actor.seat


async def test_whoever_held_a_seat_that_was_given_back_does_nothing_more_to_it(
    either_hall: Hall,
) -> None:
    forum = room(either_hall)
    ticket = (await cards.mint(either_hall, moderator(forum), forum, 1))[0]
    entrance = await people.enter(either_hall, "123456", ticket.token)
    actor = await people.recognise(either_hall, entrance.token)
    await cards.seat_reset(either_hall, moderator(forum), ticket.number)
    under_way = (
        people.my_link(either_hall, actor),
        people.sit(either_hall, actor, 3),
        people.be_called(either_hall, actor, "구름"),
    )
    assert [await refusal(each) for each in under_way] == ["session_over"] * 3
    seat = either_hall.database.read_here(lambda session: session.get_one(Seat, entrance.seat))
    assert (seat.table_no, seat.nickname) == (1, "")


async def test_a_voided_seat_closes_its_sessions(either_hall: Hall) -> None:
    room(either_hall)
    entrance = await people.join(either_hall, "123456")
    actor = await people.recognise(either_hall, entrance.token)
    with writing(either_hall.database) as session:
        seat = session.get_one(Seat, entrance.seat)
        seat.voided_at = facts.NOON
    assert actor.session is not None
    assert await people.recognise(either_hall, entrance.token) == VISITOR
    assert await people.revoked_among(either_hall, [actor.session]) == {actor.session}


async def test_the_gate_names_the_forum(hall: Hall) -> None:
    forum = room(hall)
    assert (await people.gate(hall, "123456")).id == forum
    assert hall.database.read_here(seats.gate_of, forum + 1) is None
