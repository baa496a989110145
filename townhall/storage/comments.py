"""Comments on a proposal, and sympathy for them. A removed one keeps its row and is never shown."""

from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    delete,
    exists,
    func,
    literal,
    select,
    text,
    update,
)
from sqlmodel import Session, col
from sqlmodel import select as choose

from townhall.storage.schema import Agreement, Comment, CommentSympathy, Person, Proposal
from townhall.storage.schema.base import LARGEST_ID

MOST_SHOWN = 500


@dataclass(frozen=True)
class Said:
    """A comment as a page shows it; `agreed` says whether its author agrees with the proposal."""

    id: int
    author: str
    text: str
    created_at: int
    sympathies: int
    sympathised: bool
    agreed: bool
    own: bool


def of_proposal(session: Session, proposal_id: int, reader: int | None) -> list[Said]:
    """The comments that stand, most sympathies first, then the oldest; at most 500."""
    sympathies = (
        select(func.count())
        .select_from(CommentSympathy)
        .join(Person, col(Person.id) == col(CommentSympathy.person_id))
        .where(col(CommentSympathy.comment_id) == col(Comment.id), col(Person.blinded_at).is_(None))
        .correlate(Comment)
        .scalar_subquery()
    )
    given = exists().where(
        col(CommentSympathy.comment_id) == col(Comment.id),
        col(CommentSympathy.person_id) == literal(reader),
    )
    agreed = exists().where(
        col(Agreement.proposal_id) == proposal_id,
        col(Agreement.person_id) == col(Comment.person_id),
        col(Agreement.withdrawn_at).is_(None),
    )
    rows = session.connection().execute(
        select(
            col(Comment.id),
            col(Comment.author),
            col(Comment.text),
            col(Comment.created_at),
            sympathies.label("sympathies"),
            given,
            agreed,
            col(Comment.person_id),
        )
        .join(Person, col(Person.id) == col(Comment.person_id))
        .where(col(Comment.proposal_id) == proposal_id, *_stands())
        .order_by(sympathies.desc(), col(Comment.id))
        .limit(MOST_SHOWN)
    )
    return [
        Said(
            id=row[0],
            author=row[1],
            text=row[2],
            created_at=row[3],
            sympathies=row[4],
            sympathised=bool(row[5]),
            agreed=bool(row[6]),
            own=row[7] == reader,
        )
        for row in rows
    ]


def count() -> ScalarSelect[int]:
    """How many comments stand, as a column beside a proposal."""
    return (
        select(func.count())
        .select_from(Comment)
        .join(Person, col(Person.id) == col(Comment.person_id))
        .where(
            col(Comment.proposal_id) == col(Proposal.id),
            *_stands(),
        )
        .correlate(Proposal)
        .scalar_subquery()
    )


def get(session: Session, comment_id: int) -> Comment | None:
    """A comment that stands."""
    found = session.get(Comment, comment_id) if 0 < comment_id <= LARGEST_ID else None
    return found if found is not None and found.removed_at is None else None


def same(session: Session, proposal_id: int, person: int, words: str) -> int | None:
    """The person's standing comment with exactly these words: what a double click sends twice."""
    return session.exec(
        choose(Comment.id).where(
            Comment.proposal_id == proposal_id,
            Comment.person_id == person,
            Comment.text == words,
            col(Comment.removed_at).is_(None),
        )
    ).first()


def add(session: Session, proposal_id: int, person: Person, words: str, now: int) -> int:
    """A new comment."""
    assert person.id is not None
    made = Comment(
        proposal_id=proposal_id,
        person_id=person.id,
        author=person.nickname,
        text=words,
        created_at=now,
    )
    session.add(made)
    session.flush()
    assert made.id is not None
    return made.id


def remove(session: Session, comment_id: int, now: int) -> None:
    """Take a comment off the page; the row stays."""
    session.exec(update(Comment).where(col(Comment.id) == comment_id).values(removed_at=now))


def mark(session: Session, comment_id: int, person: int, *, on: bool) -> None:
    """Give or take back sympathy for a comment."""
    if on:
        session.connection().execute(
            text(
                "INSERT INTO comment_sympathy (comment_id, person_id) VALUES (:comment, :person) "
                "ON CONFLICT DO NOTHING"
            ),
            {"comment": comment_id, "person": person},
        )
        return
    session.exec(
        delete(CommentSympathy).where(
            col(CommentSympathy.comment_id) == comment_id,
            col(CommentSympathy.person_id) == person,
        )
    )


def _stands() -> list[ColumnElement[bool]]:
    return [col(Comment.removed_at).is_(None), col(Person.blinded_at).is_(None)]
