"""A hall full of phones: everybody votes within ten seconds on one process with SQLite.

What the figures mean: *acknowledgement* is the time from sending a vote to its answer. *Stage lag*
is measured for each acknowledged vote: the time from its acknowledgement until a connected stage
shows a turnout that includes it, which is the first to show at least as many voters as had been
acknowledged by then; 0 when the stage was quicker than the answer. *Processor time a vote* is the
server's during those seconds, with everything that it did for the hall meanwhile.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from loadtests.figures import Row, milliseconds, percentile
from loadtests.server import Server
from townhall.crowd.choices import choose
from townhall.crowd.client import Client, Counters, join, key

WITHIN = 10.0
DOORS = 20
QUESTION = {
    "kind": "score",
    "title": "후보마다 점수를 매겨 주세요",
    "options": ["도서관 개방 알림판", "방문 예약제", "유아와 함께 쓰는 시간"],
}


@dataclass
class Hall:
    """One hall and what was seen in it."""

    server: Server
    phones: int
    counters: Counters = field(default_factory=Counters)
    acknowledged: list[float] = field(default_factory=list)
    shown: list[tuple[float, int]] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    async def run(self) -> list[Row]:
        """Let everybody in, open, vote, close; the rows of the table."""
        made = self.server.forum(self.phones, [QUESTION])
        question = made["questions"][0]
        async with (
            Client(self.server.url, made["code"], made["tokens"]["moderator"]) as console,
            Client(
                self.server.url, made["code"], made["tokens"]["stage"], on_slices=self._saw
            ) as stage,
        ):
            since = time.perf_counter()
            phones = await self._enter(made)
            entering = time.perf_counter() - since
            await _step(console, "question_open", question["id"])
            await stage.until(lambda c: bool(c.store["questions"]), 10)
            asked = stage.store["questions"][0]
            self.counters.seconds.clear()
            before = self.server.cpu()
            await asyncio.gather(*(self._vote(phone, asked) for phone in phones))
            await asyncio.sleep(1.5)
            cost = self.server.cpu() - before
            memory = self.server.memory()
            await _step(console, "question_close", question["id"], seconds=0)
            name = str(question["id"])
            await console.until(lambda c: "certificate" in c.store["tally"].get(name, {}), 30)
            found = console.store["tally"].get(name, {}).get("certificate", {})
            await asyncio.gather(*(phone.close() for phone in phones))
        return self._rows(entering, cost, memory, int(found.get("counted", 0)))

    async def _enter(self, made: dict[str, Any]) -> list[Client]:
        """Everybody joins by ticket and connects; so many at a time as come through doors."""
        doors = asyncio.Semaphore(DOORS)

        async def enter(http: httpx.AsyncClient, ticket: str) -> Client:
            async with doors:
                seat = await join(http, self.server.url, made["code"], ticket=ticket)
                phone = Client(
                    self.server.url,
                    made["code"],
                    seat.token,
                    counters=self.counters,
                    listens=False,
                )
                await phone.connect()
                return phone

        async with httpx.AsyncClient(timeout=60) as http:
            return list(await asyncio.gather(*(enter(http, t) for t in made["tickets"])))

    async def _vote(self, phone: Client, question: dict[str, Any]) -> None:
        await asyncio.sleep(random.uniform(0, WITHIN))
        answer = await phone.vote(question["id"], choose(question, phone.dice, None))
        status = str(answer["status"])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status in ("counted", "counted_before"):
            self.acknowledged.append(time.perf_counter())

    def _saw(self, stage: Client, names: set[str]) -> None:
        if "turnout" in names:
            voted = sum(each["voted"] for each in stage.store["turnout"].values())
            self.shown.append((time.perf_counter(), voted))

    def _lags(self) -> list[float]:
        lags, seen = [], iter(self.shown)
        at, voted = next(seen, (0.0, 0))
        for number, when in enumerate(self.acknowledged, start=1):
            while voted < number:
                at, voted = next(seen, (float("inf"), number))
            lags.append(max(0.0, at - when))
        return lags

    def _rows(self, entering: float, cost: float, memory: int, counted: int) -> list[Row]:
        told = len(self.acknowledged)
        lags, seconds = self._lags(), self.counters.seconds
        busy = self.counters.answers["vote", "busy"]
        return [
            ("phones, all voting within 10 s", str(self.phones), ""),
            ("joined and connected", f"{self.phones / entering:.0f} a second", ""),
            ("acknowledged votes that were lost", str(told - counted), "0"),
            ("phones without an acknowledgement", str(self.phones - told), "0"),
            ("told to wait (busy)", str(busy), ""),
            ("acknowledgement p50 / p95 / p99", milliseconds(seconds), "p95 under 500 ms"),
            ("stage lag p95", f"{percentile(lags, 95) * 1000:.0f} ms", "under 700 ms"),
            ("server processor time a vote", f"{cost / self.phones * 1e6:.0f} µs", ""),
            ("server memory with everybody in", f"{memory / 1e6:.0f} MB", ""),
        ]


async def _step(console: Client, event: str, question: int, **given: Any) -> None:
    answer = await console.settle(event, {"key": key(), "question": question, **given})
    if answer["status"] != "ok":
        raise SystemExit(f"{event}: {answer}")


def measure(phones: int) -> list[Row]:
    """Run the scenario on a server of its own."""
    with Server() as server:
        return asyncio.run(Hall(server, phones).run())
