"""From the wire to an event and back: who the client is, how fast it may speak, what it gets.

A connection's role comes from its session on arrival and never from a payload. How its packets
travel is the matter of its `Peer`: the lane's, or python-socketio's behind another server.
"""

import asyncio
import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from townhall.actions import people
from townhall.counts import COUNTS
from townhall.domain.audience import Actor, audience_of, require
from townhall.domain.errors import Refused
from townhall.domain.rates import Bucket
from townhall.events import EVENTS, VOTES, counted, dispatch, vote_now
from townhall.hall import Hall
from townhall.sockets.outbox import Outbox, Room
from townhall.sockets.packets import Message

log = logging.getLogger(__name__)

MOST_AT_ONCE = 32
MOST_SOCKETS, MOST_SCREENS = 4, 16
TOTAL_RATE, TOTAL_BURST = 60.0, 300.0
# The more often a connection was refused lately, the longer it is told to wait, so that a phone
# which sends a full outbox again whenever it may is refused less often than it is forgiven.
FORGIVEN_RATE, MOST_REFUSED = 100.0, 600.0
AWAY_SECONDS = 30
FAILED_SECONDS = 2.0
DRAIN_SECONDS = 3.0
BACK_A_SECOND, SHORTEST_SPREAD, LONGEST_SPREAD = 250, 3.0, 15.0

Holder = tuple[str, int | None]
Reply = Callable[[dict[str, Any]], None]


class Peer(Protocol):
    """The other end of a connection."""

    def tell(self, message: Message) -> None:
        """Send a message; it may be left out where a newer state follows."""

    def end(self, message: Message | None = None) -> None:
        """Say a last word and goodbye."""


@dataclass(eq=False, slots=True)
class Connection:
    """Somebody who was let in, and the wire to them."""

    actor: Actor
    room: Room
    peer: Peer
    under_way: int = 0
    flooding: bool = False
    sent_away: bool = False
    buckets: dict[str, Bucket] = field(default_factory=dict)

    def wait(self, event: str) -> float:
        """Seconds to wait before this event may run; 0 for now."""
        now = time.monotonic()
        whole = self._bucket("*", TOTAL_RATE, TOTAL_BURST, now).take(now)
        if whole:
            refused = self._bucket("refused", FORGIVEN_RATE, MOST_REFUSED, now)
            self.flooding = self.flooding or refused.take(now) > 0
            return max(whole, (MOST_REFUSED - refused.tokens) / FORGIVEN_RATE)
        known = EVENTS.get(event)
        return self._bucket(event, known.rate, known.burst, now).take(now) if known else 0.0

    def _bucket(self, name: str, rate: float, burst: float, now: float) -> Bucket:
        found = self.buckets.get(name)
        if found is None:
            found = self.buckets[name] = Bucket(rate, burst, burst, now)
        return found


class Inbox:
    """What clients say; holds the live connections of this process."""

    def __init__(self, hall: Hall, outbox: Outbox) -> None:
        self.hall = hall
        self.outbox = outbox
        self.live: set[Connection] = set()
        self.of_holder: defaultdict[Holder, list[Connection]] = defaultdict(list)
        self.away: dict[int, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def arrive(self, peer: Peer, auth: Any) -> Connection:
        """Let in whoever shows a session's token for the forum it names; else refuse."""
        code, token = _shown(auth)
        forum, actor = await people.arrive(self.hall, code, token)
        require(actor, "state.follow", forum=forum.id)
        self._stay_away(actor)
        audience = audience_of(actor.role)
        room = Room(forum.id, audience, actor.table if audience == "desk" else None)
        connection = Connection(actor, room, peer)
        self.live.add(connection)
        self.outbox.joined(connection)
        self._cut_oldest(connection)
        return connection

    def left(self, connection: Connection) -> None:
        """Forget a connection that has gone; it may be said twice."""
        if connection not in self.live:
            return
        self.live.remove(connection)
        self.outbox.left(connection)
        holder = _holder(connection.actor)
        self.of_holder[holder].remove(connection)
        if not self.of_holder[holder]:
            del self.of_holder[holder]

    def _cut_oldest(self, connection: Connection) -> None:
        """A seat keeps a few sockets: a page that comes back before the old one is given up.

        A card, a link or an account keeps some more, since it may be shown on many screens.
        """
        holder = _holder(connection.actor)
        self.of_holder[holder].append(connection)
        most = MOST_SOCKETS if connection.actor.seat is not None else MOST_SCREENS
        for oldest in self.of_holder[holder][:-most]:
            oldest.peer.end()

    def event(self, connection: Connection, event: str, payload: Any, reply: Reply) -> None:
        """Run one event; `reply(answer)` is called once, perhaps at once.

        A vote under pressure is told `busy`, never dropped. Nothing that happens to the client
        ends what it has begun.
        """
        wait = connection.wait(event)
        if connection.flooding:
            self._send_away(connection)
            _said(event, _busy(event, AWAY_SECONDS), reply)
        elif wait or connection.under_way >= MOST_AT_ONCE:
            _said(event, _busy(event, max(wait, 0.5)), reply)
        elif event != "vote" or not self._vote(connection, payload, reply):
            connection.under_way += 1
            task = asyncio.ensure_future(self._run(connection, event, payload, reply))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _vote(self, connection: Connection, payload: Any, reply: Reply) -> bool:
        """A vote as thousands come in one moment; False for one that needs more than that."""

        def done(answer: dict[str, Any]) -> None:
            connection.under_way -= 1
            _said("vote", answer, reply)

        try:
            begun = vote_now(self.hall, connection.actor, payload, done)
        except Refused as refused:
            _said("vote", _refusal(refused), reply)
            return True
        except Exception:
            log.exception("a vote failed")
            _said("vote", _busy("vote", FAILED_SECONDS), reply)
            return True
        connection.under_way += begun
        return begun

    async def _run(self, connection: Connection, event: str, payload: Any, reply: Reply) -> None:
        try:
            answer = await dispatch(self.hall, connection.actor, event, payload)
        except Refused as refused:
            answer = _refusal(refused)
        except Exception:
            log.exception("event %s failed", event)
            if event in VOTES:  # whether it is stored, the same key will tell
                answer = _busy(event, FAILED_SECONDS)
            else:
                answer = {"status": "refused", "code": "unexpected", "details": {}}
        finally:
            connection.under_way -= 1
        if event == "sit" and answer.get("status") == "ok":
            self._moved(connection, answer.get("table"))
        _said(event, answer, reply)

    def _send_away(self, connection: Connection) -> None:
        """End a connection that goes on however often it is told to wait."""
        if connection.sent_away:
            return
        connection.sent_away = True
        if connection.actor.session is not None:
            self.away[connection.actor.session] = time.monotonic() + AWAY_SECONDS
        log.info("a flooding connection was ended")
        COUNTS.ended["too_many"] += 1
        connection.peer.end(Message("bye", {"reason": "too_many", "retry_after": AWAY_SECONDS}))

    def _stay_away(self, actor: Actor) -> None:
        """Refuse `too_many` (seconds) while a session that was sent away must stay there."""
        now = time.monotonic()
        self.away = {session: until for session, until in self.away.items() if until > now}
        if actor.session in self.away:
            raise Refused("too_many", seconds=math.ceil(self.away[actor.session] - now))

    def _moved(self, connection: Connection, table: int | None) -> None:
        """The next ballot of this seat counts for its new table."""
        if connection not in self.live:
            return
        self.outbox.left(connection)
        connection.actor = replace(connection.actor, table=table)
        self.outbox.joined(connection)

    async def cut_revoked(self) -> None:
        """End the connections whose session has expired or was revoked."""
        sessions = {c.actor.session for c in self.live if c.actor.session}
        revoked = await people.revoked_among(self.hall, list(sessions))
        if revoked:
            for connection in [c for c in self.live if c.actor.session in revoked]:
                COUNTS.ended["revoked"] += 1
                connection.peer.end(Message("bye", {"reason": "revoked"}))


def _holder(actor: Actor) -> Holder:
    """Who counts as one, however many sockets they open."""
    return ("seat", actor.seat) if actor.seat is not None else ("session", actor.session)


def _said(event: str, answer: dict[str, Any], reply: Reply) -> None:
    counted(event, answer.get("status", ""))
    reply(answer)


async def drain(inbox: Inbox) -> None:
    """Say goodbye before a planned stop, to each as soon as nothing of theirs is under way.

    They come back at a random moment within `retry_after`, which is longer the more there are.
    """
    spread = min(LONGEST_SPREAD, max(SHORTEST_SPREAD, len(inbox.live) / BACK_A_SECOND))
    bye = Message("bye", {"reason": "restart", "retry_after": round(spread, 1)})
    ends = time.monotonic() + DRAIN_SECONDS
    while inbox.live:
        late = time.monotonic() > ends
        for connection in list(inbox.live):
            if late or not connection.under_way:
                connection.peer.end(bye)
        if late:
            return
        await asyncio.sleep(0.05)


def _shown(auth: Any) -> tuple[str, str]:
    """The forum code and token of a connect packet. Refuses `sign_in` unless both are there."""
    token = auth.get("token") if isinstance(auth, dict) else None
    if not isinstance(token, str) or not token.isascii():
        raise Refused("sign_in")
    return str(auth.get("forum", ""))[:16], token[:200]


def _busy(event: str, wait: float) -> dict[str, Any]:
    if event in VOTES:
        return {"status": "busy", "retry_after": round(wait, 1)}
    details = {"retry_after": round(wait, 1), "seconds": max(1, math.ceil(wait))}
    return {"status": "refused", "code": "too_many", "details": details}


def _refusal(refused: Refused) -> dict[str, Any]:
    """The code and what fills its words; the screen that shows it has the words."""
    return {
        "status": "refused",
        "code": refused.code,
        "details": {name: str(value) for name, value in refused.details.items()},
    }
