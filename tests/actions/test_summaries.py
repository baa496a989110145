"""A table's summary, its head count and its calls for staff."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import facts
from tests.actions.conftest import Announced
from tests.actions.desks import Room, furnish, key, refused, shown
from tests.facts import Clock
from townhall.actions import notes, people, questions
from townhall.domain.audience import Actor
from townhall.hall import Hall
from townhall.screens import notes as screens
from townhall.screens import slices
from townhall.storage.database import writing
from townhall.storage.schema import SummaryVersion


@pytest.fixture
def room(hall: Hall) -> Room:
    return furnish(hall)


async def test_a_summary_goes_to_the_stage_and_back(
    hall: Hall, room: Room, clock: Clock, announced: Announced
) -> None:
    async def on_stage() -> Any:
        return await shown(hall, room.other, screens.summaries)

    saved = await notes.summarise(hall, room.desk, key=key(1), rev=1, text="밤 도서관", send=False)
    assert await on_stage() == []
    clock.pass_seconds(1)
    await notes.summarise(hall, room.desk, key=key(2), rev=2, text="밤 도서관", send=True)
    sent = await on_stage()
    draft = await shown(hall, room.desk, screens.draft)
    await notes.summarise(hall, room.desk, key=key(3), rev=3, text="밤 열 시까지", send=True)
    await notes.summarise(hall, room.desk, key=key(4), rev=4, text="", send=False)

    at = facts.NOON + 1_000
    assert saved["rev"] == 1
    assert sent == [{"segment": room.segment, "table": 1, "text": "밤 도서관", "sent_at": at}]
    assert draft == {"segment": room.segment, "text": "밤 도서관", "rev": 2, "sent_at": at}
    assert await on_stage() == []
    assert [slices for _, slices in announced] == [
        {"draft", "tables"},
        {"draft", "tables", "summaries", "room"},
        {"draft", "summaries"},
        {"draft", "tables", "summaries", "room"},
    ]


@pytest.mark.parametrize(
    ("text", "code"), [("가" * 41, "text_too_long"), ("", "text_empty"), (" \n", "text_empty")]
)
async def test_a_summary_that_does_not_fit_is_refused(
    hall: Hall, room: Room, text: str, code: str
) -> None:
    call = notes.summarise(hall, room.desk, key=key(1), rev=1, text=text, send=True)

    assert (await refused(call))[0] == code


async def test_a_segment_may_set_its_own_limit(hall: Hall, room: Room) -> None:
    with writing(hall.database) as session:
        facts.segment(session, room.forum, position=1, facts={"limit": 60})

    long = notes.summarise(hall, room.desk, key=key(1), rev=1, text="가" * 61, send=True)
    fits = await notes.summarise(hall, room.desk, key=key(2), rev=1, text="가" * 60, send=True)

    code, details = await refused(long)
    assert (code, details["limit"], details["length"]) == ("text_too_long", 60, 61)
    assert fits["status"] == "ok"


async def test_of_two_summaries_at_once_one_learns_of_the_other(either_hall: Hall) -> None:
    hall, room = either_hall, furnish(either_hall)

    answers = await asyncio.gather(
        *(
            notes.summarise(hall, room.desk, key=key(n), rev=1, text=f"기기 {n}", send=True)
            for n in range(10)
        )
    )

    draft = await shown(hall, room.desk, screens.draft)
    won = [n for n, answer in enumerate(answers) if answer["status"] == "ok"]
    lost = [answer for answer in answers if answer["status"] != "ok"]
    assert draft["text"] == f"기기 {won[0]}"
    assert lost == [{"status": "superseded", "draft": draft}] * 9
    assert await notes.summarise(
        hall, room.desk, key=key(won[0]), rev=1, text="무엇이든", send=False
    ) == {"status": "ok", "id": answers[won[0]]["id"], "rev": 1}
    assert await shown(hall, room.desk, screens.draft) == draft


async def test_a_summary_after_the_segment_is_refused_with_its_text(hall: Hall, room: Room) -> None:
    first = {"key": key(1), "rev": 1, "text": "제때 온 글", "send": True}
    answer = await notes.summarise(hall, room.desk, **first)
    with writing(hall.database) as session:
        facts.segment(session, room.forum, kind="points", position=1)

    late = notes.summarise(hall, room.desk, key=key(2), rev=2, text="늦은 글", send=False)

    assert await refused(late) == ("segment_over", {"text": "늦은 글"})
    assert await notes.summarise(hall, room.desk, **first) == answer
    assert (await shown(hall, room.desk, screens.draft))["text"] == "제때 온 글"


async def test_a_summary_of_the_first_talk_does_not_become_the_second_ones(
    hall: Hall, room: Room
) -> None:
    with writing(hall.database) as session:
        second = facts.segment(session, room.forum, position=1, title="둘째 모둠 토론")
    said = {"rev": 1, "text": "첫 토론", "send": True}

    late = notes.summarise(hall, room.desk, key=key(1), segment=room.segment, **said)

    assert await refused(late) == ("segment_over", {"text": "첫 토론"})
    assert await shown(hall, room.desk, screens.summaries) == []
    now = await notes.summarise(hall, room.desk, key=key(2), segment=second, **said)
    assert now["status"] == "ok"


async def test_stickers_go_over_the_summaries_of_the_last_talk_alone(
    hall: Hall, room: Room
) -> None:
    async def sent(desk: Actor, n: int, text: str) -> None:
        await notes.summarise(hall, desk, key=key(n), rev=1, text=text, send=True)

    await sent(room.desk, 1, "첫 토론")
    await sent(room.other, 2, "첫 토론에서만")
    with writing(hall.database) as session:
        facts.segment(session, room.forum, position=1, started_at=facts.NOON + 1)
    await sent(room.desk, 3, "둘째 토론")
    with writing(hall.database) as session:
        facts.segment(session, room.forum, kind="points", position=2, started_at=facts.NOON + 2)
        over = {"budget": 5, "over": "summaries"}
        asked = facts.question(session, room.forum, kind="dots", state="draft", config=over)

    moderator = Actor("moderator", forum=room.forum)
    await questions.open_(hall, moderator, key=key(4), question=asked)

    shown_now = await hall.read(slices.read, room.forum, "stage")
    (question,) = shown_now[1]["questions"]
    assert question["options"] == [{"id": "t1", "title": "둘째 토론", "table": 1}]


async def test_a_late_edit_of_the_last_summary_does_not_enter_the_next_segment(
    hall: Hall, room: Room
) -> None:
    await notes.summarise(hall, room.desk, key=key(1), rev=1, text="첫 토론", send=True)
    with writing(hall.database) as session:
        facts.segment(session, room.forum, position=1, title="둘째 모둠 토론")

    late = await notes.summarise(hall, room.desk, key=key(2), rev=2, text="늦은 글", send=True)

    assert late == {"status": "superseded", "draft": None}
    assert [s["text"] for s in await shown(hall, room.desk, screens.summaries)] == ["첫 토론"]


async def test_summaries_keep_every_version(hall: Hall, room: Room) -> None:
    await notes.summarise(hall, room.desk, key=key(1), rev=1, text="처음", send=True)
    await notes.summarise(hall, room.desk, key=key(2), rev=2, text="다음", send=False)

    def read(session: Session) -> list[tuple[int, str, bool]]:
        rows = session.exec(
            select(SummaryVersion).order_by(SummaryVersion.rev)  # type: ignore[arg-type]
        )
        return [(row.rev, row.text, row.sent) for row in rows]

    assert hall.database.read_here(read) == [(1, "처음", True), (2, "다음", False)]


async def test_a_head_count_is_kept_and_announced_once(
    hall: Hall, room: Room, announced: Announced
) -> None:
    for _ in range(2):
        assert await notes.count_heads(hall, room.desk, count=7) == {"status": "ok"}

    heads = {t["number"]: t["head_count"] for t in await shown(hall, room.desk, screens.tables)}
    assert heads == {1: 7, 2: None}
    assert [slices for _, slices in announced if slices] == [{"tables", "room"}]
    assert (await refused(notes.count_heads(hall, room.desk, count=100)))[0] == "payload_invalid"
    assert (await refused(notes.count_heads(hall, room.desk, count=-1)))[0] == "payload_invalid"


async def test_a_call_waits_since_it_was_first_made(hall: Hall, room: Room, clock: Clock) -> None:
    async def calling() -> Any:
        row = (await shown(hall, room.desk, screens.tables))[0]
        return row["calling"], row["called_at"]

    await notes.call(hall, room.desk, reason="마이크가 안 돼요")
    clock.pass_seconds(60)
    await notes.call(hall, room.desk, reason="마이크와 화면")
    waiting = await calling()
    await notes.call(hall, room.desk, reason=None)

    assert waiting == ("마이크와 화면", facts.NOON)
    assert await calling() == (None, None)
    assert (await refused(notes.call(hall, room.desk, reason=" ")))[0] == "text_empty"


async def test_seats_stay_at_their_tables_from_the_first_summary_to_the_last_sticker(
    hall: Hall, clock: Clock
) -> None:
    room = furnish(hall)
    config = {"budget": 3, "over": "summaries", "not_own_table": True}
    with writing(hall.database) as session:
        stickers = facts.question(session, room.forum, kind="dots", state="draft", config=config)
        seat = facts.seat(session, room.forum, table_no=1)
        late = facts.seat(session, room.forum, 2)
    here = Actor("seated", forum=room.forum, seat=seat)
    assert (await people.sit(hall, here, 2))["status"] == "ok"
    await notes.summarise(hall, room.desk, key=key(1), rev=1, text="알림판부터", send=True)
    assert (await refused(people.sit(hall, here, None)))[0] == "table_kept"
    assert (await people.sit(hall, replace(here, seat=late), 1))["status"] == "ok"
    moderator = Actor("moderator", forum=room.forum)
    await questions.open_(hall, moderator, key=key(2), question=stickers)
    assert (await refused(people.sit(hall, here, 1)))[0] == "table_kept"
    await questions.close(hall, moderator, key=key(3), question=stickers, seconds=0)
    clock.pass_seconds(4)
    await questions.finish_due(hall)
    assert (await people.sit(hall, here, 1))["status"] == "ok"
