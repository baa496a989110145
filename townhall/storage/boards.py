"""Boards, and the lists of their proposals: filters, search, order, counts.

Search is a substring of the folded text, the same on both databases, so that two syllables of
Korean are enough. Does not belong here: one proposal and its marks (`proposals`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlmodel import Session, col
from sqlmodel import select as choose

from townhall.storage import comments
from townhall.storage.proposals import count_of
from townhall.storage.schema import (
    Board,
    Forum,
    Proposal,
    ProposalTag,
    Question,
    Selection,
    SelectionCandidate,
    Upload,
)

_EXCERPT = 400


Sort = Literal["new", "agree", "sympathy", "closing"]


# The key of a stored row is never missing, whatever its class says of rows not yet stored.
_ID = cast("ColumnElement[int]", col(Proposal.id))


@dataclass(frozen=True)
class Filter:
    """Which proposals of a board: every word of `words` (folded), and the tag where one is set."""

    board: int
    words: tuple[str, ...] = ()
    tag: str = ""


@dataclass(frozen=True)
class Listed:
    """One proposal in a list, with its counts."""

    id: int
    title: str
    beginning: str  # of the content
    author: str  # or where it comes from, if no name came along
    submitted_at: int
    category: str
    status: str
    agreement_closes_at: int | None
    imported_agreements: int | None
    image: str | None  # the token of its picture
    sympathies: int
    agreements: int
    comments: int


@dataclass(frozen=True)
class Candidacy:
    """Where a proposal stands as a candidate."""

    letter: str
    selection: int
    title: str


def add(session: Session, key: str, title: str, about: str, agreement_days: int, now: int) -> int:
    """A new board; the caller has looked whether the key is free."""
    made = Board(key=key, title=title, about=about, agreement_days=agreement_days, created_at=now)
    session.add(made)
    session.flush()
    assert made.id is not None
    return made.id


def get(session: Session, key: str, *, lock: bool = False) -> Board | None:
    """The board of a key. With `lock`, writers to it form a line on PostgreSQL too."""
    if not key.isascii() or "\0" in key:
        return None
    statement = choose(Board).where(Board.key == key)
    return session.exec(statement.with_for_update() if lock else statement).first()


def every(session: Session) -> Sequence[Board]:
    """Every board, the oldest first."""
    return session.exec(choose(Board).order_by(col(Board.id))).all()


def counts(session: Session, wanted: Filter, now: int) -> tuple[int, int]:
    """How many proposals match: running, done."""
    running = func.coalesce(func.sum(case((_running(now), 1), else_=0)), 0)
    row = (
        session.connection()
        .execute(select(running, func.count()).select_from(Proposal).where(*_matching(wanted)))
        .one()
    )
    return int(row[0]), int(row[1]) - int(row[0])


def page(
    session: Session, wanted: Filter, *, running: bool, sort: Sort, now: int, skip: int, size: int
) -> list[Listed]:
    """One page of the running or the done proposals that match."""
    state = _running(now) if running else ~_running(now)
    ids = [
        row[0]
        for row in session.connection().execute(
            select(_ID)
            .where(*_matching(wanted), state)
            .order_by(*_order(sort, running=running))
            .offset(skip)
            .limit(size)
        )
    ]
    by_id = {item.id: item for item in listed(session, ids)}
    return [by_id[i] for i in ids]


def listed(session: Session, ids: Sequence[int]) -> list[Listed]:
    """These proposals with their counts, in no particular order."""
    rows = session.connection().execute(
        select(
            _ID,
            col(Proposal.title),
            func.substr(col(Proposal.content), 1, _EXCERPT),
            func.coalesce(func.nullif(col(Proposal.author), ""), col(Proposal.source)),
            col(Proposal.submitted_at),
            col(Proposal.category),
            col(Proposal.status),
            col(Proposal.agreement_closes_at),
            col(Proposal.imported_agreements),
            col(Upload.token),
            count_of("sympathy"),
            count_of("agreement"),
            comments.count(),
        )
        .outerjoin(Upload, col(Upload.id) == col(Proposal.upload_id))
        .where(_ID.in_(list(ids)))
    )
    return [Listed(*row) for row in rows]


def chunk(session: Session, board: int, after: int, size: int) -> list[tuple[Proposal, Listed]]:
    """Whole proposals of a board with their counts, by id, from the one after `after` on."""
    rows = session.exec(
        choose(Proposal).where(Proposal.board_id == board, after < _ID).order_by(_ID).limit(size)
    ).all()
    found = {item.id: item for item in listed(session, [row.id or 0 for row in rows])}
    return [(row, found[row.id or 0]) for row in rows]


def closing(session: Session, board: int | None, now: int, until: int) -> list[tuple[str, Listed]]:
    """Running proposals that close before `until`, the nearest first, and their board's key; of
    one board or of all, at most ten.
    """
    closes = col(Proposal.agreement_closes_at)
    return _keyed(session, board, (_running(now), closes < until), closes.asc())


def written_by(session: Session, board: int | None, person: int) -> list[tuple[str, Listed]]:
    """The newest proposals of a person and their board's key; of one board or of all."""
    return _keyed(session, board, (col(Proposal.person_id) == person,), _ID.desc())


def _keyed(
    session: Session,
    board: int | None,
    conditions: Sequence[ColumnElement[bool]],
    order: ColumnElement[Any],
) -> list[tuple[str, Listed]]:
    statement = (
        select(_ID, col(Board.key))
        .join(Board, col(Board.id) == col(Proposal.board_id))
        .where(*conditions)
        .order_by(order, _ID)
        .limit(10)
    )
    if board is not None:
        statement = statement.where(col(Proposal.board_id) == board)
    rows = session.connection().execute(statement).all()
    found = {item.id: item for item in listed(session, [row[0] for row in rows])}
    return [(key, found[proposal]) for proposal, key in rows]


def voting(session: Session, forum_ids: Sequence[int]) -> set[int]:
    """Which of these forums have a question open."""
    return set(
        session.exec(
            choose(Question.forum_id).where(
                col(Question.forum_id).in_(forum_ids), Question.state == "open"
            )
        )
    )


def liked(session: Session, board: int, now: int, least: int) -> dict[int, int]:
    """The running proposals with at least `least` sympathies: id -> sympathies."""
    sympathies = count_of("sympathy")
    rows = session.connection().execute(
        select(_ID, sympathies).where(
            col(Proposal.board_id) == board, _running(now), sympathies >= least
        )
    )
    return {row[0]: row[1] for row in rows}


def tags(session: Session, board: int, limit: int = 12) -> list[str]:
    """The most used tags of a board, categories among them."""
    rows = session.connection().execute(
        select(col(ProposalTag.tag), func.count())
        .join(Proposal, col(ProposalTag.proposal_id) == _ID)
        .where(col(Proposal.board_id) == board)
        .group_by(col(ProposalTag.tag))
    )
    used = Counter({row[0]: row[1] for row in rows})
    used.update(_categories(session, board))
    return [tag for tag, _ in sorted(used.items(), key=lambda item: (-item[1], item[0]))][:limit]


def categories(session: Session, board: int) -> list[str]:
    """The categories in use on a board, the most used first."""
    used = _categories(session, board)
    return sorted(used, key=lambda name: (-used[name], name))


def _categories(session: Session, board: int) -> dict[str, int]:
    rows = session.connection().execute(
        select(col(Proposal.category), func.count())
        .where(col(Proposal.board_id) == board, col(Proposal.category) != "")
        .group_by(col(Proposal.category))
    )
    return {row[0]: row[1] for row in rows}


def candidacies(session: Session, proposals: Sequence[int]) -> dict[int, Candidacy]:
    """The newest selection that each proposal is a candidate of."""
    rows = session.connection().execute(
        select(
            cast("ColumnElement[int]", col(SelectionCandidate.proposal_id)),
            col(SelectionCandidate.letter),
            cast("ColumnElement[int]", col(Selection.id)),
            col(Selection.title),
        )
        .join(Selection, col(Selection.id) == col(SelectionCandidate.selection_id))
        .where(col(SelectionCandidate.proposal_id).in_(list(proposals)))
        .order_by(col(Selection.id))
    )
    return {row[0]: Candidacy(row[1], row[2], row[3]) for row in rows}


def forums(session: Session, board: int | None, limit: int = 20) -> Sequence[Forum]:
    """The forums of a board, or of all; the latest start first."""
    statement = choose(Forum).where(col(Forum.rehearses).is_(None))
    statement = statement.order_by(col(Forum.starts_at).desc(), col(Forum.id)).limit(limit)
    if board is not None:
        statement = statement.where(Forum.board_id == board)
    return session.exec(statement).all()


def selections(session: Session, board: int | None, limit: int = 20) -> Sequence[Selection]:
    """The selections of a board, or of all; the newest first."""
    statement = choose(Selection).order_by(col(Selection.id).desc()).limit(limit)
    if board is not None:
        statement = statement.where(Selection.board_id == board)
    return session.exec(statement).all()


def _matching(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        col(Proposal.board_id) == wanted.board,
        *(_contains(word) for word in wanted.words),
    ]
    if wanted.tag:
        tagged = select(col(ProposalTag.proposal_id)).where(col(ProposalTag.tag) == wanted.tag)
        found.append(or_(col(Proposal.category) == wanted.tag, _ID.in_(tagged)))
    return found


def _contains(word: str) -> ColumnElement[bool]:
    return col(Proposal.search).contains(word, autoescape=True, escape="!")


def _running(now: int) -> ColumnElement[bool]:
    closes = col(Proposal.agreement_closes_at)
    return and_(col(Proposal.status) == "open", or_(closes.is_(None), closes > now))


def _order(sort: Sort, *, running: bool) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The order of a list. Proposals of the same rank stand newest first.

    Among running ones "closing" puts the nearest deadline first, among done ones the latest.
    """
    newest = _ID.desc()
    if sort == "closing":
        far = 1 << 62
        closes = func.coalesce(col(Proposal.agreement_closes_at), far if running else 0)
        return (closes.asc() if running else closes.desc()), newest
    if sort == "new":
        return col(Proposal.submitted_at).desc(), newest
    return count_of("sympathy" if sort == "sympathy" else "agreement").desc(), newest
