"""From "forum 7: tally" to views: reads each audience's slices once and sends them to its room.

Only audiences that listen in this process are read. Phones are told about ballots at most once a
second: a hall of five thousand does not need its turnout four times as often. What each room was
shown last is remembered: where the stored version is one that nobody spoke of, because a bus lost
the news or a read failed, everything is read once more and compared.
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
from townhall.sockets.told import Told

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


class View(NamedTuple):
    """What a room is to be shown."""

    room: Room
    version: slices.Version
    values: dict[str, Any]


class Outbox:
    """Sends slices to the rooms of this process."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.rooms: defaultdict[Room, set[Connection]] = defaultdict(set)
        self._phones: Counter[tuple[int, int, int]] = Counter()
        self._shown: dict[Room, dict[str, Any]] = {}
        self._told = Told()
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
            self._shown.pop(connection.room, None)
        if (phone := _phone(connection)) is not None:
            self._phones[phone] -= 1
            if self._phones[phone] <= 0:
                del self._phones[phone]

    def present(self) -> dict[tuple[int, int], int]:
        """How many seats, not sockets, are here: (forum, table or 0) -> seats."""
        return dict(Counter((forum, table) for forum, table, _ in self._phones))

    async def changed(self, forum: int, names: frozenset[str], revisions: frozenset[int]) -> None:
        """Send the named slices of a forum to whoever listens here: all that these revisions moved.

        Where they cannot be read, `catch_up` looks for what was missed.
        """
        phones, others = self._listening(forum)
        theirs = names & slices.ON_PHONES
        # All parts of a batch are put by: only together they show up to which one phones know.
        if not theirs or (theirs <= BALLOT_SLICES and self._too_soon(forum, names & BALLOT_SLICES)):
            phones = []
        await self._send(forum, others + phones, names, revisions)

    def _listening(self, forum: int) -> tuple[list[Room], list[Room]]:
        """The rooms of phones in a forum, and the others."""
        rooms = [room for room in self.rooms if room.forum == forum]
        phones = [room for room in rooms if room.audience in ("phone", "public")]
        return phones, [room for room in rooms if room not in phones]

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
        phones, _ = self._listening(forum)
        self._soon(self._send(forum, phones, names, frozenset()))

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
        self,
        forum: int,
        rooms: list[Room],
        names: frozenset[str],
        revisions: frozenset[int],
    ) -> None:
        """Tell these rooms news.

        One after another for each forum, so that what is told last is what was read last.
        """
        async with self._turns[forum]:
            views = await self._read(forum, rooms, names)
            await self._show(views)
            self._told.revisions(forum, revisions)
            if views:
                self._note(forum, names, views[0].version)

    def _note(self, forum: int, names: frozenset[str], version: slices.Version) -> None:
        """These parts were looked at and told in this version."""
        _, revision, batches = version
        if names >= slices.ALL:
            self._told.everything(forum, (revision, batches))
        elif names >= BALLOT_SLICES:
            self._told.batches(forum, batches)

    async def _read(self, forum: int, rooms: list[Room], names: frozenset[str]) -> list[View]:
        """What these rooms may see of the named slices, all from one snapshot."""
        if not rooms:
            return []
        try:
            if "questions" in names:
                await ballots.remember_open(self.hall, forum)
            return await self.hall.read(_views, rooms, names, self.hall.database.epoch)
        except BaseException:
            self._told.forget(forum)
            raise

    async def _show(self, views: list[View]) -> None:
        """Send each room what is news to it.

        Who leads is told of the version also where that is all.
        """
        for room, version, values in views:
            if room in self.rooms and (values or not slices.counted(room.audience)):
                await self._tell(room, Message("slices", {"version": version, "slices": values}))
                self._shown.setdefault(room, {}).update(values)

    async def _tell(self, room: Room, message: Message) -> None:
        """One message for a whole room; votes that come in meanwhile need not wait for all."""
        listeners = tuple(self.rooms.get(room, ()))
        for start in range(0, len(listeners), AT_ONCE):
            for connection in listeners[start : start + AT_ONCE]:
                connection.peer.tell(message)
            await asyncio.sleep(0)

    async def catch_up(self) -> None:
        """Tell what was missed: the bus may have lost news, and a read may have failed.

        Forums whose stored version moved without news are read once more, and each room is told
        what differs from what it was shown. A new room's first difference is all.
        """
        forums = sorted({room.forum for room in self.rooms})
        for forum, version in (await self.hall.read(slices.versions, forums)).items():
            if not self._told.stands_at(forum, version):
                await _logged(self._look(forum, *version))
        here = {room.forum for room in self.rooms}
        self._told.keep(here)
        for kept in (self._turns, self._phones_told):
            for forum in kept.keys() - here:
                del kept[forum]

    async def _look(self, forum: int, revision: int, batches: int) -> None:
        """Tell what was missed in one forum up to this version, but not what is on its way."""
        async with self._turns[forum]:
            names = self._unheard(forum, revision, batches)
            coming = self.hall.hub.coming(forum).slices
            rooms = [room for room in self.rooms if room.forum == forum] if names else []
            views = await self._read(forum, rooms, names - coming)
            await self._show([self._missed(view) for view in views])
            if views:
                self._note(forum, names, views[0].version)

    def _unheard(self, forum: int, revision: int, batches: int) -> frozenset[str]:
        """The parts that may have moved up to this version although nobody said so."""
        hub = self.hall.hub
        if self._told.lacks_revisions(forum, revision, hub.coming(forum).revisions):
            return slices.ALL
        if self._told.lacks_batches(forum, batches) and not hub.busy(forum):
            return BALLOT_SLICES
        return frozenset()  # ballots that were stored a moment ago are on their way

    def _missed(self, view: View) -> View:
        """What of a view its room was not shown yet."""
        shown = self._shown.get(view.room, {})
        missed = {n: v for n, v in view.values.items() if n not in shown or shown[n] != v}
        return view._replace(values=missed)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("some screens could not be told; they are told with the next look")


def _phone(connection: "Connection") -> tuple[int, int, int] | None:
    """The seat of a phone, and where it sits: (forum, table or 0, seat)."""
    actor = connection.actor
    return None if actor.seat is None else (connection.room.forum, actor.table or 0, actor.seat)


def _views(session: Session, rooms: list[Room], names: frozenset[str], epoch: str) -> list[View]:
    seen: slices.Seen = {}
    return [
        View(room, *slices.read(session, *room, names, epoch=epoch, seen=seen)) for room in rooms
    ]
