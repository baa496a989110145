"""Questions from the floor: writing one, sympathy for it, and the moderator's hand.

All may be repeated. A forum that has ended takes nothing more.
"""

from typing import Any, Literal, get_args

from sqlmodel import Session

from townhall.actions import standing
from townhall.domain.audience import Actor, require
from townhall.domain.errors import Refused
from townhall.domain.text import clean
from townhall.hall import Change, Hall
from townhall.storage import asks as stored
from townhall.storage import forums
from townhall.storage.schema import Ask

Answer = dict[str, Any]
State = Literal["open", "on_stage", "answered", "hidden"]

STATES: tuple[str, ...] = get_args(State)
ASK_LIMIT = 200
WAITING_LIMIT = 50
"""How many asks of one seat may wait at once, so that one phone cannot fill everybody's list."""


async def write(hall: Hall, actor: Actor, *, key: str, text: str) -> Answer:
    """Ask the stage something, in at most ASK_LIMIT graphemes: {"status": "ok", "id", "rev": 1}.

    `key` is 32 hexadecimal digits; repeated with it, the answer stays the same. Refuses
    `text_empty`, `text_too_long`, `forum_ended`, `asks_waiting` (limit) and `key_used`.
    """
    forum, seat = _seated(actor)
    text = clean(text, ASK_LIMIT)

    def decide(session: Session, now: int) -> Change[Answer]:
        standing.confirm(session, actor, now)
        known = stored.by_key(session, forum, key)
        if known is not None:
            if known.seat_id != seat:
                raise Refused("key_used")
            return Change(_ok(known.id))
        _under_way(session, forum)
        if stored.waiting(session, seat) >= WAITING_LIMIT:
            raise Refused("asks_waiting", limit=WAITING_LIMIT)
        made = stored.add(
            session, Ask(forum_id=forum, seat_id=seat, key=key, text=text, created_at=now)
        )
        return Change(_ok(made), frozenset({"asks"}), ("ask.written", {"ask": made}))

    return await hall.change(forum, decide)


async def upvote(hall: Hall, actor: Actor, *, ask: int, on: bool) -> Answer:
    """Give or withdraw the seat's sympathy: {"status": "ok", "id", "on", "upvotes"}.

    Refuses `not_found` for what a phone does not see, and `forum_ended`. Nothing of it enters the
    audit record: who sympathises with what is nobody's business.
    """
    forum, seat = _seated(actor)

    def decide(session: Session, now: int) -> Change[Answer]:
        standing.confirm(session, actor, now)
        _under_way(session, forum)
        found = stored.get(session, ask)
        if found.forum_id != forum or found.state == "hidden":
            raise Refused("not_found")
        changed = stored.set_upvote(session, ask, seat, on)
        answer = {"status": "ok", "id": ask, "on": on, "upvotes": stored.upvotes(session, ask)}
        return Change(answer, frozenset({"asks"}) if changed else frozenset())

    return await hall.change(forum, decide)


async def steer(hall: Hall, actor: Actor, *, ask: int, state: str) -> Answer:
    """Put an ask on stage, mark it answered, hide it or open it again: {"status": "ok", "id"}.

    The stage holds one; the one it held before goes back among the open. Allowed after the end,
    because what offends must still come down. Refuses `not_found` and `payload_invalid`.
    """
    require(actor, "ask.steer", forum=actor.forum)
    if state not in STATES:
        raise Refused("payload_invalid", field="state", reason="unknown")
    forum = await hall.read(stored.forum_of, ask)
    require(actor, "ask.steer", forum=forum)

    def decide(session: Session, now: int) -> Change[Answer]:
        standing.confirm(session, actor, now)
        found = stored.get(session, ask)
        answer = {"status": "ok", "id": ask, "state": state}
        if found.state == state:
            return Change(answer)
        stored.set_state(session, found, state)
        return Change(answer, frozenset({"asks"}), ("ask.steered", {"ask": ask, "state": state}))

    return await hall.change(forum, decide)


def _seated(actor: Actor) -> tuple[int, int]:
    require(actor, "ask.write", forum=actor.forum)
    assert actor.forum is not None
    assert actor.seat is not None
    return actor.forum, actor.seat


def _under_way(session: Session, forum: int) -> None:
    if forums.get(session, forum).state == "ended":
        raise Refused("forum_ended")


def _ok(id: int | None) -> Answer:
    return {"status": "ok", "id": id, "rev": 1}
