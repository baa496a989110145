"""Rooms that see the same are read once; what is one table's stays there."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from tests import facts
from townhall.domain.audience import AUDIENCES, Audience
from townhall.screens import slices
from townhall.sockets.outbox import Room, _views
from townhall.storage import audit
from townhall.storage.database import Database, open_database, writing
from townhall.storage.schema import Note

Rooms = list[tuple[Audience, int | None]]


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = open_database(sqlite_url)
    yield opened
    opened.close()


def test_many_rooms_read_from_one_snapshot_see_what_each_would_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(database) as session:
        forum = facts.forum(session)
        facts.segment(session, forum)
        facts.question(session, forum)
        for table in (1, 2):
            facts.table(session, forum, table, calling=f"{table}")
            session.add(
                Note(
                    forum_id=forum,
                    table_no=table,
                    key=f"{table:032x}",
                    kind="idea",
                    text=f"{table}",
                    created_at=facts.NOON,
                )
            )
    rooms: Rooms = [(each, None) for each in AUDIENCES if each != "desk"]
    rooms += [("desk", 1), ("desk", 2)]
    alone = [database.read_here(slices.read, forum, *room) for room in rooms]
    looks: list[int] = []
    version = audit.version

    def looked(session: Session, forum: int) -> audit.Version:
        looks.append(forum)
        return version(session, forum)

    monkeypatch.setattr(audit, "version", looked)
    listening = [Room(forum, *room) for room in rooms]
    views = database.read_here(_views, listening, slices.ALL, "")
    assert views == [
        (room, found, values) for room, (found, values) in zip(listening, alone, strict=True)
    ]
    assert looks == [forum]
