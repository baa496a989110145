"""What this process did since it started, in plain numbers; `web/metrics.py` shows them.

Whoever does a thing counts it here, in one line and without a lock: a number is raised by one
thread alone, the loop's unless its name is among those of the writer. Belongs here: how many, how
long, how large. Never: what a ballot says, who cast it, a token, a name. May call nothing.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BALLOTS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


class Histogram:
    """How often a value was at most each bound, and the sum of all values."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...] = _SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)  # the last: above every bound
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


@dataclass
class Counts:
    """The numbers of one process. Durations are in seconds.

    The writer's thread raises `batch` and `commit`, the loop's thread everything else.
    """

    votes: Counter[str] = field(default_factory=Counter)
    """Answers to votes by status, `busy` included, as they leave."""
    acknowledged: Histogram = field(default_factory=Histogram)
    """From a vote's arrival in the writer's line to its answer."""
    batch: Histogram = field(default_factory=lambda: Histogram(_BALLOTS))
    """Ballots that shared one transaction."""
    commit: Histogram = field(default_factory=Histogram)
    """One batch's transaction, from its beginning to the end of its commit."""
    stale: int = 0
    """How often a client read so slowly that frames were left out until it had caught up."""
    ended: Counter[str] = field(default_factory=Counter)
    """Connections that the server ended, by reason."""
    sockets: dict[str, int] = field(default_factory=dict)
    """Sockets now, by audience; set anew every second."""
    lag: Histogram = field(default_factory=Histogram)
    """How much later than asked the loop came back, measured every second."""


COUNTS = Counts()
"""This process's own: Prometheus reads a process, however many halls a test makes in it."""
