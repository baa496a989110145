"""What one thing costs our server on SQLite: telling everybody, a vote, a client, coming in.

`bench` asks the same of the peers. The bars are the project's own, for one processor.
"""

import asyncio
import time

import httpx

from loadtests.costs import Costs, measure
from loadtests.figures import Figure, at_most, milliseconds, verdicts
from loadtests.peers import BARE
from loadtests.server import Child, Peer, Server
from townhall.crowd.client import join

FANOUT, VOTE, MEMORY, JOIN = 1.25, 45.0, 28.0, 1.0
"""Bars: times bare frames, µs a vote, KB a client, ms a join."""

ACTS, QUESTIONS = 20, 10
FEW = 2
"""Acts where something else is measured."""


def fanout(phones: int) -> str:
    """One packet of 300 bytes to everybody, ours and as bare frames."""
    ours = _measured(Server(), phones, 1, ACTS).reach
    bare = _measured(Peer(BARE), phones, 1, ACTS).reach
    figures = [
        Figure("server CPU a recipient", f"{ours.cpu * 1e6:.1f} µs"),
        Figure("  of bare frames", f"{bare.cpu * 1e6:.1f} µs"),
        at_most("times bare frames", ours.cpu / bare.cpu, FANOUT, "{:.2f}"),
        Figure("bytes a packet", f"{ours.size:,.0f}"),
    ]
    return verdicts(f"telling {phones:,} phones", figures)


def votes(phones: int) -> str:
    """Durable votes, validated, one seat one vote; each seat answers ten questions."""
    done = _measured(Server(), phones, QUESTIONS, FEW).votes
    n = len(done.seconds)
    figures = [
        at_most("server CPU a vote, telling included", done.cpu * 1e6, VOTE, "{:,.1f} µs"),
        Figure("votes a second", f"{n / done.took:,.0f}"),
        Figure("acknowledgement, all at once", milliseconds(done.seconds, 50, 95, 99)),
        Figure("answers", ", ".join(f"{name} {k:,}" for name, k in done.answers.items())),
        Figure("packets to phones meanwhile", f"{done.told:,}"),
    ]
    return verdicts(f"{n:,} votes of {phones:,} phones", figures)


def memory(phones: int) -> str:
    """What a connected phone takes beyond the idle server."""
    used = _measured(Server(), phones, 1, FEW).joins.memory * 1024
    return verdicts(f"{phones:,} phones", [at_most("memory a client", used, MEMORY, "{:.1f} KB")])


def joins(phones: int, tickets: int) -> str:
    """Coming in: socket, session and first screen; and, apart from it, redeeming a ticket."""
    with Server() as server:
        cpu = server.under(measure(server, server.forum(phones, 1), FEW)).joins.cpu
        made = server.new_forum([], tickets)
        ticket, seconds = server.under(_redeemed(server, made["code"], made["tickets"]))
    figures = [
        at_most("server CPU a join: socket, session, screen", cpu * 1e3, JOIN, "{:.2f} ms"),
        Figure("server CPU a ticket over HTTP", f"{ticket * 1e3:.2f} ms"),
        Figure("a ticket over HTTP, 20 at a time", milliseconds(seconds, 50, 95)),
    ]
    return verdicts(f"{phones:,} phones, {tickets:,} tickets", figures)


def _measured(server: Child, phones: int, questions: int, acts: int) -> Costs:
    with server:
        return server.under(measure(server, server.forum(phones, questions), acts))


async def _redeemed(server: Child, code: str, tickets: list[str]) -> tuple[float, list[float]]:
    """Processor seconds a ticket, and how long each took."""
    waiting, seconds = list(tickets), list[float]()
    async with httpx.AsyncClient(timeout=60) as http:

        async def door() -> None:
            while waiting:
                since = time.perf_counter()
                await join(http, server.url, code, ticket=waiting.pop())
                seconds.append(time.perf_counter() - since)

        before = server.cpu()
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(door())
    return (server.cpu() - before) / len(tickets), seconds
