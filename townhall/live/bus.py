"""What carries "forum 7: tally, agenda" between processes. It may lose messages, never invent any:
screens repair themselves from the stored versions within a second."""

from collections.abc import Callable
from typing import NamedTuple, Protocol


class News(NamedTuple):
    """Which parts of a forum changed, and the revisions whose whole change this is.

    Who has heard of every revision has missed nothing but ballots, which have a count of their
    own, and who has joined: what moves no revision names none.
    """

    slices: frozenset[str]
    revisions: frozenset[int] = frozenset()

    def __or__(self, other: "News") -> "News":
        """Both at once."""
        return News(self.slices | other.slices, self.revisions | other.revisions)


NOTHING = News(frozenset())

Heard = Callable[[int, News], None]

DEAF = 3.0
"""Seconds after which a process that has not heard itself counts as deaf."""


class Bus(Protocol):
    """A way to tell every process, this one included, which parts of a forum changed."""

    @property
    def heard_ago(self) -> float:
        """Seconds since this process last heard itself over the bus; infinity before that."""

    async def start(self, heard: Heard) -> None:
        """Begin to listen; `heard(forum, news)` is called in the loop for every announcement.

        Does not wait for the others: a bus that is down stays so without harm, and tries on.
        """

    async def stop(self) -> None:
        """Stop listening and let go of connections."""

    def publish(self, forum: int, news: News) -> None:
        """Announce; heard here at once, elsewhere soon. Returns at once and never raises."""
