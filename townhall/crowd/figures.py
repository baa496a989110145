"""What a crowd saw, as figures: percentiles, and how late the stage was."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

NEVER = float("inf")


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed (nearest rank); 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def lags(frames: Iterable[tuple[float, int]], acknowledged: Iterable[float]) -> list[float]:
    """The stage lag of every first acknowledgement, in seconds; NEVER where no frame came.

    For each moment in `acknowledged`, in order, the time until the first of `frames` (moment,
    turnout) whose turnout includes that many votes; 0 when a frame already did, which happens when
    the stage hears of a batch before the phone reads its own answer.
    """
    highest, rising = 0, list[tuple[int, float]]()
    for at, voted in frames:
        if voted > highest:
            rising.append((voted, at))
            highest = voted
    found = []
    for count, at in enumerate(sorted(acknowledged), start=1):
        place = bisect_left(rising, (count, 0.0))
        shown = rising[place][1] if place < len(rising) else NEVER
        found.append(max(0.0, shown - at))
    return found
