"""How fast somebody may try: by account and session, and by address only after failures.

A hall is one address, so no honest phone is ever counted or slowed by it. Kept in memory: a limit
protects one process, and each process brings its own.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from townhall.domain.errors import Refused

WINDOW_MS = 15 * 60_000
FREE_FAILURES = 5
LONGEST_LOCK_MS = 15 * 60_000
MOST_KEYS = 20_000


class Buckets:
    """Tokens by key: `rate` a second, at most `burst` saved up."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._kept: OrderedDict[object, tuple[float, int]] = OrderedDict()

    def wait(self, key: object, rate: float, burst: float) -> float:
        """0 when a token was taken, else the seconds until there is one."""
        now = self._now()
        tokens, since = self._kept.pop(key, (burst, now))
        tokens = min(burst, tokens + (now - since) / 1000 * rate)
        taken = tokens >= 1
        self._kept[key] = (tokens - 1 if taken else tokens, now)
        while len(self._kept) > MOST_KEYS:
            self._kept.popitem(last=False)
        return 0.0 if taken else (1 - tokens) / rate


@dataclass
class Failures:
    """Failed attempts by account: after five in fifteen minutes the wait doubles with each."""

    now: Callable[[], int]
    _kept: OrderedDict[str, deque[int]] = field(default_factory=OrderedDict)

    def check(self, account: str) -> None:
        """Refuse `too_many` (seconds) while the account has to wait."""
        failed = self._recent(account)
        if len(failed) < FREE_FAILURES:
            return
        lock = min(LONGEST_LOCK_MS, 10_000 * 2 ** (len(failed) - FREE_FAILURES))
        left = failed[-1] + lock - self.now()
        if left > 0:
            raise Refused("too_many", seconds=-(-left // 1000))

    def add(self, account: str) -> None:
        """Count a failed attempt."""
        failed = self._recent(account)
        failed.append(self.now())
        self._kept[account] = failed
        while len(self._kept) > MOST_KEYS:
            self._kept.popitem(last=False)

    def forget(self, account: str) -> None:
        """A right password clears the account."""
        self._kept.pop(account, None)

    def _recent(self, account: str) -> deque[int]:
        failed = self._kept.pop(account, deque(maxlen=16))
        while failed and failed[0] <= self.now() - WINDOW_MS:
            failed.popleft()
        if failed:
            self._kept[account] = failed
        return failed


class Limits:
    """The limits of one process."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.buckets = Buckets(now)
        self.failures = Failures(now)
        self._slots = asyncio.Semaphore(64)
        self._standing = 0

    async def failed_from(self, address: str) -> None:
        """Slow the answers to an address that keeps failing; attempts that succeed never wait."""
        wait = self.buckets.wait(("failed", address), 1.0, 30.0)
        await asyncio.sleep(min(wait, 3.0))

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
