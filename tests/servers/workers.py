"""`townhall serve` with several workers under one process, and which of them are there."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from tests.servers.townhall import COLD, TownhallServer

WORKERS = 2


class Workers(TownhallServer):
    """A server whose settings ask for two workers and name what they need.

    It starts its workers as it was started itself, so it starts cold.
    """

    def __init__(self, home: Path, database_url: str, *, settings: Mapping[str, str]) -> None:
        super().__init__(home, database_url, COLD, settings)

    def pids(self) -> set[int]:
        """The workers that are there, whether they serve or not."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return {int(pid) for pid in children.split()}

    def served(self) -> set[int]:
        """The workers that have told of accepting connections, dead or alive."""
        words = (line.split() for line in self.log.read_text().splitlines())
        return {int(said[-2]) for said in words if said[-1:] == ["serves"]}

    def all_serve(self) -> bool:
        """Whether every place is held by a worker that accepts connections."""
        pids = self.pids()
        return len(pids & self.served()) == len(pids) == WORKERS

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)
