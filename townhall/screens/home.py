"""The home page as plain data: what needs me now, boards, forums, score sheets.

Belongs here: what crosses boards and forums. Does not belong here: one board (`proposals`), one
forum (`forums`). May call domain and storage.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from sqlmodel import Session

from townhall.domain import proposals as rules
from townhall.screens import selections as scores
from townhall.storage import boards
from townhall.storage.boards import Filter
from townhall.storage.schema import Board, Forum

MOST_DUTIES = 3
SOON_MS = 7 * rules.DAY_MS
"""How far ahead a deadline or a forum is worth a mention."""


def home(session: Session, person: int | None, now: int, zone: tzinfo) -> dict[str, Any]:
    """The context of board/home.html."""
    return {
        "todo": todo(session, person, now, zone, None),
        "boards": [_board(session, at, now) for at in boards.every(session)],
        "forums": forums(session, None),
        "selections": selections(session, None),
    }


def todo(
    session: Session, person: int | None, now: int, zone: tzinfo, board: int | None
) -> list[dict[str, Any]]:
    """At most three things that need somebody now, the most urgent first.

    A forum that runs, one within a week, a proposal that soon closes, my own proposal, the newest
    score; on a board only what belongs to it.
    """
    held = boards.forums(session, board)
    found = [
        *_running(session, held),
        *_coming(held, now),
        *_closing(session, board, now, zone),
        *_mine(session, board, person),
        *_scored(session, board),
    ]
    return found[:MOST_DUTIES]


def forums(session: Session, board: int | None) -> list[dict[str, Any]]:
    """The forums of a board, or of the house; the latest first."""
    return [
        {
            "code": row.code,
            "title": row.title,
            "host": row.host,
            "state": row.state,
            "starts_at": row.starts_at,
        }
        for row in boards.forums(session, board)
    ]


def selections(session: Session, board: int | None) -> list[dict[str, Any]]:
    """The score sheets of a board, or of the house; the newest first."""
    return [
        {"id": row.id, "title": row.title, "state": row.state, "closed_at": row.closed_at}
        for row in boards.selections(session, board)
    ]


def _board(session: Session, at: Board, now: int) -> dict[str, Any]:
    running, done = boards.counts(session, Filter(at.id or 0), now)
    return {"key": at.key, "title": at.title, "about": at.about, "open": running, "done": done}


def _running(session: Session, held: Sequence[Forum]) -> list[dict[str, Any]]:
    running = [row for row in held if row.state == "running"]
    voting = boards.voting(session, [row.id or 0 for row in running])
    return [
        {
            "kind": "forum_now",
            "code": row.code,
            "title": row.title,
            "voting": row.id in voting,
        }
        for row in running
    ]


def _coming(held: Sequence[Forum], now: int) -> list[dict[str, Any]]:
    """The next forum of the coming week."""
    coming = [row for row in held if row.state == "before" and now <= row.starts_at < now + SOON_MS]
    return [
        {
            "kind": "forum_soon",
            "code": row.code,
            "title": row.title,
            "starts_at": row.starts_at,
        }
        for row in sorted(coming, key=lambda row: row.starts_at)[:1]
    ]


def _closing(session: Session, board: int | None, now: int, zone: tzinfo) -> list[dict[str, Any]]:
    """The proposal that closes first of those that somebody supports and a rung still awaits."""
    for key, row in boards.closing(session, board, now, now + SOON_MS):
        stand = rules.meter(row.agreements)
        left = rules.days_left(row.agreement_closes_at or 0, now, zone)
        if row.agreements and stand.next is not None and left is not None:
            return [
                {
                    "kind": "closing",
                    "board": key,
                    "id": row.id,
                    "title": row.title,
                    "days_left": left,
                    "missing": stand.missing,
                    "rung": stand.next,
                }
            ]
    return []


def _mine(session: Session, board: int | None, person: int | None) -> list[dict[str, Any]]:
    """The newest proposal of the reader."""
    if person is None:
        return []
    return [
        {
            "kind": "my_proposal",
            "board": key,
            "id": row.id,
            "title": row.title,
            "agreements": row.agreements,
            "comments": row.comments,
        }
        for key, row in boards.written_by(session, board, person)[:1]
    ]


def _scored(session: Session, board: int | None) -> list[dict[str, Any]]:
    """The newest score that the public may see; no winner where the first place is shared."""
    for row in boards.selections(session, board):
        result = scores.figures(session, row, "public")
        if result is not None:
            first = [each["title"] for each in result["candidates"] if each["rank"] == 1]
            winner = first[0] if len(first) == 1 else None
            return [{"kind": "score", "id": row.id, "title": row.title, "winner": winner}]
    return []
