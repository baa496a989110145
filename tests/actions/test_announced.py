"""Every event announces every slice that it changes, over all audiences; and none is forgotten.

Before and after an event all slices of all audiences are read; what differs must be among what
was announced, or a screen somewhere would go on showing the old value.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests import facts
from tests.actions.conftest import Announced
from tests.facts import Clock
from townhall.actions import cards, people, questions
from townhall.domain.audience import AUDIENCES, Actor
from townhall.events import EVENTS, dispatch
from townhall.hall import Hall
from townhall.screens import slices
from townhall.storage.database import writing

OPTIONS = [{"id": "A", "title": "개방 알림판"}, {"id": "B", "title": "방문 예약제"}]


def key() -> str:
    return secrets.token_hex(16)


@dataclass
class Room:
    """A forum in which every event can happen."""

    hall: Hall
    clock: Clock
    forum: int
    segments: list[int]
    draft: int
    open: int
    timed: int
    seat: int

    def actor(self, event: str) -> Actor:
        """Somebody who may send the event."""
        roles = EVENTS[event].action
        if roles in ("ballot.cast", "table.sit", "ask.write", "state.follow"):
            return Actor("seated", None, self.forum, 1, self.seat, "ticket")
        if roles in ("note.write", "summary.write", "table.report", "ballot.proxy"):
            return Actor("facilitator", self.card, self.forum, 1)
        return Actor("moderator", None, self.forum)

    card: int = 2

    async def send(self, event: str, **payload: Any) -> dict[str, Any]:
        answer = await dispatch(self.hall, self.actor(event), event, payload)
        assert answer["status"] in ("ok", "counted", "unknown", "closed"), answer
        return answer


@pytest.fixture
async def room(hall: Hall, clock: Clock) -> Room:
    with writing(hall.database) as session:
        forum = facts.forum(session)
        for number in (1, 2):
            facts.table(session, forum, number)
        segments = [
            facts.segment(session, forum, kind="tables"),
            facts.segment(session, forum, kind="talk", current=False, position=1),
        ]
        draft = facts.question(
            session,
            forum,
            kind="score",
            state="draft",
            opened_at=None,
            options=OPTIONS,
            config={"min": 1, "max": 5},
        )
        opened = facts.question(session, forum, results="live")
        timed = facts.question(session, forum, closes_at=clock() + 60_000)
        seat = facts.seat(session, forum, table_no=1)
    organiser = Actor(role="organiser")
    token = await cards.card(hall, organiser, forum, "facilitator", table=1)
    card = (await people.recognise(hall, token)).session or 0
    return Room(hall, clock, forum, segments, draft, opened, timed, seat, card)


async def _vote(room: Room) -> dict[str, Any]:
    return await room.send("vote", question=room.open, key=key(), rev=1, nonce=key(), choice="yes")


async def _note(room: Room) -> dict[str, Any]:
    return await room.send("note", key=key(), kind="idea", text="자석 알림판을 달아요")


async def _ask(room: Room) -> dict[str, Any]:
    return await room.send("ask", key=key(), text="언제부터 하나요?")


async def _closed(room: Room) -> None:
    await room.send("question_close", key=key(), question=room.open, seconds=0)
    room.clock.pass_seconds(4)
    await questions.finish_due(room.hall)


Step = Callable[[Room], Awaitable[Any]]


async def nothing(room: Room) -> None:
    """An event that needs nothing before it."""


async def _before_edit(room: Room) -> int:
    return int((await _note(room))["id"])


async def _before_upvote(room: Room) -> int:
    await _ask(room)
    return 1


CASES: dict[str, tuple[Step, Callable[[Room, Any], dict[str, Any]]]] = {
    "hello": (nothing, lambda room, _: {}),
    "vote": (
        nothing,
        lambda room, _: {
            "question": room.open,
            "key": key(),
            "rev": 1,
            "nonce": key(),
            "choice": "yes",
        },
    ),
    "vote_status": (nothing, lambda room, _: {"question": room.open, "key": key()}),
    "proxy_vote": (
        nothing,
        lambda room, _: {
            "question": room.open,
            "paper": 7,
            "key": key(),
            "rev": 1,
            "nonce": key(),
            "choice": "no",
        },
    ),
    "sit": (nothing, lambda room, _: {"table": 2}),
    "note": (nothing, lambda room, _: {"key": key(), "kind": "pro", "text": "좋아요"}),
    "note_edit": (
        _before_edit,
        lambda room, note: {"id": note, "rev": 2, "key": key(), "kind": "con", "text": "글쎄요"},
    ),
    "note_remove": (_before_edit, lambda room, note: {"id": note, "rev": 2, "key": key()}),
    "summary": (
        nothing,
        lambda room, _: {"key": key(), "rev": 1, "text": "함께 적어요", "send": True},
    ),
    "head_count": (nothing, lambda room, _: {"count": 8}),
    "call": (nothing, lambda room, _: {"reason": "마이크가 꺼졌어요"}),
    "ask": (nothing, lambda room, _: {"key": key(), "text": "언제부터 하나요?"}),
    "upvote": (_before_upvote, lambda room, ask: {"ask": ask, "on": True}),
    "ask_state": (_before_upvote, lambda room, ask: {"ask": ask, "state": "on_stage"}),
    "agenda_start": (nothing, lambda room, _: {"key": key()}),
    "agenda_next": (nothing, lambda room, _: {"key": key()}),
    "agenda_back": (
        lambda room: room.send("agenda_next", key=key()),
        lambda room, _: {"key": key()},
    ),
    "agenda_extend": (nothing, lambda room, _: {"key": key(), "minutes": 5}),
    "agenda_speaker": (
        nothing,
        lambda room, _: {"key": key(), "name": "A", "seconds": 180},
    ),
    "agenda_end": (nothing, lambda room, _: {"key": key()}),
    "question_open": (nothing, lambda room, _: {"key": key(), "question": room.draft}),
    "question_extend": (
        nothing,
        lambda room, _: {"key": key(), "question": room.timed, "seconds": 15},
    ),
    "question_close": (nothing, lambda room, _: {"key": key(), "question": room.open}),
    "question_reveal": (_closed, lambda room, _: {"key": key(), "question": room.open}),
    "question_reopen": (_closed, lambda room, _: {"key": key(), "question": room.open}),
    "stage_show": (nothing, lambda room, _: {"key": key(), "scene": "join"}),
    "stage_blank": (nothing, lambda room, _: {"key": key(), "on": True}),
    "seat_reset": (nothing, lambda room, _: {"seat": 1}),
    "card_revoke": (nothing, lambda room, _: {"table": 2}),
}


def test_every_event_has_a_case() -> None:
    assert CASES.keys() == EVENTS.keys()


def everything(hall: Hall, forum: int) -> dict[tuple[str, str, int | None], Any]:
    """Every slice as every audience sees it."""
    found: dict[tuple[str, str, int | None], Any] = {}
    for audience in AUDIENCES:
        for table in (1, 2) if audience == "desk" else (None,):
            _, values = hall.database.read_here(slices.read, forum, audience, table)
            found |= {(name, audience, table): value for name, value in values.items()}
    return found


@pytest.mark.parametrize("event", EVENTS)
async def test_event_announces_what_it_changes(
    room: Room, announced: Announced, event: str
) -> None:
    if event == "agenda_start":
        with writing(room.hall.database) as session:
            forum = session.get_one(facts.schema.Forum, room.forum)
            forum.state, forum.current_segment = "before", None
    before_step, payload = CASES[event]
    given = await before_step(room)
    before = everything(room.hall, room.forum)
    announced.clear()
    await room.send(event, **payload(room, given))
    after = everything(room.hall, room.forum)
    changed = {name[0] for name, value in after.items() if value != before[name]}
    told = {name for forum, names in announced for name in names if forum == room.forum}
    assert changed <= told


async def test_closing_announces_what_it_changes(
    room: Room, announced: Announced, clock: Clock
) -> None:
    await _vote(room)
    await room.send("question_close", key=key(), question=room.open, seconds=0)
    clock.pass_seconds(4)
    before = everything(room.hall, room.forum)
    announced.clear()
    assert await questions.finish_due(room.hall) == 1
    after = everything(room.hall, room.forum)
    changed = {name[0] for name, value in after.items() if value != before[name]}
    assert changed >= {"questions", "tally"}
    assert changed <= {name for _, names in announced for name in names}
