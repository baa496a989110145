"""One hall on one process and SQLite: everybody joins, everybody votes within seconds.

`python loadtests/hall.py --phones 1000 --seconds 10` prints one table with the bar of each figure.
The phones run in this process, on the same machine, and take their part of its processors.

Stage lag: for every first acknowledgement that a phone gets, in order, the time until the first
frame on the stage's socket whose turnout includes that many votes; 0 when a frame already did,
which happens when the stage hears of a batch before the phone reads its own answer.

Belongs here: the load and its figures. Does not belong here: the server process (`server`), how a
page's weight is found (`weight`).
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: the folder above holds this package
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx

from loadtests.figures import milliseconds, table
from loadtests.server import ROOT, Server, ServerFailed
from loadtests.weight import files_of
from townhall.crowd.client import Client, Counters, NotLetIn, join, key

MOST_PHONES = 2_000
CANDIDATES = ("A", "B", "C")
CHANGE_MIND = 0.15
PAGE_LOADS = 50
JOINS_A_SECOND = 100
SCORE_FILE = "tests/data/selection_example.json"

Row = tuple[str, str, str]
"""A figure's name, the figure, and its bar ("" where there is none)."""


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
    made = await asyncio.to_thread(server.forum, [question], phones)
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
    """The stage lag of every first acknowledgement; see the door sign for what that is."""
    highest, rising = 0, list[tuple[int, float]]()
    for at, voted in done.frames:
        if voted > highest:
            rising.append((voted, at))
            highest = voted
    acknowledged = sorted(phone.acknowledged for phone in done.phones if phone.acknowledged)
    found = []
    for count, at in enumerate(acknowledged, start=1):
        place = bisect_left(rising, (count, 0.0))
        shown = rising[place][1] if place < len(rising) else float("inf")
        found.append(max(0.0, shown - at))
    return found


def lost(done: Evening) -> tuple[int, int]:
    """Acknowledged ballots that the certificate lacks, and scores counted otherwise than cast."""
    held = [phone.choice for phone in done.phones if phone.choice is not None]
    wrong = 0
    for row in done.tally["rows"]:
        cast = Counter(str(choice[row["id"]]) for choice in held if choice[row["id"]] is not None)
        counted = Counter(row["spread"])
        wrong += (cast - counted).total() + (counted - cast).total()
    return max(0, len(held) - done.tally["certificate"]["counted"]), wrong


def evening_rows(done: Evening) -> list[Row]:
    """The figures of joining and voting."""
    missing, wrong = lost(done)
    answers = {s: n for (e, s), n in sorted(done.votes.answers.items()) if e == "vote"}
    n = sum(answers.values())
    phones = len(done.phones)
    return [
        ("votes acknowledged and lost", f"{missing:,}", "0"),
        ("scores counted otherwise than cast", f"{wrong:,}", "0"),
        ("answers", ", ".join(f"{s} {c:,}" for s, c in answers.items()), ""),
        ("acknowledgement", milliseconds(done.votes.seconds, 50, 95, 99), "p95 500 ms"),
        ("stage lag", milliseconds(lags(done), 50, 95), "p95 700 ms"),
        ("join: ticket, socket, first screen", milliseconds(done.joins, 50, 95), "p95 2,000 ms"),
        ("server CPU a vote, fan-out included", f"{done.voting_cpu / n * 1e6:,.0f} µs", ""),
        ("server CPU a join", f"{done.joining_cpu / phones * 1e6:,.0f} µs", ""),
        ("server at work while voting", f"{done.voting_cpu / (done.voting + 1):.0%} of a core", ""),
    ]


async def page_rows(server: Server) -> list[Row]:
    """The phone's page: what it weighs, and what rendering it costs the server."""
    question = {"kind": "score", "title": "How well does it serve us?", "options": CANDIDATES}
    made = await asyncio.to_thread(server.forum, [question], 1)
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
    kilobytes = sum(files.values()) / 1024
    return [
        ("phone page before the first vote", f"{kilobytes:.1f} KB, {len(files)} files", "60 KB"),
        ("  of it the page itself", f"{files[page] / 1024:.1f} KB", ""),
        ("forum page", f"{cpu * 1000:.1f} ms CPU", "30 ms"),
    ]


def score_row() -> Row:
    """How long `townhall score` takes from the shell."""
    before, since = os.times(), time.perf_counter()
    command = [sys.executable, "-m", "townhall", "score", SCORE_FILE]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise ServerFailed(f"townhall score failed: {done.stderr.strip()}")
    after, seconds = os.times(), time.perf_counter() - since
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return ("townhall score", f"{seconds:.2f} s ({cpu:.2f} s CPU)", "0.5 s")


def measured(phones: int, seconds: float, seed: int) -> list[Row]:
    """Every figure of one run."""
    with Server() as server:
        httpx.get(server.url, follow_redirects=True, timeout=30).raise_for_status()
        start, start_cpu = time.perf_counter() - server.started, server.cpu()
        time.sleep(1)
        idle = server.memory()
        pages = asyncio.run(server.alongside(page_rows(server), 120))
        done = asyncio.run(
            server.alongside(evening(server, phones, seconds, random.Random(seed)), 600 + seconds)
        )
        peak = server.memory("VmHWM")
    return [
        *evening_rows(done),
        ("server memory, idle", f"{idle:.0f} MB", "120 MB"),
        ("server memory, peak", f"{peak:.0f} MB", ""),
        ("start to first page", f"{start:.2f} s ({start_cpu:.2f} s CPU)", "3 s"),
        *pages,
        score_row(),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="hall", description=__doc__.split("\n")[0])
    parser.add_argument("--phones", type=int, default=1_000, help=f"1 to {MOST_PHONES:,}")
    parser.add_argument("--seconds", type=float, default=10.0, help="within which all vote")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    if not 1 <= asked.phones <= MOST_PHONES or not 0 <= asked.seconds <= 600:
        parser.error(f"1 to {MOST_PHONES:,} phones, 0 to 600 seconds")
    try:
        rows = measured(asked.phones, asked.seconds, asked.seed)
    except (ServerFailed, NotLetIn, OSError, httpx.HTTPError, ExceptionGroup) as error:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        print(str(error) or type(error).__name__, file=sys.stderr)
        return 2
    head = f"{asked.phones:,} phones, all vote within {asked.seconds:g} s, seed {asked.seed}"
    print(table([(head, "seen", "bar"), *rows]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
