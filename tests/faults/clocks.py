"""A server whose wall clock can be set: `python -m tests.faults.clocks FILE serve …`.

FILE holds how many seconds its clock is ahead of ours, as eight bytes; whoever writes there steps
the clock of the running server. The clock that only counts (`time.monotonic`) goes on, as it does
on a machine that is set right. `Clock` is the hand that turns it.
"""

import mmap
import struct
import sys
import time
from pathlib import Path

from townhall.cli import main

_SECONDS = struct.Struct("d")


class Clock:
    """The wall clock of servers that run with this file."""

    def __init__(self, file: Path) -> None:
        self.program = ("tests.faults.clocks", str(file))
        self._file = file
        self.ahead = 0.0
        self.set(0.0)

    def set(self, ahead: float) -> None:
        """Step the clock: from now on it is so many seconds ahead of ours, or behind."""
        self.ahead = ahead
        with self._file.open("r+b" if self._file.exists() else "w+b") as bytes_:
            bytes_.write(_SECONDS.pack(ahead))

    def now(self) -> float:
        """What the servers' clock shows, in epoch seconds."""
        return time.time() + self.ahead


def follow(file: Path) -> None:
    """Let this process's wall clock be what the file says."""
    with file.open("rb") as bytes_:
        ahead = mmap.mmap(bytes_.fileno(), _SECONDS.size, access=mmap.ACCESS_READ)
    true_ns = time.time_ns

    def time_ns() -> int:
        return true_ns() + int(_SECONDS.unpack_from(ahead)[0] * 1e9)

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9


if __name__ == "__main__":
    follow(Path(sys.argv.pop(1)))
    main()
