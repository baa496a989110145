"""From "forum 7: tally" to frames: reads each audience's slices once and sends them to its room.

Only audiences that listen in this process are read. Phones are told about ballots at most once a
second: a hall of five thousand does not need its turnout four times as often.
"""

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

from sqlmodel import Session

from townhall.domain.audience import Audience
from townhall.hall import BALLOT_SLICES, Hall
from townhall.screens import slices
from townhall.sockets.server import GuardedServer

log = logging.getLogger(__name__)

PHONE_PAUSE = 1.0

T = TypeVar("T")


class Room(NamedTuple):
    """Those who see the same: a forum's audience, and for desks one table."""

    forum: int
    audience: Audience
    table: int | None

    @property
    def name(self) -> str:
        return f"{self.forum}:{self.audience}:{self.table or ''}"


class Outbox:
    """Sends slices to the rooms of this process."""

    def __init__(self, hall: Hall, server: GuardedServer) -> None:
        self.hall = hall
        self.server = server
        self.rooms: Counter[Room] = Counter()
        self._phones: Counter[tuple[int, int, int]] = Counter()
        self._sent: dict[int, tuple[int, int]] = {}
        self._phones_told: dict[int, float] = {}
        self._phones_later: dict[int, set[str]] = defaultdict(set)

    def joined(self, room: Room, table: int | None, seat: int | None) -> None:
        """A socket came in."""
        self.rooms[room] += 1
        if seat is not None:
            self._phones[room.forum, table or 0, seat] += 1

    def left(self, room: Room, table: int | None, seat: int | None) -> None:
        """A socket has gone."""
        _less(self.rooms, room)
        if seat is not None:
            _less(self._phones, (room.forum, table or 0, seat))

    def present(self) -> dict[tuple[int, int], int]:
        """How many seats, not sockets, are here: (forum, table or 0) -> seats."""
        return dict(Counter((forum, table) for forum, table, _ in self._phones))

    async def changed(self, forum: int, names: frozenset[str]) -> None:
        """Send the named slices of a forum to whoever listens here."""
        rooms = [room for room in self.rooms if room.forum == forum]
        if names <= BALLOT_SLICES and self._too_soon(forum, names):
            rooms = [room for room in rooms if room.audience not in ("phone", "public")]
        await self._send(forum, rooms, names)

    def _too_soon(self, forum: int, names: frozenset[str]) -> bool:
        """Whether phones heard of ballots less than a moment ago; then they are told later."""
        now = time.monotonic()
        wait = self._phones_told.get(forum, 0.0) + PHONE_PAUSE - now
        if wait <= 0:
            self._phones_told[forum] = now
            return False
        if not self._phones_later[forum]:
            asyncio.get_running_loop().call_later(wait, self._tell_phones, forum)
        self._phones_later[forum] |= names
        return True

    def _tell_phones(self, forum: int) -> None:
        names = frozenset(self._phones_later.pop(forum, ()))
        self._phones_told[forum] = time.monotonic()
        rooms = [r for r in self.rooms if r.forum == forum]
        phones = [r for r in rooms if r.audience in ("phone", "public")]
        # This may be the first frame of its version here: the others still have to get theirs.
        noted = len(phones) == len(rooms)
        self.server.start_background_task(self._send, forum, phones, names, noted)

    async def _send(
        self, forum: int, rooms: list[Room], names: Iterable[str], noted: bool = True
    ) -> None:
        if not rooms:
            return
        names = frozenset(names)
        frames = await self.hall.read(_frames, rooms, names, self.hall.database.epoch)
        for room, frame in frames:
            _, revision, batches = frame["version"]
            # A frame of ballots alone does not show what else this revision changed.
            whole = revision if not names <= BALLOT_SLICES else self._sent.get(forum, (0, 0))[0]
            if noted:
                self._sent[forum] = (whole, batches)
            if frame["slices"]:
                await self.server.emit("slices", frame, room=room.name)

    async def catch_up(self) -> None:
        """Compare the stored versions with what was last sent; the bus may have lost news."""
        forums = sorted({room.forum for room in self.rooms})
        stored = await self.hall.read(slices.versions, forums)
        for forum, version in stored.items():
            sent = self._sent.get(forum)
            if sent is None:
                self._sent[forum] = version
            elif sent != version:
                names = slices.ALL if sent[0] != version[0] else BALLOT_SLICES
                self.hall.hub.heard(forum, names)
        for forum in set(self._sent) - set(forums):
            del self._sent[forum]


def _less(counted: Counter[T], one: T) -> None:
    """One fewer of these; what is down to none is forgotten."""
    counted[one] -= 1
    if counted[one] <= 0:
        del counted[one]


def _frames(
    session: Session, rooms: list[Room], names: frozenset[str], epoch: str
) -> list[tuple[Room, dict[str, Any]]]:
    """One frame per room, all from one snapshot."""
    found = []
    for room in rooms:
        version, values = slices.read(
            session, room.forum, room.audience, room.table, names, epoch=epoch
        )
        found.append((room, {"version": version, "slices": values}))
    return found
