"""One hall: everybody joins, everybody votes within seconds.

`python -m loadtests hall --phones 1000 --seconds 10` prints one table with the bar of each figure;
`--workers 2` does the same on several processes with PostgreSQL and a bus.

Belongs here: the load and its figures. Does not belong here: the server process (`server`), how a
page's weight is found (`weight`).
"""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from loadtests.figures import Figure, at_most, milliseconds, verdicts, within
from loadtests.server import ROOT, Server, ServerFailed, Several
from loadtests.weight import files_of
from tests.servers.postgres import PostgresServer
from tests.servers.process import running
from tests.servers.valkey import ValkeyServer
from townhall.crowd import figures
from townhall.crowd.client import Client, Counters, join, key

CANDIDATES = ("A", "B", "C")
CHANGE_MIND = 0.15
PAGE_LOADS = 50
JOINS_A_SECOND = 100
SCORE_FILE = "tests/data/selection_example.json"


@dataclass
class Phone:
    """One phone: when its first vote was acknowledged, and its last acknowledged choice."""

    client: Client
    acknowledged: float = 0.0
    choice: dict[str, int | None] | None = None


@dataclass
class Evening:
    """What happened; times in seconds."""

    greetings: Counters = field(default_factory=Counters)
    votes: Counters = field(default_factory=Counters)
    joins: list[float] = field(default_factory=list)
    phones: list[Phone] = field(default_factory=list)
    frames: list[tuple[float, int]] = field(default_factory=list)
    joining_cpu: float = 0.0
    voting_cpu: float = 0.0
    voting: float = 0.0
    tally: dict[str, Any] = field(default_factory=dict)


async def evening(server: Server, phones: int, seconds: float, dice: random.Random) -> Evening:
    """Join, open, vote, close; everything through the public protocol."""
    question = {"kind": "score", "title": "How well does it serve us?", "options": CANDIDATES}
    made = await asyncio.to_thread(server.new_forum, [question], phones)
    code, number = made["code"], made["questions"][0]["id"]
    done = Evening()

    def staged(client: Client, renewed: set[str]) -> None:
        if "turnout" in renewed:
            turnout = client.store["turnout"].get(str(number), {})
            done.frames.append((time.perf_counter(), turnout.get("voted", 0)))

    async with AsyncExitStack() as stack:
        stage = Client(server.url, code, made["tokens"]["stage"], on_slices=staged)
        moderator = Client(server.url, code, made["tokens"]["moderator"])
        for screen in (stage, moderator):
            await stack.enter_async_context(screen)
        before = server.cpu()
        await _arrive(server.url, code, made["tickets"], done, stack, dice)
        done.joining_cpu = server.cpu() - before
        await _steer(moderator, "question_open", number)
        await asyncio.sleep(1)
        before, since = server.cpu(), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for phone in done.phones:
                group.create_task(_vote(phone, number, seconds, dice))
        done.voting = time.perf_counter() - since
        await asyncio.sleep(1)
        done.voting_cpu = server.cpu() - before
        await _steer(moderator, "question_close", number, seconds=0)
        if not await moderator.until(lambda c: str(number) in (c.store["tally"] or {}), 60):
            raise ServerFailed("the question was not counted within 60 s.")
        done.tally = moderator.store["tally"][str(number)]
    return done


async def _arrive(
    url: str,
    code: str,
    tickets: Sequence[str],
    done: Evening,
    stack: AsyncExitStack,
    dice: random.Random,
) -> None:
    """Everybody comes in at random moments, a hundred a second: ticket, socket, first screen."""
    # Phones share no connections; a shared one may end just as it is used again.
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=60, limits=limits) as http:

        async def one(ticket: str) -> None:
            await asyncio.sleep(dice.uniform(0, len(tickets) / JOINS_A_SECOND))
            since = time.perf_counter()
            seat = await join(http, url, code, ticket=ticket)
            phone = Phone(Client(url, code, seat.token, counters=done.greetings, listens=False))
            await stack.enter_async_context(phone.client)
            await phone.client.settle("hello", {"version": None})
            done.joins.append(time.perf_counter() - since)
            phone.client.counters = done.votes
            done.phones.append(phone)

        async with asyncio.TaskGroup() as group:
            for ticket in tickets:
                group.create_task(one(ticket))


async def _vote(phone: Phone, question: int, seconds: float, dice: random.Random) -> None:
    """One vote at a random moment; some people change it before time is over."""
    at = dice.uniform(0, seconds)
    await asyncio.sleep(at)
    await _cast(phone, question, dice)
    if dice.random() < CHANGE_MIND:
        await asyncio.sleep(dice.uniform(0, max(0.0, seconds - at)))
        await _cast(phone, question, dice)


async def _cast(phone: Phone, question: int, dice: random.Random) -> None:
    choice = {each: dice.choice((1, 2, 3, 4, 5, None)) for each in CANDIDATES}
    answer = await phone.client.vote(question, choice)
    if answer["status"] in ("counted", "counted_before"):
        phone.acknowledged = phone.acknowledged or time.perf_counter()
        phone.choice = choice


async def _steer(moderator: Client, event: str, question: int, **more: object) -> None:
    answer = await moderator.settle(event, {"key": key(), "question": question, **more})
    if answer.get("status") != "ok":
        raise ServerFailed(f"{event} was answered with {answer.get('code')}.")


def lags(done: Evening) -> list[float]:
    """The stage lag of every first acknowledgement, as `crowd.figures` defines it."""
    acknowledged = [phone.acknowledged for phone in done.phones if phone.acknowledged]
    return figures.lags(done.frames, acknowledged)


def lost(done: Evening) -> tuple[int, int]:
    """Acknowledged ballots that the certificate lacks, and scores counted otherwise than cast."""
    held = [phone.choice for phone in done.phones if phone.choice is not None]
    wrong = 0
    for row in done.tally["rows"]:
        cast = Counter(str(choice[row["id"]]) for choice in held if choice[row["id"]] is not None)
        counted = Counter(row["spread"])
        wrong += (cast - counted).total() + (counted - cast).total()
    return max(0, len(held) - done.tally["certificate"]["counted"]), wrong


def evening_rows(done: Evening) -> list[Figure]:
    """The figures of joining and voting."""
    missing, wrong = lost(done)
    answers = {s: n for (e, s), n in sorted(done.votes.answers.items()) if e == "vote"}
    n = sum(answers.values())
    phones = len(done.phones)
    cpu = done.voting_cpu / n * 1e6
    return [
        at_most("votes acknowledged and lost", missing, 0),
        at_most("scores counted otherwise than cast", wrong, 0),
        Figure("answers", ", ".join(f"{s} {c:,}" for s, c in answers.items())),
        Figure("acknowledgement", milliseconds(done.votes.seconds, 50)),
        *within("acknowledgement", done.votes.seconds, p95=300, p99=1_000),
        *within("stage lag", lags(done), p95=500),
        *within("join: ticket, socket, first screen", done.joins, p95=2_000),
        Figure("server CPU a vote, fan-out included", f"{cpu:,.0f} µs"),
        Figure("server CPU a join", f"{done.joining_cpu / phones * 1e6:,.0f} µs"),
        Figure("server at work", f"{done.voting_cpu / (done.voting + 1):.0%} of a core"),
    ]


async def page_rows(server: Server) -> list[Figure]:
    """The phone's page: what it weighs, and what rendering it costs the server."""
    question = {"kind": "score", "title": "How well does it serve us?", "options": CANDIDATES}
    made = await asyncio.to_thread(server.new_forum, [question], 1)
    code = made["code"]
    page = f"{server.url}/f/{code}"
    async with (
        httpx.AsyncClient(timeout=30, headers={"Origin": server.url}) as http,
        Client(server.url, code, made["tokens"]["moderator"]) as moderator,
    ):
        await _steer(moderator, "question_open", made["questions"][0]["id"])
        await join(http, server.url, code, ticket=made["tickets"][0])  # a browser gets its cookie
        files = await files_of(http, page)
        before = server.cpu()
        for _ in range(PAGE_LOADS):
            (await http.get(page)).raise_for_status()
        cpu = (server.cpu() - before) / PAGE_LOADS
    return [
        at_most("phone page before the first vote", sum(files.values()) / 1024, 60, "{:.1f} KB"),
        Figure("  in so many files", f"{len(files)}"),
        Figure("  of it the page itself", f"{files[page] / 1024:.1f} KB"),
        at_most("forum page, server CPU", cpu * 1000, 30, "{:.1f} ms"),
    ]


def score_row() -> Figure:
    """How long `townhall score` takes from the shell."""
    since = time.perf_counter()
    command = [sys.executable, "-m", "townhall", "score", SCORE_FILE]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise ServerFailed(f"townhall score failed: {done.stderr.strip()}")
    return at_most("townhall score", time.perf_counter() - since, 0.5, "{:.2f} s")


@contextmanager
def _ours(workers: int) -> Iterator[Server]:
    """One process on SQLite, or several on a PostgreSQL and a Valkey of their own."""
    if workers == 1:
        with Server() as server:
            yield server
        return
    with running(PostgresServer()) as databases, running(ValkeyServer()) as valkey:
        database = databases.url(databases.create_database())
        with Several(workers, database, valkey.url()) as server:
            yield server


def hall(phones: int, seconds: float, workers: int, seed: int) -> str:
    """An evening: a hall comes in, everybody votes within seconds; and every small figure."""
    with _ours(workers) as server:
        httpx.get(server.url, follow_redirects=True, timeout=30).raise_for_status()
        start = time.perf_counter() - server.started
        time.sleep(1)
        idle = server.memory() / len(server.pids())
        pages = server.under(page_rows(server))
        done = server.under(evening(server, phones, seconds, random.Random(seed)))
        peak = server.memory("VmHWM")
    rows = [
        *evening_rows(done),
        at_most("server memory a process, idle", idle, 120, "{:.0f} MB"),
        Figure("server memory, peak", f"{peak:.0f} MB"),
        at_most("start to first page", start, 3, "{:.2f} s"),
        *pages,
        score_row(),
    ]
    return verdicts(f"{server.name}: {phones:,} phones, all vote within {seconds:g} s", rows)
