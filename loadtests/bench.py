"""Ours and others under the same load, one after another on one processor; one table.

Ours checks who is there, that the question is open and the seat has not voted, and answers after
the commit; the others add to a counter in memory and ask nobody who they are.
"""

import platform
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from loadtests import single
from loadtests.costs import Costs, least, measure
from loadtests.figures import Figure, at_most, percentile, table, verdicts
from loadtests.peers import BARE, NODE, PEERS
from loadtests.server import LOAD_CORES, Child, Peer, Server, ServerFailed, on
from tests.servers.postgres import Databases, PostgresServer

SQLITE, POSTGRES = "Townhall on SQLite", "Townhall on PostgreSQL"
NODE_FANOUT, POSTGRES_VOTE = 0.7, 60.0
"""Bars: times Socket.IO on Node a recipient, µs a vote of our process on PostgreSQL."""

HEAD = ("", "µs a recipient", "µs a vote", "KB a client", "ms a join", "p50", "p95", "p99")
QUICK = (500, 10, 6, 1)


def run(phones: int, questions: int, acts: int, rounds: int, quick: bool) -> str:
    """Ours and the peers in one table; `--quick` with few phones, in two minutes."""
    if quick:
        phones, questions, acts, rounds = QUICK
    found = defaultdict[str, list[Costs]](list)
    with _postgres() as databases:
        for server in chain.from_iterable(_servers(databases) for _ in range(rounds)):
            with server:
                forum = server.forum(phones, questions)
                found[server.name].append(server.under(measure(server, forum, acts)))
    seen = {name: least(costs) for name, costs in found.items()}
    size = f"{seen[SQLITE].reach.size:,.0f} bytes (others {seen[BARE].reach.size:,.0f})"
    told = [
        f"{phones:,} phones, {questions} questions, {acts} packets of {size} to everybody",
        f"of {rounds} rounds the one that took the least processor time",
        machine(),
        "",
        table([HEAD, *(_row(name, costs) for name, costs in seen.items())]),
        "",
        verdicts("bars", _bars(seen)),
    ]
    return "\n".join(told)


def machine() -> str:
    """What all of this ran on."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = f"{len(models)} × {models[0]}" if models else platform.machine()
    names = ("python-socketio", "uvicorn", "picows")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{model}, Linux {platform.release()}, Python {platform.python_version()}, {versions}"


def _servers(databases: Databases | None) -> Iterator[Child]:
    yield Server(SQLITE)
    if databases is not None:
        yield Server(POSTGRES, databases.url(databases.create_database()))
    for name in PEERS:
        yield Peer(name)


@contextmanager
def _postgres() -> Iterator[Databases | None]:
    """A PostgreSQL of our own where its binaries are installed; its processor time is not ours."""
    try:
        server = PostgresServer()
    except RuntimeError:
        yield None
        return
    with on(LOAD_CORES):
        server.start()
    try:
        yield server
    finally:
        server.remove()


def _row(name: str, costs: Costs) -> tuple[str, ...]:
    votes = costs.votes
    if votes.answers.keys() != {"counted"}:
        raise ServerFailed(f"{name} answered votes with {dict(votes.answers)}.")
    return (
        name,
        f"{costs.reach.cpu * 1e6:.1f}",
        f"{votes.cpu * 1e6:.1f}",
        f"{costs.joins.memory * 1024:.1f}",
        f"{costs.joins.cpu * 1e3:.2f}",
        *(f"{percentile(votes.seconds, p) * 1e3:,.0f} ms" for p in (50, 95, 99)),
    )


def _bars(seen: Mapping[str, Costs]) -> list[Figure]:
    ours, node, bare = seen[SQLITE], seen[NODE], seen[BARE]
    vote = ours.votes.cpu * 1e6
    by_bare, by_node = (ours.reach.cpu / each.reach.cpu for each in (bare, node))
    figures = [
        at_most("a recipient, times bare frames", by_bare, single.FANOUT, "{:.2f}"),
        at_most("a recipient, times Socket.IO on Node", by_node, NODE_FANOUT, "{:.2f}"),
        at_most("a vote on SQLite", vote, single.VOTE, "{:.1f} µs"),
        at_most("  and Socket.IO's counter on Node", vote, node.votes.cpu * 1e6, "{:.1f} µs"),
        at_most("memory a client", ours.joins.memory * 1024, single.MEMORY, "{:.1f} KB"),
        at_most("a join", ours.joins.cpu * 1e3, single.JOIN, "{:.2f} ms"),
    ]
    if POSTGRES in seen:
        vote = seen[POSTGRES].votes.cpu * 1e6
        figures.insert(4, at_most("a vote on PostgreSQL", vote, POSTGRES_VOTE, "{:.1f} µs"))
    return figures
