"""The line of changes goes on and tells what came of each; locks keep to their kind."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, select

from tests import facts
from townhall.actions import people
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.live.bus_memory import MemoryBus
from townhall.live.hub import Hub
from townhall.settings import Settings
from townhall.storage import locks
from townhall.storage.database import open_database, writing
from townhall.storage.schema import Instance
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


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def hall(request: pytest.FixtureRequest) -> AsyncIterator[Hall]:
    url = str(request.getfixturevalue(f"{request.param}_url"))
    hall = Hall(open_database(url), Hub(MemoryBus()), Settings(database_url=url))
    await hall.start()
    yield hall
    await hall.stop()


@dataclass
class Crowd:
    """Changes that a hall makes at once, each a row of its own; and how often it committed."""

    hall: Hall
    commits: int = 0

    async def come(self, *keys: str) -> list[Any]:
        """What came of each: its key, or what it raised."""

        def decide(key: str, session: Session, now: int) -> Change[str]:
            session.add(Instance(key=key.removeprefix("bad "), value="here"))
            session.flush()
            if key.startswith("bad "):
                raise Refused("ticket_used", number=1)
            if key == "full":
                raise OperationalError("INSERT", {}, Exception("database or disk is full"))
            return Change(key)

        def committed(_: Connection) -> None:
            self.commits += 1

        engine = self.hall.database.engine
        event.listen(engine, "commit", committed)
        try:
            return await asyncio.gather(
                *(self.hall.change(None, partial(decide, key), together=True) for key in keys),
                return_exceptions=True,
            )
        finally:
            event.remove(engine, "commit", committed)

    def kept(self) -> set[str]:
        return set(self.hall.database.read_here(lambda s: s.exec(select(Instance.key)).all()))


@pytest.mark.anyio
async def test_a_crowd_shares_a_commit_and_who_fails_fails_alone(hall: Hall) -> None:
    crowd = Crowd(hall)
    found = await crowd.come("first", "a", "bad b", "c", "a", "d")
    failed = [type(each) for each in found if not isinstance(each, str)]
    assert [each for each in found if isinstance(each, str)] == ["first", "a", "c", "d"]
    assert failed == [Refused, IntegrityError]
    assert crowd.kept() >= {"first", "a", "c", "d"}
    assert "b" not in crowd.kept()
    assert crowd.commits == (1 if hall.database.dialect == "sqlite" else 4)


@pytest.mark.anyio
async def test_what_is_no_refusal_fails_everybody_it_shares_with(hall: Hall) -> None:
    crowd = Crowd(hall)
    found = await crowd.come("a", "full", "b")
    kept = set() if hall.database.dialect == "sqlite" else {"a", "b"}
    assert {each for each in found if isinstance(each, str)} == kept
    assert crowd.kept() & {"a", "b", "full"} == kept


@pytest.mark.anyio
async def test_a_disk_that_is_full_within_a_crowd_tells_nobody_what_is_not_on_it(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'hall.db'}"
    hall = Hall(open_database(url), Hub(MemoryBus()), Settings(database_url=url))
    await hall.start()

    def fill(session: Session, now: int) -> Change[None]:
        pages = session.connection().execute(text("PRAGMA page_count")).scalar_one()
        session.connection().execute(text(f"PRAGMA max_page_count = {pages + 3}"))
        return Change(None)

    def put(n: int, session: Session, now: int) -> Change[str]:
        session.add(Instance(key=f"row {n}", value="x" * (900_000 if n == 5 else 10)))
        session.flush()
        return Change(f"row {n}")

    await hall.change(None, fill)
    told = await asyncio.gather(
        *(hall.change(None, partial(put, n), together=True) for n in range(10)),
        return_exceptions=True,
    )
    kept = set(hall.database.read_here(lambda session: session.exec(select(Instance.key)).all()))
    assert {each for each in told if isinstance(each, str)} <= kept
    assert {each.code for each in told if isinstance(each, Refused)} == {"not_saving"}
    await hall.stop()


@pytest.mark.postgres
@pytest.mark.anyio
async def test_crowds_of_two_processes_do_not_lock_each_other_out(postgres_url: str) -> None:
    halls = [
        Hall(open_database(postgres_url), Hub(MemoryBus()), Settings(database_url=postgres_url))
        for _ in range(2)
    ]
    for hall in halls:
        await hall.start()
    with writing(halls[0].database) as session:
        facts.forum(session, code="111111")
        facts.forum(session, code="222222")
    came = await asyncio.gather(
        *(
            people.join(hall, code)
            for n in range(20)
            for hall, code in zip(halls, ("111111", "222222")[:: 1 if n % 2 else -1], strict=True)
        )
    )
    assert len({each.seat for each in came}) == 40
    for hall in halls:
        await hall.stop()


@pytest.mark.anyio
async def test_a_commit_that_fails_fails_everybody_and_the_next_go_on(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd(hall)

    def broken(*_: Any) -> None:
        raise ConnectionError("the database went in the moment of the commit")

    with monkeypatch.context() as patched:
        patched.setattr(Session, "commit", broken)
        found = await crowd.come("first", "a", "b")
    assert [type(each) for each in found] == [ConnectionError] * 3
    assert not crowd.kept() & {"first", "a", "b"}
    assert await crowd.come("a", "b", "c") == ["a", "b", "c"]


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
