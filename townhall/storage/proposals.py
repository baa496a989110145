"""Proposals with 공감 (sympathy) and 동의 (agreement): what is stored, and what follows from it.

A count is never kept: it is computed from the marks of people whose account stands. Does not
belong here: lists and search (`boards`), comments (`comments`), rules (`domain.proposals`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlmodel import Session, col
from sqlmodel import select as choose

from townhall.domain.drafts import Draft, search_text
from townhall.domain.importing import Row
from townhall.storage.schema import (
    Agreement,
    Board,
    Person,
    Proposal,
    ProposalTag,
    Sympathy,
)
from townhall.storage.schema.base import LARGEST_ID

Mark = Literal["sympathy", "agreement"]
_MARKS: Mapping[Mark, type[Sympathy] | type[Agreement]] = {
    "sympathy": Sympathy,
    "agreement": Agreement,
}
_ROWS_AT_ONCE = 500


# Proposals


def proposal(session: Session, board_key: str, proposal_id: int) -> Proposal | None:
    """A proposal, if it lives on that board."""
    if not 0 < proposal_id <= LARGEST_ID:
        return None
    return session.exec(
        choose(Proposal)
        .join(Board, col(Board.id) == col(Proposal.board_id))
        .where(Proposal.id == proposal_id, Board.key == board_key)
    ).first()


def proposal_keyed(session: Session, board_id: int, key: str) -> int | None:
    """The proposal that a form or file with this key made before."""
    return session.exec(
        choose(Proposal.id).where(Proposal.board_id == board_id, Proposal.source_key == key)
    ).first()


def add_proposal(
    session: Session,
    board_id: int,
    person: Person,
    draft: Draft,
    *,
    key: str,
    closes_at: int,
    upload: int | None,
    now: int,
) -> int:
    """A new proposal of a person; the caller has looked whether the key is free."""
    made = Proposal(
        board_id=board_id,
        person_id=person.id,
        author=person.nickname,
        title=draft.title,
        background=draft.background,
        content=draft.content,
        category=draft.category,
        upload_id=upload,
        submitted_at=now,
        agreement_closes_at=closes_at,
        source_key=key,
        search=search_text(draft),
    )
    session.add(made)
    session.flush()
    assert made.id is not None
    _add_tags(session, {made.id: draft.tags})
    return made.id


def rewrite(
    session: Session, found: Proposal, draft: Draft, *, closes_at: int | None, upload: int | None
) -> int:
    """Replace what a proposal says; gives its new rev."""
    assert found.id is not None
    found.title, found.background, found.content = draft.title, draft.background, draft.content
    found.category, found.search = draft.category, search_text(draft)
    found.agreement_closes_at, found.upload_id = closes_at, upload
    found.rev += 1
    session.add(found)
    session.flush()
    session.exec(delete(ProposalTag).where(col(ProposalTag.proposal_id) == found.id))
    _add_tags(session, {found.id: draft.tags})
    return found.rev


def titles_by_key(session: Session, board_id: int) -> dict[str, str]:
    """The title of every proposal of a board that has a key, by that key."""
    rows = session.exec(
        choose(Proposal.source_key, Proposal.title).where(
            Proposal.board_id == board_id, col(Proposal.source_key).is_not(None)
        )
    )
    return {key: title for key, title in rows if key is not None}


def add_imported(session: Session, board_id: int, rows: Sequence[Row]) -> None:
    """Many proposals from elsewhere, none of whose keys is on the board."""
    connection = session.connection()
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        chunk = rows[start : start + _ROWS_AT_ONCE]
        connection.execute(insert(Proposal), [_stored(board_id, row) for row in chunk])
        tagged = {row.key: row.draft.tags for row in chunk if row.draft.tags}
        ids = session.exec(
            choose(Proposal.id, Proposal.source_key).where(
                Proposal.board_id == board_id, col(Proposal.source_key).in_(tagged)
            )
        )
        _add_tags(session, {new: tagged[key] for new, key in ids if new and key})


def _stored(board_id: int, row: Row) -> dict[str, Any]:
    return {
        "board_id": board_id,
        "author": row.author,
        "title": row.draft.title,
        "background": row.draft.background,
        "content": row.draft.content,
        "category": row.draft.category,
        "status": row.status,
        "submitted_at": row.submitted_at,
        "agreement_closes_at": row.agreement_closes_at,
        "imported_agreements": row.agreements,
        "source": row.source,
        "source_key": row.key,
        "search": search_text(row.draft),
        "rev": 1,
    }


def tags_of(session: Session, proposals: Iterable[int]) -> dict[int, list[str]]:
    """The tags of each proposal, in a stable order."""
    rows = session.exec(
        choose(ProposalTag.proposal_id, ProposalTag.tag).where(
            col(ProposalTag.proposal_id).in_(list(proposals))
        )
    ).all()
    found: dict[int, list[str]] = {}
    for proposal_id, tag in sorted(rows):
        found.setdefault(proposal_id, []).append(tag)
    return found


def _add_tags(session: Session, tags: Mapping[int, Sequence[str]]) -> None:
    rows = [{"proposal_id": to, "tag": tag} for to, listed in tags.items() for tag in listed]
    if rows:
        session.connection().execute(insert(ProposalTag), rows)


# Sympathy and agreement


def give(session: Session, mark: Mark, proposal_id: int, person: int, now: int) -> None:
    """Give a mark; one that stands already keeps its time, one withdrawn is given anew."""
    session.connection().execute(
        text(
            f"INSERT INTO {mark} (proposal_id, person_id, given_at) "
            "VALUES (:proposal, :person, :now) "
            "ON CONFLICT (proposal_id, person_id) WHERE withdrawn_at IS NULL DO NOTHING"
        ),
        {"proposal": proposal_id, "person": person, "now": now},
    )


def withdraw(session: Session, mark: Mark, proposal_id: int, person: int, now: int) -> None:
    """Withdraw a mark; the row stays. Nothing happens where none stands."""
    table = _MARKS[mark]
    session.exec(
        update(table)
        .where(
            col(table.proposal_id) == proposal_id,
            col(table.person_id) == person,
            col(table.withdrawn_at).is_(None),
        )
        .values(withdrawn_at=now)
    )


def marked(session: Session, mark: Mark, proposal_id: int, person: int | None) -> bool:
    """Whether this person's mark stands."""
    if person is None:
        return False
    table = _MARKS[mark]
    standing = select(col(table.id)).where(
        col(table.proposal_id) == proposal_id,
        col(table.person_id) == person,
        col(table.withdrawn_at).is_(None),
    )
    return session.connection().execute(standing).first() is not None


def count_of(mark: Mark) -> ScalarSelect[int]:
    """How many marks of unblinded people stand, as a column beside a proposal."""
    table = _MARKS[mark]
    return (
        select(func.count())
        .select_from(table)
        .join(Person, col(Person.id) == col(table.person_id))
        .where(col(table.proposal_id) == col(Proposal.id), *_stands(table))
        .correlate(Proposal)
        .scalar_subquery()
    )


def reached_at(session: Session, proposal_id: int, rung: int) -> int | None:
    """When the agreement came that, of those that stand, makes `rung`."""
    return (
        session.connection()
        .execute(
            select(col(Agreement.given_at))
            .join(Person, col(Person.id) == col(Agreement.person_id))
            .where(col(Agreement.proposal_id) == proposal_id, *_stands(Agreement))
            .order_by(col(Agreement.given_at))
            .offset(rung - 1)
            .limit(1)
        )
        .scalar_one_or_none()
    )


def supporters(session: Session, proposal_id: int, besides: int) -> int:
    """How many other people have agreed or given sympathy, that is, would be moved by an edit."""
    people = [
        select(col(table.person_id)).where(
            col(table.proposal_id) == proposal_id,
            col(table.person_id) != besides,
            col(table.withdrawn_at).is_(None),
        )
        for table in _MARKS.values()
    ]
    both = people[0].union(people[1]).subquery()
    return int(session.connection().execute(select(func.count()).select_from(both)).scalar_one())


def sympathies(
    session: Session, ids: Sequence[int], since: int | None = None, until: int | None = None
) -> dict[int, int]:
    """What a selection counts: {proposal id: people}, 0 where there are none.

    Distinct people whose sympathy was given at or after `since` and stood at `until` (epoch ms, no
    limit where None), without blinded accounts and without the proposer's own. What was given,
    withdrawn or given again later changes nothing.
    """
    rows = session.connection().execute(
        select(col(Sympathy.proposal_id), func.count(col(Sympathy.person_id).distinct()))
        .where(*_counted(ids, since, until))
        .group_by(col(Sympathy.proposal_id))
    )
    return dict.fromkeys(ids, 0) | {row[0]: row[1] for row in rows}


def sympathisers(
    session: Session, ids: Sequence[int], since: int | None, until: int | None, made_since: int
) -> tuple[int, int]:
    """How many people are behind all these sympathies, and how many made their account so late."""
    person = col(Sympathy.person_id)
    late = case((col(Person.created_at) >= made_since, person))
    found = session.connection().execute(
        select(func.count(person.distinct()), func.count(late.distinct())).where(
            *_counted(ids, since, until)
        )
    )
    everybody, new = found.one()
    return everybody, new


def _counted(ids: Sequence[int], since: int | None, until: int | None) -> list[ColumnElement[bool]]:
    """What holds of a sympathy that counts, its person and its proposal."""
    withdrawn = col(Sympathy.withdrawn_at)
    found = [
        col(Person.id) == col(Sympathy.person_id),
        col(Proposal.id) == col(Sympathy.proposal_id),
        col(Sympathy.proposal_id).in_(list(ids)),
        col(Sympathy.person_id).is_distinct_from(col(Proposal.person_id)),
        col(Person.blinded_at).is_(None),
        withdrawn.is_(None) if until is None else or_(withdrawn.is_(None), withdrawn >= until),
    ]
    if since is not None:
        found.append(col(Sympathy.given_at) >= since)
    if until is not None:
        found.append(col(Sympathy.given_at) < until)
    return found


def _stands(table: type[Sympathy] | type[Agreement]) -> list[ColumnElement[bool]]:
    return [col(table.withdrawn_at).is_(None), col(Person.blinded_at).is_(None)]
