"""The board as plain data: its list, one proposal with comments, what a form begins with.

Belongs here: what a page shows and to whom. Does not belong here: markup and words (`web`), the
home page (`screens.home`). May call domain and storage.
"""

from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any, Literal, cast, get_args

from sqlmodel import Session

from townhall.domain import proposals as rules
from townhall.domain.drafts import LONGEST_QUERY, Picture, search_words
from townhall.domain.errors import Refused
from townhall.domain.text import clean, excerpt
from townhall.screens import home
from townhall.storage import boards, comments, proposals, uploads
from townhall.storage.boards import Candidacy, Filter, Listed
from townhall.storage.schema import Board, Proposal

PAGE_SIZE = 20
EXCERPT = 90

State = Literal["open", "done"]
Sort = boards.Sort
STATES = frozenset(get_args(State))
SORTS = frozenset(get_args(Sort))


@dataclass(frozen=True)
class Wish:
    """What a reader asks a list for; a `state` of None is the first that has something in it."""

    state: State | None = None
    sort: Sort = "new"
    q: str = ""
    tag: str = ""
    page: int = 1


def board(session: Session, key: str) -> dict[str, Any]:
    """{key, title, about, agreement_days} of a board. Refuses `not_found`."""
    return _board(_found(session, key))


def listing(
    session: Session, key: str, wish: Wish, person: int | None, now: int, zone: tzinfo
) -> dict[str, Any]:
    """One page of a board's proposals: the context of board/list.html. Refuses `not_found`."""
    at = _found(session, key)
    board_id = _id(at.id)
    q, tag = _typed(wish.q), _typed(wish.tag)
    wanted = Filter(board_id, search_words(q), tag)
    running, done = boards.counts(session, wanted, now)
    state = wish.state or ("open" if running or not done else "done")
    of = max(1, -(-(running if state == "open" else done) // PAGE_SIZE))
    number = min(max(1, wish.page), of)
    rows = boards.page(
        session,
        wanted,
        running=state == "open",
        sort=wish.sort,
        now=now,
        skip=(number - 1) * PAGE_SIZE,
        size=PAGE_SIZE,
    )
    return {
        "board": _board(at),
        "todo": home.todo(session, person, now, zone, board_id),
        "filter": {"state": state, "sort": wish.sort, "q": q, "tag": tag},
        "counts": {"open": running, "done": done},
        "tags": boards.tags(session, board_id),
        "proposals": cards(session, board_id, rows, now, zone),
        "page": {"number": number, "of": of},
        "rungs": list(rules.THRESHOLDS),
        "forums": home.forums(session, board_id),
        "selections": home.selections(session, board_id),
    }


def cards(
    session: Session, board_id: int, rows: list[Listed], now: int, zone: tzinfo
) -> list[dict[str, Any]]:
    """Proposals as a list shows them, in the order given."""
    ids = [row.id for row in rows]
    tags = proposals.tags_of(session, ids)
    candidacies = boards.candidacies(session, ids)
    best = _best(session, board_id, now)
    return [
        {
            "id": row.id,
            "title": row.title,
            "excerpt": excerpt(row.beginning, EXCERPT),
            "author": row.author,
            "submitted_at": row.submitted_at,
            "category": row.category,
            "tags": tags.get(row.id, []),
            "days_left": days_left(row.status, row.agreement_closes_at, now, zone),
            "agreements": row.agreements,
            "imported": row.imported_agreements,
            "sympathies": row.sympathies,
            "comments": row.comments,
            "best": row.id in best,
            "image": _address(row.image),
            "candidate": _candidate(candidacies.get(row.id)),
        }
        for row in rows
    ]


def proposal(
    session: Session, key: str, proposal_id: int, person: int | None, now: int, zone: tzinfo
) -> dict[str, Any]:
    """One proposal with its comments: the context of board/proposal.html, text not yet marked up.

    `open` says whether agreement is still possible, `alive` whether sympathy and comments are.
    Refuses `not_found`.
    """
    at = _found(session, key)
    row = _proposal(session, key, proposal_id)
    facts = boards.listed(session, [proposal_id])[0]
    image = uploads.shape(session, row.upload_id)
    closes_at = row.agreement_closes_at
    status = rules.status(cast("rules.Status", row.status), closes_at, now)
    return {
        "board": _board(at),
        "proposal": {
            "id": proposal_id,
            "title": row.title,
            "author": facts.author,
            "submitted_at": row.submitted_at,
            "category": row.category,
            "tags": proposals.tags_of(session, [proposal_id]).get(proposal_id, []),
            "status": status,
            "background": row.background,
            "content": row.content,
            "image": image
            and {"url": _address(facts.image), "width": image[0], "height": image[1]},
            "days_left": days_left(row.status, closes_at, now, zone),
            "closes_at": closes_at,
            "agreements": facts.agreements,
            "sympathies": facts.sympathies,
            "imported": row.imported_agreements,
            "source": row.source,
            "best": proposal_id in _best(session, _id(at.id), now),
            "candidate": _candidate(boards.candidacies(session, [proposal_id]).get(proposal_id)),
        },
        "rungs": list(rules.THRESHOLDS),
        "reached": [
            {"rung": rung, "at": proposals.reached_at(session, proposal_id, rung)}
            for rung in rules.THRESHOLDS
            if facts.agreements >= rung
        ],
        "mine": {
            "agreed": proposals.marked(session, "agreement", proposal_id, person),
            "sympathised": proposals.marked(session, "sympathy", proposal_id, person),
            "author": person is not None and row.person_id == person,
        },
        "open": status == "open",
        "alive": status != "concluded",
        "comments": [asdict(said) for said in comments.of_proposal(session, proposal_id, person)],
    }


def writing(session: Session, key: str) -> dict[str, Any]:
    """What a form for a new proposal needs: the board, the categories in use."""
    at = _found(session, key)
    return {"board": _board(at), "categories": boards.categories(session, _id(at.id))}


def editing(session: Session, key: str, proposal_id: int, person: int | None) -> dict[str, Any]:
    """What a form for editing needs: the above, the proposal as stored, and its rev.

    Refuses `not_found` and `not_your_proposal`.
    """
    row = _proposal(session, key, proposal_id)
    if person is None or row.person_id != person:
        raise Refused("not_your_proposal")
    image = boards.listed(session, [proposal_id])[0].image
    return {
        **writing(session, key),
        "editing": {"id": proposal_id, "rev": row.rev, "image": _address(image)},
        "title": row.title,
        "background": row.background,
        "content": row.content,
        "category": row.category,
        "tags": proposals.tags_of(session, [proposal_id]).get(proposal_id, []),
        "closes_at": row.agreement_closes_at,
    }


def picture(session: Session, token: str) -> Picture:
    """An uploaded image. Refuses `not_found`."""
    found = uploads.get(session, token)
    if found is None:
        raise Refused("not_found")
    return found


def days_left(status: str, closes_at: int | None, now: int, zone: tzinfo) -> int | None:
    """Calendar days until agreement closes, -1 once it is over, None without a deadline."""
    if status != "open":
        return -1
    if closes_at is None:
        return None
    left = rules.days_left(closes_at, now, zone)
    return -1 if left is None else left


def _best(session: Session, board_id: int, now: int) -> frozenset[int]:
    return rules.best(boards.liked(session, board_id, now, rules.BEST_LEAST))


def _found(session: Session, key: str) -> Board:
    found = boards.get(session, key)
    if found is None:
        raise Refused("not_found")
    return found


def _proposal(session: Session, key: str, proposal_id: int) -> Proposal:
    found = proposals.proposal(session, key, proposal_id)
    if found is None:
        raise Refused("not_found")
    return found


def _board(at: Board) -> dict[str, Any]:
    return {
        "key": at.key,
        "title": at.title,
        "about": at.about,
        "agreement_days": at.agreement_days,
    }


def _candidate(found: Candidacy | None) -> dict[str, Any] | None:
    return asdict(found) if found else None


def _address(token: str | None) -> str | None:
    return f"/uploads/{token}" if token else None


def _typed(words: str) -> str:
    """What a reader typed into an address, cut rather than refused."""
    room = 4 * LONGEST_QUERY
    return clean(words[:room], limit=room, required=False)[:LONGEST_QUERY]


def _id(found: int | None) -> int:
    """The key of a stored row, which is never missing."""
    assert found is not None
    return found
