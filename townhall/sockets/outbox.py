"""From "forum 7: tally" to frames: reads each audience's slices once and sends them to its room.

Only audiences that listen in this process are read. Phones are told about ballots at most once a
second: a hall of five thousand does not need its turnout four times as often.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlmodel import Session

from townhall.actions import ballots
from townhall.domain.audience import Audience
from townhall.hall import BALLOT_SLICES, Hall
from townhall.screens import slices
from townhall.sockets.packets import Message

if TYPE_CHECKING:
    from townhall.sockets.inbox import Connection

PHONE_PAUSE = 1.0
AT_ONCE = 500  # recipients between two looks at what else the loop has to do


class Room(NamedTuple):
    """Those who see the same: a forum's audience, and for desks one table."""

    forum: int
    audience: Audience
    table: int | None


class Outbox:
    """Sends slices to the rooms of this process."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.rooms: defaultdict[Room, set[Connection]] = defaultdict(set)
        self._phones: Counter[tuple[int, int, int]] = Counter()
        self._sent: dict[int, tuple[int, int]] = {}
        self._phones_told: dict[int, float] = {}
        self._phones_later: dict[int, set[str]] = defaultdict(set)
        self._tasks: set[asyncio.Task[None]] = set()

    def joined(self, connection: "Connection") -> None:
        """Somebody came in."""
        self.rooms[connection.room].add(connection)
        if (phone := _phone(connection)) is not None:
            self._phones[phone] += 1

    def left(self, connection: "Connection") -> None:
        """Somebody has gone."""
        listeners = self.rooms[connection.room]
        listeners.discard(connection)
        if not listeners:
            del self.rooms[connection.room]
        if (phone := _phone(connection)) is not None:
            self._phones[phone] -= 1
            if self._phones[phone] <= 0:
                del self._phones[phone]

    def present(self) -> dict[tuple[int, int], int]:
        """How many seats, not sockets, are here: (forum, table or 0) -> seats."""
        return dict(Counter((forum, table) for forum, table, _ in self._phones))

    async def changed(self, forum: int, names: frozenset[str]) -> None:
        """Send the named slices of a forum to whoever listens here."""
        rooms = [room for room in self.rooms if room.forum == forum]
        if "questions" in names and rooms:
            await ballots.remember_open(self.hall, forum)
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
        self._soon(self._send(forum, phones, names, noted))

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def refresh(self, connection: "Connection") -> None:
        """Send everything to somebody who could not listen for a while."""
        self._soon(self._refresh(connection))

    async def _refresh(self, connection: "Connection") -> None:
        room, epoch, now = connection.room, self.hall.database.epoch, self.hall.now()
        version, values = await self.hall.read(
            slices.recent, room.forum, room.audience, room.table, epoch=epoch, now=now
        )
        connection.peer.tell(Message("slices", {"version": version, "slices": values}))

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
                await self._tell(room, Message("slices", frame))

    async def _tell(self, room: Room, message: Message) -> None:
        """One message for a whole room; votes that come in meanwhile need not wait for all."""
        listeners = tuple(self.rooms.get(room, ()))
        for start in range(0, len(listeners), AT_ONCE):
            for connection in listeners[start : start + AT_ONCE]:
                connection.peer.tell(message)
            await asyncio.sleep(0)

    async def catch_up(self) -> None:
        """Compare the stored versions with what was last sent; the bus may have lost news."""
        forums = sorted({room.forum for room in self.rooms})
        stored = await self.hall.read(slices.versions, forums)
        for forum, version in stored.items():
            # Who listens first may have come in before what was stored last: they are told it all.
            sent = self._sent.get(forum, (-1, -1))
            if self.hall.hub.busy(forum):
                continue  # what was stored a moment ago is on its way
            if sent != version:
                names = slices.ALL if sent[0] != version[0] else BALLOT_SLICES
                self.hall.hub.heard(forum, names)
        for forum in (self._sent.keys() | self._phones_told.keys()).difference(forums):
            self._sent.pop(forum, None)
            self._phones_told.pop(forum, None)


def _phone(connection: "Connection") -> tuple[int, int, int] | None:
    """The seat of a phone, and where it sits: (forum, table or 0, seat)."""
    actor = connection.actor
    return None if actor.seat is None else (connection.room.forum, actor.table or 0, actor.seat)


def _frames(
    session: Session, rooms: list[Room], names: frozenset[str], epoch: str
) -> list[tuple[Room, dict[str, Any]]]:
    """One frame per room, all from one snapshot."""
    found = []
    seen: slices.Seen = {}
    for room in rooms:
        version, values = slices.read(
            session, room.forum, room.audience, room.table, names, epoch=epoch, seen=seen
        )
        found.append((room, {"version": version, "slices": values}))
    return found
