"""From "forum 7: tally" to frames: reads each audience's slices once and sends them to its room.

Only audiences that listen in this process are read. Phones are told about ballots at most once a
second: a hall of five thousand does not need its turnout four times as often. What each room was
told last is remembered, so that news which a bus lost or a read that failed is found by comparing.
"""

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlmodel import Session

from townhall.actions import ballots
from townhall.domain.audience import Audience
from townhall.hall import BALLOT_SLICES, Hall
from townhall.screens import slices
from townhall.sockets.packets import Message

if TYPE_CHECKING:
    from townhall.sockets.inbox import Connection

log = logging.getLogger(__name__)

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
        self._told: dict[Room, dict[str, Any]] = {}
        self._compared: dict[int, tuple[int, int]] = {}
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
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
            self._told.pop(connection.room, None)
        if (phone := _phone(connection)) is not None:
            self._phones[phone] -= 1
            if self._phones[phone] <= 0:
                del self._phones[phone]

    def present(self) -> dict[tuple[int, int], int]:
        """How many seats, not sockets, are here: (forum, table or 0) -> seats."""
        return dict(Counter((forum, table) for forum, table, _ in self._phones))

    async def changed(self, forum: int, names: frozenset[str]) -> None:
        """Send the named slices of a forum to whoever listens here.

        Where they cannot be read, `catch_up` looks for what was missed.
        """
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
        rooms = [r for r in self.rooms if r.forum == forum and r.audience in ("phone", "public")]
        self._soon(self._send(forum, rooms, names))

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def refresh(self, connection: "Connection") -> None:
        """Send everything to somebody who could not listen for a while."""
        self._soon(self._refresh(connection))

    async def _refresh(self, connection: "Connection") -> None:
        room, epoch, now = connection.room, self.hall.database.epoch, self.hall.now()
        try:
            version, values = await self.hall.read(
                slices.recent, room.forum, room.audience, room.table, epoch=epoch, now=now
            )
        except Exception:
            log.exception("somebody who lagged could not be told everything, and is to come again")
            connection.peer.end()
            return
        connection.peer.tell(Message("slices", {"version": version, "slices": values}))

    async def _send(
        self, forum: int, rooms: list[Room], names: frozenset[str], *, missed_only: bool = False
    ) -> None:
        """Read the named slices for these rooms, and tell each of them.

        `missed_only` is for looking after the news: what a room was told already, and what it will
        be told in a moment, is left out. One after another for each forum, so that what is told
        last is what was read last.
        """
        if not rooms:
            return
        async with self._turns[forum]:
            try:
                if "questions" in names:
                    await ballots.remember_open(self.hall, forum)
                asked = names - self.hall.hub.coming(forum) if missed_only else names
                frames = await self.hall.read(_frames, rooms, asked, self.hall.database.epoch)
            except BaseException:
                self._compared.pop(forum, None)
                raise
            for room, frame in frames:
                if missed_only:
                    frame["slices"] = self._news(room, frame["slices"])
                # Who leads is told of the version also where nothing else differs.
                leads = missed_only and not slices.counted(room.audience)
                if room in self.rooms and (frame["slices"] or leads):
                    self._told.setdefault(room, {}).update(frame["slices"])
                    await self._tell(room, Message("slices", frame))
            self._note(forum, names, frames[0][1]["version"])

    def _news(self, room: Room, values: dict[str, Any]) -> dict[str, Any]:
        told = self._told.get(room, {})
        return {n: value for n, value in values.items() if n not in told or told[n] != value}

    def _note(self, forum: int, names: frozenset[str], version: slices.Version) -> None:
        """Up to where this forum need not be compared again.

        A frame of ballots shows every batch before it; what else a revision changed shows only
        when all was looked at.
        """
        _, revision, batches = version
        if names >= slices.ALL:
            self._compared[forum] = (revision, batches)
        elif names >= BALLOT_SLICES and forum in self._compared:
            self._compared[forum] = (self._compared[forum][0], batches)

    async def _tell(self, room: Room, message: Message) -> None:
        """One message for a whole room; votes that come in meanwhile need not wait for all."""
        listeners = tuple(self.rooms.get(room, ()))
        for start in range(0, len(listeners), AT_ONCE):
            for connection in listeners[start : start + AT_ONCE]:
                connection.peer.tell(message)
            await asyncio.sleep(0)

    async def catch_up(self) -> None:
        """Tell what was missed: the bus may have lost news, and a read may have failed.

        Forums whose stored version moved since they were last compared are read once more, and
        each room is told what differs from what it was told. A new room's first difference is all.
        """
        forums = sorted({room.forum for room in self.rooms})
        for forum, version in (await self.hall.read(slices.versions, forums)).items():
            compared = self._compared.get(forum)
            if compared == version:
                continue
            names = slices.ALL
            if compared is not None and compared[0] == version[0]:
                if self.hall.hub.busy(forum):
                    continue  # ballots that were stored a moment ago are on their way
                names = BALLOT_SLICES
            rooms = [room for room in self.rooms if room.forum == forum]
            await _logged(self._send(forum, rooms, names, missed_only=True))
        here = {room.forum for room in self.rooms}
        for kept in (self._compared, self._turns, self._phones_told):
            for forum in kept.keys() - here:
                del kept[forum]


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("some screens could not be told; they are told with the next look")


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
