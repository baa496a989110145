"""Everything that changes a board: proposing, 공감 and 동의, comments, boards, imports.

Belongs here: who may, in what state, written in one transaction. Does not belong here: lists and
pages (`screens.proposals`), limits of fields (`domain.drafts`). May call domain and storage.
No forum's screen shows a board, so nothing is announced.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, cast
from zoneinfo import ZoneInfo

from sqlmodel import Session

from townhall.domain.audience import Actor, require
from townhall.domain.drafts import COMMENT, Draft, Picture, deadline, require_editable
from townhall.domain.errors import Refused
from townhall.domain.importing import Row
from townhall.domain.proposals import Status, require_agreement
from townhall.domain.text import clean
from townhall.hall import Change, Hall
from townhall.storage import boards, comments, proposals, uploads
from townhall.storage.schema import Board, Person, Proposal

T = TypeVar("T")

BOARD_TITLE, BOARD_ABOUT = 80, 400
DAYS, MOST_DAYS = 30, 366
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


async def open_board(
    hall: Hall, actor: Actor, key: str, title: str, about: str = "", agreement_days: int = DAYS
) -> str:
    """Open a board; its key.

    `key` 1 to 40 of a-z, 0-9 and hyphen; `title` 1 to 80 and `about` 0 to 400 graphemes;
    `agreement_days` 1 to 366. Refuses `board_key_invalid`, `board_taken`, `board_days_invalid`,
    `text_empty`, `text_too_long`.
    """
    require(actor, "house.manage")
    named, described = _checked(key, title, about, agreement_days)

    def decide(session: Session, now: int) -> Change[str]:
        if boards.get(session, key) is not None:
            raise Refused("board_taken", field="key", board=key)
        boards.add(session, key, named, described, agreement_days, now)
        return Change(key)

    return await hall.change(None, decide)


async def propose(
    hall: Hall,
    actor: Actor,
    board: str,
    draft: Draft,
    *,
    key: str,
    closes: str = "",
    picture: Picture | None = None,
) -> int:
    """Submit a proposal; its id. May be repeated: the same person and `key` give the same id.

    `closes` is the day agreement ends (YYYY-MM-DD) or empty for the board's own number of days.
    Refuses `not_found` (board), `deadline_invalid`, `sign_in`, `not_allowed`.
    """
    source_key = _key_of(actor, key)

    def decide(session: Session, person: Person, now: int) -> int:
        at = _board(session, board, lock=True)
        again = proposals.proposal_keyed(session, _id(at.id), source_key)
        if again is not None:
            return again
        return proposals.add_proposal(
            session,
            _id(at.id),
            person,
            draft,
            key=source_key,
            closes_at=deadline(closes, now, at.agreement_days, _zone(hall)),
            upload=_kept(session, picture, now),
            now=now,
        )

    return await _as_person(hall, actor, decide)


async def edit(
    hall: Hall,
    actor: Actor,
    board: str,
    proposal: int,
    draft: Draft,
    *,
    rev: int,
    closes: str = "",
    picture: Picture | None = None,
    remove_picture: bool = False,
) -> int:
    """Replace what an own proposal says; its new rev.

    `rev` is the one the author saw. Refuses `not_found`, `not_your_proposal`, `agreement_closed`,
    `proposal_supported`, `changed_meanwhile`, `deadline_invalid`.
    """

    def decide(session: Session, person: Person, now: int) -> int:
        at = _board(session, board, lock=True)
        found = _proposal(session, board, proposal)
        if found.person_id != person.id:
            raise Refused("not_your_proposal")
        _require_running(found, now)
        supporters = proposals.supporters(session, proposal, besides=_id(person.id))
        require_editable(rev=found.rev, seen_rev=rev, supporters=supporters)
        standing = found.agreement_closes_at
        upload = None if remove_picture else found.upload_id
        return proposals.rewrite(
            session,
            found,
            draft,
            closes_at=deadline(closes, now, at.agreement_days, _zone(hall), standing),
            upload=_kept(session, picture, now) or upload,
        )

    return await _as_person(hall, actor, decide)


async def sympathise(hall: Hall, actor: Actor, board: str, proposal: int, *, on: bool) -> None:
    """Give 공감 or take it back. May be repeated.

    It outlives the deadline of agreement. Refuses `not_found`, `proposal_concluded`.
    """

    def decide(session: Session, person: Person, now: int) -> None:
        _alive(session, board, proposal)
        _mark(session, "sympathy", proposal, person, now, on=on)

    await _as_person(hall, actor, decide)


async def agree(hall: Hall, actor: Actor, board: str, proposal: int, *, on: bool) -> None:
    """Give 동의 or take it back. May be repeated. Refuses `not_found`, `agreement_closed`."""

    def decide(session: Session, person: Person, now: int) -> None:
        _require_running(_proposal(session, board, proposal), now)
        _mark(session, "agreement", proposal, person, now, on=on)

    await _as_person(hall, actor, decide)


async def comment(hall: Hall, actor: Actor, board: str, proposal: int, typed: str) -> int:
    """Say something about a proposal; the comment's id.

    1 to 1,000 graphemes. May be repeated: the same words of the same person give the same id.
    Refuses `not_found`, `proposal_concluded`, `text_empty`, `text_too_long`.
    """
    words = clean(typed, limit=COMMENT, lines=True)

    def decide(session: Session, person: Person, now: int) -> int:
        _alive(session, board, proposal)
        again = comments.same(session, proposal, _id(person.id), words)
        return again or comments.add(session, proposal, person, words, now)

    return await _as_person(hall, actor, decide)


async def remove_comment(
    hall: Hall, actor: Actor, board: str, proposal: int, comment_id: int
) -> None:
    """Take an own comment off the page. Refuses `not_found`, `not_your_comment`."""

    def decide(session: Session, person: Person, now: int) -> None:
        _proposal(session, board, proposal)
        if _comment_author(session, proposal, comment_id) != person.id:
            raise Refused("not_your_comment")
        comments.remove(session, comment_id, now)

    await _as_person(hall, actor, decide)


async def sympathise_comment(
    hall: Hall, actor: Actor, board: str, proposal: int, comment_id: int, *, on: bool
) -> None:
    """Give a comment 공감 or take it back. May be repeated.

    Refuses `not_found`, `proposal_concluded`, `own_comment`.
    """

    def decide(session: Session, person: Person, _now: int) -> None:
        _alive(session, board, proposal)
        if _comment_author(session, proposal, comment_id) == person.id:
            raise Refused("own_comment")
        comments.mark(session, comment_id, _id(person.id), on=on)

    await _as_person(hall, actor, decide)


@dataclass(frozen=True)
class TakenIn:
    """What an import came to; `clashing` are the lines of rows whose key another proposal has."""

    new: int
    already: int
    clashing: tuple[int, ...]


class _UndoneError(Exception):
    """Rolls an import back and carries what it would have come to."""

    def __init__(self, outcome: TakenIn) -> None:
        super().__init__()
        self.outcome = outcome


async def take_in(
    hall: Hall,
    board: str,
    rows: Sequence[Row],
    *,
    keep: Literal["all", "unless_clashing", "nothing"] = "all",
    create: str | None = None,
) -> TakenIn:
    """Store checked rows of a file, all together; for the operator's command.

    A row whose key is on the board (or came earlier in `rows`) is already there if the title is
    the same, otherwise it clashes. What `keep` does not keep is rolled back, with the same answer.
    A board that is missing is made with the title `create`. May be repeated. Refuses `not_found`
    (board), `board_key_invalid`, `text_empty`, `text_too_long`.
    """
    title = None if create is None else _checked(board, create, "", DAYS)[0]

    def decide(session: Session, now: int) -> Change[TakenIn]:
        if title is not None and boards.get(session, board) is None:
            boards.add(session, board, title, "", DAYS, now)
        at = _id(_board(session, board, lock=True).id)
        new, outcome = _compared(rows, proposals.titles_by_key(session, at))
        if keep == "nothing" or (keep == "unless_clashing" and outcome.clashing):
            raise _UndoneError(outcome)
        proposals.add_imported(session, at, new)
        return Change(outcome)

    try:
        return await hall.change(None, decide)
    except _UndoneError as undone:
        return undone.outcome


def _compared(rows: Sequence[Row], known: dict[str, str]) -> tuple[list[Row], TakenIn]:
    """Which rows are new beside the titles known by key, and what the others are."""
    new: list[Row] = []
    clashing: list[int] = []
    for row in rows:
        title = known.get(row.key)
        if title is None:
            new.append(row)
            known[row.key] = row.draft.title
        elif title != row.draft.title:
            clashing.append(row.line)
    already = len(rows) - len(new) - len(clashing)
    return new, TakenIn(len(new), already, tuple(clashing))


async def _as_person(hall: Hall, actor: Actor, decide: Callable[[Session, Person, int], T]) -> T:
    """Run a decision for the account at the door; a role without an account cannot write here."""
    require(actor, "proposal.write")
    if actor.person is None:
        raise Refused("sign_in", action="proposal.write")
    person_id = actor.person

    def task(session: Session, now: int) -> Change[T]:
        person = session.get(Person, person_id)
        if person is None or person.blinded_at is not None:
            raise Refused("not_allowed", action="proposal.write")
        return Change(decide(session, person, now))

    return await hall.change(None, task)


def _checked(key: str, title: str, about: str, agreement_days: int) -> tuple[str, str]:
    """Title and description of a new board, cleaned."""
    if not _KEY.fullmatch(key):
        raise Refused("board_key_invalid", field="key", board=key[:40])
    if not 1 <= agreement_days <= MOST_DAYS:
        raise Refused("board_days_invalid", field="agreement_days", limit=MOST_DAYS)
    return (
        clean(title, limit=BOARD_TITLE, field="title"),
        clean(about, limit=BOARD_ABOUT, lines=True, required=False, field="about"),
    )


def _board(session: Session, key: str, *, lock: bool = False) -> Board:
    found = boards.get(session, key, lock=lock)
    if found is None:
        raise Refused("not_found")
    return found


def _proposal(session: Session, board: str, proposal: int) -> Proposal:
    found = proposals.proposal(session, board, proposal)
    if found is None:
        raise Refused("not_found")
    return found


def _alive(session: Session, board: str, proposal: int) -> None:
    if _proposal(session, board, proposal).status == "concluded":
        raise Refused("proposal_concluded")


def _require_running(found: Proposal, now: int) -> None:
    require_agreement(cast("Status", found.status), found.agreement_closes_at, now)


def _mark(
    session: Session, mark: proposals.Mark, proposal: int, person: Person, now: int, *, on: bool
) -> None:
    change = proposals.give if on else proposals.withdraw
    change(session, mark, proposal, _id(person.id), now)


def _comment_author(session: Session, proposal: int, comment_id: int) -> int:
    found = comments.get(session, comment_id)
    if found is None or found.proposal_id != proposal:
        raise Refused("not_found")
    return found.person_id


def _kept(session: Session, picture: Picture | None, now: int) -> int | None:
    if picture is None:
        return None
    return uploads.add(session, picture, secrets.token_hex(16), now)


def _key_of(actor: Actor, key: str) -> str:
    """A form's key belongs to one person, so that another's form cannot answer for it."""
    return "form:" + hashlib.sha256(f"{actor.person}:{key}".encode()).hexdigest()[:32]


def _zone(hall: Hall) -> ZoneInfo:
    return ZoneInfo(hall.settings.timezone)


def _id(found: int | None) -> int:
    """The key of a stored row, which is never missing."""
    assert found is not None
    return found
