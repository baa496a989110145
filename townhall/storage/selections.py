"""Selections, their candidates, panel and sheets: queries by the noun `selections`."""

from collections.abc import Sequence

from sqlmodel import Session, col, or_, select

from townhall.domain import audit
from townhall.storage.schema import Selection, SelectionCandidate


def of_forum(session: Session, forum: int) -> Selection | None:
    """The selection that a forum's votes go into, the newest if there are several."""
    return session.exec(
        select(Selection).where(Selection.forum_id == forum).order_by(col(Selection.id).desc())
    ).first()


def candidates(session: Session, selection: int) -> Sequence[SelectionCandidate]:
    """The candidates by letter."""
    return session.exec(
        select(SelectionCandidate)
        .where(SelectionCandidate.selection_id == selection)
        .order_by(col(SelectionCandidate.letter))
    ).all()


def add(
    session: Session, selection: Selection, found: Sequence[tuple[str, str, int | None]]
) -> int:
    """Store a new selection with its candidates (letter, title, proposal); its id."""
    session.add(selection)
    session.flush()
    assert selection.id is not None
    for letter, title, proposal in found:
        session.add(
            SelectionCandidate(
                selection_id=selection.id, letter=letter, title=title, proposal_id=proposal
            )
        )
    session.flush()
    return selection.id


def lock_rule(session: Session, forum: int, question: int, now: int) -> None:
    """Lock and hash the rule of every selection that this question's ballots go into."""
    rows = session.exec(
        select(Selection).where(
            Selection.forum_id == forum,
            col(Selection.locked_at).is_(None),
            or_(
                col(Selection.first_question_id) == question,
                col(Selection.final_question_id) == question,
            ),
        )
    ).all()
    for row in rows:
        lock(session, row, now)


def lock(session: Session, selection: Selection, now: int) -> None:
    """Lock a rule for good: from here on a change is a new version with a reason."""
    if selection.locked_at is None:
        selection.locked_at = now
        selection.rule_hash = audit.digest([audit.canonical(selection.rule)])
        session.add(selection)
