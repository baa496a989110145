"""Sessions: what a token opens, until when, and whether it still does. Queries only.

A card or a link is a session too; a browser that enters with one gets a child. A session is alive
while neither it nor its parent is revoked or expired and its seat, where it has one, is not
voided. Signed page tokens name a session in a forum and are as alive as both: SQLite may give the
number of a session that went with a rehearsal once more, and a forum's never (`storage.fresh`).
"""

import hmac
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, bindparam, insert, or_, text
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select, update

from townhall.domain.audience import VISITOR, Actor, Role, allowed
from townhall.storage.people import digest, grants_of, new_token
from townhall.storage.schema import Person, Seat
from townhall.storage.schema import Session as Row

PAGE_TOKEN_MS = 3_600_000

_INSERT: Any = insert(Row).returning(col(Row.id))


@dataclass(frozen=True)
class Opened:
    """A session just made: its id, and the token that is stored nowhere."""

    id: int
    token: str


def open_session(
    session: Session,
    role: Role,
    now: int,
    expires: int,
    *,
    forum: int | None = None,
    table: int | None = None,
    seat: int | None = None,
    person: int | None = None,
    panelist: int | None = None,
    parent: int | None = None,
    token: str | None = None,
) -> Opened:
    """A new session with the given token, or with one of its own."""
    token = token or new_token()
    row = {
        "token_hash": digest(token),
        "role": role,
        "forum_id": forum,
        "table_no": table,
        "seat_id": seat,
        "person_id": person,
        "panelist_id": panelist,
        "parent_id": parent,
        "created_at": now,
        "expires": expires,
    }
    session.flush()  # Whatever the row refers to has to be there first.
    made = session.connection().execute(_INSERT, row).scalar_one()
    return Opened(made, token)


def session_of(session: Session, token: str, now: int) -> Row | None:
    """The live session of a raw token."""
    found = _found(session, _BY_HASH, [digest(token)], now)
    return session.get(Row, found[0].id) if found else None


def opened_before(session: Session, token: str) -> Row | None:
    """The session of a raw token, alive or not."""
    return session.exec(select(Row).where(Row.token_hash == digest(token))).first()


@dataclass(frozen=True)
class Shown:
    """A token that somebody shows, and the forum they come to: an account has its role there."""

    token: str
    forum: int | None = None


def recognise(session: Session, shown: Sequence[Shown], now: int, secret: str) -> list[Actor]:
    """Who holds each token: a raw session token or a signed page token.

    What is unknown, expired, revoked, forged or signed for another forum is a visitor.
    """
    pages = {
        each: _read_page_token(each, now, secret) if "." in each.token else None for each in shown
    }
    ids = [page[0] for page in pages.values() if page is not None]
    hashes = {each: digest(each.token) for each, page in pages.items() if page is None}
    by_id = {row.id: row for row in _found(session, _BY_ID, ids, now)}
    by_hash = {row.token_hash: row for row in _found(session, _BY_HASH, [*hashes.values()], now)}

    def one(each: Shown) -> Actor:
        page = pages[each]
        if page is None:
            row, screen = by_hash.get(hashes[each]), ""
        else:
            row, screen = by_id.get(page[0]), page[1]
        actor = VISITOR if row is None else _actor(session, row, each.forum)
        return _at_screen(actor, screen, each.forum)

    return [one(each) for each in shown]


def _found(session: Session, wanted: Any, asked: Sequence[object], now: int) -> Sequence[Any]:
    if not asked:
        return []
    return session.connection().execute(wanted, {"wanted": list(asked), "now": now}).all()


def page_token(session_id: int, forum: int, screen: str, now: int, secret: str) -> tuple[str, int]:
    """A signed token for the socket of a forum's page, and when it expires.

    `screen` is "stage" where somebody who may do more opened the projector's page.
    """
    expires = now + PAGE_TOKEN_MS
    body = f"{session_id}.{screen}.{expires}"
    return f"{body}.{_sign(forum, body, secret)}", expires


def _read_page_token(shown: Shown, now: int, secret: str) -> tuple[int, str] | None:
    """The session id and screen that a token signed for this forum names, until it expires."""
    body, _, signature = shown.token.rpartition(".")
    wanted = _sign(shown.forum, body, secret)
    if not hmac.compare_digest(signature.encode(), wanted.encode()):
        return None
    session_id, screen, expires = body.split(".")
    return (int(session_id), screen) if int(expires) > now else None


def _at_screen(actor: Actor, screen: str, forum: int | None) -> Actor:
    """A moderator's projector page listens as the stage, so it can show no more than the stage."""
    if screen != "stage" or actor.role == "stage":
        return actor
    if forum is None or not allowed(actor, "stage.read", forum=forum):
        return VISITOR
    return Actor(role="stage", session=actor.session, forum=forum)


def devices(session: Session, forum: int, now: int) -> Counter[tuple[str, int | None]]:
    """How many devices are in with a card or link of a forum: (role, table) -> devices."""
    card = aliased(Row)
    rows = session.exec(
        select(Row.role, Row.table_no)
        .join(card, col(card.id) == col(Row.parent_id))
        .where(
            Row.forum_id == forum,
            col(Row.revoked_at).is_(None),
            col(Row.expires) > now,
            col(card.revoked_at).is_(None),
        )
    )
    return Counter((role, table) for role, table in rows)


def carded(session: Session, forum: int, now: int) -> set[int]:
    """The tables that have a card."""
    rows = session.exec(
        select(Row.table_no).where(
            Row.forum_id == forum,
            Row.role == "facilitator",
            col(Row.parent_id).is_(None),
            col(Row.revoked_at).is_(None),
            col(Row.expires) > now,
        )
    )
    return {table for table in rows if table is not None}


def revoke(session: Session, now: int, *which: ColumnElement[bool]) -> int:
    """End the sessions that match; how many ended. Socket doors ask each second."""
    ended = session.exec(
        update(Row).where(col(Row.revoked_at).is_(None), *which).values(revoked_at=now)
    )
    session.flush()
    return int(ended.rowcount)


def revoke_one(session: Session, session_id: int, now: int) -> int:
    """End one session; its children end with it."""
    return revoke(session, now, col(Row.id) == session_id)


def revoke_seat(session: Session, seat: int, now: int) -> int:
    """End every session that holds a seat."""
    return revoke(session, now, col(Row.seat_id) == seat)


def revoke_person(session: Session, person: int, now: int) -> int:
    """End every session of an account."""
    return revoke(session, now, col(Row.person_id) == person)


def revoke_panelist(session: Session, panelist: int, now: int) -> int:
    """End a panelist's link and every session entered with it."""
    return revoke(session, now, col(Row.panelist_id) == panelist)


def revoke_children(session: Session, parent: int, now: int) -> int:
    """End the sessions that were entered with a card; the card itself stays."""
    return revoke(session, now, col(Row.parent_id) == parent)


def revoke_cards(session: Session, forum: int, role: Role, table: int | None, now: int) -> int:
    """End every session of a role in a forum (at one table), cards and children alike."""
    where = [col(Row.forum_id) == forum, col(Row.role) == role]
    if table is not None:
        where.append(col(Row.table_no) == table)
    return revoke(session, now, *where)


def revoked_among(session: Session, ids: Sequence[int], now: int) -> set[int]:
    """Which of these sessions are no longer alive, or gone. One statement for any number of ids."""
    if not ids:
        return set()
    sqlite = session.get_bind().dialect.name == "sqlite"
    listed = "json_each(:ids)" if sqlite else "unnest(CAST(:ids AS int[])) AS shown(value)"
    rows = session.connection().execute(
        text(
            f"SELECT value FROM {listed} WHERE NOT EXISTS (SELECT 1 FROM session s "
            "LEFT JOIN session p ON p.id = s.parent_id LEFT JOIN seat t ON t.id = s.seat_id "
            "WHERE s.id = value AND s.revoked_at IS NULL AND s.expires > :now "
            "AND (p.id IS NULL OR (p.revoked_at IS NULL AND p.expires > :now)) "
            "AND (t.id IS NULL OR t.voided_at IS NULL))"
        ),
        {"ids": json.dumps(list(ids)) if sqlite else list(ids), "now": now},
    )
    return {int(row[0]) for row in rows}


def _sign(forum: int | None, body: str, secret: str) -> str:
    signed = f"page:{forum}:{body}"
    return hmac.new(secret.encode(), signed.encode(), "sha256").hexdigest()[:32]


def _alive(wanted: Any) -> Any:
    """The live sessions whose `wanted` is among those asked for, each with its seat's facts."""
    parent = aliased(Row)
    return (
        columns(
            col(Row.id),
            col(Row.token_hash),
            col(Row.role),
            col(Row.forum_id),
            col(Row.table_no),
            col(Row.seat_id),
            col(Row.person_id),
            col(Row.panelist_id),
            col(Seat.table_no).label("seat_table"),
            col(Seat.kind).label("seat_kind"),
            col(Seat.nickname).label("seat_nickname"),
        )
        .join(parent, col(parent.id) == col(Row.parent_id), isouter=True)
        .join(Seat, col(Seat.id) == col(Row.seat_id), isouter=True)
        .where(
            col(wanted).in_(bindparam("wanted", expanding=True)),
            col(Row.revoked_at).is_(None),
            col(Row.expires) > bindparam("now"),
            or_(
                col(Row.parent_id).is_(None),
                and_(col(parent.revoked_at).is_(None), col(parent.expires) > bindparam("now")),
            ),
            col(Seat.voided_at).is_(None),
        )
    )


# Built once: a hall asks at every door.
_BY_HASH = _alive(Row.token_hash)
_BY_ID = _alive(Row.id)


def _actor(session: Session, row: Any, forum: int | None) -> Actor:
    if row.person_id is not None:
        return _account(session, row, forum)
    seated = row.seat_id is not None
    return Actor(
        role=cast("Role", row.role),
        session=row.id,
        forum=row.forum_id,
        table=row.seat_table if seated else row.table_no,
        seat=row.seat_id,
        seat_kind=row.seat_kind,
        panelist=row.panelist_id,
        nickname=row.seat_nickname or "",
    )


def _account(session: Session, row: Any, forum: int | None) -> Actor:
    """An account acts in the strongest role it holds now: one taken away is gone at once."""
    person_id = row.person_id
    person = session.get(Person, person_id)
    if person is None or person.blinded_at is not None:
        return VISITOR
    grants = grants_of(session, person_id)
    role: Role = "member"
    if any(held == "organiser" for held, _ in grants):
        role = "organiser"
    elif forum is not None and ("moderator", forum) in grants:
        role = "moderator"
    elif any(held == "official" for held, _ in grants):
        role = "official"
    return Actor(
        role=role,
        session=row.id,
        forum=forum if role in {"moderator", "organiser"} else None,
        person=person_id,
        nickname=person.nickname,
    )
