"""Entering, sitting down, and who holds which seat, card and link.

Belongs here: tickets, the open code, table cards and links, sessions, and taking any of them
back. Does not belong here: accounts and passwords (`actions.accounts`), what a role may do
(`domain.audience`). May call domain and storage.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlmodel import Session

from townhall.actions import tokens
from townhall.domain import text
from townhall.domain.audience import VISITOR, Actor, Role, require
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.storage import questions, seats, sessions
from townhall.storage.people import new_token
from townhall.storage.schema import Session as SessionRow
from townhall.storage.seats import Gate, Ticket

DAY_MS = 86_400_000
NICKNAME_LIMIT = 20
MOST_TICKETS = 5_000

CardRole = Literal["facilitator", "moderator", "stage", "panelist"]
_MAY_ISSUE: dict[CardRole, str] = {
    "facilitator": "seat.manage",
    "stage": "seat.manage",
    "moderator": "house.manage",
    "panelist": "selection.manage",
}
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


async def gate(hall: Hall, code: str) -> Gate:
    """The forum of a six-digit code. Refuses `forum_unknown`."""
    return _known(await hall.read(seats.gate, code), code)


async def recognise(hall: Hall, token: str, forum: int | None = None) -> Actor:
    """Who holds a raw session token or a signed page token; a visitor when it opens nothing.

    `forum` (id) says in which forum an account's role is asked for.
    """
    return await hall.read(sessions.recognise, token, hall.now(), secret_of(hall), forum)


async def arrive(hall: Hall, code: str, token: str) -> tuple[Gate, Actor]:
    """The forum of a six-digit code, and who comes to it with a token; both from one look.

    Refuses `forum_unknown`.
    """

    def look(session: Session) -> tuple[Gate, Actor]:
        forum = _known(seats.gate(session, code), code)
        actor = sessions.recognise(session, token, hall.now(), secret_of(hall), forum.id)
        return forum, actor

    return await hall.read(look)


def page_token(hall: Hall, actor: Actor, screen: str = "") -> tuple[str, int]:
    """A signed token for the page's socket and its expiry (ms), valid one hour.

    With `screen` "stage" it opens the projector's audience and nothing more. Refuses `sign_in`.
    """
    if actor.session is None:
        raise Refused("sign_in")
    return sessions.page_token(actor.session, screen, hall.now(), secret_of(hall))


async def revoked_among(hall: Hall, ids: Sequence[int]) -> set[int]:
    """Which of these session ids are expired or revoked, by themselves or with card or seat."""
    return await hall.read(sessions.revoked_among, ids, hall.now())


async def enter(hall: Hall, code: str, token: str, actor: Actor = VISITOR) -> Entrance:
    """The one entrance for everything with a token: ticket, table card, link.

    A ticket is redeemed once, atomically; whoever holds its seat already may show it again. A
    table card demotes the tablet that entered before. Refuses `forum_unknown`, `ticket_used`,
    `link_unknown`, `link_elsewhere`.
    """
    forum = await gate(hall, code)

    def decide(session: Session, now: int) -> Change[Entrance]:
        card = sessions.session_of(session, token, now)
        if card is not None:
            return Change(_enter_by_card(session, hall, forum, card, now))
        seat = _redeem(session, forum, token, actor.seat, now)
        return Change(_take_seat(session, hall, forum, "seated", seat, now), frozenset({"room"}))

    return await hall.change(forum.id, decide, revise=False)


async def join(
    hall: Hall,
    code: str,
    *,
    ticket: str | None = None,
    nickname: str = "",
    table: int | None = None,
    actor: Actor = VISITOR,
) -> Entrance:
    """A seat by ticket, or an open seat by the code alone (mood questions and asks).

    `nickname` at most 20 graphemes, may be empty. Refuses as `enter` does, `forum_ended`,
    `table_unknown`, `text_too_long`.
    """
    if ticket is not None:
        return await enter(hall, code, ticket, actor)
    name = text.clean(nickname, limit=NICKNAME_LIMIT, required=False, field="nickname")
    forum = await gate(hall, code)
    if forum.state == "ended":
        raise Refused("forum_ended")

    def decide(session: Session, now: int) -> Change[Entrance]:
        _require_table(session, forum.id, table)
        seat = seats.add_open_seat(session, forum.id, name, table, now)
        return Change(_take_seat(session, hall, forum, "open", seat, now), frozenset({"room"}))

    return await hall.change(forum.id, decide, revise=False)


async def my_link(hall: Hall, actor: Actor) -> str:
    """A token that brings a participant back to their own seat after the browser forgot them."""
    require(actor, "table.sit")
    forum = _scope(actor)

    def decide(session: Session, now: int) -> Change[str]:
        expires = _until(hall, seats.gate_of(session, forum), now)
        opened = sessions.open_session(
            session, actor.role, now, expires, forum=forum, seat=actor.seat
        )
        return Change(opened.token)

    return await hall.change(forum, decide, revise=False)


async def sit(hall: Hall, actor: Actor, table: int | None) -> dict[str, Any]:
    """Sit down at a table (number), or at none. Counts from the next ballot. May be repeated.

    While stickers may not go to one's own table, whoever sits somewhere stays there. Refuses
    `table_unknown`, `table_kept`.
    """
    require(actor, "table.sit")
    forum, seat = _scope(actor), actor.seat
    if seat is None:
        raise Refused("not_allowed")

    def decide(session: Session, _now: int) -> Change[dict[str, Any]]:
        _require_table(session, forum, table)
        here = seats.table_of(session, seat)
        if here not in (None, table) and questions.minds_tables(session, forum):
            raise Refused("table_kept")
        seats.sit(session, seat, table)
        return Change({"status": "ok", "table": table})

    return await hall.change(forum, decide, revise=False)


async def be_called(hall: Hall, actor: Actor, nickname: str) -> str:
    """Give one's own seat a name (at most 20 graphemes, empty takes it away)."""
    require(actor, "table.sit")
    forum, seat = _scope(actor), actor.seat
    if seat is None:
        raise Refused("not_allowed")
    name = text.clean(nickname, limit=NICKNAME_LIMIT, required=False, field="nickname")

    def decide(session: Session, _now: int) -> Change[str]:
        seats.name(session, seat, name)
        return Change(name)

    return await hall.change(forum, decide, revise=False)


async def mint(
    hall: Hall,
    actor: Actor,
    forum: int,
    n: int,
    tables: Sequence[int] | None = None,
    *,
    key: str | None = None,
) -> list[Ticket]:
    """`n` (1 to 5,000) new seat tickets, round robin over `tables` (all of the forum's if None).

    The tokens are known only now; their number is recorded in the audit chain. With the `key` of
    a form it may be repeated: the same key and number give the same tickets. Refuses
    `tickets_number`, `table_unknown`, `form_used`.
    """
    require(actor, "seat.manage", forum=forum)
    if not 1 <= n <= MOST_TICKETS:
        raise Refused("tickets_number", most=MOST_TICKETS)

    drawn = [_token(hall, actor, key, "ticket", forum, n, i) for i in range(n)]

    def decide(session: Session, now: int) -> Change[list[Ticket]]:
        if again := seats.minted(session, forum, drawn if key else ()):
            return Change(again)
        known = seats.tables_of(session, forum)
        for table in tables or ():
            _require_table(session, forum, table)
        made = seats.mint_tickets(session, forum, drawn, known if tables is None else tables, now)
        body = {"n": n, "first": made[0].number, "last": made[-1].number}
        return Change(made, frozenset({"room"}), ("tickets_minted", body))

    return await hall.change(forum, decide)


async def card(
    hall: Hall,
    actor: Actor,
    forum: int,
    role: CardRole,
    *,
    table: int | None = None,
    panelist: int | None = None,
    key: str | None = None,
) -> str:
    """A new card or link to a role of one forum: its token.

    A new one replaces the old one (of a table, of a panelist, of the stage, of the moderators) and
    whoever entered with it: so a link that got lost is taken back. Valid `session_days` from now
    or from the forum's start, whichever is later. With the `key` of a form it may be repeated,
    until another card has replaced it. Refuses `table_unknown`, `form_used`.
    """
    require(actor, _MAY_ISSUE[role], forum=forum)
    token = _token(hall, actor, key, role, forum, table, panelist)

    def decide(session: Session, now: int) -> Change[str]:
        if key and sessions.opened_before(session, token):
            if sessions.session_of(session, token, now) is None:
                raise Refused("form_used")
            return Change(token)
        body = issue(session, hall, forum, role, token, now, table=table, panelist=panelist)
        return Change(token, frozenset(), ("card_issued", body))

    return await hall.change(forum, decide)


def issue(
    session: Session,
    hall: Hall,
    forum: int,
    role: CardRole,
    token: str,
    now: int,
    *,
    table: int | None = None,
    panelist: int | None = None,
) -> dict[str, Any]:
    """Inside a change: make `token` a card of a role; what the audit chain says of it."""
    found = _known(seats.gate_of(session, forum), str(forum))
    if role == "facilitator":
        if table is None:
            raise Refused("table_unknown", table="")
        _require_table(session, forum, table)
        sessions.revoke_cards(session, forum, role, table, now)
    elif role in ("moderator", "stage"):
        sessions.revoke_cards(session, forum, role, None, now)
    elif role == "panelist" and panelist is not None:
        sessions.revoke_panelist(session, panelist, now)
    until = _until(hall, found, now)
    scope: dict[str, Any] = {"forum": forum, "table": table, "panelist": panelist}
    opened = sessions.open_session(session, role, now, until, **scope, token=token)
    return {"role": role, "table": table, "session": opened.id}


async def card_revoke(hall: Hall, actor: Actor, table: int) -> dict[str, Any]:
    """Take a table's card back; its tablets are cut within two seconds. May be repeated."""
    forum = _scope(actor)
    require(actor, "seat.manage", forum=forum)

    def decide(session: Session, now: int) -> Change[dict[str, Any]]:
        _require_table(session, forum, table)
        ended = sessions.revoke_cards(session, forum, "facilitator", table, now)
        body = {"table": table, "sessions": ended, "by": actor.session}
        return Change({"status": "ok"}, frozenset({"room"}), ("card_revoked", body))

    return await hall.change(forum, decide)


async def seat_reset(hall: Hall, actor: Actor, seat: int) -> dict[str, Any]:
    """Free the seat of a ticket (the number on its paper) from the device that holds it.

    The ticket can be redeemed again; its ballots stay, so nobody votes twice. Recorded in the
    audit chain. Refuses `seat_unknown`.
    """
    forum = _scope(actor)
    require(actor, "seat.manage", forum=forum)

    def decide(session: Session, now: int) -> Change[dict[str, Any]]:
        held = seats.ticket_numbered(session, forum, seat)
        if held is None:
            raise Refused("seat_unknown")
        seats.release(session, held)
        ended = sessions.revoke_seat(session, held, now)
        body = {"seat": held, "sessions": ended, "by": actor.session}
        return Change({"status": "ok"}, frozenset({"room"}), ("seat_reset", body))

    return await hall.change(forum, decide)


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
        min(held.expires, _until(hall, forum, now)),
        forum=forum.id,
        table=held.table_no,
        seat=held.seat_id,
        panelist=held.panelist_id,
        parent=parent,
    )
    path = f"/f/{forum.code}{_SCREEN_OF.get(role, '')}"
    return Entrance(opened.token, role, path, held.expires, held.seat_id)


def _redeem(session: Session, forum: Gate, token: str, held: int | None, now: int) -> int:
    seat = seats.ticket_seat(session, token)
    if seat is None or seat.id is None:
        raise Refused("link_unknown")
    if seat.forum_id != forum.id:
        raise Refused("link_elsewhere")
    if not seats.redeem(session, seat.id, now) and seat.id != held:
        raise Refused("ticket_used", number=seat.number)
    return seat.id


def _take_seat(
    session: Session, hall: Hall, forum: Gate, role: Role, seat: int, now: int
) -> Entrance:
    expires = _until(hall, forum, now)
    opened = sessions.open_session(session, role, now, expires, forum=forum.id, seat=seat)
    return Entrance(opened.token, role, f"/f/{forum.code}", expires, seat)


def _token(hall: Hall, actor: Actor, key: str | None, *names: object) -> str:
    """A token of 128 random bits, or the one that this form had before."""
    return tokens.draw(secret_of(hall), key, actor.person, *names) if key else new_token()


def _until(hall: Hall, forum: Gate | None, now: int) -> int:
    """A card printed weeks ahead still opens on the day."""
    start = forum.starts_at if forum else now
    return max(now, start) + hall.settings.session_days * DAY_MS


def _known(found: Gate | None, code: str) -> Gate:
    if found is None:
        raise Refused("forum_unknown", forum=code)
    return found


def _scope(actor: Actor) -> int:
    if actor.forum is None:
        raise Refused("sign_in" if actor.role == "visitor" else "not_allowed")
    return actor.forum


def _require_table(session: Session, forum: int, table: int | None) -> None:
    if table is not None and table not in seats.tables_of(session, forum):
        raise Refused("table_unknown", table=table)
