"""One house with everybody in it: two forums, every kind of session, something of every noun.

`build` makes it once as a database file, of which tests open copies (`copies`). A role's token
lies in the cookie where a browser of that role keeps it (`KEPT`); expectations are in `rights.csv`.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlmodel import Session

from tests import boards, facts, scored
from tests.actions.conftest import running
from tests.facts import NOON, Clock
from townhall.actions import accounts, cards, people, questions, score_rules, selections
from townhall.hall import Hall
from townhall.storage import people as stored_people
from townhall.storage import sessions
from townhall.storage.database import writing
from townhall.storage.schema import Ask, Comment, Note, Upload

HERE, ELSEWHERE = "123456", "654321"
COUNTED, SEALED = "777777", "888888"
EXPIRES = NOON + 30 * 86_400_000
VICTIM, STRANGER = 73, 500
"""Ticket numbers: one of this forum, and one that only the other forum has."""

SPARE = 90
PASSWORD = "한 문장이면 좋아요"

# fmt: off
ROLES = (
    "visitor", "open", "seated_here", "seated_elsewhere", "member", "facilitator_here",
    "facilitator_other_table", "facilitator_elsewhere", "panelist", "moderator",
    "moderator_account", "moderator_elsewhere", "organiser", "official", "stage",
    "revoked_moderator", "revoked_link", "voided_seat",
)
# fmt: on

KEPT: Mapping[str, str] = {
    "open": f"townhall-{HERE}-phone",
    "seated_here": f"townhall-{HERE}-phone",
    "seated_elsewhere": f"townhall-{ELSEWHERE}-phone",
    "member": "townhall",
    "facilitator_here": f"townhall-{HERE}-desk",
    "facilitator_other_table": f"townhall-{HERE}-desk",
    "facilitator_elsewhere": f"townhall-{ELSEWHERE}-desk",
    "panelist": f"townhall-{HERE}-panel",
    "moderator": f"townhall-{HERE}-console",
    "moderator_account": "townhall",
    "moderator_elsewhere": "townhall",
    "organiser": "townhall",
    "official": "townhall",
    "stage": f"townhall-{HERE}-stage",
    "revoked_moderator": "townhall",
    "revoked_link": f"townhall-{HERE}-console",
    "voided_seat": f"townhall-{HERE}-phone",
}
"""The cookie in which an honest browser of each role holds its session."""

EVERY_COOKIE = (
    "townhall",
    *(
        f"townhall-{code}-{screen}"
        for code in (HERE, ELSEWHERE)
        for screen in ("phone", "desk", "console", "stage", "panel")
    ),
)
"""Every cookie that a browser could hold; a thief puts one token in all of them."""


@dataclass
class House:
    """Where everything is: ids by name, tokens by role, tokens that are still unused."""

    file: Path
    ids: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    tickets: list[str] = field(default_factory=list)
    invites: list[str] = field(default_factory=list)
    candidates: list[int] = field(default_factory=list)
    grants: dict[str, int] = field(default_factory=dict)
    upload: str = ""

    def spare(self, role: str, kind: list[str]) -> str:
        """A ticket or invitation that is this role's to use."""
        return kind[ROLES.index(role)]


@contextmanager
def light_passwords() -> Iterator[None]:
    """The same hashes with less work: here they are made by the hundred."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_HASHER", PasswordHasher(1, 8, 1))
        accounts._hash_of_nothing.cache_clear()
        yield
    accounts._hash_of_nothing.cache_clear()


async def build(folder: Path) -> House:
    """The house, made by the product's own actions where it has them."""
    house = House(folder / "house.db")
    clock = Clock()
    async with running(f"sqlite:///{house.file}", clock, []) as hall:
        await _selections(hall, clock, house)
        with writing(hall.database) as session:
            _forum(session, house)
            _elsewhere(session, house)
            _board(session, house)
            house.upload = _picture(session)
            _accounts(session, house)
            house.invites = [
                stored_people.add_invite(session, "official", EXPIRES) for _ in range(SPARE)
            ]
        await _tokens(hall, house)
        clock.pass_seconds(5)
        assert await questions.finish_due(hall) == 1
    return house


async def _selections(hall: Hall, clock: Clock, house: House) -> None:
    """Three scores: one being set up here, one with all its inputs, one sealed and shown."""
    setup = await scored.begun(hall, code=HERE)
    ready = await scored.held(hall, clock, code=COUNTED)
    done = await scored.held(hall, clock, code=SEALED)
    await selections.close(hall, scored.ORGANISER, done.selection)
    await scored.reveal(hall, done)
    clock.at = NOON
    roomy = scored.terms(setup, replace(scored.DRAFT, seats=9))
    await score_rules.set_rule(hall, scored.ORGANISER, setup.selection, roomy)
    house.candidates = setup.proposals
    house.ids |= {
        "forum": setup.forum,
        "selection": setup.selection,
        "panelist_row": setup.panel[1],
        "first": setup.first,
        "final": setup.final,
        "counted": ready.selection,
        "sealed": done.selection,
    }
    house.tokens["panelist"] = setup.links[0]


def _forum(session: Session, house: House) -> None:
    """Two tables that talk, a question in every state, a note at each table, an ask."""
    forum, ids = house.ids["forum"], house.ids
    for number in (1, 2):
        facts.table(session, forum, number)
    ids["segment"] = facts.segment(session, forum, facts={"limit": 40})
    ids["coming"] = facts.segment(session, forum, kind="talk", current=False, position=1)
    draft: dict[str, Any] = {"state": "draft", "opened_at": None}
    ids["draft"] = facts.question(session, forum, **draft)
    ids["open"] = facts.question(session, forum, closes_at=NOON + 60_000)
    ids["mood"] = facts.question(session, forum, eligibility="open")
    ids["closing"] = facts.question(session, forum, closes_at=NOON)
    ids["shown"] = facts.question(session, forum, state="revealed", closed_at=NOON)
    ids["seat"] = facts.seat(session, forum, 71, table_no=1)
    ids["voided"] = facts.seat(session, forum, 72, voided_at=NOON)
    ids["guest"] = facts.seat(session, forum, 1, kind="open")
    ids["victim"] = facts.seat(session, forum, VICTIM)
    for name, table in (("note", 1), ("note_of_two", 2)):
        ids[name] = _note(session, forum, table)
    ids["ask"] = _ask(session, forum, ids["victim"])


def _elsewhere(session: Session, house: House) -> None:
    ids = house.ids
    ids["forum_elsewhere"] = forum = facts.forum(session, code=ELSEWHERE)
    facts.table(session, forum, 1)
    ids["segment_elsewhere"] = facts.segment(session, forum)
    ids["open_elsewhere"] = facts.question(session, forum)
    ids["draft_elsewhere"] = facts.question(session, forum, state="draft", opened_at=None)
    ids["seat_elsewhere"] = facts.seat(session, forum, STRANGER, table_no=1)
    ids["note_elsewhere"] = _note(session, forum, 1)
    ids["ask_elsewhere"] = _ask(session, forum, ids["seat_elsewhere"])


def _note(session: Session, forum: int, table: int) -> int:
    note = Note(
        forum_id=forum,
        table_no=table,
        key=secrets.token_hex(16),
        kind="idea",
        text="자석 알림판을 달아요",
        created_at=NOON,
    )
    return _kept(session, note)


def _ask(session: Session, forum: int, seat: int) -> int:
    made = Ask(
        forum_id=forum,
        seat_id=seat,
        key=secrets.token_hex(16),
        text="언제부터 하나요?",
        created_at=NOON,
    )
    return _kept(session, made)


def _board(session: Session, house: House) -> None:
    """A proposal of the member and one of a neighbour, each with a comment of its author."""
    ids = house.ids
    ids["board"] = boards.board(session)
    ids["neighbour"], ids["member"] = boards.person(session), boards.person(session, "moon")
    for name, person in (("proposal", ids["member"]), ("proposal_of_other", ids["neighbour"])):
        ids[name] = boards.proposal(session, ids["board"], person, name)
        comment = Comment(
            proposal_id=ids[name],
            person_id=person,
            author=name,
            text="함께 해요",
            created_at=NOON,
        )
        ids[f"comment_on_{name}"] = _kept(session, comment)


def _picture(session: Session) -> str:
    token = secrets.token_hex(16)
    session.add(
        Upload(token=token, media_type="image/png", width=1, height=1, data=b"x", created_at=NOON)
    )
    session.flush()
    return token


def _accounts(session: Session, house: House) -> None:
    """Accounts with a session each; `revoked_moderator` signed in again after losing the role."""
    forum, elsewhere = house.ids["forum"], house.ids["forum_elsewhere"]
    granted: dict[str, tuple[str, int | None] | None] = {
        "member": None,
        "moderator_account": ("moderator", forum),
        "moderator_elsewhere": ("moderator", elsewhere),
        "organiser": ("organiser", None),
        "official": ("official", None),
        "revoked_moderator": ("moderator", forum),
    }
    for role, grant in granted.items():
        person = house.ids["member"] if role == "member" else boards.person(session, role)
        if grant:
            stored_people.grant(session, person, grant[0], forum=grant[1])
        opened = sessions.open_session(session, "member", NOON, EXPIRES, person=person)
        house.tokens[role] = opened.token
        if role == "revoked_moderator":
            stored_people.revoke_grants(session, person, "moderator", forum, NOON)
    house.grants = {each.nickname: each.id for each in stored_people.grants(session)}


async def _tokens(hall: Hall, house: House) -> None:
    """Cards, links and tickets, entered with as people do; one link and one seat taken back."""
    forum, elsewhere = house.ids["forum"], house.ids["forum_elsewhere"]
    organiser = scored.ORGANISER
    await accounts.sign_up(hall, "sunny", "햇살", PASSWORD)
    given: tuple[tuple[str, str, int, cards.CardRole, int | None], ...] = (
        ("facilitator_here", HERE, forum, "facilitator", 1),
        ("facilitator_other_table", HERE, forum, "facilitator", 2),
        ("facilitator_elsewhere", ELSEWHERE, elsewhere, "facilitator", 1),
        ("stage", HERE, forum, "stage", None),
        ("revoked_link", HERE, forum, "moderator", None),
        # A new link of a role takes back the one before.
        ("moderator", HERE, forum, "moderator", None),
    )
    for role, code, at, kind, table in given:
        card = await cards.card(hall, organiser, at, kind, table=table)
        house.tokens[role] = (await people.enter(hall, code, card)).token
    link = house.tokens["panelist"]
    house.tokens["panelist"] = (await people.enter(hall, HERE, link)).token
    house.tickets = [ticket.token for ticket in await cards.mint(hall, organiser, forum, SPARE)]
    with writing(hall.database) as session:
        for role, name, where in (
            ("seated_here", "seat", forum),
            ("voided_seat", "voided", forum),
            ("open", "guest", forum),
            ("seated_elsewhere", "seat_elsewhere", elsewhere),
        ):
            opened = sessions.open_session(
                session,
                "open" if role == "open" else "seated",
                NOON,
                EXPIRES,
                forum=where,
                seat=house.ids[name],
            )
            house.tokens[role] = opened.token


def _kept(session: Session, row: Any) -> int:
    session.add(row)
    session.flush()
    return int(row.id)
