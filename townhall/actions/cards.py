"""What lets people in, made and taken back: tickets, table cards, links.

Does not belong here: entering with them and the sessions they open (`actions.people`). May call
domain, storage and `actions.people`.
"""

from collections.abc import Sequence
from typing import Any, Literal

from sqlmodel import Session

from townhall.actions import people, tokens
from townhall.domain.audience import Actor, require
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.storage import seats, sessions
from townhall.storage.people import new_token
from townhall.storage.seats import Ticket

MOST_TICKETS = 10_000

CardRole = Literal["facilitator", "moderator", "stage", "panelist"]
_MAY_ISSUE: dict[CardRole, str] = {
    "facilitator": "seat.manage",
    "stage": "seat.manage",
    "moderator": "house.manage",
    "panelist": "selection.manage",
}


async def mint(
    hall: Hall,
    actor: Actor,
    forum: int,
    n: int,
    tables: Sequence[int] | None = None,
    *,
    key: str | None = None,
) -> list[Ticket]:
    """`n` (1 to 10,000) new seat tickets, round robin over `tables` (all of the forum's if None).

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
            people.require_table(session, forum, table)
        made = seats.mint_tickets(session, forum, drawn, known if tables is None else tables, now)
        body = {"n": n, "first": made[0].number, "last": made[-1].number}
        return Change(made, frozenset({"room", "turnout"}), ("tickets_minted", body))

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
    found = people.known(seats.gate_of(session, forum), str(forum))
    if role == "facilitator":
        if table is None:
            raise Refused("table_unknown", table="")
        people.require_table(session, forum, table)
        sessions.revoke_cards(session, forum, role, table, now)
    elif role in ("moderator", "stage"):
        sessions.revoke_cards(session, forum, role, None, now)
    elif role == "panelist" and panelist is not None:
        sessions.revoke_panelist(session, panelist, now)
    until = people.until(hall, found, now)
    scope: dict[str, Any] = {"forum": forum, "table": table, "panelist": panelist}
    opened = sessions.open_session(session, role, now, until, **scope, token=token)
    return {"role": role, "table": table, "session": opened.id}


async def card_revoke(hall: Hall, actor: Actor, table: int) -> dict[str, Any]:
    """Take a table's card back; its tablets are cut within two seconds. May be repeated."""
    forum = people.scope(actor)
    require(actor, "seat.manage", forum=forum)

    def decide(session: Session, now: int) -> Change[dict[str, Any]]:
        people.require_table(session, forum, table)
        ended = sessions.revoke_cards(session, forum, "facilitator", table, now)
        body = {"table": table, "sessions": ended, "by": actor.session}
        return Change({"status": "ok"}, frozenset({"room"}), ("card_revoked", body))

    return await hall.change(forum, decide)


async def seat_reset(hall: Hall, actor: Actor, seat: int) -> dict[str, Any]:
    """Free the seat of a ticket (the number on its paper) from the device that holds it.

    The ticket can be redeemed again; its ballots stay, so nobody votes twice. Recorded in the
    audit chain. Refuses `seat_unknown`.
    """
    forum = people.scope(actor)
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


def _token(hall: Hall, actor: Actor, key: str | None, *names: object) -> str:
    """A token of 128 random bits, or the one that this form had before."""
    return tokens.draw(people.secret_of(hall), key, actor.person, *names) if key else new_token()
