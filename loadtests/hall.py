"""One hall: everybody joins, everybody votes within seconds.

`python -m loadtests hall --phones 1000 --seconds 10` prints one table with the bar of each figure;
`--workers 2` does the same on several processes with PostgreSQL and a bus.

A phone is a full client, with its answers, its patience and its coming back, on a connection of
`Many`. Belongs here: the load and its figures. Does not belong here: the server process
(`server`), how a page's weight is found (`weight`).
"""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from loadtests.figures import Figure, at_most, milliseconds, verdicts, within
from loadtests.server import ROOT, Server, ServerFailed, Several
from loadtests.weight import files_of
from tests.servers.postgres import PostgresServer
from tests.servers.process import running
from tests.servers.valkey import ValkeyServer
from townhall.crowd import figures
from townhall.crowd.client import Client, Counters, NotLetIn, join, key
from townhall.crowd.many import Many, OwnLines

CANDIDATES = ("A", "B", "C")
CHANGE_MIND = 0.15
PAGE_LOADS = 50
JOINS_A_SECOND = 100
SCORE_FILE = "tests/data/selection_example.json"

Choice = Mapping[str, int | None]


@dataclass
class Voter:
    """Who holds a phone: when the first vote was acknowledged, and the last acknowledged choice."""

    client: Client
    acknowledged: float = 0.0
    choice: Choice | None = None


@dataclass(frozen=True)
class Work:
    """What one part of the evening took: seconds on the clock, and of processor time."""

    seconds: float
    server: float
    phones: float

    def __str__(self) -> str:
        shares = (cpu / self.seconds for cpu in (self.server, self.phones))
        return f"{self.seconds:.0f} s; " + ", ".join(f"{share:.0%}" for share in shares)


class Crowd:
    """Everybody who holds a phone in one forum; durations in seconds.

    An acknowledgement's counts from when its vote was first sent, however often it was. Who is
    `outside` could not come in, counted by why.
    """

    def __init__(self, url: str, code: str, dice: random.Random) -> None:
        self.counters = Counters()
        self.joins: list[float] = []
        self.outside = Counter[str]()
        self.voters: list[Voter] = []
        self.acknowledgements: list[float] = []
        self._many = Many(url)
        self._code = code
        self._dice = dice

    @property
    def cut(self) -> int:
        """How many connections were lost so far."""
        return sum(phone.closed.done() for phone in self._many.phones)

    async def arrive(self, tickets: Sequence[str]) -> None:
        """Everybody comes at random moments, a hundred a second: ticket, socket, first screen."""
        last = len(tickets) / JOINS_A_SECOND
        async with (
            httpx.AsyncClient(transport=OwnLines(), timeout=60) as http,
            asyncio.TaskGroup() as group,
        ):
            for ticket in tickets:
                group.create_task(self._join(http, ticket, self._dice.uniform(0, last)))

    async def _join(self, http: httpx.AsyncClient, ticket: str, at: float) -> None:
        await asyncio.sleep(at)
        since = time.perf_counter()
        try:
            client = await self._entered(http, ticket)
        except (NotLetIn, OSError) as error:
            self.outside[str(error) or type(error).__name__] += 1
            return
        self.joins.append(time.perf_counter() - since)
        self.voters.append(Voter(client))

    async def _entered(self, http: httpx.AsyncClient, ticket: str) -> Client:
        url, opens, shared = self._many.url, self._many.open, self.counters
        token = (await join(http, url, self._code, ticket=ticket)).token
        client = Client(url, self._code, token, counters=shared, listens=False, opens=opens)
        await client.connect()
        await client.settle("hello", {"version": None})
        return client

    async def vote(self, question: int, seconds: float) -> None:
        """Everybody votes at a random moment; some change it before time is over."""
        async with asyncio.TaskGroup() as group:
            for voter in self.voters:
                group.create_task(self._vote(voter, question, seconds))
        await asyncio.sleep(1)  # until everybody was told

    async def _vote(self, voter: Voter, question: int, seconds: float) -> None:
        at = self._dice.uniform(0, seconds)
        await asyncio.sleep(at)
        await self._cast(voter, question)
        if self._dice.random() < CHANGE_MIND:
            await asyncio.sleep(self._dice.uniform(0, max(0.0, seconds - at)))
            await self._cast(voter, question)

    async def _cast(self, voter: Voter, question: int) -> None:
        choice = {each: self._dice.choice((1, 2, 3, 4, 5, None)) for each in CANDIDATES}
        since = time.perf_counter()
        answer = await voter.client.vote(question, choice)
        now = time.perf_counter()
        self.acknowledgements.append(now - since)
        if answer["status"] in ("counted", "counted_before"):
            voter.acknowledged = voter.acknowledged or now
            voter.choice = choice

    async def leave(self) -> None:
        """Everybody goes at once."""
        await asyncio.gather(*(voter.client.close() for voter in self.voters))


@dataclass(frozen=True)
class Evening:
    """What happened: the work of its two parts, and what the stage showed and the count found."""

    crowd: Crowd
    joining: Work
    voting: Work
    cut: int
    frames: Sequence[tuple[float, int]]
    tally: dict[str, Any]


async def evening(server: Server, phones: int, seconds: float, dice: random.Random) -> Evening:
    """Join, open, vote, close; everything through the public protocol."""
    question = {"kind": "score", "title": "How well does it serve us?", "options": CANDIDATES}
    made = await asyncio.to_thread(server.new_forum, [question], phones)
    code, number = made["code"], made["questions"][0]["id"]
    crowd, frames = Crowd(server.url, code, dice), list[tuple[float, int]]()

    def staged(client: Client, renewed: set[str]) -> None:
        if "turnout" in renewed:
            turnout = client.store["turnout"].get(str(number), {})
            frames.append((time.perf_counter(), turnout.get("voted", 0)))

    stage = Client(server.url, code, made["tokens"]["stage"], on_slices=staged)
    moderator = Client(server.url, code, made["tokens"]["moderator"])
    async with stage, moderator:
        joining = await _worked(server, crowd.arrive(made["tickets"]))
        if not crowd.voters:
            raise ServerFailed(f"nobody could come in: {', '.join(crowd.outside)}.")
        await _steer(moderator, "question_open", number)
        await asyncio.sleep(1)
        voting = await _worked(server, crowd.vote(number, seconds))
        await _steer(moderator, "question_close", number, seconds=0)
        if not await moderator.until(lambda c: str(number) in (c.store["tally"] or {}), 60):
            raise ServerFailed("the question was not counted within 60 s.")
        cut, tally = crowd.cut, moderator.store["tally"][str(number)]
        await crowd.leave()
    return Evening(crowd, joining, voting, cut, frames, tally)


async def _worked(server: Server, part: Coroutine[Any, Any, None]) -> Work:
    since, cpu, own = time.perf_counter(), server.cpu(), time.process_time()
    await part
    return Work(time.perf_counter() - since, server.cpu() - cpu, time.process_time() - own)


async def _steer(moderator: Client, event: str, question: int, **more: object) -> None:
    answer = await moderator.settle(event, {"key": key(), "question": question, **more})
    if answer.get("status") != "ok":
        raise ServerFailed(f"{event} was answered with {answer.get('code')}.")


def lags(done: Evening) -> list[float]:
    """The stage lag of every first acknowledgement, as `crowd.figures` defines it."""
    acknowledged = [voter.acknowledged for voter in done.crowd.voters if voter.acknowledged]
    return figures.lags(done.frames, acknowledged)


def differences(held: Sequence[Choice], tally: Mapping[str, Any]) -> tuple[int, int, int]:
    """Acknowledged ballots that were not counted, ballots beyond them, scores counted otherwise."""
    beyond, wrong = tally["certificate"]["counted"] - len(held), 0
    for row in tally["rows"]:
        cast = Counter(str(choice[row["id"]]) for choice in held if choice[row["id"]] is not None)
        counted = Counter(row["spread"])
        wrong += (cast - counted).total() + (counted - cast).total()
    return max(0, -beyond), max(0, beyond), wrong


def evening_rows(done: Evening) -> list[Figure]:
    """The figures of joining and voting."""
    crowd, votes = done.crowd, len(done.crowd.acknowledgements)
    held = [voter.choice for voter in crowd.voters if voter.choice is not None]
    lost, beyond, wrong = differences(held, done.tally)
    answers = {s: n for (e, s), n in sorted(crowd.counters.answers.items()) if e == "vote"}
    a_vote, a_join = done.voting.server / votes, done.joining.server / len(crowd.joins)
    coming = "join: ticket, socket, first screen"
    return [
        at_most("votes acknowledged and lost", lost, 0),
        at_most("votes counted beyond those", beyond, 0),
        at_most("scores counted otherwise than cast", wrong, 0),
        at_most("phones without an acknowledged vote", len(crowd.voters) - len(held), 0),
        at_most("phones that could not come in", crowd.outside.total(), 0),
        at_most("connections lost", done.cut, 0),
        Figure("answers", ", ".join(f"{s} {c:,}" for s, c in answers.items())),
        Figure("sent again", f"{crowd.counters.resent:,}"),
        Figure("acknowledgement", milliseconds(crowd.acknowledgements, 50)),
        *within("acknowledgement", crowd.acknowledgements, p95=300, p99=1_000),
        *within("stage lag", lags(done), p95=500),
        Figure(coming, milliseconds(crowd.joins, 50)),
        *within(coming, crowd.joins, p95=2_000),
        Figure("server CPU a vote, fan-out included", f"{a_vote * 1e6:,.0f} µs"),
        Figure("server CPU a join", f"{a_join * 1e6:,.0f} µs"),
        Figure("all come; server, phones, of a core", str(done.joining)),
        Figure("all vote; server, phones, of a core", str(done.voting)),
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
