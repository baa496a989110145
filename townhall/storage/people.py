"""Accounts, the roles they hold and the invitations that give them. Queries only.

Belongs here: persons, role grants, invitations, and the hash under which anything that grants
access is stored. Does not belong here: seats (`seats`), sessions (`sessions`), passwords in
clear or rules about them (`actions.accounts`).
"""

import hashlib
import secrets
from dataclasses import dataclass

from sqlmodel import Session, col, select, update

from townhall.storage.schema import Invite, Person, RoleGrant


def new_token() -> str:
    """128 random bits that grant access; shown once, stored as its digest.

    Hexadecimal, because chat apps cut a hyphen or underscore from the end of a link.
    """
    return secrets.token_hex(16)


def digest(token: str) -> str:
    """What is stored of a token. 128 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def person_named(session: Session, login: str) -> Person | None:
    """The account of a folded login."""
    return session.exec(select(Person).where(Person.login == login)).first()


def add_person(
    session: Session, login: str, nickname: str, password_hash: str | None, now: int
) -> int:
    """A new account; the caller has looked whether the login is free."""
    person = Person(login=login, nickname=nickname, password_hash=password_hash, created_at=now)
    session.add(person)
    session.flush()
    assert person.id is not None
    return person.id


def set_password(session: Session, person: int, password_hash: str) -> None:
    """Replace a password."""
    session.exec(update(Person).where(col(Person.id) == person).values(password_hash=password_hash))


def grant(
    session: Session, person: int, role: str, *, forum: int | None = None, board: int | None = None
) -> None:
    """Give a role in a scope; one that was taken away comes back to life, one held stays."""
    held = session.exec(
        select(RoleGrant).where(
            RoleGrant.person_id == person,
            RoleGrant.role == role,
            RoleGrant.forum_id == forum,
            RoleGrant.board_id == board,
        )
    ).first()
    if held is None:
        held = RoleGrant(person_id=person, role=role, forum_id=forum, board_id=board)
    held.revoked_at = None
    session.add(held)
    session.flush()


def revoke_grants(session: Session, person: int, role: str, forum: int | None, now: int) -> bool:
    """Take a role away; whether the person held it."""
    taken = session.exec(
        update(RoleGrant)
        .where(
            col(RoleGrant.person_id) == person,
            col(RoleGrant.role) == role,
            col(RoleGrant.forum_id) == forum,
            col(RoleGrant.revoked_at).is_(None),
        )
        .values(revoked_at=now)
    )
    return bool(taken.rowcount)


def grants_of(session: Session, person: int) -> list[tuple[str, int | None]]:
    """The roles a person holds now: (role, forum)."""
    rows = session.exec(
        select(RoleGrant.role, RoleGrant.forum_id)
        .where(RoleGrant.person_id == person, col(RoleGrant.revoked_at).is_(None))
        .order_by(col(RoleGrant.id))
    )
    return [(role, forum) for role, forum in rows]


@dataclass(frozen=True)
class Grant:
    """A role that somebody holds; `forum` where it is a moderator's."""

    id: int
    person: int
    nickname: str
    login: str
    role: str
    forum: int | None


def grants(session: Session) -> list[Grant]:
    """Every role that is held now, organisers first."""
    rows = session.exec(
        select(RoleGrant, Person)
        .join(Person, col(Person.id) == col(RoleGrant.person_id))
        .where(col(RoleGrant.revoked_at).is_(None), col(Person.blinded_at).is_(None))
        .order_by(col(RoleGrant.role).desc(), col(RoleGrant.id))
    )
    return [
        Grant(row.id or 0, row.person_id, person.nickname, person.login, row.role, row.forum_id)
        for row, person in rows
    ]


def has_organiser(session: Session) -> bool:
    """Whether anybody runs this house yet."""
    return (
        session.exec(
            select(RoleGrant.id).where(
                RoleGrant.role == "organiser", col(RoleGrant.revoked_at).is_(None)
            )
        ).first()
        is not None
    )


def add_invite(
    session: Session, role: str, expires: int, *, forum: int | None = None, board: int | None = None
) -> str:
    """A new invitation; gives its token, which is stored nowhere."""
    token = new_token()
    session.add(
        Invite(token_hash=digest(token), role=role, forum_id=forum, board_id=board, expires=expires)
    )
    session.flush()
    return token


def open_invite(session: Session, token: str, now: int) -> Invite | None:
    """The invitation of a token, if it can still be used."""
    return session.exec(
        select(Invite).where(
            Invite.token_hash == digest(token),
            col(Invite.used_at).is_(None),
            col(Invite.expires) > now,
        )
    ).first()


def use_invite(session: Session, invite: int, now: int) -> bool:
    """Spend an invitation; only one caller ever gets True."""
    used = session.exec(
        update(Invite)
        .where(col(Invite.id) == invite, col(Invite.used_at).is_(None))
        .values(used_at=now)
    )
    return bool(used.rowcount)
