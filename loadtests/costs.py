"""What one thing costs the server, as its process's own processor time and memory.

The same four measurements run on any server that speaks the part of the protocol they use, ours or
a peer. Belongs here: the load and the arithmetic. Does not belong here: bars and tables.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from loadtests.server import Child, Forum, ServerFailed
from townhall.crowd.client import key
from townhall.crowd.many import Answer, Many, Phone, packet

ACT_PAUSE = 0.4  # seconds; changes that come faster than four a second travel together
SETTLE = 1.5
LAST_ANSWERS = 0.2  # what is told to everybody later than this after the votes is none of theirs
LONGEST_TELLING = 30.0
WARM = 20
"""Phones that come and go before anything is measured."""
ASK = "Who pays for it, and what happens when the money is used up? " * 2 + "Who says?"
"""Makes our packet one of 300 bytes, when the ask goes on stage and when it comes back."""


@dataclass(frozen=True)
class Reach:
    """Telling everybody: seconds of processor time a recipient, bytes of one packet."""

    cpu: float
    size: float


@dataclass
class Votes:
    """Votes with their answers: seconds of processor time each, seconds until each answer."""

    cpu: float = 0.0
    took: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    told: int = 0  # `slices` packets that all phones together received meanwhile


@dataclass(frozen=True)
class Joins:
    """Coming in: seconds of processor time, and megabytes, a client."""

    cpu: float
    memory: float


@dataclass(frozen=True)
class Costs:
    """Everything that one server was asked."""

    reach: Reach
    votes: Votes
    joins: Joins


def least(rounds: Sequence[Costs]) -> Costs:
    """Of each measurement the round that took the least processor time.

    Whatever else runs on the machine can only add to it.
    """
    return Costs(
        min((costs.reach for costs in rounds), key=lambda reach: reach.cpu),
        min((costs.votes for costs in rounds), key=lambda votes: votes.cpu),
        min((costs.joins for costs in rounds), key=lambda joins: joins.cpu),
    )


async def measure(server: Child, forum: Forum, acts: int) -> Costs:
    """Join everybody, tell everybody `acts` times, let everybody answer every question."""
    many = Many(server.url)
    moderator, ask = await prepared(server, forum)
    try:
        alone = await telling(server, many, moderator, ask, acts)
        joins = await joining(server, many, forum)
        cpu = await telling(server, many, moderator, ask, acts) - alone
        reach = Reach(cpu / many.events, many.event_bytes / many.events)
        votes = await voting(server, many, forum.questions)
    finally:
        many.leave()
        moderator.abort()
    return Costs(reach, votes, joins)


async def prepared(server: Child, forum: Forum) -> tuple[Phone, int]:
    """A moderator and an ask to put on stage; a few phones have come, looked and gone."""
    early = Many(server.url)
    phones = await early.bring(forum.auths[:WARM])
    asked = await phones[0].emit("ask", {"key": key(), "text": ASK})
    early.leave()
    moderator = await Many(server.url).open(forum.auth(forum.moderator))
    await asyncio.sleep(SETTLE)
    return moderator, asked["id"]


async def joining(server: Child, many: Many, forum: Forum) -> Joins:
    """Everybody connects and gets the first screen."""
    cpu, memory = server.cpu(), server.memory()
    await many.bring(forum.auths)
    await asyncio.sleep(SETTLE)
    n = len(forum.tokens)
    return Joins((server.cpu() - cpu) / n, (server.memory() - memory) / n)


async def telling(server: Child, many: Many, moderator: Phone, ask: int, acts: int) -> float:
    """Seconds of processor time for an even number of acts that move one slice for everybody.

    The ask goes on stage and comes back. The next act waits until everybody has heard of the last.
    """
    before = server.cpu()
    many.events = many.event_bytes = 0
    for n in range(1, acts + 1):
        state = "on_stage" if n % 2 else "open"
        answer = await moderator.emit("ask_state", {"ask": ask, "state": state})
        if answer["status"] != "ok":
            raise ServerFailed(f"ask_state was answered with {answer}.")
        await asyncio.sleep(ACT_PAUSE)
        deadline = time.monotonic() + LONGEST_TELLING
        while many.events < n * len(many.phones):
            if time.monotonic() > deadline:
                raise ServerFailed("not everybody heard of an act.")
            await asyncio.sleep(0.02)
    return server.cpu() - before


async def voting(server: Child, many: Many, questions: Sequence[int]) -> Votes:
    """Every seat answers every question, the next as soon as the last one was acknowledged."""
    done, voters, left = Votes(), many.phones, len(many.phones)
    over = asyncio.get_running_loop().create_future()
    written = {
        phone: [packet("vote", ballot(question, "yes")) for question in reversed(questions)]
        for phone in voters
    }

    def cast(phone: Phone) -> None:
        phone.say(written[phone].pop(), taken)

    def taken(phone: Phone, answer: Answer | None) -> None:
        nonlocal left
        done.seconds.append(time.perf_counter() - phone.since)
        done.answers[str(answer and answer["status"])] += 1
        if written[phone]:
            cast(phone)
            return
        left -= 1
        if not left:
            over.set_result(None)

    many.events, cpu, since = 0, server.cpu(), time.perf_counter()
    for n, phone in enumerate(voters, start=1):
        cast(phone)
        if n % 100 == 0:
            await asyncio.sleep(0)
    await over
    done.took = time.perf_counter() - since
    await asyncio.sleep(LAST_ANSWERS)
    done.cpu = (server.cpu() - cpu) / (len(voters) * len(questions))
    done.told = many.events
    return done


async def counted(phone: Phone, question: int) -> float:
    """Seconds until a vote was counted; raises ServerFailed when it was not."""
    since = time.perf_counter()
    answer = await phone.emit("vote", ballot(question, "yes"))
    if answer["status"] != "counted":
        raise ServerFailed(f"a vote was answered with {answer}.")
    return time.perf_counter() - since


def ballot(question: int, choice: object) -> dict[str, object]:
    """The payload of a first vote with a key of its own."""
    drawn = key()
    return {"question": question, "key": drawn, "rev": 1, "nonce": drawn[::-1], "choice": choice}
