"""Notes of a desk, on both databases: nothing doubled, nothing overwritten unseen, nothing lost."""

import asyncio
from dataclasses import replace

import pytest
from sqlmodel import Session, select

from tests import facts
from tests.actions.conftest import Announced
from tests.actions.desks import Room, furnish, key, refused, shown
from tests.facts import Clock
from townhall.actions import notes
from townhall.domain.audience import VISITOR, Actor
from townhall.hall import Hall
from townhall.storage import sessions
from townhall.storage.database import writing
from townhall.storage.schema import Audit, NoteVersion


@pytest.fixture
def room(hall: Hall) -> Room:
    return furnish(hall)


def revisions(hall: Hall, note: int) -> list[tuple[int, str, str]]:
    def read(session: Session) -> list[tuple[int, str, str]]:
        rows = session.exec(
            select(NoteVersion).where(NoteVersion.note_id == note).order_by(NoteVersion.rev)
        )
        return [(row.rev, row.kind, row.text) for row in rows]

    return hall.database.read_here(read)


async def test_a_note_is_shown_at_its_own_table_alone(
    hall: Hall, room: Room, announced: Announced
) -> None:
    text = "  책 \u202e읽는\n카페  "
    answer = await notes.write(hall, room.desk, key=key(1), kind="idea", text=text, seat=3)

    note = answer["id"]
    assert answer == {"status": "ok", "id": note, "rev": 1}
    assert await shown(hall, room.desk) == [
        {
            "id": note,
            "table": 1,
            "segment": room.segment,
            "kind": "idea",
            "text": "책 읽는 카페",
            "seat": 3,
            "rev": 1,
            "created_at": facts.NOON,
            "edited_at": None,
        }
    ]
    assert await shown(hall, room.other) == []
    assert announced == [(room.forum, frozenset({"notes", "tables"}))]


async def test_a_note_sent_again_for_ever_is_one_note(hall: Hall, room: Room) -> None:
    tries = [
        notes.write(hall, room.desk, key=key(1), kind="pro", text="한 번만") for _ in range(20)
    ]
    answers = await asyncio.gather(*tries)
    first = answers[0]
    await notes.edit(hall, room.desk, id=first["id"], rev=2, key=key(2), kind="con", text="바꿈")

    late = await notes.write(hall, room.desk, key=key(1), kind="pro", text="한 번만")

    assert answers == [first] * 20
    assert late == first
    assert [n["text"] for n in await shown(hall, room.desk)] == ["바꿈"]


async def test_a_key_of_another_table_is_refused(hall: Hall, room: Room) -> None:
    await notes.write(hall, room.desk, key=key(1), kind="pro", text="여기")

    again = notes.write(hall, room.other, key=key(1), kind="pro", text="저기")

    assert await refused(again) == ("key_used", {})


@pytest.mark.parametrize(
    ("kind", "text", "seat", "code"),
    [
        ("opinion", "글", None, "payload_invalid"),
        ("pro", "글", 0, "payload_invalid"),
        ("pro", "글", 100, "payload_invalid"),
        ("pro", " \u200b\u3164\n", None, "text_empty"),
        ("pro", "가" * 301, None, "text_too_long"),
    ],
)
async def test_a_bad_note_is_refused(
    hall: Hall, room: Room, announced: Announced, kind: str, text: str, seat: int | None, code: str
) -> None:
    call = notes.write(hall, room.desk, key=key(1), kind=kind, text=text, seat=seat)

    assert (await refused(call))[0] == code
    assert announced == []


async def test_a_note_of_three_hundred_joined_emoji_fits(hall: Hall, room: Room) -> None:
    family = "👩\u200d👩\u200d👧"

    answer = await notes.write(hall, room.desk, key=key(1), kind="pro", text=family * 300)

    assert answer["status"] == "ok"
    assert (await shown(hall, room.desk))[0]["text"] == family * 300


async def test_an_edit_keeps_the_history(
    hall: Hall, room: Room, clock: Clock, announced: Announced
) -> None:
    note = (await notes.write(hall, room.desk, key=key(1), kind="idea", text="처음"))["id"]
    clock.pass_seconds(5)
    announced.clear()

    change = {"id": note, "rev": 2, "key": key(2), "kind": "con", "text": "다음", "seat": 4}
    answer = await notes.edit(hall, room.desk, **change)
    again = await notes.edit(hall, room.desk, **change)

    assert answer == again == {"status": "ok", "id": note, "rev": 2}
    assert revisions(hall, note) == [(1, "idea", "처음"), (2, "con", "다음")]
    held = (await shown(hall, room.desk))[0]
    assert (held["text"], held["seat"], held["edited_at"]) == ("다음", 4, facts.NOON + 5_000)
    assert announced == [(room.forum, frozenset({"notes"}))]


async def test_of_two_edits_at_once_one_is_stored_and_one_learns_of_it(
    either_hall: Hall,
) -> None:
    hall, room = either_hall, furnish(either_hall)
    note = (await notes.write(hall, room.desk, key=key(1), kind="idea", text="처음"))["id"]

    answers = await asyncio.gather(
        *(
            notes.edit(hall, room.desk, id=note, rev=2, key=key(n), kind="idea", text=f"기기 {n}")
            for n in range(10, 30)
        )
    )

    stored = (await shown(hall, room.desk))[0]
    won = [a for a in answers if a["status"] == "ok"]
    lost = [a for a in answers if a["status"] != "ok"]
    assert won == [{"status": "ok", "id": note, "rev": 2}]
    assert lost == [{"status": "superseded", "note": stored}] * 19
    assert revisions(hall, note) == [(1, "idea", "처음"), (2, "idea", stored["text"])]


async def test_an_edit_that_runs_ahead_is_superseded(hall: Hall, room: Room) -> None:
    note = (await notes.write(hall, room.desk, key=key(1), kind="idea", text="처음"))["id"]

    answer = await notes.edit(hall, room.desk, id=note, rev=9, key=key(2), kind="idea", text="x")

    assert answer == {"status": "superseded", "note": (await shown(hall, room.desk))[0]}


async def test_a_key_that_wrote_another_rev_is_refused(hall: Hall, room: Room) -> None:
    note = (await notes.write(hall, room.desk, key=key(1), kind="idea", text="처음"))["id"]

    call = notes.edit(hall, room.desk, id=note, rev=2, key=key(1), kind="idea", text="다음")

    assert await refused(call) == ("key_used", {})


async def test_a_desk_cannot_touch_a_note_of_another_table(hall: Hall, room: Room) -> None:
    note = (await notes.write(hall, room.desk, key=key(1), kind="idea", text="처음"))["id"]

    edit = notes.edit(hall, room.other, id=note, rev=2, key=key(2), kind="idea", text="남의 것")
    remove = notes.remove(hall, room.other, id=note, rev=2, key=key(3))

    assert (await refused(edit))[0] == "wrong_table"
    assert (await refused(remove))[0] == "wrong_table"
    assert revisions(hall, note) == [(1, "idea", "처음")]


async def test_a_note_of_another_forum_is_not_found(hall: Hall, room: Room) -> None:
    note = (await notes.write(hall, room.desk, key=key(1), kind="idea", text="처음"))["id"]
    with writing(hall.database) as session:
        elsewhere = facts.forum(session, code="654321")
        facts.table(session, elsewhere, 1)
    stranger = replace(room.desk, forum=elsewhere)

    call = notes.remove(hall, stranger, id=note, rev=2, key=key(2))

    assert (await refused(call))[0] == "not_found"


async def test_a_removed_note_is_gone_and_stays_in_the_history(
    hall: Hall, room: Room, announced: Announced
) -> None:
    note = (await notes.write(hall, room.desk, key=key(1), kind="idea", text="처음"))["id"]
    announced.clear()

    answer = await notes.remove(hall, room.desk, id=note, rev=2, key=key(2))
    again = await notes.remove(hall, room.desk, id=note, rev=2, key=key(2))
    elsewhere = await notes.remove(hall, room.desk, id=note, rev=2, key=key(3))
    edit = notes.edit(hall, room.desk, id=note, rev=3, key=key(4), kind="idea", text="다시")

    assert answer == again == elsewhere == {"status": "ok", "id": note, "rev": 2}
    assert await refused(edit) == ("note_removed", {})
    assert await shown(hall, room.desk) == []
    assert revisions(hall, note) == [(1, "idea", "처음"), (2, "idea", "처음")]
    assert announced == [(room.forum, frozenset({"notes", "tables"}))]


async def test_a_removal_of_a_note_edited_meanwhile_is_superseded(hall: Hall, room: Room) -> None:
    note = (await notes.write(hall, room.desk, key=key(1), kind="idea", text="처음"))["id"]
    await notes.edit(hall, room.desk, id=note, rev=2, key=key(2), kind="idea", text="더 나은")

    answer = await notes.remove(hall, room.desk, id=note, rev=2, key=key(3))

    assert answer == {"status": "superseded", "note": (await shown(hall, room.desk))[0]}


async def test_a_demoted_tablet_changes_nothing_any_more(hall: Hall, room: Room) -> None:
    with writing(hall.database) as session:
        made = sessions.open_session(
            session, "facilitator", facts.NOON, facts.NOON + 10_000, forum=room.forum, table=1
        )
    tablet = replace(room.desk, session=made.id)
    note = (await notes.write(hall, tablet, key=key(1), kind="idea", text="처음"))["id"]
    with writing(hall.database) as session:
        sessions.revoke_cards(session, room.forum, "facilitator", 1, facts.NOON)

    calls = [
        notes.write(hall, tablet, key=key(2), kind="idea", text="몰래"),
        notes.edit(hall, tablet, id=note, rev=2, key=key(3), kind="idea", text="몰래"),
        notes.remove(hall, tablet, id=note, rev=2, key=key(4)),
        notes.summarise(hall, tablet, key=key(5), rev=1, text="몰래", send=True),
        notes.count_heads(hall, tablet, count=9),
        notes.call(hall, tablet, reason="몰래"),
    ]

    assert [await refused(call) for call in calls] == [("session_over", {})] * 6
    assert [n["text"] for n in await shown(hall, room.desk)] == ["처음"]


async def test_only_a_facilitator_may_do_what_a_desk_does(hall: Hall, room: Room) -> None:
    seated = Actor("seated", forum=room.forum, table=1, seat=1)
    moderator = Actor("moderator", forum=room.forum)

    for actor, code in ((VISITOR, "sign_in"), (seated, "not_allowed"), (moderator, "not_allowed")):
        calls = [
            notes.write(hall, actor, key=key(1), kind="idea", text="글"),
            notes.edit(hall, actor, id=1, rev=2, key=key(1), kind="idea", text="글"),
            notes.remove(hall, actor, id=1, rev=2, key=key(1)),
            notes.summarise(hall, actor, key=key(1), rev=1, text="글", send=False),
            notes.count_heads(hall, actor, count=1),
            notes.call(hall, actor, reason=None),
        ]
        assert [(await refused(call))[0] for call in calls] == [code] * 6


async def test_two_hours_without_network_arrive_in_order(hall: Hall, room: Room) -> None:
    with writing(hall.database) as session:
        facts.segment(session, room.forum, kind="points", position=1)
    ids = [
        (await notes.write(hall, room.desk, key=key(n), kind="idea", text=f"메모 {n}"))["id"]
        for n in range(100)
    ]
    for n, note in enumerate(ids):
        await notes.edit(
            hall, room.desk, id=note, rev=2, key=key(1000 + n), kind="pro", text=f"고친 {n}"
        )

    assert [n["text"] for n in await shown(hall, room.desk)] == [f"고친 {n}" for n in range(100)]


async def test_the_record_holds_no_text_of_a_note(hall: Hall, room: Room) -> None:
    note = (await notes.write(hall, room.desk, key=key(1), kind="idea", text="비밀스러운 글"))["id"]
    await notes.call(hall, room.desk, reason="비밀스러운 까닭")

    def read(session: Session) -> list[tuple[str, str]]:
        return [(r.kind, r.body) for r in session.exec(select(Audit).order_by(Audit.n))]  # type: ignore[arg-type]

    assert hall.database.read_here(read) == [
        ("note.written", f'{{"note":{note},"rev":1,"table":1}}'),
        ("table.called", '{"calling":true,"table":1}'),
    ]
