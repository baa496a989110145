"""The bus of a single process: what is published is heard at once."""

from townhall.live.bus import Heard, News


class MemoryBus:
    """Announcements that never leave the process."""

    def __init__(self) -> None:
        self._heard: Heard | None = None

    @property
    def heard_ago(self) -> float:
        return 0.0

    async def start(self, heard: Heard) -> None:
        self._heard = heard

    async def stop(self) -> None:
        self._heard = None

    def publish(self, forum: int, news: News) -> None:
        if self._heard is not None:
            self._heard(forum, news)
