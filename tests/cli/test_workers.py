"""`townhall serve`: which processes may serve together, and several workers under one."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from tests.servers.townhall import ROOT, TownhallServer
from tests.servers.warm import run
from tests.servers.workers import WORKERS, Workers
from townhall.crowd.client import Client, join, key

PHONES = 12


def serve(*options: str, **settings: str) -> tuple[int, str]:
    """A start that is refused: exit code and what it said, in English."""
    code, _, errors = run(["serve", "--port", "0", *options], environment(settings))
    return code, errors.strip()


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    ours = {k: v for k, v in os.environ.items() if not k.startswith("TOWNHALL_")}
    return ours | {"TOWNHALL_LANGUAGE": "en"} | dict(settings)


ALONE = (
    "2 processes need one PostgreSQL and one Redis between them. Set "
    "TOWNHALL_DATABASE_URL=postgresql://… and TOWNHALL_REDIS_URL=redis://…, or start one process."
)


@pytest.mark.parametrize(
    "settings",
    [
        {"TOWNHALL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        {"TOWNHALL_DATABASE_URL": "sqlite:///none.db", "TOWNHALL_REDIS_URL": "redis://127.0.0.1:1"},
    ],
    ids=["without_redis", "without_postgresql"],
)
def test_several_workers_are_refused(settings: dict[str, str]) -> None:
    assert serve("--workers", "2", **settings) == (2, ALONE)
    assert serve(TOWNHALL_WORKERS="2", **settings) == (2, ALONE)


@pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://127.0.0.1:port", "127.0.0.1:6379"])
def test_address_that_is_no_redis_is_refused(url: str) -> None:
    code, said = serve(TOWNHALL_REDIS_URL=url)
    assert (code, said.splitlines()[0][:20]) == (2, "TOWNHALL_REDIS_URL: ")
    assert len(said.splitlines()) == 1


def test_second_server_on_an_sqlite_file_is_refused(tmp_path: Path) -> None:
    server = TownhallServer(tmp_path)
    server.start()
    try:
        code, said = serve(TOWNHALL_DATABASE_URL=server.database_url)
        assert code == 2
        assert said == (
            f"Another Townhall serves {tmp_path / 'townhall.db'} already. "
            "Stop it first, or choose another TOWNHALL_DATABASE_URL."
        )
        server.command("forum", "list")
        server.kill()
        server.start()
    finally:
        server.stop()


def test_second_process_on_postgresql_without_a_bus_says_what_it_costs(
    tmp_path: Path, postgres_url: str
) -> None:
    servers = [TownhallServer(tmp_path / name, postgres_url) for name in "ab"]
    try:
        for server in servers:
            server.start()
        asyncio.run(until(lambda: all("another process" in s.log.read_text() for s in servers)))
    finally:
        for server in servers:
            server.stop()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not holds():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.1)


def gone(pids: set[int]) -> bool:
    """Whether none of these processes is there any more."""
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


async def votes(phone: Client, question: int, over: asyncio.Event) -> tuple[int, tuple[int, str]]:
    """Vote again and again; the seat, and the rev and choice that were acknowledged last."""
    while True:
        choice = random.choice(["yes", "no"])
        answer = await phone.vote(question, choice)
        assert answer["status"] in ("counted", "counted_before")
        if over.is_set():
            return phone.me["seat"], (answer["rev"], choice)
        await asyncio.sleep(0.2)


def stored(database_url: str, question: int) -> dict[int, tuple[int, str]]:
    """Seat -> the rev and choice of its ballot that counts."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT seat_id, rev, choice FROM ballot WHERE question_id = :q ORDER BY rev"),
            {"q": question},
        ).all()
    engine.dispose()
    return {seat: (rev, json.loads(choice)) for seat, rev, choice in rows}


@pytest.fixture
def workers(tmp_path: Path, postgres_url: str, valkey_url: str) -> Iterator[Workers]:
    settings = {"TOWNHALL_REDIS_URL": valkey_url, "TOWNHALL_WORKERS": str(WORKERS)}
    server = Workers(tmp_path, postgres_url, settings=settings)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.mark.anyio
@pytest.mark.timeout(300)
async def test_workers_are_replaced_and_their_phones_come_back_by_themselves(
    workers: Workers,
) -> None:
    await until(workers.all_serve)
    made = workers.forum(tickets=PHONES, questions=[{"kind": "yesno", "title": "찬성하세요?"}])
    question = made["questions"][0]["id"]
    async with Client(workers.url, made["code"], made["tokens"]["moderator"]) as console:
        answer = await console.settle("question_open", {"key": key(), "question": question})
        assert answer["status"] == "ok"
    async with httpx.AsyncClient(timeout=60) as http:
        seats = [
            await join(http, workers.url, made["code"], ticket=each) for each in made["tickets"]
        ]
    phones = [Client(workers.url, made["code"], seat.token) for seat in seats]
    for phone in phones:
        await phone.connect()

    def back(times: int) -> bool:
        return all(p._ready.is_set() and p.counters.reconnects >= times for p in phones)

    # One dies: another takes its place.
    first = workers.pids()
    victim = min(first)
    os.kill(victim, signal.SIGKILL)
    await until(lambda: victim not in workers.pids())
    await until(workers.all_serve)
    await until(lambda: back(0))
    # New ones take every place; each phone is told goodbye, comes back, and votes all the time.
    before = workers.pids()
    over = asyncio.Event()
    voting = [asyncio.create_task(votes(phone, question, over)) for phone in phones]
    workers.signal(signal.SIGHUP)
    await until(lambda: not workers.pids() & before)
    await until(workers.all_serve)
    await until(lambda: back(1))
    over.set()
    told = dict(await asyncio.gather(*voting))
    assert stored(workers.database_url, question) == told
    assert len(told) == PHONES
    # All leave: everybody is told that this is not for good.
    pids = workers.pids()
    workers.stop()
    assert gone(pids)
    await until(lambda: all(phone.bye is not None for phone in phones))
    assert [(p.bye or {})["reason"] for p in phones] == ["restart"] * PHONES
    assert not any(phone.over for phone in phones)
    for phone in phones:
        await phone.close()


def test_workers_leave_when_the_process_above_them_is_killed(workers: Workers) -> None:
    pids = workers.pids()
    workers.kill()
    asyncio.run(until(lambda: gone(pids)))


def test_process_above_the_workers_loads_no_server() -> None:
    """What it has loaded when it begins to supervise: no database, no web, no loop for speed."""
    script = (
        "import sys; from townhall.cli import serve, workers; "
        "workers.supervise = lambda *_: print(*sys.modules) or 0; serve.command(number=2, port=0)"
    )
    shared = {
        "TOWNHALL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "TOWNHALL_REDIS_URL": "redis://127.0.0.1:1",
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | shared,
        cwd=ROOT,
    )
    loaded = set(done.stdout.split())
    assert "townhall.cli.workers" in loaded, done.stderr
    assert not loaded & {"sqlalchemy", "starlette", "uvicorn", "uvloop", "jinja2", "townhall.hall"}


def test_workers_that_are_refused_say_so_once(tmp_path: Path, empty_postgres_url: str) -> None:
    """The database is empty. They are started as the first one was, which is cold."""
    settings = {
        "TOWNHALL_DATABASE_URL": empty_postgres_url,
        "TOWNHALL_REDIS_URL": "redis://127.0.0.1:1",
        "TOWNHALL_LOG_LEVEL": "error",
    }
    done = subprocess.run(
        [sys.executable, "-m", "townhall", "serve", "--port", "0", "--workers", "2"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(settings),
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("The database is at an old version (-).")
    assert len(done.stderr.splitlines()) == 1
