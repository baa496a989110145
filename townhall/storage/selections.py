"""Selections, their candidates, panel and sheets: queries by the noun `selections`.

Belongs here: the rows, the lock of a rule, and putting a townhall-selection/1 document together
from what is stored. Does not belong here: rules (`domain.selections`) and points
(`domain.scoring`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, delete, func, or_, select

from townhall.domain import audit, scoring
from townhall.domain.errors import Refused
from townhall.domain.questions import COUNTED
from townhall.domain.scoring.canonical import normal
from townhall.domain.selections import Candidate
from townhall.storage import proposals, questions
from townhall.storage.schema import (
    Board,
    Panelist,
    Proposal,
    Question,
    Selection,
    SelectionCandidate,
    Sheet,
)
from townhall.storage.schema import Session as SessionRow
from townhall.storage.schema.base import LARGEST_ID


def get(session: Session, selection: int, *, lock: bool = False) -> Selection:
    """A selection, or Refused("not_found"). With `lock`, changes to it form a line."""
    statement = select(Selection).where(Selection.id == selection)
    found = (
        session.exec(statement.with_for_update() if lock else statement).first()
        if 0 < selection <= LARGEST_ID
        else None
    )
    if found is None:
        raise Refused("not_found")
    return found


def forum_of(session: Session, selection: int) -> int | None:
    """The forum of a selection, if it has one; Refused("not_found")."""
    return get(session, selection).forum_id


def of_forum(session: Session, forum: int) -> Selection | None:
    """The selection that a forum's votes go into, the newest if there are several."""
    return session.exec(
        select(Selection).where(Selection.forum_id == forum).order_by(col(Selection.id).desc())
    ).first()


def all_of_forum(session: Session, forum: int) -> Sequence[Selection]:
    """The selections of a forum, the oldest first."""
    return session.exec(
        select(Selection).where(Selection.forum_id == forum).order_by(col(Selection.id))
    ).all()


def open_ones(session: Session) -> Sequence[Selection]:
    """The selections that are still open."""
    return session.exec(select(Selection).where(Selection.state == "open")).all()


def candidates(session: Session, selection: int) -> Sequence[SelectionCandidate]:
    """The candidates by letter."""
    return session.exec(
        select(SelectionCandidate)
        .where(SelectionCandidate.selection_id == selection)
        .order_by(func.length(SelectionCandidate.letter), col(SelectionCandidate.letter))
    ).all()


def lined_up(session: Session, selection: int) -> list[Candidate]:
    """The candidates as the rules see them."""
    return [Candidate(c.letter, c.title, c.proposal_id) for c in candidates(session, selection)]


def add(
    session: Session, selection: Selection, found: Sequence[tuple[str, str, int | None]]
) -> int:
    """Store a new selection with its candidates (letter, title, proposal); its id."""
    session.add(selection)
    session.flush()
    assert selection.id is not None
    _add_candidates(session, selection.id, found)
    return selection.id


def replace_candidates(session: Session, selection: int, found: Iterable[Candidate]) -> None:
    """Other candidates in place of those there are."""
    session.exec(
        delete(SelectionCandidate).where(col(SelectionCandidate.selection_id) == selection)
    )
    _add_candidates(session, selection, [(c.letter, c.title, c.proposal) for c in found])


def _add_candidates(
    session: Session, selection: int, found: Sequence[tuple[str, str, int | None]]
) -> None:
    for letter, title, proposal in found:
        session.add(
            SelectionCandidate(
                selection_id=selection, letter=letter, title=title, proposal_id=proposal
            )
        )
    session.flush()


def proposals_named(session: Session, ids: Iterable[int]) -> dict[int, tuple[str, str, int]]:
    """Of the proposals that exist: {id: (title, key of its board, id of its board)}."""
    wanted = [each for each in ids if 0 < each <= LARGEST_ID]
    rows = session.exec(
        select(Proposal.id, Proposal.title, Board.key, Proposal.board_id)
        .join(Board, col(Board.id) == col(Proposal.board_id))
        .where(col(Proposal.id).in_(wanted))
    )
    return {one: (title, key, board) for one, title, key, board in rows if one is not None}


def bound_to(session: Session, question: int) -> Sequence[Selection]:
    """The selections whose first or final round is this question."""
    return session.exec(
        select(Selection).where(
            or_(
                col(Selection.first_question_id) == question,
                col(Selection.final_question_id) == question,
            )
        )
    ).all()


# The lock of the rule


def lock_rule(session: Session, forum: int, question: int, now: int) -> dict[str, str | None]:
    """Lock the rule of every selection that this question's ballots go into: id -> rule's hash."""
    bound = [row for row in bound_to(session, question) if row.forum_id == forum]
    for row in bound:
        lock(session, row, now)
    return {str(row.id): row.rule_hash for row in bound}


def lock(session: Session, selection: Selection, now: int) -> None:
    """Lock a rule for good: from here on a change is a new version with a reason."""
    if selection.locked_at is None:
        selection.locked_at = now
        selection.rule_hash = rule_hash(selection.rule)
        session.add(selection)


def rule_hash(rule: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON of a rule."""
    return audit.digest([audit.canonical(rule)])


def locked_at(selection: Selection, now: int) -> int | None:
    """When the rule was locked: stored, or by the window of sympathies that began since."""
    began = selection.sympathy_from
    if selection.locked_at is None and began is not None and began <= now:
        return began
    return selection.locked_at


# The panel


@dataclass(frozen=True)
class Member:
    """A panelist and the sheet, if one was begun."""

    panelist: Panelist
    sheet: Sheet | None

    @property
    def id(self) -> int:
        """The panelist's id."""
        assert self.panelist.id is not None
        return self.panelist.id

    @property
    def state(self) -> str:
        """none, draft or final."""
        if self.sheet is None:
            return "none"
        return "draft" if self.sheet.final_at is None else "final"


def panel(session: Session, selection: int) -> list[Member]:
    """The panel by number."""
    rows = session.exec(
        select(Panelist, Sheet)
        .join(Sheet, col(Sheet.panelist_id) == col(Panelist.id), isouter=True)
        .where(Panelist.selection_id == selection)
        .order_by(col(Panelist.number))
    )
    return [Member(panelist, sheet) for panelist, sheet in rows]


def member(session: Session, panelist: int) -> Member:
    """One of a panel, or Refused("not_found")."""
    found = session.get(Panelist, panelist) if 0 < panelist <= LARGEST_ID else None
    if found is None:
        raise Refused("not_found")
    return Member(found, session.get(Sheet, panelist))


def add_panelist(session: Session, selection: int, number: int, name: str) -> Panelist:
    """A new member of a panel."""
    made = Panelist(selection_id=selection, number=number, name=name)
    session.add(made)
    session.flush()
    return made


def entered(session: Session, panelists: Sequence[int]) -> set[int]:
    """Which panelists have opened their link."""
    rows = session.exec(
        select(SessionRow.panelist_id).where(
            col(SessionRow.panelist_id).in_(panelists), col(SessionRow.parent_id).is_not(None)
        )
    )
    return {each for each in rows if each is not None}


# What is scored


def rounds(session: Session, selection: Selection) -> list[Question]:
    """The bound questions that still exist, the first round first."""
    ids = (selection.first_question_id, selection.final_question_id)
    found = [session.get(Question, one) for one in ids if one is not None]
    return [question for question in found if question is not None]


def asked_again(session: Session, bound: Sequence[Question]) -> Question | None:
    """An opened question that asks one of these again, and is not bound itself."""
    ids = [each.id for each in bound]
    return session.exec(
        select(Question).where(
            col(Question.reopens).in_(ids),
            col(Question.id).not_in(ids),
            Question.state != "draft",
        )
    ).first()


def counted_rounds(session: Session, selection: Selection) -> list[Question]:
    """The bound questions whose ballots are, or would now be, in the score.

    What closed after the selection did is not in its snapshot.
    """
    return [
        question
        for question in rounds(session, selection)
        if question.state in COUNTED
        and (
            selection.closed_at is None
            or (question.closed_at is not None and question.closed_at <= selection.closed_at)
        )
    ]


def scored_rounds(session: Session, selection: Selection) -> tuple[int | None, int | None]:
    """The ids of the first and the final round, where their ballots are in the score."""
    counted = {question.id for question in counted_rounds(session, selection)}
    first, final = selection.first_question_id, selection.final_question_id
    return first if first in counted else None, final if final in counted else None


def sympathies_until(session: Session, selection: Selection) -> int | None:
    """When counting sympathies ends (epoch ms, not included); None while that is not known.

    At the published end, or without one when the live vote first opened, however often a round is
    asked again: whoever knows how the room votes adds nothing to the other source.
    """
    if selection.sympathy_until is not None:
        return selection.sympathy_until
    opened: list[int] = []
    for question in rounds(session, selection):
        asked: Question | None = question
        while asked is not None:
            if asked.opened_at is not None:
                opened.append(asked.opened_at)
            asked = session.get(Question, asked.reopens) if asked.reopens is not None else None
    return min(opened, default=None)


def sympathies(session: Session, selection: Selection) -> dict[str, int]:
    """How many people each candidate's proposal speaks to, within the window: letter -> n."""
    assert selection.id is not None
    found = candidates(session, selection.id)
    ids = [each.proposal_id for each in found if each.proposal_id is not None]
    until = sympathies_until(session, selection)
    given = proposals.sympathies(session, ids, selection.sympathy_from, until)
    return {c.letter: given.get(c.proposal_id, 0) if c.proposal_id else 0 for c in found}


def document(session: Session, selection: Selection) -> dict[str, Any]:
    """The townhall-selection/1 document of what is stored now.

    Ballots stand in an order that tells nothing; only rounds that are closed give any. A draft
    sheet is named without its scores. Sympathies are counted, never entered.
    """
    assert selection.id is not None
    counts = sympathies(session, selection)
    found = lined_up(session, selection.id)
    counted = {question.id: question for question in counted_rounds(session, selection)}
    return {
        "format": scoring.FORMAT,
        "rule": selection.rule,
        "candidates": [
            {"id": c.letter, "title": c.title, "sympathy": counts[c.letter]} for c in found
        ],
        "live": {
            "first": _ballots(session, counted.get(selection.first_question_id)),
            "final": _ballots(session, counted.get(selection.final_question_id)),
        },
        "panel": {
            "sheets": [
                _sheet(each.panelist, each.sheet)
                for each in panel(session, selection.id)
                if each.sheet is not None
            ]
        },
    }


def _ballots(session: Session, question: Question | None) -> list[Any]:
    if question is None:
        return []
    return sorted(questions.choices(session, question), key=audit.canonical)


def _sheet(panelist: Panelist, sheet: Sheet) -> dict[str, Any]:
    final = sheet.final_at is not None
    return {
        "panelist": f"P{panelist.number}",
        "final": final,
        "recused": sorted(sheet.recused) if final else [],
        "scores": sheet.scores if final else {},
    }


def seal(session: Session, selection: Selection, document: dict[str, Any]) -> None:
    """Write the snapshot of a close and its digest; nothing writes them again."""
    selection.snapshot = audit.canonical(normal(document))
    selection.digest = scoring.digest(document)
    session.add(selection)
    session.flush()
