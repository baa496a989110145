"""The line of changes goes on and tells what came of each; locks keep to their kind."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlmodel import Session

from townhall.hall import Change, Hall
from townhall.live.bus_memory import MemoryBus
from townhall.live.hub import Hub
from townhall.settings import Settings
from townhall.storage import locks
from townhall.storage.database import open_database
from townhall.storage.writer import Writer


@pytest.mark.anyio
async def test_a_change_that_cannot_be_taken_back_is_told_and_the_line_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'hall.db'}"
    hall = Hall(open_database(url), Hub(MemoryBus()), Settings(database_url=url))
    await hall.start()

    def broken(*_: Any) -> None:
        raise ConnectionError("the rollback failed as well")

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "_change", broken)
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(hall.change(None, lambda session, now: Change(1)), 30)
    assert await hall.change(None, lambda session, now: Change(2)) == 2
    await hall.stop()


@pytest.mark.postgres
def test_locks_of_one_kind_hold_back_no_other_kind(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with Session(engine) as one, Session(engine) as other:
        locks.hold_seats(one, 5)
        locks.hold_ballots(one, 6)
        assert locks.take_count(other, 5)
        assert locks.take_count(other, 6)
        assert not locks.take_count(one, 5)
    engine.dispose()
