"""One phone, desk or console as the protocol sees it: joining, slices, answers, coming back.

Belongs here: what any client has to do. Does not belong here: what a person wants (`people`).
An intention is sent with one key until a final answer arrives, however often the line breaks.
"""

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from townhall.crowd.wire import NotLetIn, Wire

__all__ = ["Client", "Counters", "NotLetIn", "Seat", "Store", "join", "key"]

Answer = dict[str, Any]

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
PATIENCE = 10.0
"""Seconds without an answer after which the same intention is sent again."""


def key() -> str:
    """128 random bits that name one intention, however often it is sent."""
    return secrets.token_hex(16)


@dataclass
class Counters:
    """What a crowd did: `answers` by event and status, and each acknowledgement's seconds."""

    connected: int = 0
    reconnects: int = 0
    frames: int = 0
    resent: int = 0
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def answered(self, event: str) -> int:
        """How many final or passing answers this event got."""
        return sum(n for (name, _), n in self.answers.items() if name == event)


@dataclass(frozen=True)
class Seat:
    """What joining gave: the session's token, the seat, and until when (epoch ms)."""

    token: str
    seat: int | None
    expires: int


async def join(
    http: httpx.AsyncClient,
    url: str,
    code: str,
    *,
    ticket: str | None = None,
    nickname: str | None = None,
    table: int | None = None,
) -> Seat:
    """Take a seat by ticket or, with a nickname, by the open code. Waits while told `too_many`.

    Raises NotLetIn with the server's code when it is refused.
    """
    asked = {"ticket": ticket, "nickname": nickname, "table": table}
    given = {name: value for name, value in asked.items() if value is not None}
    while True:
        answer = await http.post(f"{url}/api/f/{code}/join", json=given)
        if answer.status_code in (429, 503):
            pause = float(answer.headers.get("Retry-After", 1))
            await asyncio.sleep(pause * (1 + random.random()))
            continue
        found = answer.json()
        if found.get("status") != "ok":
            raise NotLetIn(str(found.get("code", answer.status_code)))
        return Seat(found["token"], found.get("seat"), found["expires"])


class Store:
    """The newest value of every slice; whatever is older than what is here is dropped."""

    def __init__(self) -> None:
        self.slices: dict[str, Any] = {}
        self.version: list[Any] | None = None
        self._versions: dict[str, list[Any]] = {}

    def take(self, version: list[Any], slices: Mapping[str, Any]) -> set[str]:
        """Take a frame; which slices it renewed. Another epoch empties everything first."""
        if self.version is not None and self.version[0] != version[0]:
            self.slices.clear()
            self._versions.clear()
            self.version = None
        renewed = {
            name
            for name in slices
            if name not in self._versions or version[1:] >= self._versions[name][1:]
        }
        for name in renewed:
            self.slices[name] = slices[name]
            self._versions[name] = version
        if self.version is None or version[1:] > self.version[1:]:
            self.version = version
        return renewed

    @property
    def revision(self) -> int:
        """The forum's revision that this screen shows; -1 before the first frame."""
        return int(self.version[1]) if self.version is not None else -1

    def __getitem__(self, name: str) -> Any:
        return self.slices.get(name)


class Client:
    """One connected screen of a forum.

    `await connect()` once, or `async with`; after that it comes back by itself until `close`, a
    revocation, or a refusal. `ask` is one try; `settle` is sent again, the same, until the answer
    is final. One that does not listen asks for no slices and reads none: it costs next to nothing,
    and may be one of many (`opens=Many.open`).
    """

    def __init__(
        self,
        url: str,
        code: str,
        token: str,
        *,
        counters: Counters | None = None,
        dice: random.Random | None = None,
        on_slices: Callable[["Client", set[str]], None] | None = None,
        patience: float = PATIENCE,
        listens: bool = True,
        opens: Callable[[object], Awaitable[Wire]] | None = None,
    ) -> None:
        self.url = url
        self.auth = {"forum": code, "token": token}
        self.store = Store()
        self.me: dict[str, Any] = {}
        self.clock = 0.0  # server time minus ours, in ms
        self.bye: dict[str, Any] | None = None
        self.counters = counters or Counters()
        self.dice = dice or random.Random()
        self.patience = patience
        self._watching: list[asyncio.Future[None]] = []
        self._on_slices = on_slices
        self._listens = listens
        self._opens = opens or self._own_wire
        self._wire: Wire | None = None
        self._ready = asyncio.Event()
        self._over = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def over(self) -> bool:
        """Whether this client will not come back: closed, revoked or refused."""
        return self._over.is_set()

    async def connect(self) -> None:
        """Connect and say hello; from now on a lost connection is taken up again."""
        await self._open()
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Leave for good."""
        self._end()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._wire is not None:
            self._wire.close()
            await self._wire.closed

    def cut(self) -> None:
        """Lose the connection now, as a phone in a tunnel does; the client comes back."""
        if self._wire is not None:
            self._wire.abort()

    async def ask(self, event: str, payload: object = None) -> Answer:
        """Send once; the answer. Raises ConnectionError or TimeoutError when none came."""
        if self._wire is None:
            raise ConnectionError("not connected")
        since = time.perf_counter()
        waiting = self._wire.emit(event, payload)
        answer: Answer = await asyncio.wait_for(waiting, self.patience)
        self.counters.seconds.append(time.perf_counter() - since)
        self.counters.answers[event, str(answer.get("status"))] += 1
        return answer

    async def settle(self, event: str, payload: Mapping[str, object]) -> Answer:
        """Send the same again and again until a final answer comes; `busy` is obeyed.

        The payload carries its key, so that however many copies arrive they count once. Raises
        ConnectionError when this client is over.
        """
        tries = 0
        while not self.over:
            await self._until_ready()
            self.counters.resent += tries > 0
            tries += 1
            try:
                answer = await self.ask(event, payload)
            except (ConnectionError, TimeoutError):
                await asyncio.sleep(self.dice.uniform(0, 0.2))
                continue
            pause = _told_to_wait(answer)
            if pause is None:
                return answer
            await asyncio.sleep(pause * self.dice.uniform(1, 1.5))
        raise ConnectionError("this client is over")

    async def vote(self, question: int, choice: object, *, event: str = "vote") -> Answer:
        """Cast a ballot with a fresh key and the next rev; its final answer."""
        held = self.me.get("votes", {}).get(str(question), {})
        payload = {
            "question": question,
            "key": key(),
            "rev": int(held.get("rev") or 0) + 1,
            "nonce": key(),
            "choice": choice,
        }
        answer = await self.settle(event, payload)
        if "receipt" in answer:
            self.me.setdefault("votes", {})[str(question)] = answer
        return answer

    def moved(self) -> asyncio.Future[None]:
        """Resolves when a slice is renewed next, or when this client is over."""
        watch: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watching.append(watch)
        if self.over:
            self._tell()
        return watch

    async def until(self, holds: Callable[["Client"], bool], seconds: float) -> bool:
        """Wait until something holds of what this screen shows; False when time is over."""
        deadline = time.monotonic() + seconds
        while not holds(self):
            left = deadline - time.monotonic()
            if left <= 0 or self.over:
                return False
            await asyncio.wait([self.moved()], timeout=left)
        return True

    def now(self) -> float:
        """The server's time, in epoch milliseconds, as far as this client knows."""
        return time.time() * 1000 + self.clock

    async def _until_ready(self) -> None:
        if self._ready.is_set():
            return
        waits = [asyncio.ensure_future(e.wait()) for e in (self._ready, self._over)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _own_wire(self, auth: object) -> Awaitable[Wire]:
        return Wire.open(self.url, auth, self._heard if self._listens else None)

    async def _open(self) -> None:
        self._wire = await asyncio.wait_for(self._opens(self.auth), self.patience)
        self.counters.connected += 1
        if not self._listens:
            self._ready.set()
            return
        answer = await self.ask("hello", {"version": self.store.version})
        if answer.get("status") != "ok":
            raise ConnectionError(str(answer))
        self.me = answer["me"]
        self.clock = answer["now"] - time.time() * 1000
        self._take(answer["version"], answer["slices"])
        self._ready.set()

    async def _keep(self) -> None:
        """Come back after every loss, with pauses drawn from zero to a growing limit."""
        tries = 0
        while not self.over:
            assert self._wire is not None
            await asyncio.shield(self._wire.closed)
            self._ready.clear()
            if self.bye is not None and self.bye.get("reason") == "revoked":
                self._end()
                return
            limit = min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries)
            await asyncio.sleep(self._told() + self.dice.uniform(0, limit))
            tries += 1
            try:
                await self._open()
            except NotLetIn:
                self._end()
                return
            except (OSError, TimeoutError):
                if self._wire is not None:
                    self._wire.abort()
                continue
            self.bye, tries = None, 0
            self.counters.reconnects += 1

    def _told(self) -> float:
        """Seconds the last goodbye asks for: a server that restarts wants all at different ones."""
        bye = self.bye or {}
        told = float(bye.get("retry_after") or 0)
        return self.dice.uniform(0, told) if bye.get("reason") == "restart" else told

    def _end(self) -> None:
        self._over.set()
        self._tell()

    def _tell(self) -> None:
        watching, self._watching = self._watching, []
        for watch in watching:
            if not watch.done():
                watch.set_result(None)

    def _heard(self, event: str, data: Any) -> None:
        if event == "slices":
            self.counters.frames += 1
            self._take(data["version"], data["slices"])
        elif event == "bye":
            self.bye = data

    def _take(self, version: list[Any], slices: Mapping[str, Any]) -> None:
        renewed = self.store.take(version, slices)
        if renewed and self._on_slices is not None:
            self._on_slices(self, renewed)
        if renewed:
            self._tell()


def _told_to_wait(answer: Answer) -> float | None:
    """Seconds to wait before the same may be sent again; None when the answer is final."""
    if answer.get("status") == "busy":
        return float(answer.get("retry_after", 1))
    if answer.get("status") == "refused" and answer.get("code") == "not_saving":
        return 1.0
    if answer.get("status") == "refused" and answer.get("code") == "too_many":
        details = answer.get("details", {})
        return float(details.get("retry_after") or details.get("seconds") or 1)
    return None
