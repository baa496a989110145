"""Whether a hall fits on a machine: arithmetic on what was measured there.

    processors = phones · once a second · cost of one recipient + votes a second · cost of one vote

Costs are processor time of the server. Everybody votes within a given time, as at the end of a
question, and every phone is told of the turnout once a second meanwhile.
"""

import math
from dataclasses import dataclass
from typing import Literal

BUSY = 0.7
"""How much of a processor a process may take in that time: above, answers come late."""
LARGEST_BATCH = 500
"""How many ballots share one commit at most; the writer keeps to it."""
KEPT_FREE = 0.8
"""How much of the memory that is free now may be used."""
DESCRIPTORS_BESIDE = 200

Short = Literal["processors", "memory", "descriptors", "disk"]


@dataclass(frozen=True)
class Figures:
    """Measured: seconds of processor time of one vote, recipient and join; seconds of one durable
    commit; bytes of one socket and of a process without any.
    """

    vote: float
    recipient: float
    join: float
    commit: float
    socket_bytes: float
    process_bytes: float


@dataclass(frozen=True)
class Machine:
    """Processors, free bytes of memory, files that one process may open; None where unknown."""

    processors: int
    memory: float | None = None
    descriptors: int | None = None

    @property
    def most_workers(self) -> int:
        """One processor is left to the database, the proxy and the system, where there are two."""
        return max(1, self.processors - 1)


@dataclass(frozen=True)
class Verdict:
    """`load` in processors; `workers` that share it; what is `short`, if anything; `most` phones
    that fit; `joining`: seconds of processor time until all are in, over the workers that there
    may be.
    """

    load: float
    workers: int
    short: Short | None
    most: int
    joining: float

    @property
    def fits(self) -> bool:
        return self.short is None


def verdict(phones: int, seconds: float, figures: Figures, machine: Machine) -> Verdict:
    """Whether `phones` (1 or more) fit that all vote within `seconds` (above 0)."""
    each = figures.recipient + figures.vote / seconds
    load = phones * each
    limits = _limits(each, seconds, figures, machine)
    most = min(limits.values())
    short = next((what for what, n in limits.items() if n == most), None) if phones > most else None
    workers = min(max(1, math.ceil(load / BUSY)), machine.most_workers)
    return Verdict(load, workers, short, most, phones * figures.join / workers)


def _limits(each: float, seconds: float, figures: Figures, machine: Machine) -> dict[Short, int]:
    """How many phones each part of the machine bears."""
    workers = machine.most_workers
    found: dict[Short, int] = {
        "processors": int(workers * BUSY / each),
        "disk": int(seconds * LARGEST_BATCH / figures.commit),
    }
    if machine.memory is not None and figures.socket_bytes > 0:
        left = machine.memory * KEPT_FREE - workers * figures.process_bytes
        found["memory"] = max(0, int(left / figures.socket_bytes))
    if machine.descriptors is not None:
        found["descriptors"] = max(0, workers * (machine.descriptors - DESCRIPTORS_BESIDE))
    return found
