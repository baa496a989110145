"""Rows of a board, inserted directly: what tests of proposals begin from.

Like `facts`: each builder takes a session, flushes and gives the new id; the caller commits.
"""

from typing import Any

from sqlmodel import Session

from tests.facts import NOON
from townhall.domain.audience import Actor
from townhall.domain.drafts import Draft
from townhall.domain.proposals import DAY_MS
from townhall.storage import boards, proposals, schema

MONTH = 30 * DAY_MS


def board(session: Session, key: str = "library", **columns: Any) -> int:
    """A board on which agreement lasts 30 days."""
    given: dict[str, Any] = {"title": "작은도서관", "about": "", "agreement_days": 30}
    return boards.add(session, key=key, now=NOON, **(given | columns))


def person(session: Session, login: str = "haru", **columns: Any) -> int:
    """A member whose nickname is the login."""
    made = schema.Person(login=login, nickname=login, **({"created_at": NOON} | columns))
    session.add(made)
    session.flush()
    assert made.id is not None
    return made.id


def member(person_id: int, nickname: str = "haru") -> Actor:
    """That member at the door."""
    return Actor(role="member", person=person_id, nickname=nickname)


def proposal(
    session: Session,
    board_id: int,
    person_id: int,
    title: str = "저녁 9시까지 여는 작은도서관",
    *,
    content: str = "요일을 정해 번갈아 열어 봐요.",
    tags: tuple[str, ...] = (),
    category: str = "",
    at: int = NOON,
    closes_at: int | None = None,
    **columns: Any,
) -> int:
    """An open proposal of a person; a keyword sets any other column."""
    author = session.get_one(schema.Person, person_id)
    made = proposals.add_proposal(
        session,
        board_id,
        author,
        Draft(title, "", content, category, tags),
        key=f"test:{title}:{at}",
        closes_at=at + MONTH if closes_at is None else closes_at,
        upload=None,
        now=at,
    )
    row = session.get_one(schema.Proposal, made)
    for name, value in columns.items():
        setattr(row, name, value)
    session.flush()
    return made
