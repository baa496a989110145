"""The rows behind the list of ballots that a close seals and an export publishes."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session, select

from townhall.domain import audit, sealing
from townhall.storage.schema import Question, SecretBallot

_CAST = (
    "SELECT seat_id, rev, key, commitment, channel, table_no, writer, batch, choice FROM ballot "
    "WHERE question_id = :q ORDER BY seat_id, rev"
)


def cast(session: Session, question: int) -> Iterator[tuple[sealing.Cast, Row[Any]]]:
    """Every recorded ballot of a question, replaced ones too, each with its row."""
    for row in session.connection().execute(text(_CAST), {"q": question}):
        ballot = audit.ballot_id(question, row.key)
        table = row.table_no
        yield (
            sealing.Cast(row.seat_id, row.rev, ballot, row.commitment, row.channel, table),
            row,
        )


def secret(session: Session, question: int) -> list[tuple[str, str]]:
    """(commitment, ballot id) of every secret ballot of a question, sorted."""
    rows = session.exec(
        select(SecretBallot.commitment, SecretBallot.ballot_id).where(
            SecretBallot.question_id == question
        )
    )
    return sorted((commitment, ballot) for commitment, ballot in rows)


def groups(question: Question, ballots: Iterable[sealing.Cast]) -> frozenset[sealing.Group]:
    """The groups that may be named. None in a round of a pair: its seats keep their numbers, and
    a group that is large in one round would name its seats in the other, where it is small.
    """
    if question.round is not None:
        return frozenset()
    return sealing.shown(sealing.counting(ballots).values())


def list_digest(session: Session, question: Question, first: int | None) -> str:
    """The digest of the list as it will be published; `first` is the round it is compared with."""
    assert question.id is not None
    if question.secret:
        return audit.digest(audit.canonical(pair) for pair in secret(session, question.id))
    ballots = [each for each, _ in cast(session, question.id)]
    before = [each for each, _ in cast(session, first)] if first is not None else []
    named = groups(question, ballots)
    return audit.digest(sealing.lines(ballots, sealing.numbers(ballots, before), named))
