"""A whole evening in quick time, walked through to be measured: everybody comes, everybody votes.

Belongs here: what happens, and every acknowledgement with its time. Does not belong here: what the
figures mean (`domain.rehearsal`), and the forum, which is somebody else's to make and to delete.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx

from townhall.crowd.choices import choose
from townhall.crowd.client import Answer, Client, NotLetIn, join, key
from townhall.crowd.desks import Desk
from townhall.crowd.figures import lags
from townhall.crowd.pace import Pace

JOINS_A_SECOND = 100
AT_ONCE = 50
CHANGE_MIND = 0.15
DESK_SPEED = 40
TALK_SECONDS = 20.0
GLANCE = 0.3
LATE_SECONDS = 60.0
"""How long an answer is waited for: a vote's after the last was sent, and any other."""
STAGE_SECONDS = 10.0
COUNT_SECONDS = 60.0

Told = Callable[[str, Mapping[str, Any]], None]


class Stuck(Exception):  # noqa: N818 - an expected "no", like the server's own refusals
    """The evening could not go on; the step, and the code that says why."""

    def __init__(self, step: str, code: str) -> None:
        super().__init__(f"{step}: {code}")
        self.step, self.code = step, code


@dataclass
class Evening:
    """Where it happens, and with what tokens. Everybody votes `within` so many seconds."""

    url: str
    code: str
    moderator: str
    stage: str
    tickets: Sequence[str]
    desks: Sequence[tuple[int, str]] = ()
    within: float = 10.0


@dataclass(frozen=True)
class Kept:
    """An acknowledged ballot as its phone keeps it."""

    receipt: Mapping[str, Any]
    choice: Any
    nonce: str


@dataclass
class Asked:
    """One question: as it was put, what was acknowledged, and what was counted."""

    question: dict[str, Any]
    refused: str = ""
    unanswered: int = 0
    ballots: dict[int, Kept] = field(default_factory=dict)
    frames: list[tuple[float, int]] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    tally: dict[str, Any] = field(default_factory=dict)


@dataclass
class Seen:
    """What the crowd saw; times in seconds."""

    came: int = 0
    turned_away: Counter[str] = field(default_factory=Counter)
    joins: list[float] = field(default_factory=list)
    votes: list[float] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    clock: float = 0.0  # the server's, in ms before ours

    @property
    def lags(self) -> list[float]:
        """The stage lag of every vote of every question."""
        return [lag for asked in self.asked for lag in lags(asked.frames, asked.acknowledged)]


async def rehearse(evening: Evening, seed: int | None, told: Told) -> Seen:
    """Walk through the whole run of show; `told(step, facts)` hears of each step.

    Raises Stuck, NotLetIn or ConnectionError when the evening cannot go on.
    """
    async with AsyncExitStack() as stack:
        walk = _Walk(evening, random.Random(seed), told, stack)
        try:
            await walk.begin()
            await walk.lead()
        finally:
            await walk.leave()
    return walk.seen


@dataclass
class _Phone:
    """One participant, who keeps what was acknowledged."""

    number: int
    client: Client
    table: int | None
    dice: random.Random


class _Walk:
    """One evening while it goes on."""

    def __init__(
        self, evening: Evening, dice: random.Random, told: Told, stack: AsyncExitStack
    ) -> None:
        self.evening, self.dice, self.told, self.stack = evening, dice, told, stack
        self.seen = Seen()
        self._phones: list[_Phone] = []
        self._now: Asked | None = None
        self._desks: list[asyncio.Task[None]] = []
        self._moderator = self._screen(evening.moderator)
        self._stage = Client(evening.url, evening.code, evening.stage, on_slices=self._staged)

    def _screen(self, token: str) -> Client:
        return Client(self.evening.url, self.evening.code, token)

    async def begin(self) -> None:
        """Screens and tablets first, then the phones."""
        for screen in (self._moderator, self._stage):
            await self.stack.enter_async_context(screen)
        self.seen.clock = self._moderator.clock
        heads = len(self.evening.tickets) // max(1, len(self.evening.desks))
        for number, token in self.evening.desks:
            client = await self.stack.enter_async_context(self._screen(token))
            own = random.Random(self.dice.random())
            desk = Desk(client, number, heads, Pace(DESK_SPEED, own), own)
            self._desks.append(asyncio.create_task(desk.attend()))
        await self._press("stage_show", scene="join")
        self.told("joining", {"phones": len(self.evening.tickets)})
        await self._arrive()

    async def leave(self) -> None:
        """The tablets are put away; what befell one of them was its own matter."""
        for desk in self._desks:
            desk.cancel()
        await asyncio.gather(*self._desks, return_exceptions=True)

    async def _arrive(self) -> None:
        """Everybody comes at random moments, a hundred a second: ticket, socket, first screen."""
        tickets = self.evening.tickets
        doors = asyncio.Semaphore(AT_ONCE)
        # Phones share no connections; a shared one may end just as it is used again.
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0)
        async with httpx.AsyncClient(timeout=60, limits=limits) as http:

            async def one(number: int, ticket: str) -> None:
                await asyncio.sleep(self.dice.uniform(0, len(tickets) / JOINS_A_SECOND))
                try:
                    async with doors, asyncio.timeout(LATE_SECONDS):
                        await self._join(http, number, ticket)
                except NotLetIn as refused:
                    self.seen.turned_away[refused.code] += 1
                except (ConnectionError, TimeoutError, OSError, httpx.HTTPError) as error:
                    self.seen.turned_away[type(error).__name__] += 1

            await asyncio.gather(*(one(n, ticket) for n, ticket in enumerate(tickets)))
        self.seen.came = len(self._phones)

    async def _join(self, http: httpx.AsyncClient, number: int, ticket: str) -> None:
        evening, since = self.evening, time.perf_counter()
        seat = await join(http, evening.url, evening.code, ticket=ticket)
        client = Client(evening.url, evening.code, seat.token, listens=False)
        await self.stack.enter_async_context(client)
        answer = await client.settle("hello", {"version": None})
        self.seen.joins.append(time.perf_counter() - since)
        own = random.Random(self.dice.random())
        self._phones.append(_Phone(number, client, answer["me"]["table"], own))

    async def lead(self) -> None:
        """The run of show from its first item to its last, and every question once."""
        segments = self._moderator.store["agenda"]["segments"]
        if segments:
            await self._press("agenda_start")
        for n, segment in enumerate(segments):
            self.told("segment", {"title": segment["title"]})
            await self._item(segment)
            if n + 1 < len(segments):
                await self._press("agenda_next", current=segment["id"])
        asked = {each.question["id"] for each in self.seen.asked}
        for question in list(self._moderator.store["questions"] or ()):
            if question["id"] not in asked:
                await self._ask(question["id"])
        if segments:
            await self._press("agenda_end")

    async def _item(self, segment: Mapping[str, Any]) -> None:
        if segment["question"] is not None:
            await self._ask(segment["question"])
        elif segment["kind"] == "tables" and self.evening.desks:
            wanted = {number for number, _ in self.evening.desks}

            def reported(client: Client) -> bool:
                tables = client.store["tables"] or ()
                return wanted <= {t["number"] for t in tables if t["summary"] == "sent"}

            await self._moderator.until(reported, TALK_SECONDS)
            await self._press("stage_show", scene="summaries")
        await asyncio.sleep(GLANCE)

    async def _ask(self, number: int) -> None:
        """Open, let everybody vote, close, wait for the count, reveal."""
        asked = Asked(self._question(number))
        self.seen.asked.append(asked)
        self.told("question", {"title": asked.question["title"]})
        answer = await self._send("question_open", question=number)
        if answer.get("status") != "ok":
            asked.refused = str(answer.get("code"))
            return
        await self._shows(lambda _: self._question(number)["state"] == "open", "question_open")
        asked.question = self._question(number)
        self._now = asked
        await asyncio.sleep(GLANCE)
        await self._all_vote(asked)
        await self._stage.until(lambda _: _highest(asked) >= len(asked.ballots), STAGE_SECONDS)
        self._now = None
        await self._press("question_close", question=number, seconds=0)
        await self._shows(lambda c: str(number) in (c.store["tally"] or {}), "question_close")
        asked.tally = self._moderator.store["tally"][str(number)]
        await self._press("question_reveal", question=number)
        await asyncio.sleep(GLANCE)

    async def _all_vote(self, asked: Asked) -> None:
        votes = [asyncio.create_task(self._vote(phone, asked)) for phone in self._phones]
        if not votes:
            return
        try:
            _, late = await asyncio.wait(votes, timeout=self.evening.within + LATE_SECONDS)
        finally:
            for vote in votes:
                vote.cancel()
        await asyncio.gather(*votes, return_exceptions=True)
        asked.unanswered += len(late)

    async def _vote(self, phone: _Phone, asked: Asked) -> None:
        """One vote at a random moment; some people change it before time is over."""
        at = phone.dice.uniform(0, self.evening.within)
        await asyncio.sleep(at)
        await self._cast(phone, asked, 1)
        question = asked.question
        final = question["secret"] or not question["changeable"]
        if not final and phone.dice.random() < CHANGE_MIND:
            await asyncio.sleep(phone.dice.uniform(0, self.evening.within - at))
            await self._cast(phone, asked, 2)

    async def _cast(self, phone: _Phone, asked: Asked, rev: int) -> None:
        question, nonce = asked.question, key()
        choice = choose(question, phone.dice, phone.table)
        ballot = {"question": question["id"], "key": key(), "rev": rev, "nonce": nonce}
        since = time.perf_counter()
        try:
            answer = await phone.client.settle("vote", ballot | {"choice": choice})
        except ConnectionError:
            asked.unanswered += 1
            return
        now = time.perf_counter()
        if answer["status"] not in ("counted", "counted_before"):
            asked.unanswered += 1
            return
        self.seen.votes.append(now - since)
        if phone.number not in asked.ballots:
            asked.acknowledged.append(now)
        kept = Kept(answer["receipt"], answer.get("choice", choice), nonce)
        asked.ballots[phone.number] = kept

    def _staged(self, stage: Client, renewed: set[str]) -> None:
        if self._now is not None and "turnout" in renewed:
            turnout = stage.store["turnout"].get(str(self._now.question["id"]), {})
            self._now.frames.append((time.perf_counter(), int(turnout.get("voted", 0))))

    def _question(self, number: int) -> dict[str, Any]:
        for each in self._moderator.store["questions"] or ():
            if each["id"] == number:
                return dict(each)
        raise Stuck("questions", "question_unknown")

    async def _send(self, event: str, **given: Any) -> Answer:
        async with asyncio.timeout(LATE_SECONDS):
            return await self._moderator.settle(event, {"key": key(), **given})

    async def _press(self, event: str, **given: Any) -> None:
        """One press of the moderator, and the frame that shows what it did."""
        answer = await self._send(event, **given)
        if answer.get("status") != "ok":
            raise Stuck(event, str(answer.get("code")))
        revision = answer["version"][1]
        await self._shows(lambda client: client.store.revision >= revision, event)

    async def _shows(self, holds: Callable[[Client], bool], step: str) -> None:
        if not await self._moderator.until(holds, COUNT_SECONDS):
            raise Stuck(step, "not_shown")


def _highest(asked: Asked) -> int:
    return max((voted for _, voted in asked.frames), default=0)
