"""A participant with a phone: votes on what opens, changes their mind, asks, sympathises.

Knows a forum only through the slices that a phone gets. Each guest runs until cancelled.
"""

import asyncio
import random
from typing import Any

from townhall.crowd.choices import choose
from townhall.crowd.client import Client, key
from townhall.crowd.pace import Pace
from townhall.crowd.talk import talk

_NEVER_VOTES = 0.04
_WAITS_FOR_THE_COUNTDOWN = 0.08
_CHANGES_THEIR_MIND = 0.2
_ASKS = 0.12
_SYMPATHISES = 0.35

_RUNNING = ("open", "closing")


class Guest:
    """One seat. `attend` is its whole evening."""

    def __init__(self, client: Client, pace: Pace, dice: random.Random) -> None:
        self._client = client
        self._pace = pace
        self._dice = dice
        self._seen_questions: set[int] = set()
        self._seen_asks: set[int] = set()
        self._asked = dice.random() >= _ASKS

    async def attend(self) -> None:
        """Look at the phone whenever it changes, and do what it offers, each in its own time."""
        async with asyncio.TaskGroup() as chores:
            while not self._client.over:
                moved = self._client.moved()
                for chore in self._found():
                    chores.create_task(chore)
                await moved

    def _found(self) -> list[Any]:
        store, found = self._client.store, []
        for question in store["questions"] or ():
            if question["state"] in _RUNNING and question["id"] not in self._seen_questions:
                self._seen_questions.add(question["id"])
                found.append(self._answer(question["id"]))
        for ask in store["asks"] or ():
            if ask["state"] == "open" and ask["id"] not in self._seen_asks:
                self._seen_asks.add(ask["id"])
                if self._dice.random() < _SYMPATHISES:
                    found.append(self._sympathise(ask["id"]))
        if not self._asked and (store["agenda"] or {}).get("state") == "running":
            self._asked = True
            found.append(self._ask())
        return found

    def _question(self, question: int) -> dict[str, Any] | None:
        """The question as the phone shows it now, while it takes ballots."""
        for each in self._client.store["questions"] or ():
            if each["id"] == question and each["state"] in _RUNNING:
                return dict(each)
        return None

    async def _answer(self, question: int) -> None:
        mood = self._dice.random()
        if mood < _NEVER_VOTES:
            return
        if mood < _NEVER_VOTES + _WAITS_FOR_THE_COUNTDOWN:
            await self._client.until(lambda _: not self._quiet(question), 3_600)
            await self._pace.between(0.5, 4)
        else:
            await self._pace.think(3, 25, 7)
        asked = self._question(question)
        if asked is None:
            return
        if asked["kind"] == "dots":
            await self._stick(asked)
            return
        await self._vote(asked)
        final = asked["secret"] or not asked["changeable"]
        if not final and self._dice.random() < _CHANGES_THEIR_MIND:
            await self._pace.think(4, 20, 8)
            again = self._question(question)
            if again is not None:
                await self._vote(again)

    def _quiet(self, question: int) -> bool:
        """Whether the question is open without a countdown."""
        asked = self._question(question)
        return asked is not None and asked["state"] == "open"

    async def _vote(self, question: dict[str, Any]) -> None:
        choice = choose(question, self._dice, self._client.me.get("table"))
        if choice is not None:
            await self._client.vote(question["id"], choice)

    async def _stick(self, question: dict[str, Any]) -> None:
        """Give the points away one sticker after another, as a hand does."""
        whole: dict[str, int] = choose(question, self._dice, self._client.me.get("table"))
        stuck: dict[str, int] = {}
        for option, points in whole.items():
            if self._question(question["id"]) is None:
                return
            stuck[option] = points
            await self._client.vote(question["id"], dict(stuck))
            await self._pace.between(1, 5)

    async def _ask(self) -> None:
        await self._pace.between(20, 240)
        language = (self._client.store["forum"] or {}).get("language")
        text = self._dice.choice(talk(language).asks)
        if text not in {ask["text"] for ask in self._client.store["asks"] or ()}:
            await self._client.settle("ask", {"key": key(), "text": text})

    async def _sympathise(self, ask: int) -> None:
        await self._pace.think(4, 30, 10)
        await self._client.settle("upvote", {"ask": ask, "on": True})
