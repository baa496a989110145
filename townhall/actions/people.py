"""Entering, sitting down, and who somebody is.

Belongs here: redeeming a ticket, the open code, entering with a card or a link, and recognising
whoever comes back. Does not belong here: making tickets, cards and links (`actions.cards`),
accounts and passwords (`actions.accounts`), what a role may do (`domain.audience`). May call
domain and storage.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from townhall.actions import standing
from townhall.domain import text
from townhall.domain.audience import VISITOR, Actor, Role, require
from townhall.domain.errors import Refused
from townhall.domain.proposals import DAY_MS
from townhall.hall import Change, Hall
from townhall.storage import forums, questions, seats, sessions
from townhall.storage.schema import Session as SessionRow
from townhall.storage.seats import Gate

NICKNAME_LIMIT = 20
_KEY = re.compile(r"[0-9a-f]{32}")
_CODE = re.compile(rf"[0-9]{{{forums.CODE_DIGITS}}}|[0-9]{{{forums.COPY_DIGITS}}}")

_SCREEN_OF: dict[str, str] = {
    "facilitator": "/desk",
    "moderator": "/console",
    "stage": "/stage",
    "panelist": "/panel",
}


@dataclass(frozen=True)
class Entrance:
    """What somebody gets at the door: a session token, its role, and the page to go to."""

    token: str
    role: Role
    path: str
    expires: int
    seat: int | None = None


def secret_of(hall: Hall) -> str:
    """What page tokens and forms are signed with: the operator's secret, or the database's own."""
    return hall.settings.secret or hall.database.secret


def operators_token(hall: Hall) -> str:
    """What a command of this very house shows the server that runs beside it; 64 hex digits."""
    return hmac.new(secret_of(hall).encode(), b"operator", hashlib.sha256).hexdigest()


async def gate(hall: Hall, code: str) -> Gate:
    """The forum of a code, or a copy to rehearse in. Refuses `forum_unknown`."""
    return known(await hall.read_together(_gates, code), code)


def _gates(session: Session, codes: Sequence[str]) -> list[Gate | None]:
    # Only what may be a code reaches the database; half a character or a NUL it would not take.
    asked = {code for code in codes if _CODE.fullmatch(code)}
    found = {code: seats.gate(session, code) for code in asked}
    return [found.get(code) for code in codes]


@dataclass(frozen=True)
class _Comes:
    """Somebody at a door: the token shown, the forum (id or six-digit code), the look's facts."""

    token: str
    forum: int | None
    code: str | None
    now: int
    secret: str


async def recognise(hall: Hall, token: str, forum: int | None = None) -> Actor:
    """Who holds a raw session token or a signed page token; a visitor when it opens nothing.

    `forum` (id) says in which forum an account's role is asked for, and whose page it is.
    """
    _, actor = await _look(hall, token, forum, None)
    return actor


async def arrive(hall: Hall, code: str, token: str) -> tuple[Gate, Actor]:
    """The forum of a six-digit code, and who comes to it with a token; both from one look.

    Refuses `forum_unknown`.
    """
    found, actor = await _look(hall, token, None, code)
    return known(found, code), actor


async def _look(
    hall: Hall, token: str, forum: int | None, code: str | None
) -> tuple[Gate | None, Actor]:
    coming = _Comes(token, forum, code, hall.now(), secret_of(hall))
    return await hall.read_together(_arrivals, coming)


def _arrivals(session: Session, coming: Sequence[_Comes]) -> list[tuple[Gate | None, Actor]]:
    """Everybody who is at the door at this moment, from one look."""
    found = _gates(session, [each.code or "" for each in coming])
    shown = [
        sessions.Shown(each.token, gate.id if gate else each.forum)
        for each, gate in zip(coming, found, strict=True)
    ]
    actors = sessions.recognise(session, shown, coming[0].now, coming[0].secret)
    return list(zip(found, actors, strict=True))


def page_token(hall: Hall, actor: Actor, forum: int, screen: str = "") -> tuple[str, int]:
    """A signed token for the socket of a forum's page and its expiry (ms), valid one hour there.

    With `screen` "stage" it opens the projector's audience and nothing more. Refuses `sign_in`.
    """
    if actor.session is None:
        raise Refused("sign_in")
    return sessions.page_token(actor.session, forum, screen, hall.now(), secret_of(hall))


async def revoked_among(hall: Hall, ids: Sequence[int]) -> set[int]:
    """Which of these session ids are expired or revoked, by themselves or with card or seat."""
    return await hall.read(sessions.revoked_among, ids, hall.now())


@dataclass(frozen=True)
class Device:
    """What shows a token: the key it drew for this forum, and the seat that it holds already.

    `swap` says that its owner was asked and wants the other seat instead.
    """

    key: str | None = None
    held: Actor = VISITOR
    swap: bool = False

    def __post_init__(self) -> None:
        """Refuse `payload_invalid` where the key is not 32 hexadecimal digits."""
        if self.key is not None and not _KEY.fullmatch(self.key):
            raise Refused("payload_invalid", field="key", reason="hex")


UNKNOWN = Device()
"""A device that shows nothing but the token."""
ASKED_FIRST = frozenset({"seat_held", "guest_held"})
"""The refusals that are questions: the same again with `swap` is let in."""


async def enter(hall: Hall, code: str, token: str, device: Device = UNKNOWN) -> Entrance:
    """The one entrance for everything with a token: ticket, table card, link.

    A ticket is redeemed once, atomically; whoever holds its seat already, or shows the key that
    redeemed it, may show it again: the first answer may have been lost. A table card demotes the
    tablet that entered before. Refuses `forum_unknown`, `ticket_used`, `link_unknown`,
    `link_elsewhere`; `seat_held` and `guest_held` where the device would lose
    another seat without having been asked.
    """
    forum = await gate(hall, code)

    def decide(session: Session, now: int) -> Change[Entrance]:
        card = sessions.session_of(session, token, now)
        if card is not None:
            _mind_seat(session, forum, device, card.seat_id)
            return Change(_enter_by_card(session, hall, forum, card, now))
        seat = _redeem(session, forum, token, device, now)
        return Change(_take_seat(session, hall, forum, "seated", seat, now), frozenset({"room"}))

    return await hall.change(forum.id, decide, revise=False, together=True)


async def join(
    hall: Hall,
    code: str,
    *,
    ticket: str | None = None,
    nickname: str = "",
    table: int | None = None,
    device: Device = UNKNOWN,
) -> Entrance:
    """A seat by ticket, or an open seat by the code alone (mood questions and asks).

    `nickname` at most 20 graphemes, may be empty. Refuses as `enter` does, `forum_ended`,
    `table_unknown`, `text_too_long`.
    """
    if ticket is not None:
        return await enter(hall, code, ticket, device)
    name = text.clean(nickname, limit=NICKNAME_LIMIT, required=False, field="nickname")
    forum = await gate(hall, code)
    if forum.state == "ended":
        raise Refused("forum_ended")

    def decide(session: Session, now: int) -> Change[Entrance]:
        require_table(session, forum.id, table)
        seat = seats.add_open_seat(session, forum.id, name, table, now)
        taken = _take_seat(session, hall, forum, "open", seat, now)
        return Change(taken, frozenset({"room", "turnout"}))  # whoever is here may vote

    return await hall.change(forum.id, decide, revise=False, together=True)


async def my_link(hall: Hall, actor: Actor) -> str:
    """A token that brings a participant back to their own seat after the browser forgot them.

    Refuses `session_over` where the seat was given back meanwhile.
    """
    require(actor, "table.sit")
    forum = scope(actor)

    def decide(session: Session, now: int) -> Change[str]:
        standing.confirm(session, actor, now)
        expires = until(hall, seats.gate_of(session, forum), now)
        opened = sessions.open_session(
            session, actor.role, now, expires, forum=forum, seat=actor.seat
        )
        return Change(opened.token)

    return await hall.change(forum, decide, revise=False)


async def sit(hall: Hall, actor: Actor, table: int | None) -> dict[str, Any]:
    """Sit down at a table (number), or at none. Counts from the next ballot. May be repeated.

    While stickers may not go to one's own table, whoever sits somewhere stays there. Refuses
    `session_over`, `table_unknown`, `table_kept`.
    """
    require(actor, "table.sit")
    forum, seat = scope(actor), actor.seat
    if seat is None:
        raise Refused("not_allowed")

    def decide(session: Session, now: int) -> Change[dict[str, Any]]:
        standing.confirm(session, actor, now)
        require_table(session, forum, table)
        here = seats.table_of(session, seat)
        if here not in (None, table) and questions.minds_tables(session, forum):
            raise Refused("table_kept")
        seats.sit(session, seat, table)
        return Change({"status": "ok", "table": table})

    return await hall.change(forum, decide, revise=False)


async def be_called(hall: Hall, actor: Actor, nickname: str) -> str:
    """Give one's own seat a name (at most 20 graphemes, empty takes it away).

    Refuses `session_over`, `text_too_long`.
    """
    require(actor, "table.sit")
    forum, seat = scope(actor), actor.seat
    if seat is None:
        raise Refused("not_allowed")
    name = text.clean(nickname, limit=NICKNAME_LIMIT, required=False, field="nickname")

    def decide(session: Session, now: int) -> Change[str]:
        standing.confirm(session, actor, now)
        seats.name(session, seat, name)
        return Change(name)

    return await hall.change(forum, decide, revise=False)


async def leave(hall: Hall, actor: Actor) -> None:
    """End one's own session on this device; the seat, its ballots and other devices stay."""
    ours = actor.session
    if ours is None:
        return

    def decide(session: Session, now: int) -> Change[None]:
        sessions.revoke_one(session, ours, now)
        return Change(None)

    await hall.change(actor.forum, decide, revise=False)


def _enter_by_card(
    session: Session, hall: Hall, forum: Gate, held: SessionRow, now: int
) -> Entrance:
    if held.person_id is not None:
        raise Refused("link_unknown")
    if held.forum_id != forum.id:
        raise Refused("link_elsewhere")
    parent = held.parent_id or held.id
    role: Role = held.role  # type: ignore[assignment]  # stored from a Role
    if role == "facilitator" and parent is not None:
        sessions.revoke_children(session, parent, now)
    opened = sessions.open_session(
        session,
        role,
        now,
        min(held.expires, until(hall, forum, now)),
        forum=forum.id,
        table=held.table_no,
        seat=held.seat_id,
        panelist=held.panelist_id,
        parent=parent,
    )
    path = f"/f/{forum.code}{_SCREEN_OF.get(role, '')}"
    return Entrance(opened.token, role, path, held.expires, held.seat_id)


def _redeem(session: Session, forum: Gate, token: str, device: Device, now: int) -> int:
    seat = seats.ticket_seat(session, token)
    if seat is None:
        raise Refused("link_unknown")
    if seat.forum_id != forum.id:
        raise Refused("link_elsewhere")
    fresh = seats.redeem(session, seat.id, device.key, now)
    if not fresh and not _shown_again(seats.ticket_seat(session, token), device):
        raise Refused("ticket_used", number=seat.number)
    # A guest who shows a fresh ticket gains a vote and loses nothing that counts.
    if not (fresh and device.held.role == "open"):
        _mind_seat(session, forum, device, seat.id)
    return seat.id


def _shown_again(seat: seats.Ticketed | None, device: Device) -> bool:
    if seat is None:  # it was voided in this very moment
        return False
    return seat.id == device.held.seat or seats.redeemed_by(seat, device.key)


def _mind_seat(session: Session, forum: Gate, device: Device, wanted: int | None) -> None:
    """A link that somebody passed around must not take a device's seat away unasked."""
    held = device.held.seat
    if device.swap or held is None or wanted in (None, held) or device.held.forum != forum.id:
        return
    if device.held.role == "open":
        raise Refused("guest_held")
    raise Refused("seat_held", number=seats.number_of(session, held))


def _take_seat(
    session: Session, hall: Hall, forum: Gate, role: Role, seat: int, now: int
) -> Entrance:
    expires = until(hall, forum, now)
    opened = sessions.open_session(session, role, now, expires, forum=forum.id, seat=seat)
    return Entrance(opened.token, role, f"/f/{forum.code}", expires, seat)


def until(hall: Hall, forum: Gate | None, now: int) -> int:
    """A card printed weeks ahead still opens on the day."""
    start = forum.starts_at if forum else now
    return max(now, start) + hall.settings.session_days * DAY_MS


def known(found: Gate | None, code: str) -> Gate:
    """The forum that was looked up. Refuses `forum_unknown`."""
    if found is None:
        raise Refused("forum_unknown", forum=code)
    return found


def scope(actor: Actor) -> int:
    """The forum in which somebody acts. Refuses `sign_in`, `not_allowed`."""
    if actor.forum is None:
        raise Refused("sign_in" if actor.role == "visitor" else "not_allowed")
    return actor.forum


def require_table(session: Session, forum: int, table: int | None) -> None:
    """Refuse `table_unknown` unless the forum has this table (none is fine)."""
    if table is not None and table not in seats.tables_of(session, forum):
        raise Refused("table_unknown", table=table)
