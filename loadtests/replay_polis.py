"""Replays a real Polis deliberation vote by vote and compares what the server counted.

`python loadtests/replay_polis.py DIR` starts a server of its own; with `--url --code --moderator
--tickets` it goes to a running one, whose forum was made with the questions that
`--write-questions FILE` prepares. Exit 0: no difference. 1: differences. 2: it could not be done.

Belongs here: driving the replay through the public protocol. Does not belong here: what the files
mean (`polis`), the server process (`server`).
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: the folder above holds this package
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx

from loadtests import polis
from loadtests.figures import milliseconds
from loadtests.polis import BadData, DataSet, States
from loadtests.server import Server, ServerFailed
from townhall.crowd.client import Client, Counters, NotLetIn, join, key

MOST_VOTERS = 5_000
AT_ONCE = 150
"""How many voters are connected at a time."""

COUNT_SECONDS = 300.0
JOIN_SECONDS = 30.0
ANSWERS = ("yes", "no", "abstain")


@dataclass(frozen=True)
class Place:
    """A forum on a running server, and what lets people into it."""

    url: str
    code: str
    moderator: str
    tickets: Sequence[str]


@dataclass
class Replay:
    """What a replay came to. `held` is what the server says each person voted in the end."""

    counters: Counters = field(default_factory=Counters)
    held: dict[tuple[str, str], str] = field(default_factory=dict)
    tallies: dict[str, Counter[str]] = field(default_factory=dict)
    certified: dict[str, dict[str, Any]] = field(default_factory=dict)
    opening: float = 0.0
    voting: float = 0.0
    counting: float = 0.0


def questions_of(data: DataSet) -> list[dict[str, Any]]:
    """One yes/no question a statement, as `townhall forum new --questions` takes them."""
    return [{"kind": "yesno", "title": title} for title in data.titles.values()]


async def replay(data: DataSet, place: Place) -> Replay:
    """Open everything, send every vote, close everything, read what was counted."""
    done = Replay()
    async with AsyncExitStack() as stack:
        moderator = Client(place.url, place.code, place.moderator)
        await stack.enter_async_context(moderator)
        # Phones share no connections; a shared one may end just as it is used again.
        limits = httpx.Limits(max_connections=32, max_keepalive_connections=0)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=60, limits=limits))
        numbers = _numbers(data, moderator)
        since = time.perf_counter()
        await _steer(moderator, "question_open", numbers.values())
        done.opening, since = time.perf_counter() - since, time.perf_counter()
        sessions = await _everybody(data, place, http, numbers, done)
        done.voting, since = time.perf_counter() - since, time.perf_counter()
        await _steer(moderator, "question_close", numbers.values(), seconds=0)
        await _counted(moderator, set(numbers.values()))
        await _steer(moderator, "question_reveal", numbers.values())
        await _read(http, place, numbers, done)
        await _held(http, place, numbers, sessions, done)
        done.counting = time.perf_counter() - since
    return done


def _numbers(data: DataSet, moderator: Client) -> dict[str, int]:
    """The question of every statement: the forum's yes/no questions in order."""
    found = [q["id"] for q in moderator.store["questions"] if q["kind"] == "yesno"]
    if len(found) != len(data.titles):
        raise ServerFailed(
            f"the forum has {len(found)} yes/no questions, the data {len(data.titles)} statements."
        )
    return dict(zip(data.titles, found, strict=True))


async def _steer(moderator: Client, event: str, questions: Any, **more: object) -> None:
    for question in questions:
        answer = await moderator.settle(event, {"key": key(), "question": question, **more})
        if answer.get("status") != "ok":
            raise ServerFailed(f"{event} was answered with {answer.get('code')}.")


async def _everybody(
    data: DataSet,
    place: Place,
    http: httpx.AsyncClient,
    numbers: Mapping[str, int],
    done: Replay,
) -> dict[str, str]:
    """Every voter in the order of first votes, so many at a time; each in their own order.

    Gives back their session tokens.
    """
    free = asyncio.Semaphore(AT_ONCE)
    sessions: dict[str, str] = {}

    async def one(ticket: str, voter: str, votes: list[polis.Vote]) -> None:
        async with free:
            seat = await join(http, place.url, place.code, ticket=ticket)
            sessions[voter] = seat.token
            client = Client(
                place.url, place.code, seat.token, counters=done.counters, listens=False
            )
            async with client:
                for vote in votes:
                    await client.vote(numbers[vote.statement], vote.choice)

    async with asyncio.TaskGroup() as group:
        for ticket, (voter, votes) in zip(place.tickets, data.by_voter().items(), strict=False):
            group.create_task(one(ticket, voter, votes))
    return sessions


async def _held(
    http: httpx.AsyncClient,
    place: Place,
    numbers: Mapping[str, int],
    sessions: Mapping[str, str],
    done: Replay,
) -> None:
    """What the server says that each person voted, asked as their phone would."""
    statements = {str(number): statement for statement, number in numbers.items()}
    version: list[Any] | None = None
    for voter, token in sessions.items():
        answer = await http.post(
            f"{place.url}/api/f/{place.code}/hello",
            json={"version": version},
            headers={"Authorization": f"Bearer {token}"},
        )
        said = answer.raise_for_status().json()
        version = said["version"]
        for number, ballot in said["me"]["votes"].items():
            done.held[voter, statements[number]] = ballot["choice"]


async def _counted(moderator: Client, wanted: set[int]) -> None:
    def holds(client: Client) -> bool:
        return all(q["state"] == "closed" for q in client.store["questions"] if q["id"] in wanted)

    if not await moderator.until(holds, COUNT_SECONDS):
        raise ServerFailed(f"the questions were not counted within {COUNT_SECONDS:g} s.")


async def _read(
    http: httpx.AsyncClient, place: Place, numbers: Mapping[str, int], done: Replay
) -> None:
    """The revealed tallies, as anybody may read them; that state may be a second old."""
    deadline = time.monotonic() + JOIN_SECONDS
    tally: dict[str, Any] = {}
    while any(str(number) not in tally for number in numbers.values()):
        if time.monotonic() > deadline:
            raise ServerFailed("not every tally was shown after the reveal.")
        answer = await http.get(f"{place.url}/api/f/{place.code}/state")
        tally = answer.raise_for_status().json()["slices"]["tally"]
        await asyncio.sleep(0.5)
    for statement, number in numbers.items():
        found = tally[str(number)]
        done.tallies[statement] = Counter({row["id"]: row["count"] for row in found["rows"]})
        done.certified[statement] = found["certificate"]


def against_votes(data: DataSet, done: Replay) -> list[str]:
    """Every difference of tallies, certificates and people's own ballots from votes.csv."""
    final = data.final()
    wanted = polis.tallies(final)
    found = []
    for statement in data.titles:
        says, should = done.tallies[statement], wanted.get(statement, Counter())
        if not _same(says, should):
            found.append(f"{statement}: the server counted {_row(says)}; votes {_row(should)}")
        certificate = done.certified[statement]
        if certificate["counted"] != should.total() or certificate["differs"]:
            found.append(f"{statement}: the certificate names {certificate['counted']} ballots")
    for (voter, statement), choice in final.items():
        held = done.held.get((voter, statement), "nothing")
        if held != choice:
            found.append(f"{statement}: voter {voter} voted {choice}; the server holds {held}")
    return found


def against_people(data: DataSet, done: Replay) -> tuple[list[str], Counter[str]]:
    """Every difference from participants-votes.csv, and how many the export itself explains."""
    inherent = polis.inherent(data)
    apart = {cell for cell in done.held.keys() | data.people.keys() if _apart(data, done, cell)}
    rows = {statement: Counter[str]() for statement in data.titles}
    rows |= polis.tallies(_without(data.people, inherent))
    ours = {statement: Counter[str]() for statement in data.titles}
    ours |= polis.tallies(_without(done.held, inherent))
    found = [
        f"{statement}: the server counted {_row(ours[statement])}; people {_row(rows[statement])}"
        for statement in data.titles
        if not _same(ours[statement], rows[statement])
    ]
    found += [
        f"{statement}: voter {voter} has {data.people.get((voter, statement), 'nothing')} there; "
        f"the server holds {done.held.get((voter, statement), 'nothing')}"
        for voter, statement in sorted(apart - inherent.keys())
    ]
    return found, Counter(why for cell, why in inherent.items() if cell in apart)


def _apart(data: DataSet, done: Replay, cell: tuple[str, str]) -> bool:
    return done.held.get(cell) != data.people.get(cell)


def _without(states: States, cells: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    return {cell: choice for cell, choice in states.items() if cell not in cells}


def _same(one: Counter[str], other: Counter[str]) -> bool:
    return all(one[answer] == other[answer] for answer in ANSWERS)


def _row(tally: Counter[str]) -> str:
    return ", ".join(f"{answer} {tally[answer]}" for answer in ANSWERS)


def report(data: DataSet, done: Replay) -> int:
    """Print what happened; 0 when there is no difference, else 1."""
    final = data.final()
    n = len(data.votes)
    print(
        f"{data.name}: {len(data.titles)} statements, {len(data.voters)} voters, {n:,} votes "
        f"({n - len(final):,} of them change an earlier one)"
    )
    print(f"opened     {len(data.titles)} questions in {done.opening:.1f} s")
    print(f"voted      {done.voting:.1f} s, joining included: {n / done.voting:,.0f} votes/s")
    answers = {s: c for (e, s), c in sorted(done.counters.answers.items()) if e == "vote"}
    named = ", ".join(f"{status} {count:,}" for status, count in answers.items())
    print(f"answers    {named}; sent again {done.counters.resent:,}")
    print(f"answered   {milliseconds(done.counters.seconds, 50, 95, 99)}")
    print(f"counted    {len(final):,} ballots, closed and revealed in {done.counting:.1f} s")
    from_votes = against_votes(data, done)
    _print("votes.csv", f"{len(data.titles)} tallies, {len(final):,} ballots", from_votes)
    from_people, explained = against_people(data, done)
    compared = f"{len(data.columns)} tallies, {len(data.people):,} ballots"
    _print("participants-votes.csv", compared, from_people)
    for why, count in explained.items():
        print(f"  {count:,} left aside, as the export itself lacks them: {why}")
    return 1 if from_votes or from_people else 0


def _print(file: str, compared: str, differences: Sequence[str]) -> None:
    if not differences:
        print(f"{file}: no difference ({compared})")
        return
    print(f"{file}: {len(differences)} differences ({compared})")
    for line in differences:
        print(f"  statement {line}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    together = [asked.url, asked.code, asked.moderator, asked.tickets]
    if any(together) and not all(together):
        parser.error("--url, --code, --moderator and --tickets belong together")
    try:
        data = polis.read(asked.folder)
        if asked.write_questions:
            written = json.dumps(questions_of(data), ensure_ascii=False, indent=1)
            asked.write_questions.write_text(written + "\n", encoding="utf-8")
            return 0
        return report(data, _replayed(data, asked))
    except (BadData, ServerFailed, NotLetIn, OSError, httpx.HTTPError, ExceptionGroup) as error:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        print(str(error) or type(error).__name__, file=sys.stderr)
        return 2


def _replayed(data: DataSet, asked: argparse.Namespace) -> Replay:
    voters = len(data.voters)
    if voters > MOST_VOTERS:
        raise BadData(f"{voters:,} voters; one replay seats at most {MOST_VOTERS:,}.")
    if asked.url:
        tickets = asked.tickets.read_text(encoding="utf-8").split()
        if len(tickets) < voters:
            raise BadData(f"{len(tickets):,} tickets for {voters:,} voters.")
        place = Place(asked.url.rstrip("/"), asked.code, asked.moderator, tickets)
        return asyncio.run(replay(data, place))
    with Server() as server:
        made = server.new_forum(questions_of(data), voters)
        place = Place(server.url, made["code"], made["tokens"]["moderator"], made["tickets"])
        return asyncio.run(server.alongside(replay(data, place)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="replay_polis", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the three CSV files")
    parser.add_argument("--write-questions", type=Path, metavar="FILE", help="only prepare these")
    parser.add_argument("--url", help="a running server instead of one of our own")
    parser.add_argument("--code", help="the forum's code there")
    parser.add_argument("--moderator", metavar="TOKEN", help="the forum's moderator token")
    parser.add_argument("--tickets", type=Path, metavar="FILE", help="unused tickets, one a line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
