"""What machines ask: /readyz says why not, and /metrics tells numbers to whoever may read them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import Session
from starlette.applications import Starlette

from tests.facts import Clock
from tests.web.client import HOST, site
from townhall.actions import people
from townhall.counts import COUNTS
from townhall.hall import Change, Hall
from townhall.live.bus_memory import MemoryBus
from townhall.live.hub import Hub
from townhall.settings import Settings
from townhall.storage.database import open_database
from townhall.storage.schema import Heartbeat

TOKEN = "a token of sixteen letters"
LEASE_SECONDS = 7


@pytest.fixture
def app(hall: Hall) -> Starlette:
    """Pages of a hall whose operator set a token."""
    hall.settings = hall.settings.model_copy(update={"metrics_token": TOKEN})
    return site(hall)


@asynccontextmanager
async def coming_from(app: Starlette, address: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, client=(address, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
        yield client


async def asked(app: Starlette, path: str, **headers: str) -> Any:
    """Status and body of a probe, from this machine."""
    async with coming_from(app, "127.0.0.1") as client:
        answer = await client.get(path, headers={"Accept-Language": "en", **headers})
    return answer.status_code, answer.json()


async def scraped(app: Starlette) -> dict[tuple[str, str], float]:
    """(sample, label's value or "") -> value."""
    async with coming_from(app, "127.0.0.1") as client:
        shown = {"Authorization": f"Bearer {TOKEN}"}
        text = (await client.get("/metrics", headers=shown)).text
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def present(hall: Hall, code: str, tables: dict[int, int]) -> None:
    """A process that holds so many seats of a forum's tables, on a lease."""
    forum = (await people.gate(hall, code)).id
    expires = hall.now() + LEASE_SECONDS * 1000

    def decide(session: Session, now: int) -> Change[None]:
        session.add_all(
            Heartbeat(process="here", forum_id=forum, table_no=n, connected=seats, expires=expires)
            for n, seats in tables.items()
        )
        return Change(None)

    await hall.change(None, decide)


async def test_a_started_hall_is_ready(app: Starlette) -> None:
    assert await asked(app, "/readyz") == (200, {"status": "ok"})


async def test_a_hall_that_starts_is_not_ready(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hall.db'}"
    hall = Hall(open_database(url), Hub(MemoryBus()), Settings(database_url=url))
    answer = await asked(site(hall), "/readyz")
    hall.database.close()
    assert answer == (503, {"status": "unready", "reason": "starting", "message": "Starting."})


async def test_a_hall_that_stops_is_not_ready(hall: Hall, app: Starlette) -> None:
    hall.stopping = True
    status, answer = await asked(app, "/readyz")
    assert (status, answer["reason"]) == (503, "stopping")


async def test_a_database_that_does_not_answer_is_a_reason(hall: Hall, app: Starlette) -> None:
    hall.database.readers.dispose()
    hall.database.url = "sqlite:////nowhere/at-all.db"
    hall.database.readers = hall.database._reading_engine()
    status, answer = await asked(app, "/readyz")
    assert (status, answer["reason"]) == (503, "database")


class DeafBus(MemoryBus):
    """A bus that has heard nothing for four seconds."""

    @property
    def heard_ago(self) -> float:
        return 4.0


async def test_a_deaf_bus_is_told_and_sends_nobody_away(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hall.db'}"
    settings = Settings(database_url=url, metrics_token=TOKEN)
    hall = Hall(open_database(url), Hub(DeafBus()), settings)
    await hall.start()
    status, answer = await asked(site(hall), "/readyz")
    numbers = await scraped(site(hall))
    await hall.stop()
    assert (status, answer["status"], answer["reason"]) == (200, "limping", "bus_deaf")
    assert numbers["townhall_bus_up", ""] == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "192.0.2.7"])
@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ({}, 403),
        ({"Host": "127.0.0.1:8000"}, 403),  # as a proxy asks that passes nothing on
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"Bearer {TOKEN}x"}, 403),
        ({"Authorization": f"Basic {TOKEN}"}, 403),
    ],
)
async def test_metrics_answer_the_token_alone(
    app: Starlette, address: str, shown: dict[str, str], status: int
) -> None:
    async with coming_from(app, address) as client:
        answer = await client.get("/metrics", headers=shown)
    assert answer.status_code == status
    assert ("townhall_waiting" in answer.text) is (status == 200)


async def test_metrics_answer_a_command_of_the_same_house(hall: Hall, app: Starlette) -> None:
    hall.settings = hall.settings.model_copy(update={"metrics_token": None})
    shown = {"Authorization": f"Bearer {people.operators_token(hall)}"}
    async with coming_from(app, "127.0.0.1") as client:
        assert (await client.get("/metrics", headers=shown)).status_code == 200
        hall.settings = hall.settings.model_copy(update={"secret": "another house's" * 3})
        assert (await client.get("/metrics", headers=shown)).status_code == 403


@pytest.mark.parametrize("shown", ["Bearer None", "Bearer ", "None"])
async def test_without_a_token_nothing_opens_the_metrics(
    hall: Hall, app: Starlette, shown: str
) -> None:
    hall.settings = hall.settings.model_copy(update={"metrics_token": None})
    async with coming_from(app, "127.0.0.1") as client:
        answer = await client.get("/metrics", headers={"Authorization": shown})
    assert answer.status_code == 403


async def test_metrics_tell_what_was_counted(hall: Hall, app: Starlette, code: str) -> None:
    before = await scraped(app)
    COUNTS.votes["counted"] += 3
    COUNTS.commit.observe(0.003)
    COUNTS.commit.observe(99.0)
    await present(hall, code, {0: 2, 1: 5})
    after = await scraped(app)

    def grown(name: str, label: str = "") -> float:
        return after[name, label] - before.get((name, label), 0.0)

    assert grown("townhall_votes_total", "counted") == 3
    assert grown("townhall_commit_seconds_count") == 2
    assert grown("townhall_commit_seconds_bucket", "0.0025") == 0
    assert grown("townhall_commit_seconds_bucket", "0.005") == 1
    assert grown("townhall_commit_seconds_bucket", "10.0") == 1
    assert grown("townhall_commit_seconds_bucket", "+Inf") == 2
    assert after["townhall_present", code] == 7
    assert (after["townhall_saving", ""], after["townhall_bus_up", ""]) == (1, 1)
    assert after["townhall_waiting", ""] == 0
    assert after["townhall_disk_free_bytes", ""] > 0


async def test_a_lease_that_ran_out_is_nobody_present(
    hall: Hall, app: Starlette, clock: Clock, code: str
) -> None:
    await present(hall, code, {0: 2})
    clock.pass_seconds(LEASE_SECONDS + 1)
    assert ("townhall_present", code) not in await scraped(app)
