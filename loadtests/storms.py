"""Bad moments of a hall: everybody comes at once, everybody is cut off, some stop reading."""

import asyncio
import random
import time
from dataclasses import dataclass, field

import httpx

from loadtests.costs import ASK, counted
from loadtests.figures import Figure, at_most, milliseconds, percentile, verdicts, within
from loadtests.server import Forum, Server
from townhall.crowd.client import NotLetIn, join, key
from townhall.crowd.many import Many, OwnLines, Phone

LONGEST_PAUSE = 15.0
PAUSE = 0.5
ASKS = 40
"""How many asks stand in the list that every packet of `slow` carries: some 12 KB."""


def wave(phones: int, seconds: float, seed: int) -> str:
    """Everybody comes within a minute: ticket over HTTP, socket, first screen."""
    with Server() as server:
        made = server.new_forum([], phones)
        took = server.under(_waved(server, made["code"], made["tickets"], seconds, seed))
    return verdicts(
        f"{phones:,} phones come within {seconds:g} s",
        [Figure("coming in", milliseconds(took, 50, 99)), *within("coming in", took, p95=2_000)],
    )


async def _waved(
    server: Server, code: str, tickets: list[str], seconds: float, seed: int
) -> list[float]:
    dice, many, took = random.Random(seed), Many(server.url), list[float]()
    async with httpx.AsyncClient(transport=OwnLines(), timeout=120) as http:

        async def one(ticket: str) -> None:
            await asyncio.sleep(dice.uniform(0, seconds))
            since = time.perf_counter()
            seat = await join(http, server.url, code, ticket=ticket)
            phone = await many.open({"forum": code, "token": seat.token})
            await phone.emit("hello", {"version": None})
            took.append(time.perf_counter() - since)

        async with asyncio.TaskGroup() as group:
            for ticket in tickets:
                group.create_task(one(ticket))
    many.leave()
    return took


@dataclass
class _Return:
    """When each was back, how long its vote took then, and how often it was turned away."""

    back: list[float] = field(default_factory=list)
    votes: list[float] = field(default_factory=list)
    refused: int = 0
    tries: int = 0


def cut(phones: int, seconds: float, seed: int) -> str:
    """Every socket is cut in one moment; all come back within `seconds`, and vote."""
    with Server() as server:
        done = server.under(_cut(server, server.forum(phones, 1), seconds, seed))
    figures = [
        at_most("not back and counted", phones - len(done.votes), 0),
        at_most("turned away for good", done.refused, 0),
        at_most("the last is back after", max(done.back, default=0.0), 30, "{:.1f} s"),
        Figure("tries to come back", f"{done.tries:,}"),
        *within("acknowledgement of the vote that follows", done.votes, p99=2_000),
    ]
    return verdicts(f"{phones:,} sockets cut, back within {seconds:g} s", figures)


async def _cut(server: Server, forum: Forum, seconds: float, seed: int) -> _Return:
    dice, many, done = random.Random(seed), Many(server.url), _Return()
    phones = await many.bring(forum.auths)

    async def back(auth: object) -> None:
        limit = seconds
        while True:
            await asyncio.sleep(dice.uniform(0, limit))
            limit = min(LONGEST_PAUSE, limit * 2)
            done.tries += 1
            try:
                phone = await many.open(auth)
                await phone.emit("hello", {"version": None})
            except NotLetIn:
                done.refused += 1
                return
            except OSError:
                continue
            break
        done.back.append(time.perf_counter() - since)
        done.votes.append(await counted(phone, forum.questions[0]))

    since = time.perf_counter()
    for phone in phones:
        phone.abort()
    await asyncio.gather(*(phone.closed for phone in phones))
    async with asyncio.TaskGroup() as group:
        for auth in forum.auths:
            group.create_task(back(auth))
    many.leave()
    return done


@dataclass
class _Slow:
    """Acknowledgements while all read and while some do not; megabytes of the server."""

    before: list[float] = field(default_factory=list)
    during: list[float] = field(default_factory=list)
    memory: float = 0.0
    peak: float = 0.0
    ended: int = 0


def slow(phones: int, seconds: float, seed: int) -> str:
    """A tenth of the phones stops reading while long packets go out twice a second."""
    with Server() as server:
        done = server.under(_slowed(server, server.forum(phones, 2), seconds, seed))
    limit = percentile(done.before, 99) * 1.1 * 1000
    figures = [
        at_most("growth of the server", done.peak - done.memory, 50, "{:,.1f} MB"),
        Figure("acknowledgement while all read", milliseconds(done.before, 50, 95, 99)),
        Figure("acknowledgement of those who still read", milliseconds(done.during, 50, 95)),
        *within("  the bar is a tenth more than before", done.during, p99=limit),
        Figure("slow connections that the server ended", f"{done.ended:,}"),
    ]
    return verdicts(f"{phones // 10:,} of {phones:,} phones stop reading", figures)


async def _slowed(server: Server, forum: Forum, seconds: float, seed: int) -> _Slow:
    dice, many, done = random.Random(seed), Many(server.url), _Slow()
    phones = await many.bring(forum.auths)
    asks = [await phone.emit("ask", {"key": key(), "text": ASK}) for phone in phones[:ASKS]]
    moderator = await Many(server.url).open(forum.auth(forum.moderator))
    slow, quick = phones[: len(phones) // 10], phones[len(phones) // 10 :]

    async def phase(question: int, took: list[float]) -> None:
        async def vote(phone: Phone) -> None:
            await asyncio.sleep(dice.uniform(0, seconds))
            took.append(await counted(phone, question))

        async with asyncio.TaskGroup() as group:
            for phone in quick:
                group.create_task(vote(phone))
            deadline, n = time.monotonic() + seconds, 0
            while time.monotonic() < deadline:
                n += 1
                state = "on_stage" if n % 2 else "open"
                await moderator.emit("ask_state", {"ask": asks[0]["id"], "state": state})
                await asyncio.sleep(PAUSE)
                done.peak = max(done.peak, server.memory())

    await phase(forum.questions[0], done.before)
    done.peak = done.memory = server.memory()
    for phone in slow:
        phone.deaf()
    await phase(forum.questions[1], done.during)
    for phone in slow:
        phone.hear()
    await asyncio.sleep(1)
    done.ended = sum(phone.closed.done() for phone in slow)
    many.leave()
    return done
