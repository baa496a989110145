"""What the writer keeps in memory stays small, however many batches and questions it has met."""

import gc
import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import event

from townhall.domain.ballots import BALLOTS
from townhall.storage.ballots import Held
from townhall.storage.batch_rows import SIZES, BatchRows
from townhall.storage.batches import MOST_DEFINITIONS, Batches, _Asked
from townhall.storage.database import open_database


def test_definitions_of_questions_that_have_passed_are_forgotten() -> None:
    batches = Batches(1, "sqlite")
    moved: Any = defaultdict(int)
    for question in range(3 * MOST_DEFINITIONS):
        row: Any = SimpleNamespace(id=question, kind="yesno", options=[], config={}, base="voted")
        asked = _Asked(row, 1, secret=False, changeable=True, batch=1)
        batches._take_back(asked, Held(1, "k", json.dumps("yes"), {}), moved)
    assert len(moved) == 3 * MOST_DEFINITIONS
    assert BALLOTS["yesno"].cells(batches._definitions[question], "yes")
    assert len(batches._definitions) <= MOST_DEFINITIONS


def prepared() -> int:
    """How many statements SQLite holds ready; what they take lies outside of Python's count."""
    gc.collect()
    return sum(type(each).__name__ == "Statement" for each in gc.get_objects())


def test_statements_of_batches_of_every_size_do_not_pile_up(tmp_path: Path) -> None:
    elsewhere = prepared()
    database = open_database(f"sqlite:///{tmp_path / 'hall.db'}")
    with database.engine.connect() as connection:
        for size in range(1, 200):
            rows = ",".join(["(?)"] * size)
            said = f"SELECT count(*) FROM (VALUES {rows})"
            connection.exec_driver_sql(said, tuple(range(size)))
        kept = prepared() - elsewhere
    database.close()
    assert 0 < kept < 80


def test_batches_of_every_size_use_the_same_few_statements(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    said: set[str] = set()
    event.listen(
        database.engine, "before_cursor_execute", lambda c, cursor, text, *_: said.add(text)
    )
    rows = BatchRows(1, postgres=False)
    with database.engine.connect() as connection:
        for size in range(1, 301):
            ballots: Any = [SimpleNamespace(ballot_id=str(n)) for n in range(size)]
            assert rows.known_secrets(connection, ballots) == {}
    database.close()
    assert len(said - {"BEGIN IMMEDIATE"}) == len(SIZES)
