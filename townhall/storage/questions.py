"""Questions, what was cast on them, and the recount that a close rests on."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, func, text
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from townhall.domain import audit
from townhall.domain.ballots import BALLOTS, Choice, Definition
from townhall.domain.errors import Refused
from townhall.domain.questions import COUNTED, FROZEN
from townhall.storage import fresh
from townhall.storage.ballots import as_answer, definition_of, held, secret_receipt
from townhall.storage.schema import (
    Ballot,
    Certificate,
    Participation,
    Question,
    Seat,
    SecretBallot,
    Segment,
    Summary,
    Tally,
    Turnout,
)


def get(session: Session, question: int, forum: int) -> Question:
    """A question of this forum, or Refused("question_unknown")."""
    found = session.get(Question, question)
    if found is None or found.forum_id != forum:
        raise Refused("question_unknown")
    return found


def of_forum(session: Session, forum: int) -> Sequence[Question]:
    """All questions of a forum in their order."""
    return session.exec(
        select(Question)
        .where(Question.forum_id == forum)
        .order_by(col(Question.position), col(Question.id))
    ).all()


def last_revealed(session: Session, forum: int) -> int | None:
    """The question whose result was shown last, if any was."""
    return session.exec(
        select(Question.id)
        .where(Question.forum_id == forum, Question.state == "revealed")
        .order_by(col(Question.revealed_at).desc(), col(Question.id).desc())
        .limit(1)
    ).first()


def add(session: Session, question: Question) -> int:
    """Store a new question; its id."""
    question.id = fresh.number(session, Question)
    session.add(question)
    session.flush()
    assert question.id is not None
    return question.id


_ASKED = (*(name for name in FROZEN if name not in ("first", "reopens")), "position", "seconds")


def again(question: Question, forum: int, **columns: Any) -> Question:
    """A draft for a forum that asks the same, but for these columns; it is not stored yet."""
    asked = {name: getattr(question, name) for name in _ASKED}
    return Question(**asked | columns, forum_id=forum)


def remove(session: Session, question: Question) -> None:
    """Take a draft out, and off the segments that named it."""
    for segment in session.exec(select(Segment).where(Segment.question_id == question.id)):
        segment.question_id = None
        session.add(segment)
    session.delete(question)
    session.flush()


def paired(session: Session, first: int) -> Sequence[Question]:
    """The final rounds of a first round."""
    return session.exec(select(Question).where(Question.first_id == first)).all()


def due(session: Session, limit: int) -> list[tuple[int, int]]:
    """(forum, question) whose deadline lies before `limit` and that still stand open."""
    rows = session.exec(
        select(Question.forum_id, Question.id).where(
            col(Question.state).in_(("open", "closing")), col(Question.closes_at) <= limit
        )
    ).all()
    return [(forum, question) for forum, question in rows if question is not None]


def definition(question: Question) -> Definition:
    """The question as its ballot kind sees it."""
    return definition_of(question)


def facts(question: Question) -> dict[str, Any]:
    """The facts that an opening freezes, as `domain.questions.FROZEN` names them."""
    return {
        name: question.first_id if name == "first" else getattr(question, name) for name in FROZEN
    }


def cells(session: Session, questions: Sequence[int]) -> dict[int, dict[str, int]]:
    """The tally rows summed over writers: question -> cell -> n."""
    rows = session.exec(
        select(Tally.question_id, Tally.cell, func.sum(Tally.n))
        .where(col(Tally.question_id).in_(questions))
        .group_by(col(Tally.question_id), col(Tally.cell))
    ).all()
    found: dict[int, dict[str, int]] = {q: {} for q in questions}
    for question, cell, n in rows:
        if n:
            found[question][cell] = int(n)
    return found


def turnout(session: Session, questions: Sequence[int]) -> dict[int, dict[str, int]]:
    """How many seats took part, summed over writers: question -> channel -> n."""
    rows = session.exec(
        select(Turnout.question_id, Turnout.channel, func.sum(Turnout.n))
        .where(col(Turnout.question_id).in_(questions))
        .group_by(col(Turnout.question_id), col(Turnout.channel))
    ).all()
    found: dict[int, dict[str, int]] = {q: {} for q in questions}
    for question, channel, n in rows:
        found[question][channel] = int(n)
    return found


_CURRENT = (
    "SELECT b.seat_id, b.choice, b.commitment, b.table_no FROM ballot b WHERE b.question_id = :q "
    "AND b.rev = (SELECT max(rev) FROM ballot m WHERE m.question_id = b.question_id "
    "AND m.seat_id = b.seat_id) ORDER BY b.seat_id"
)


def current(session: Session, question: int) -> Iterator[tuple[int, Choice]]:
    """(seat, choice) of every recorded ballot that counts."""
    for row in session.connection().execute(text(_CURRENT), {"q": question}):
        yield row[0], json.loads(row[1])


def choices(session: Session, question: Question) -> Iterator[Choice]:
    """The choices that count, without whose they are."""
    if question.secret:
        rows = session.exec(
            select(SecretBallot.choice).where(SecretBallot.question_id == question.id)
        )
        yield from (json.loads(choice) for choice in rows)
    else:
        assert question.id is not None
        yield from (choice for _, choice in current(session, question.id))


def _newest() -> Any:
    newest = (
        columns(col(Ballot.question_id), col(Ballot.seat_id), func.max(Ballot.rev).label("rev"))
        .where(col(Ballot.seat_id).in_(bindparam("seats", expanding=True)))
        .group_by(col(Ballot.question_id), col(Ballot.seat_id))
        .subquery()
    )
    return columns(*Ballot.__table__.c).join(  # type: ignore[attr-defined]
        newest,
        (col(Ballot.question_id) == newest.c.question_id)
        & (col(Ballot.seat_id) == newest.c.seat_id)
        & (col(Ballot.rev) == newest.c.rev),
    )


_NEWEST = _newest()
_TOOK_PART = columns(col(Participation.seat_id), col(Participation.question_id)).where(
    col(Participation.seat_id).in_(bindparam("seats", expanding=True))
)


def votes_of(session: Session, seats: Sequence[int]) -> dict[int, dict[int, dict[str, Any]]]:
    """What each seat voted: seat -> question -> choice, rev and receipt as the seat itself sees it.

    Of a secret question only that the seat took part: an empty document.
    """
    found: dict[int, dict[int, dict[str, Any]]] = {seat: {} for seat in seats}
    connection, given = session.connection(), {"seats": list(seats)}
    for seat, question in connection.execute(_TOOK_PART, given):
        found[seat][question] = {}
    for ballot in connection.execute(_NEWEST, given):
        found[ballot.seat_id][ballot.question_id] = as_answer(held(ballot))
    return found


def by_key(session: Session, question: int, key: str, seat: int) -> dict[str, Any] | None:
    """What an earlier try with this key left behind for this seat, or None."""
    ballot = session.exec(
        select(Ballot).where(Ballot.question_id == question, Ballot.key == key)
    ).first()
    if ballot is not None:
        return as_answer(held(ballot)) if ballot.seat_id == seat else None
    secret = session.get(SecretBallot, audit.ballot_id(question, key))
    if secret is None or session.get(Participation, (question, seat)) is None:
        return None
    return {"receipt": secret_receipt(secret.ballot_id, secret.commitment)}


def minds_tables(session: Session, forum: int) -> bool:
    """Whether moving to another table would let a seat choose its own table's summary.

    From the first summary on stage until a question closes in which that is not allowed.
    """
    rows = session.exec(
        select(Question.config).where(
            Question.forum_id == forum, col(Question.state).in_(("draft", "open", "closing"))
        )
    ).all()
    if not any(config.get("not_own_table") for config in rows):
        return False
    sent = select(Summary.id).where(Summary.forum_id == forum, col(Summary.sent_at).is_not(None))
    return session.exec(sent.limit(1)).first() is not None


BINDING_KINDS = ("ticket", "member", "proxy", "paper")


def entitled(session: Session, eligibility: str, forum: int) -> int:
    """How many seats may vote: issued tickets and members; for open questions also joiners."""
    kinds = [*BINDING_KINDS, "open"] if eligibility == "open" else list(BINDING_KINDS)
    return session.exec(
        select(func.count())
        .select_from(Seat)
        .where(
            Seat.forum_id == forum,
            col(Seat.kind).in_(kinds),
            col(Seat.voided_at).is_(None),
        )
    ).one()


def recount(session: Session, question: Question, *, present: int, now: int) -> Certificate:
    """Count from the ballots themselves; tally and turnout rows are only compared with it.

    Runs in the closing transaction, behind the lock that holds every ballot back. The result of a
    final round holds what changed since its first round, if that is counted.
    """
    assert question.id is not None
    if question.secret:
        rows = session.connection().execute(
            text("SELECT choice, commitment FROM secret_ballot WHERE question_id = :q"),
            {"q": question.id},
        )
        ballots = [(row[0], row[1]) for row in rows]
    else:
        rows = session.connection().execute(text(_CURRENT), {"q": question.id})
        ballots = [(row[1], row[2]) for row in rows]
    defined = definition(question)
    kind = BALLOTS[question.kind]
    counted: Counter[str] = Counter()
    chosen = [json.loads(choice) for choice, _ in ballots]
    for choice in chosen:
        counted.update(kind.cells(defined, choice))
    found = {cell: n for cell, n in counted.items() if n}
    channels = _channels(session, question.id)
    eligible = entitled(session, question.eligibility, question.forum_id)
    result = kind.tally(defined, found, ballots=chosen, entitled=eligible)
    first = session.get(Question, question.first_id) if question.first_id else None
    if first is not None and first.state in COUNTED and not question.secret:
        result["shift"] = shift(session, first, question)
    return Certificate(
        question_id=question.id,
        counted=len(ballots),
        eligible=eligible,
        present=present,
        channels=channels,
        # A digest of secret pairs would tell whoever tries out which choice goes with which.
        digest=audit.digest(
            choice if question.secret else f"{commitment}:{choice}"
            for choice, commitment in ballots
        ),
        root=audit.merkle_root(commitment for _, commitment in ballots),
        heads={},
        cells=found,
        result=result,
        differs=found != cells(session, [question.id])[question.id]
        or channels != turnout(session, [question.id])[question.id],
        closed_at=now,
    )


def _channels(session: Session, question: int) -> dict[str, int]:
    rows: Sequence[tuple[str, int]] = session.exec(
        select(Participation.channel, func.count())
        .where(Participation.question_id == question)
        .group_by(Participation.channel)
    ).all()
    return dict(rows)


def certificates(session: Session, questions: Sequence[int]) -> dict[int, Certificate]:
    """What the closes found: question -> certificate."""
    rows = session.exec(select(Certificate).where(col(Certificate.question_id).in_(questions)))
    return {row.question_id: row for row in rows}


def shift(session: Session, first: Question, final: Question) -> dict[str, Any]:
    """From first to final round over the seats that voted in both (recorded questions only)."""
    assert first.id is not None
    assert final.id is not None
    before = dict(current(session, first.id))
    pairs = [
        (before[seat], choice) for seat, choice in current(session, final.id) if seat in before
    ]
    return BALLOTS[final.kind].shift(definition(final), pairs)
