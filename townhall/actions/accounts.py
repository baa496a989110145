"""Accounts: signing in and up, the roles an account holds, and invitations to them.

Belongs here: logins and passwords (argon2id, off the loop), organiser bootstrap, single-use
invitations, taking a role away. Does not belong here: seats, cards and links
(`actions.people`), counting failed attempts (the doors do). May call domain and storage.
"""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Session

from townhall.actions.people import NICKNAME_LIMIT, Entrance
from townhall.domain import text
from townhall.domain.audience import Actor, Role, require
from townhall.domain.errors import Refused
from townhall.domain.proposals import DAY_MS
from townhall.hall import Change, Hall
from townhall.storage import people, seats, sessions

INVITE_MS = 15 * 60_000
LOGIN_LIMIT = 64
PASSWORD_LENGTHS = (10, 256)

T = TypeVar("T")
StaffRole = Literal["organiser", "moderator", "official"]
Known = tuple[int, str | None]
"""An account and the hash of its password."""

_HASHER = PasswordHasher()
# Each hash takes 64 MiB; two at a time keep a wave of sign-ins from filling the memory.
_HASHING = ThreadPoolExecutor(2, thread_name_prefix="password")
_LOGIN = re.compile(r"[\w.+@-]{3,}")


@dataclass(frozen=True)
class Invitation:
    """What an invitation leads to."""

    role: str
    forum: int | None
    code: str | None
    expires: int


async def sign_in(hall: Hall, login: str, password: str) -> Entrance:
    """A new session of an account. Refuses `sign_in_failed`, the same for either mistake."""
    folded = text.fold(login)
    found = await hall.read(_password_of, folded)
    stored = found[1] if found else None
    # An unknown login costs the same time, so the answer's delay names nobody.
    stand_in = await _in_thread(_hash_of_nothing)
    if not await _verify(stored or stand_in, password) or found is None or stored is None:
        raise Refused("sign_in_failed")

    def decide(session: Session, now: int) -> Change[Entrance]:
        return Change(_open(session, hall, _confirmed(session, folded, found), now))

    return await hall.change(None, decide)


async def sign_up(hall: Hall, login: str, nickname: str, password: str) -> Entrance:
    """A new member's account and session.

    `login` 3 to 64 letters, digits or . _ - + @; `nickname` 1 to 20 graphemes; `password` 10 to 256
    characters. Refuses `login_invalid`, `login_taken`, `password_length`, `text_too_long`.
    """
    folded, name, hashed = await _new_account(login, nickname, password)

    def decide(session: Session, now: int) -> Change[Entrance]:
        person = _add(session, folded, name, hashed, now)
        return Change(_open(session, hall, person, now))

    return await hall.change(None, decide)


async def sign_out(hall: Hall, actor: Actor) -> None:
    """End the account's session on this device. May be repeated."""
    ours = actor.session
    if ours is None:
        return

    def decide(session: Session, now: int) -> Change[None]:
        sessions.revoke_one(session, ours, now)
        return Change(None)

    await hall.change(None, decide)


async def invite(hall: Hall, actor: Actor, role: StaffRole, forum: int | None = None) -> str:
    """A single-use invitation to a role, valid 15 minutes: its token.

    A moderator is invited to one forum, the others to the house. Refuses `not_allowed`,
    `forum_unknown`.
    """
    require(actor, "house.manage")

    def decide(session: Session, now: int) -> Change[str]:
        if (role == "moderator") != (forum is not None):
            raise Refused("invite_scope")
        if forum is not None and seats.gate_of(session, forum) is None:
            raise Refused("forum_unknown", forum=forum)
        return Change(people.add_invite(session, role, now + INVITE_MS, forum=forum))

    return await hall.change(None, decide)


async def setup_invite(hall: Hall) -> str | None:
    """An organiser's invitation while the house has no organiser yet; otherwise nothing.

    Whoever reads the server's output may use it: that is the person who installed it.
    """
    if await hall.read(people.has_organiser):
        return None

    def decide(session: Session, now: int) -> Change[str]:
        return Change(people.add_invite(session, "organiser", now + INVITE_MS))

    return await hall.change(None, decide)


async def invitation(hall: Hall, token: str) -> Invitation:
    """What an invitation leads to, without using it. Refuses `invite_unknown`."""
    found = await hall.read(_invitation, token, hall.now())
    if found is None:
        raise Refused("invite_unknown")
    return found


async def redeem_invite(
    hall: Hall, actor: Actor, token: str, *, login: str = "", nickname: str = "", password: str = ""
) -> Entrance:
    """Use an invitation: the signed-in account gets the role, or a new or existing one does.

    Every case ends in a new session. Refuses `invite_unknown`, `sign_in_failed` (the login exists
    and the password is another), `sign_in` (signed out meanwhile), and what `sign_up` refuses.
    """
    await invitation(hall, token)
    known = None if actor.person else await _existing(hall, login, password)
    new = None
    if not (actor.person or known):
        new = await _new_account(login, nickname or _short(login), password)

    def decide(session: Session, now: int) -> Change[Entrance]:
        found = people.open_invite(session, token, now)
        if found is None or found.id is None or not people.use_invite(session, found.id, now):
            raise Refused("invite_unknown")
        if known is not None:
            holder = _confirmed(session, text.fold(login), known)
        elif new is not None:
            holder = _add(session, *new, now)
        else:
            holder = _signed_in(session, actor, now)
        people.grant(session, holder, found.role, forum=found.forum_id, board=found.board_id)
        entrance = _open(session, hall, holder, now)
        forum = seats.gate_of(session, found.forum_id) if found.forum_id else None
        path = f"/f/{forum.code}/console" if forum else "/organise"
        return Change(Entrance(entrance.token, entrance.role, path, entrance.expires))

    return await hall.change(None, decide)


async def add_organiser(hall: Hall, login: str, password: str) -> bool:
    """Make an organiser from the command line; whether the account is new.

    An existing account gets the role and this password, and is signed out everywhere.
    """
    folded, name, hashed = await _new_account(login, _short(login), password)

    def decide(session: Session, now: int) -> Change[bool]:
        person = people.person_named(session, folded)
        if person is not None and person.id is not None:
            holder = person.id
            people.set_password(session, holder, hashed)
            sessions.revoke_person(session, holder, now)
        else:
            holder = people.add_person(session, folded, name, hashed, now)
        people.grant(session, holder, "organiser")
        return Change(person is None)

    return await hall.change(None, decide)


async def reset_password(hall: Hall, login: str, password: str) -> None:
    """Give an account a new password and sign it out everywhere. Refuses `login_unknown`."""
    folded, _, hashed = await _new_account(login, _short(login), password)

    def decide(session: Session, now: int) -> Change[None]:
        person = people.person_named(session, folded)
        if person is None or person.id is None:
            raise Refused("login_unknown", login=folded)
        people.set_password(session, person.id, hashed)
        sessions.revoke_person(session, person.id, now)
        return Change(None)

    await hall.change(None, decide)


async def revoke_role(
    hall: Hall, actor: Actor, login: str, role: StaffRole, forum: int | None = None
) -> None:
    """Take a role from an account and sign it out everywhere, sockets within two seconds.

    Refuses `login_unknown`, `role_not_held`.
    """
    require(actor, "house.manage")

    def decide(session: Session, now: int) -> Change[None]:
        person = people.person_named(session, text.fold(login))
        if person is None or person.id is None:
            raise Refused("login_unknown", login=login)
        if not people.revoke_grants(session, person.id, role, forum, now):
            raise Refused("role_not_held")
        sessions.revoke_person(session, person.id, now)
        return Change(None)

    await hall.change(None, decide)


async def _new_account(login: str, nickname: str, password: str) -> tuple[str, str, str]:
    """Checked and hashed: login, nickname, password hash."""
    folded = text.fold(login)
    if not _LOGIN.fullmatch(folded) or len(folded) > LOGIN_LIMIT:
        raise Refused("login_invalid")
    name = text.clean(nickname, limit=NICKNAME_LIMIT, field="nickname")
    shortest, longest = PASSWORD_LENGTHS
    if not shortest <= len(password) <= longest:
        raise Refused("password_length", shortest=shortest, longest=longest)
    return folded, name, await _in_thread(_HASHER.hash, password)


def _short(login: str) -> str:
    """What somebody is called who gave no other name."""
    return text.excerpt(login, NICKNAME_LIMIT) or login


async def _existing(hall: Hall, login: str, password: str) -> Known | None:
    """The account of a login that is taken, if the password is its own."""
    found = await hall.read(_password_of, text.fold(login))
    if found is None:
        return None
    _, stored = found
    if stored is None or not await _verify(stored, password):
        raise Refused("sign_in_failed")
    return found


def _confirmed(session: Session, login: str, known: Known) -> int:
    """The account, unless its password was changed while the one that was typed was verified."""
    if _password_of(session, login) != known:
        raise Refused("sign_in_failed")
    return known[0]


def _signed_in(session: Session, actor: Actor, now: int) -> int:
    """The account of somebody who is signed in, unless that ended meanwhile."""
    ended = actor.session is not None and sessions.revoked_among(session, [actor.session], now)
    if ended or actor.person is None:
        raise Refused("sign_in")
    return actor.person


def _password_of(session: Session, login: str) -> Known | None:
    person = people.person_named(session, login)
    if person is None or person.id is None or person.blinded_at is not None:
        return None
    return person.id, person.password_hash


def _invitation(session: Session, token: str, now: int) -> Invitation | None:
    found = people.open_invite(session, token, now)
    if found is None:
        return None
    forum = seats.gate_of(session, found.forum_id) if found.forum_id else None
    return Invitation(found.role, found.forum_id, forum.code if forum else None, found.expires)


def _add(session: Session, login: str, nickname: str, hashed: str, now: int) -> int:
    if people.person_named(session, login) is not None:
        raise Refused("login_taken")
    return people.add_person(session, login, nickname, hashed, now)


def _open(session: Session, hall: Hall, person: int, now: int) -> Entrance:
    expires = now + hall.settings.session_days * DAY_MS
    role: Role = "member"
    opened = sessions.open_session(session, role, now, expires, person=person)
    return Entrance(opened.token, role, "/", expires)


@cache
def _hash_of_nothing() -> str:
    """A hash that no password fits."""
    return _HASHER.hash(people.new_token())


async def _verify(stored: str, password: str) -> bool:
    def check() -> bool:
        try:
            return _HASHER.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    return await _in_thread(check)


async def _in_thread(work: Callable[..., T], *args: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(_HASHING, work, *args)
