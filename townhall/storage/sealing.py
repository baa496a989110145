"""The rows behind the list of ballots that a close seals and an export publishes."""

from collections.abc import Iterator

from sqlmodel import Session, col, select

from townhall.domain import audit, sealing
from townhall.storage.schema import Ballot, Question, SecretBallot


def cast(session: Session, question: int) -> Iterator[tuple[sealing.Cast, Ballot]]:
    """Every recorded ballot of a question, replaced ones too, each with its row."""
    rows = session.exec(
        select(Ballot)
        .where(Ballot.question_id == question)
        .order_by(col(Ballot.seat_id), col(Ballot.rev))
    )
    for row in rows:
        ballot = audit.ballot_id(question, row.key)
        yield (
            sealing.Cast(row.seat_id, row.rev, ballot, row.commitment, row.channel, row.table_no),
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


def list_digest(session: Session, question: Question, first: int | None) -> str:
    """The digest of the list as it will be published; `first` is the round it is compared with."""
    assert question.id is not None
    if question.secret:
        return audit.digest(audit.canonical(pair) for pair in secret(session, question.id))
    ballots = [each for each, _ in cast(session, question.id)]
    before = [each for each, _ in cast(session, first)] if first is not None else []
    named = sealing.shown(sealing.counting(ballots).values())
    return audit.digest(sealing.lines(ballots, sealing.numbers(ballots, before), named))
