"""A moderator who leads an evening through its run of show, much faster than people would.

Does what the console shows, one step after another, and looks again before each; so a person
who presses the console's own buttons in between is never worked against.
"""

from typing import Any

from townhall.crowd.client import Client, key
from townhall.crowd.pace import Pace

_SECONDS = {"talk": 20, "break": 12, "tables": 110, "ask": 40}
_SPEECH = 14
_PATIENCE = 60
_ENOUGH = 0.9
_LOOKS = 15
_LONGEST_NAME = 40


class Moderator:
    """One console. `lead` is the whole evening."""

    def __init__(self, client: Client, pace: Pace) -> None:
        self._client = client
        self._pace = pace

    async def lead(self) -> None:
        """Start, lead every segment, end; comes back when the forum has ended."""
        await self._show("join")
        await self._pace.wait(25)
        if self._agenda()["state"] == "before":
            await self._step("agenda_start")
        while self._agenda()["state"] == "running" and not self._client.over:
            await self._lead(self._segment())

    def _agenda(self) -> dict[str, Any]:
        return self._client.store["agenda"] or {"state": "before", "segments": []}

    def _segment(self) -> dict[str, Any]:
        agenda = self._agenda()
        return next(s for s in agenda["segments"] if s["id"] == agenda["current"])

    def _runs(self, segment: dict[str, Any]) -> bool:
        return bool(self._agenda().get("current") == segment["id"])

    async def _step(self, event: str, **given: Any) -> None:
        """One press; waits for the frame that shows what it did, if it did anything."""
        answer = await self._client.settle(event, {"key": key(), **given})
        if answer.get("status") == "ok":
            revision = answer["version"][1]
            await self._client.until(lambda client: client.store.revision >= revision, 10)

    async def _show(self, scene: str) -> None:
        await self._step("stage_show", scene=scene)

    async def _lead(self, segment: dict[str, Any]) -> None:
        if segment["question"] is not None:
            await self._question(segment, int(segment["question"]))
        elif segment["kind"] == "pitch":
            await self._pitches(segment)
        elif segment["kind"] == "ask":
            await self._floor(segment)
        elif segment["kind"] == "tables":
            await self._tables(segment)
        else:
            await self._stay(segment, _SECONDS.get(segment["kind"], 20))
        if self._runs(segment):
            last = self._agenda()["segments"][-1]["id"] == segment["id"]
            await self._step(
                "agenda_end" if last else "agenda_next",
                **({} if last else {"current": segment["id"]}),
            )

    async def _stay(self, segment: dict[str, Any], seconds: float) -> None:
        """Let a segment run; shorter when somebody else ends it."""
        await self._client.until(lambda _: not self._runs(segment), self._pace.seconds(seconds))

    async def _pitches(self, segment: dict[str, Any]) -> None:
        for speaker in segment["facts"].get("speakers", ()):
            if not self._runs(segment):
                return
            name = self._title(str(speaker["candidate"]))[:_LONGEST_NAME]
            await self._step("agenda_speaker", name=name, seconds=int(speaker["seconds"]))
            await self._stay(segment, _SPEECH)
        await self._step("agenda_speaker", name="", seconds=0)

    def _title(self, candidate: str) -> str:
        """What a candidate is called, as the questions have it; else its letter."""
        for question in self._client.store["questions"] or ():
            for option in question["options"]:
                if option["id"] == candidate:
                    return str(option["title"])
        return candidate

    async def _tables(self, segment: dict[str, Any]) -> None:
        """Wait for every table's summary, then show them."""

        def reported(client: Client) -> bool:
            tables = client.store["tables"] or ()
            return not self._runs(segment) or all(t["summary"] == "sent" for t in tables)

        await self._client.until(reported, self._pace.seconds(_SECONDS["tables"]))
        if self._runs(segment) and self._client.store["summaries"]:
            await self._show("summaries")
            await self._stay(segment, _LOOKS)

    async def _floor(self, segment: dict[str, Any]) -> None:
        """Take up the questions with most sympathy, one after another."""
        await self._show("asks")
        await self._stay(segment, _SECONDS["ask"])
        waiting = [ask for ask in self._client.store["asks"] or () if ask["state"] == "open"]
        for ask in sorted(waiting, key=lambda ask: (-ask["upvotes"], -ask["open"]))[:3]:
            if not self._runs(segment):
                return
            for state in ("on_stage", "answered"):
                await self._client.settle("ask_state", {"ask": ask["id"], "state": state})
                await self._stay(segment, _LOOKS / 2)

    def _state(self, question: int) -> str:
        for each in self._client.store["questions"] or ():
            if each["id"] == question:
                return str(each["state"])
        return "draft"

    def _voted(self, question: int) -> bool:
        turnout = (self._client.store["turnout"] or {}).get(str(question), {})
        return bool(turnout.get("voted", 0) >= _ENOUGH * max(1, self._in_the_room()))

    def _in_the_room(self) -> int:
        room: dict[str, Any] = self._client.store["room"] or {}
        return int(room.get("checked_in", 0)) + int(room.get("open", 0))

    async def _question(self, segment: dict[str, Any], question: int) -> None:
        """Open, wait for nearly everybody, close, reveal. A refusal is left to a person."""
        await self._stay(segment, 4)
        if self._state(question) == "draft":
            await self._step("question_open", question=question)
            await self._client.until(
                lambda _: self._voted(question) or self._state(question) != "open",
                self._pace.seconds(_PATIENCE),
            )
        if self._state(question) == "open":
            await self._step("question_close", question=question, seconds=10)
        if self._state(question) == "closing":
            await self._client.until(lambda _: self._state(question) != "closing", 30)
        if self._state(question) == "closed":
            await self._step("question_reveal", question=question)
        await self._stay(segment, _LOOKS)
