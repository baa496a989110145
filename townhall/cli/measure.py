"""What this machine takes for a vote, a recipient, a join and a commit: measured in ten seconds.

A real server runs as a child, simulated phones speak the public protocol, and the server's own
/metrics tell its processor time and memory.
"""

import asyncio
import secrets
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from townhall.actions import forums
from townhall.actions.forums import MadeForum, NewForum, NewQuestion
from townhall.cli import child, here
from townhall.crowd.client import Client, Seat, join, key
from townhall.crowd.wire import Wire
from townhall.domain.capacity import Figures
from townhall.screens import forums as screens
from townhall.settings import Settings
from townhall.web.i18n import catalogue

SEATS, QUESTIONS, AT_ONCE = 60, 30, 8
SOCKETS_MORE = 3
"""Further sockets of each seat, so that the cost of a recipient shows as a difference."""
BROADCASTS, APART = 7, 0.3
COMMITS, COMMIT_SECONDS = 200, 1.0


@dataclass(frozen=True)
class Used:
    """What a server had used at one moment: seconds of processor time, bytes of memory."""

    cpu: float
    memory: float


def figures(chosen: Settings, beside: Path | None) -> Figures:
    """Measure here, on the disk of the folder `beside`. Refuses `child_failed` (reason)."""
    with child.folder(beside) as home:
        commit = commit_seconds(home / "commits.db")
        url = f"sqlite:///{home / 'townhall.db'}"
        made, questions = asyncio.run(_forum(chosen.model_copy(update={"database_url": url})))
        token = secrets.token_urlsafe()
        with child.serving(home, url, token) as address:
            return asyncio.run(_measured(address, token, made, questions, commit))


def commit_seconds(file: Path) -> float:
    """How long a small commit takes until it is on the disk; the median."""
    spent: list[float] = []
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE written (what TEXT)")
        end = time.perf_counter() + COMMIT_SECONDS
        while len(spent) < COMMITS and time.perf_counter() < end:
            since = time.perf_counter()
            connection.execute("INSERT INTO written VALUES (?)", ("-" * 400,))
            spent.append(time.perf_counter() - since)
    return sorted(spent)[len(spent) // 2]


async def _forum(chosen: Settings) -> tuple[MadeForum, list[int]]:
    """A forum with its questions, written before the server starts."""
    asked = tuple(NewQuestion("yesno", "?") for _ in range(QUESTIONS))
    wanted = NewForum("?", tickets=SEATS, questions=asked)
    async with here.hall(chosen) as hall:
        made = await forums.make(hall, here.OPERATOR, wanted, catalogue(chosen.language))
        rows = await hall.read(screens.made, made.id)
    return made, [row["id"] for row in rows]


async def _measured(
    url: str, token: str, made: MadeForum, questions: Sequence[int], commit: float
) -> Figures:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
        moderator = await stack.enter_async_context(Client(url, made.code, made.moderator))
        seats: list[Seat] = []
        phones: list[Client] = []

        async def used() -> Used:
            shown = {"Authorization": f"Bearer {token}"}
            return _used((await http.get(f"{url}/metrics", headers=shown)).text)

        async def arrive(ticket: str) -> None:
            seat = await join(http, url, made.code, ticket=ticket)
            phone = Client(url, made.code, seat.token, listens=False)
            await stack.enter_async_context(phone)
            await phone.settle("hello", {"version": None})
            seats.append(seat)
            phones.append(phone)

        empty = await used()
        await _side_by_side([partial(arrive, ticket) for ticket in made.tickets])
        joined = await used()
        few = await _broadcast(moderator, used)
        before = await used()
        wires = await _more(url, made.code, seats)
        after = await used()
        many = await _broadcast(moderator, used)
        for wire in wires:
            wire.abort()
        for question in questions:
            await moderator.settle("question_open", {"key": key(), "question": question})
        opened = await used()
        await asyncio.gather(*(_vote(phone, questions) for phone in phones))
        voted = await used()
    slope = (many - few) / len(wires)
    whole = many / (len(wires) + len(phones))
    return Figures(
        vote=(voted.cpu - opened.cpu) / (len(phones) * len(questions)),
        recipient=min(slope, whole) if slope > 0 else whole,
        join=(joined.cpu - empty.cpu) / len(phones),
        commit=commit,
        socket_bytes=max(0.0, after.memory - before.memory) / len(wires),
        process_bytes=empty.memory,
    )


async def _broadcast(moderator: Client, used: Callable[[], Awaitable[Used]]) -> float:
    """Processor time of one message to everybody, without what the server does anyway."""
    start = await used()
    await asyncio.sleep(BROADCASTS * APART / 2)
    idle = await used()
    for n in range(BROADCASTS):
        await moderator.settle("stage_blank", {"key": key(), "on": n % 2 == 0})
        await asyncio.sleep(APART)
    end = await used()
    return max(0.0, end.cpu - idle.cpu - 2 * (idle.cpu - start.cpu)) / BROADCASTS


async def _more(url: str, code: str, seats: Sequence[Seat]) -> list[Wire]:
    wires: list[Wire] = []

    async def open_one(seat: Seat) -> None:
        wires.append(await Wire.open(url, {"forum": code, "token": seat.token}))

    await _side_by_side([partial(open_one, seat) for seat in seats] * SOCKETS_MORE)
    return wires


async def _vote(phone: Client, questions: Sequence[int]) -> None:
    await _side_by_side([partial(phone.vote, question, "yes") for question in questions])


async def _side_by_side(work: Sequence[Callable[[], Awaitable[object]]]) -> None:
    """All of it, a few at a time."""
    doors = asyncio.Semaphore(AT_ONCE)

    async def one(step: Callable[[], Awaitable[object]]) -> None:
        async with doors:
            await step()

    await asyncio.gather(*(one(step) for step in work))


def _used(exposed: str) -> Used:
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
    }
    cpu = found["townhall_processor_seconds_total"]
    return Used(cpu, found.get("process_resident_memory_bytes", 0.0))
