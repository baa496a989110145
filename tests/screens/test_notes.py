"""What each audience gets of notes, tables, summaries and asks that could leak; by equality."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests import facts
from tests.facts import NOON
from townhall.domain.audience import AUDIENCES, Audience
from townhall.screens import asks, notes, slices
from townhall.storage.database import Database, open_database, writing
from townhall.storage.schema import Ask, Note, Summary


@dataclass(frozen=True)
class Room:
    """Two forums full of what others must not see, and a way to look at the first."""

    database: Database
    forum: int
    talk: int
    points: int

    def see(self, view: Any, audience: str, table: int | None = None) -> Any:
        return self.database.read_here(view, self.forum, audience, table)

    def tables(self, audience: Audience, table: int | None = None) -> Any:
        """The slice as such a room gets it."""
        names = ["tables"]
        _, found = self.database.read_here(slices.read, self.forum, audience, table, names)
        return found["tables"]


@pytest.fixture
def room(sqlite_url: str) -> Iterator[Room]:
    database = open_database(sqlite_url)
    with writing(database) as session:
        forum, talk, points = furnish(session, "123456")
        furnish(session, "654321")
    yield Room(database, forum, talk, points)
    database.close()


def furnish(session: Any, code: str) -> tuple[int, int, int]:
    """Three tables; of 1 and 2 a note, of 1 a removed one; 1 sent, 2 drafts, 3 took it back."""
    forum = facts.forum(session, code=code)
    facts.table(session, forum, 1, head_count=6)
    facts.table(session, forum, 2, calling="자리 다툼", called_at=NOON)
    facts.table(session, forum, 3, title="청년")
    talk = facts.segment(session, forum)
    points = facts.segment(session, forum, kind="points", position=1, current=False)
    for n, (table, removed) in enumerate([(1, None), (2, None), (1, NOON)]):
        session.add(
            Note(
                forum_id=forum,
                table_no=table,
                segment_id=talk,
                key=f"{n:032x}",
                kind="idea",
                text=f"모둠 {table}",
                seat=n + 1,
                removed_at=removed,
                created_at=NOON,
            )
        )
    for table, text, sent_at in ((1, "보냄", NOON), (2, "쓰는 중", None), (3, "", None)):
        session.add(
            Summary(
                forum_id=forum, segment_id=talk, table_no=table, rev=2, text=text, sent_at=sent_at
            )
        )
    seat = facts.seat(session, forum)
    for n, state in enumerate(("open", "hidden", "on_stage", "answered")):
        session.add(
            Ask(
                forum_id=forum,
                seat_id=seat,
                key=f"{n:032x}",
                text=state,
                state=state,
                created_at=NOON,
            )
        )
    session.flush()
    return forum, talk, points


def of_tables(shown: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(note["table"], note["text"]) for note in shown]


def test_a_desk_sees_its_own_notes_and_the_console_all(room: Room) -> None:
    seen = {
        (audience, table): of_tables(room.see(notes.notes, audience, table))
        for audience in AUDIENCES
        for table in (None, 1, 2, 3)
    }

    everything = [(1, "모둠 1"), (2, "모둠 2")]
    expected: dict[Any, list[tuple[int, str]]] = {key: [] for key in seen}
    expected |= {("console", table): everything for table in (None, 1, 2, 3)}
    expected |= {("desk", 1): everything[:1], ("desk", 2): everything[1:]}
    assert seen == expected


def test_a_desk_sees_how_far_tables_are_and_only_its_own_call(room: Room) -> None:
    def row(number: int, **facts: Any) -> dict[str, Any]:
        nothing = {"title": "", "head_count": None, "calling": None, "called_at": None}
        return {"number": number, **nothing, **facts}

    first = row(1, notes=1, summary="sent", head_count=6)
    second = row(2, notes=1, summary="draft")
    third = row(3, notes=0, summary="none", title="청년")
    calling = second | {"calling": "자리 다툼", "called_at": NOON}

    assert room.tables("console") == [first, calling, third]
    assert room.tables("desk", 2) == [first, calling, third]
    assert room.tables("desk", 1) == [first, second, third]


def test_only_sent_summaries_are_on_stage(room: Room) -> None:
    for audience in AUDIENCES:
        assert room.see(notes.summaries, audience, 2) == [
            {"segment": room.talk, "table": 1, "text": "보냄", "sent_at": NOON}
        ]


def test_a_draft_is_for_its_own_desk(room: Room) -> None:
    seen = {
        (audience, table): room.see(notes.draft, audience, table)
        for audience in AUDIENCES
        for table in (None, 1, 2)
    }

    expected: dict[Any, Any] = dict.fromkeys(seen)
    expected["desk", 1] = {"segment": room.talk, "text": "보냄", "rev": 2, "sent_at": NOON}
    expected["desk", 2] = {"segment": room.talk, "text": "쓰는 중", "rev": 2, "sent_at": None}
    assert seen == expected


def test_a_desk_keeps_its_summary_while_points_are_given(room: Room) -> None:
    before = room.see(notes.draft, "desk", 2), room.tables("console")
    with writing(room.database) as session:
        facts.segment(session, room.forum, kind="points", position=2)

    assert (room.see(notes.draft, "desk", 2), room.tables("console")) == before


def test_the_next_table_talk_begins_with_empty_summaries(room: Room) -> None:
    with writing(room.database) as session:
        facts.segment(session, room.forum, position=2, started_at=NOON + 1)

    assert room.see(notes.draft, "desk", 2) is None
    assert {t["summary"] for t in room.tables("console")} == {"none"}


def test_hidden_asks_are_for_the_console_alone(room: Room) -> None:
    seen = {
        audience: [(ask["text"], ask["state"]) for ask in room.see(asks.asks, audience)]
        for audience in AUDIENCES
    }

    shown = [("open", "open"), ("on_stage", "on_stage"), ("answered", "answered")]
    expected = dict.fromkeys(AUDIENCES, shown)
    expected["console"] = [shown[0], ("hidden", "hidden"), *shown[1:]]
    assert seen == expected
    assert set(room.see(asks.asks, "phone")[0]) == {
        *("id", "text", "upvotes", "open", "state", "created_at")
    }
