"""A facilitator with a tablet: counts heads, writes notes while tables talk, sends a summary.

Knows a forum only through the slices that a desk gets. Runs until cancelled.
"""

import random
from typing import Any

from townhall.crowd.client import Answer, Client, key
from townhall.crowd.pace import Pace
from townhall.crowd.talk import Talk, talk

_EDITS = 0.15
_NOTES_BEFORE_SUMMARY = 4
_MOST_HEADS = 99


class Desk:
    """One table, where `heads` people sit. `attend` is its whole evening."""

    def __init__(
        self, client: Client, number: int, heads: int, pace: Pace, dice: random.Random
    ) -> None:
        self._client = client
        self._number = number
        self._heads = min(heads, _MOST_HEADS)
        self._pace = pace
        self._dice = dice
        self._said: set[str] = set()

    async def attend(self) -> None:
        """Count heads once; write whenever a segment of table talk runs."""
        await self._pace.between(5, 40)
        await self._client.settle("head_count", {"count": self._heads})
        while not self._client.over:
            await self._client.until(lambda _: self._talking() is not None, 3_600)
            segment = self._talking()
            if segment is not None:
                await self._minute(segment)

    def _talking(self) -> int | None:
        """The running segment's id while tables talk."""
        agenda: dict[str, Any] = self._client.store["agenda"] or {}
        for segment in agenda.get("segments", ()):
            if segment["id"] == agenda["current"] and segment["kind"] == "tables":
                return int(segment["id"])
        return None

    async def _minute(self, segment: int) -> None:
        """Take notes until the segment is over; the summary goes out after a few."""
        words = talk((self._client.store["forum"] or {}).get("language"))
        written = 0
        while self._talking() == segment:
            await self._pace.think(5, 20, 9)
            if self._talking() != segment:
                return
            await self._note(words)
            written += 1
            if written == _NOTES_BEFORE_SUMMARY:
                await self._summarise(segment, words)

    async def _note(self, words: Talk) -> None:
        kind = self._dice.choice(list(words.notes))
        fresh = [text for text in words.notes[kind] if text not in self._said]
        if not fresh:
            return
        text = self._dice.choice(fresh)
        self._said.add(text)
        note: dict[str, Any] = {
            "kind": kind,
            "text": text,
            "seat": self._dice.randint(1, max(1, self._heads)),
        }
        answer = await self._client.settle("note", {"key": key(), **note})
        if answer.get("status") == "ok" and self._dice.random() < _EDITS:
            await self._pace.between(2, 6)
            changed = {"id": answer["id"], "rev": answer["rev"] + 1, "kind": "idea"}
            await self._client.settle("note_edit", {"key": key(), **note, **changed})

    async def _summarise(self, segment: int, words: Talk) -> None:
        """Draft the table's line, look at it once more, put it on stage."""
        line = words.summaries[(self._number - 1) % len(words.summaries)]
        if (await self._save(segment, line[: len(line) // 2], send=False)).get("status") != "ok":
            return
        await self._pace.between(3, 8)
        await self._save(segment, line, send=True)

    async def _save(self, segment: int, text: str, *, send: bool) -> Answer:
        rev = int((self._client.store["draft"] or {}).get("rev") or 0) + 1
        saved = {"key": key(), "segment": segment, "rev": rev, "text": text, "send": send}
        answer = await self._client.settle("summary", saved)
        if answer.get("status") == "superseded" and answer.get("draft"):
            saved |= {"key": key(), "rev": answer["draft"]["rev"] + 1}
            answer = await self._client.settle("summary", saved)
        return answer
