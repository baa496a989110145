"""What carries "forum 7: tally, agenda" between processes. It may lose messages, never invent any:
screens repair themselves from the stored versions within a second."""

from collections.abc import Callable
from typing import Protocol

Heard = Callable[[int, frozenset[str]], None]

DEAF = 3.0
"""Seconds after which a process that has not heard itself counts as deaf."""


class Bus(Protocol):
    """A way to tell every process, this one included, which parts of a forum changed."""

    @property
    def heard_ago(self) -> float:
        """Seconds since this process last heard itself over the bus; infinity before that."""

    async def start(self, heard: Heard) -> None:
        """Begin to listen; `heard(forum, slices)` is called in the loop for every announcement."""

    async def stop(self) -> None:
        """Stop listening and let go of connections."""

    def publish(self, forum: int, slices: frozenset[str]) -> None:
        """Announce; returns at once and never raises."""
