"""How fast somebody may try: by account and session, and by address only where it is no hall.

A hall is one address, so no honest phone is ever refused for it. Kept in memory: a limit protects
one process, and each process brings its own.
"""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from townhall.domain.errors import Refused
from townhall.domain.rates import Bucket

WINDOW_MS = 15 * 60_000
MOST_KEYS = 20_000
NEW_ACCOUNTS = (0.5, 20.0)
"""Accounts a second and at once from one address; the others stand in line."""
LONGEST_LINE_SECONDS = 10.0


class Buckets:
    """Tokens by key: `rate` a second, at most `burst` saved up."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._kept: OrderedDict[Hashable, Bucket] = OrderedDict()

    def wait(self, key: Hashable, rate: float, burst: float, ahead: float = 0.0) -> float:
        """0 when a token was taken, else the seconds until there is one; see `Bucket.take`."""
        now = self._now() / 1000
        bucket = self._kept.pop(key, None) or Bucket.full(rate, burst, now)
        wait = bucket.take(now, ahead)
        self._kept[key] = bucket
        while len(self._kept) > MOST_KEYS or (self._kept and self._oldest().whole(now)):
            self._kept.popitem(last=False)
        return wait

    def _oldest(self) -> Bucket:
        return next(iter(self._kept.values()))


@dataclass
class Failures:
    """Tries by key: after `free` in fifteen minutes the wait doubles with each, to `longest` ms."""

    now: Callable[[], int]
    free: int = 5
    longest: int = WINDOW_MS
    _kept: OrderedDict[Hashable, deque[int]] = field(default_factory=OrderedDict)

    def check(self, key: Hashable) -> None:
        """Refuse `too_many` (seconds) while the key has to wait."""
        tries = self._recent(key)
        if len(tries) < self.free:
            return
        lock = min(self.longest, 10_000 * 2 ** (len(tries) - self.free))
        left = tries[-1] + lock - self.now()
        if left > 0:
            raise Refused("too_many", seconds=-(-left // 1000))

    def add(self, key: Hashable) -> None:
        """Count a try."""
        tries, now = self._recent(key), self.now()
        tries.append(now)
        self._kept[key] = tries
        while len(self._kept) > MOST_KEYS or _over(next(iter(self._kept.values())), now):
            self._kept.popitem(last=False)

    def take_back(self, key: Hashable) -> None:
        """The last try was none."""
        if tries := self._recent(key):
            tries.pop()
        if not tries:
            self.forget(key)

    def forget(self, key: Hashable) -> None:
        """A right password clears the key, and so does the end of its tries."""
        self._kept.pop(key, None)

    def _recent(self, key: Hashable) -> deque[int]:
        tries, now = self._kept.pop(key, None) or deque(maxlen=self.free + 11), self.now()
        while tries and tries[0] <= now - WINDOW_MS:
            tries.popleft()
        if tries and tries[-1] > now:  # the clock was set back: nobody waits for it
            tries.clear()
        if tries:
            self._kept[key] = tries
        return tries


def _over(tries: deque[int], now: int) -> bool:
    """Whether nobody waits for these any more."""
    return tries[-1] <= now - WINDOW_MS


class Limits:
    """The limits of one process."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.buckets = Buckets(now)
        self._near = Failures(now)
        # Somebody who guesses from many addresses makes the owner wait half a minute, no longer.
        self._anywhere = Failures(now, free=50, longest=30_000)
        self._slots = asyncio.Semaphore(64)
        self._standing = 0

    @asynccontextmanager
    async def password(self, account: str, address: str) -> AsyncIterator[None]:
        """Around one look at a password. Refuses `too_many` (seconds), by account and address.

        A try counts before the password is looked at: a hundred at once are not a hundred looks.
        """
        self._near.check((account, address))
        self._anywhere.check(account)
        self._near.add((account, address))
        self._anywhere.add(account)
        try:
            yield
        except Refused as refused:
            if refused.code != "sign_in_failed":
                self._near.take_back((account, address))
                self._anywhere.take_back(account)
            raise
        self._near.forget((account, address))
        self._anywhere.forget(account)

    async def failed_from(self, address: str) -> None:
        """Slow the answers to an address that keeps failing; attempts that succeed never wait."""
        wait = self.buckets.wait(("failed", address), 1.0, 30.0)
        await asyncio.sleep(min(wait, 3.0))

    async def account_from(self, address: str) -> None:
        """New accounts of one address stand in line, each a little.

        Refuses `busy` (seconds) where the line is too long to stand in.
        """
        rate, burst = NEW_ACCOUNTS
        ahead = LONGEST_LINE_SECONDS * rate
        wait = self.buckets.wait(("account", address), rate, burst, ahead)
        if wait > LONGEST_LINE_SECONDS:
            raise Refused("busy", seconds=math.ceil(wait))
        await asyncio.sleep(wait)

    @asynccontextmanager
    async def queue(self, longest: int = 2_000) -> AsyncIterator[None]:
        """Stand in the line for a seat. Refuses `busy` (seconds) when it is too long."""
        if self._standing >= longest:
            raise Refused("busy", seconds=3)
        self._standing += 1
        try:
            async with self._slots:
                yield
        finally:
            self._standing -= 1
