"""What a fault test measured, for people to read: printed, and with `--long` kept in a file.

Figures are never asserted; a test that wants to say "fast" says it here.
"""

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Report:
    """The figures of one test; `file` is None in the short form."""

    test: str
    file: Path | None

    def say(self, what: str) -> None:
        """One line of figures."""
        print(what)
        if self.file is not None:
            day = dt.datetime.now(dt.UTC).date()
            self.file.parent.mkdir(exist_ok=True)
            with self.file.open("a", encoding="utf-8") as lines:
                lines.write(f"{day} | {os.cpu_count()} cores | {self.test} | {what}\n")


def quantiles(seconds: Sequence[float]) -> str:
    """Half, 99 of 100 and all of these were this quick, in words."""
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    half, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return f"p50 {half:.3f} s, p99 {most:.3f} s, slowest {ordered[-1]:.3f} s of {len(ordered)}"


def memory(pid: int, line: str = "VmRSS") -> float:
    """Megabytes that a process occupies: VmRSS now, VmHWM at most so far. Linux alone tells."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    found = next(each for each in status.read_text().splitlines() if each.startswith(line))
    return int(found.split()[1]) / 1024
