"""How fast something may happen again: tokens that come back with time. Pure.

Belongs here: the arithmetic alone. Does not belong here: what is counted and by what (the doors).
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """`rate` tokens a second, at most `burst` saved up; `since` in seconds of any one clock."""

    rate: float
    burst: float
    tokens: float
    since: float

    @classmethod
    def full(cls, rate: float, burst: float, now: float) -> "Bucket":
        """A bucket nobody has taken from."""
        return cls(rate, burst, burst, now)

    def whole(self, now: float) -> bool:
        """Whether it is as a full one is: nobody needs to remember it."""
        return self.tokens + (now - self.since) * self.rate >= self.burst

    def take(self, now: float, ahead: float = 0.0) -> float:
        """0 when a token was taken, else the seconds until there is one.

        With `ahead` a token that is not there yet is taken all the same, up to so many: who waits
        the seconds told stands in a line, and whoever comes next waits for the token after.
        """
        passed = max(0.0, now - self.since)  # a clock that was set back takes no tokens away
        self.tokens = min(self.burst, self.tokens + passed * self.rate)
        self.since = now
        missing = 1 - self.tokens
        if missing <= ahead:
            self.tokens -= 1
        return max(0.0, missing) / self.rate
