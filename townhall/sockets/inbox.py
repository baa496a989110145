"""From the wire to an event and back: who the socket is, how fast it may speak, what it gets.

A connection's role comes from its session at connect and never from a payload.
"""

import asyncio
import logging
import math
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

import socketio

from townhall.actions import people
from townhall.domain.audience import Actor, audience_of, require
from townhall.domain.errors import Refused
from townhall.domain.rates import Bucket
from townhall.events import EVENTS, VOTES, dispatch
from townhall.hall import Hall
from townhall.sockets.outbox import Outbox, Room
from townhall.sockets.server import GuardedServer

log = logging.getLogger(__name__)

MOST_AT_ONCE = 32
MOST_SOCKETS = 4
TOTAL_RATE, TOTAL_BURST = 60.0, 300.0
# The more often a connection was refused lately, the longer it is told to wait, so that a phone
# which sends a full outbox again whenever it may is refused less often than it is forgiven.
FORGIVEN_RATE, MOST_REFUSED = 100.0, 600.0
AWAY_SECONDS = 30
FAILED_SECONDS = 2.0
DRAIN_SECONDS = 3.0
BACK_A_SECOND, SHORTEST_SPREAD, LONGEST_SPREAD = 250, 3.0, 15.0


@dataclass
class Connection:
    """One live socket."""

    actor: Actor
    room: Room
    under_way: int = 0
    flooding: bool = False
    sent_away: bool = False
    buckets: dict[str, Bucket] = field(default_factory=dict)

    def wait(self, event: str) -> float:
        """Seconds to wait before this event may run; 0 for now."""
        now = time.monotonic()
        if whole := self._bucket("*", TOTAL_RATE, TOTAL_BURST, now).take(now):
            refused = self._bucket("refused", FORGIVEN_RATE, MOST_REFUSED, now)
            self.flooding = self.flooding or refused.take(now) > 0
            return max(whole, (MOST_REFUSED - refused.tokens) / FORGIVEN_RATE)
        known = EVENTS.get(event)
        if known is None:
            return 0.0
        return self._bucket(event, known.rate, known.burst, now).take(now)

    def _bucket(self, name: str, rate: float, burst: float, now: float) -> Bucket:
        return self.buckets.setdefault(name, Bucket.full(rate, burst, now))


class Inbox:
    """Handlers of the socket server; holds the live connections of this process."""

    def __init__(self, hall: Hall, server: GuardedServer, outbox: Outbox) -> None:
        self.hall = hall
        self.server = server
        self.outbox = outbox
        self.live: dict[str, Connection] = {}
        self.of_seat: defaultdict[int, list[str]] = defaultdict(list)
        self.away: dict[int, float] = {}
        server.on("connect", self.connect)
        server.on("disconnect", self.disconnect)
        server.on("*", self.event)

    async def connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """Let in whoever shows a session's token for the forum it names."""
        code, token = _shown(auth)
        try:
            forum, actor = await people.arrive(self.hall, code, token)
            require(actor, "state.follow", forum=forum.id)
            self._stay_away(actor)
        except Refused as refused:
            raise socketio.exceptions.ConnectionRefusedError(refused.code) from None
        audience = audience_of(actor.role)
        room = Room(forum.id, audience, actor.table if audience == "desk" else None)
        self.live[sid] = Connection(actor, room)
        await self.server.enter_room(sid, room.name)
        self.outbox.joined(room, actor.table, actor.seat)
        if actor.seat is not None:
            await self._cut_oldest(sid, actor.seat)

    async def disconnect(self, sid: str, reason: object = None) -> None:
        """Forget a socket that has gone."""
        connection = self.live.pop(sid, None)
        if connection is None:
            return
        seat = connection.actor.seat
        self.outbox.left(connection.room, connection.actor.table, seat)
        if seat is not None:
            self.of_seat[seat].remove(sid)
            if not self.of_seat[seat]:
                del self.of_seat[seat]

    async def _cut_oldest(self, sid: str, seat: int) -> None:
        """One seat keeps a few sockets: a page that comes back before the old one is given up."""
        self.of_seat[seat].append(sid)
        for oldest in self.of_seat[seat][:-MOST_SOCKETS]:
            await self.server.disconnect(oldest)

    async def event(self, event: str, sid: str, *data: Any) -> dict[str, Any]:
        """Run one event and answer it; a vote under pressure is told `busy`, never dropped."""
        connection = self.live.get(sid)
        if connection is None:
            return _refusal(Refused("sign_in"))
        wait = connection.wait(event)
        if connection.flooding:
            await self._send_away(sid, connection)
            return _busy(event, AWAY_SECONDS)
        if wait or connection.under_way >= MOST_AT_ONCE:
            return _busy(event, max(wait, 0.5))
        connection.under_way += 1
        try:
            answer = await dispatch(self.hall, connection.actor, event, data[0] if data else None)
        except Refused as refused:
            return _refusal(refused)
        except Exception:
            log.exception("event %s failed", event)
            if event in VOTES:  # whether it is stored, the same key will tell
                return _busy(event, FAILED_SECONDS)
            return {"status": "refused", "code": "unexpected", "details": {}}
        finally:
            connection.under_way -= 1
        if event == "sit" and answer.get("status") == "ok":
            await self._moved(connection, answer.get("table"))
        return answer

    async def _send_away(self, sid: str, connection: Connection) -> None:
        """End a connection that goes on however often it is told to wait."""
        if connection.sent_away:
            return
        connection.sent_away = True
        if connection.actor.session is not None:
            self.away[connection.actor.session] = time.monotonic() + AWAY_SECONDS
        log.info("a flooding connection was ended")
        bye = {"reason": "too_many", "retry_after": AWAY_SECONDS}
        await self.server.emit("bye", bye, room=sid)
        await self.server.disconnect(sid)

    def _stay_away(self, actor: Actor) -> None:
        """Refuse `too_many` (seconds) while a session that was sent away must stay there."""
        now = time.monotonic()
        self.away = {session: until for session, until in self.away.items() if until > now}
        if actor.session in self.away:
            raise Refused("too_many", seconds=math.ceil(self.away[actor.session] - now))

    async def _moved(self, connection: Connection, table: int | None) -> None:
        """The next ballot of this seat counts for its new table."""
        seat = connection.actor.seat
        self.outbox.left(connection.room, connection.actor.table, seat)
        connection.actor = replace(connection.actor, table=table)
        self.outbox.joined(connection.room, table, seat)

    async def cut_revoked(self) -> None:
        """End the sockets whose session has expired or was revoked."""
        by_session = {c.actor.session: sid for sid, c in self.live.items() if c.actor.session}
        for session in await people.revoked_among(self.hall, list(by_session)):
            for sid, connection in list(self.live.items()):
                if connection.actor.session == session:
                    await self.server.emit("bye", {"reason": "revoked"}, room=sid)
                    await self.server.disconnect(sid)


async def drain(inbox: Inbox) -> None:
    """Say goodbye before a planned stop, to each as soon as nothing of theirs is under way.

    They come back at a random moment within `retry_after`, which is longer the more there are.
    """
    spread = min(LONGEST_SPREAD, max(SHORTEST_SPREAD, len(inbox.live) / BACK_A_SECOND))
    bye = {"reason": "restart", "retry_after": round(spread, 1)}
    ends = time.monotonic() + DRAIN_SECONDS
    while inbox.live:
        late = time.monotonic() > ends
        for sid, connection in list(inbox.live.items()):
            if late or not connection.under_way:
                await inbox.server.emit("bye", bye, room=sid)
                await inbox.server.disconnect(sid)
        if late:
            return
        await asyncio.sleep(0.05)


def _shown(auth: Any) -> tuple[str, str]:
    """The forum code and token of a connect packet; refused unless both are there."""
    if not isinstance(auth, dict) or not isinstance(auth.get("token"), str):
        raise socketio.exceptions.ConnectionRefusedError("sign_in")
    return str(auth.get("forum", ""))[:16], auth["token"][:200]


def _busy(event: str, wait: float) -> dict[str, Any]:
    if event in VOTES:
        return {"status": "busy", "retry_after": round(wait, 1)}
    return {"status": "refused", "code": "too_many", "details": {"retry_after": round(wait, 1)}}


def _refusal(refused: Refused) -> dict[str, Any]:
    """The code and what fills its words; the screen that shows it has the words."""
    return {
        "status": "refused",
        "code": refused.code,
        "details": {name: str(value) for name, value in refused.details.items()},
    }
