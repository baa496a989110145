"""Queries on notes, on both databases, with as many notes as a large forum leaves behind."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlmodel import Session

from tests import facts
from tests.facts import NOON
from townhall.storage import notes
from townhall.storage.schema import Note, Summary


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session on an empty, migrated database: first on SQLite, then on PostgreSQL."""
    engine = create_engine(str(request.getfixturevalue(f"{request.param}_url")))
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def note(forum: int, n: int, table: int) -> Note:
    return Note(
        forum_id=forum, table_no=table, key=f"{n:032x}", kind="idea", text=f"{n}", created_at=NOON
    )


def test_ten_thousand_notes_are_listed_in_order_and_counted_by_table(session: Session) -> None:
    forum = facts.forum(session)
    session.add_all(note(forum, n, n % 50 + 1) for n in range(10_000))
    session.flush()

    texts = [row["text"] for row in notes.listed(session, forum)]
    own = [row["text"] for row in notes.listed(session, forum, 7)]

    assert texts == [str(n) for n in range(10_000)]
    assert own == [str(n) for n in range(6, 10_000, 50)]
    assert notes.counts(session, forum) == dict.fromkeys(range(1, 51), 200)


def test_a_note_reads_alike_alone_and_in_the_list(session: Session) -> None:
    forum = facts.forum(session)
    made = notes.add(session, note(forum, 1, 3))

    assert [notes.current(session, made)] == notes.listed(session, forum)


def test_reported_counts_sent_summaries_of_the_segment_that_is_due(session: Session) -> None:
    forum = facts.forum(session)
    assert notes.reported(session, forum, None) == 0
    talk = facts.segment(session, forum)
    for table, sent_at in ((1, NOON), (2, NOON), (3, None)):
        session.add(
            Summary(forum_id=forum, segment_id=talk, table_no=table, text="글", sent_at=sent_at)
        )
    session.flush()
    points = facts.segment(session, forum, kind="points", position=1)
    second = facts.segment(session, forum, position=2, started_at=NOON + 1)

    assert notes.reported(session, forum, talk) == 2
    assert notes.reported(session, forum, second) == 0
    assert notes.summarised(session, forum, points) == second
    assert notes.summarised(session, forum, None) == second
