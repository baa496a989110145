"""What an organiser sees: the house with its boards, forums and people, and one forum's set-up.

Belongs here: these views as plain data. Does not belong here: a selection's set-up
(`selections`), the live screens (`forums`, `slices`). May call domain and storage.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlmodel import Session

from townhall.storage import agenda, boards, forums, people, seats, selections, sessions
from townhall.storage import questions as asked
from townhall.storage.boards import Filter
from townhall.storage.schema import Question, Segment

MOST_FORUMS = 200
MOST_PROPOSALS = 40
ROLES = ("organiser", "moderator", "official")

Facts = dict[str, Any]


def house(session: Session, now: int) -> Facts:
    """Boards, forums, selections, how many people run it, and the first steps still to do."""
    tables, tickets = forums.table_counts(session), forums.ticket_counts(session)
    held = forums.newest(session, MOST_FORUMS)
    titles = {row.id: row.title for row in held}
    roles = Counter(grant.role for grant in people.grants(session))
    found: Facts = {
        "boards": [
            _board(session, row.id or 0, row.key, row.title, now) for row in boards.every(session)
        ],
        "forums": [
            {
                "code": row.code,
                "title": row.title,
                "state": row.state,
                "starts_at": row.starts_at,
                "tables": tables.get(row.id or 0, 0),
                "tickets": tickets.get(row.id or 0, (0, 0))[0],
                "redeemed": tickets.get(row.id or 0, (0, 0))[1],
            }
            for row in held
        ],
        "selections": [
            {
                "id": row.id,
                "title": row.title,
                "state": row.state,
                "forum": titles.get(row.forum_id) if row.forum_id else None,
            }
            for row in boards.selections(session, None)
        ],
        "people": {f"{role}s": roles[role] for role in ROLES},
    }
    done = {
        "board": bool(found["boards"]),
        "forum": bool(held),
        "tickets": any(minted for minted, _ in tickets.values()),
        "people": roles["moderator"] > 0,
    }
    return found | {"steps": [{"name": name, "done": at} for name, at in done.items()]}


def places(session: Session) -> Facts:
    """The boards and forums that a form may name: key or code, and title."""
    return {
        "boards": [{"key": row.key, "title": row.title} for row in boards.every(session)],
        "forums": [
            {"code": row.code, "title": row.title, "id": row.id}
            for row in forums.newest(session, MOST_FORUMS)
            if row.state != "ended"
        ],
    }


def proposals(session: Session, board: str, now: int) -> list[Facts]:
    """The running proposals of a board with most sympathy, to choose candidates from."""
    at = boards.get(session, board)
    if at is None:
        return []
    listed = boards.page(
        session,
        Filter(at.id or 0),
        running=True,
        sort="sympathy",
        now=now,
        skip=0,
        size=MOST_PROPOSALS,
    )
    return [{"id": row.id, "title": row.title, "sympathies": row.sympathies} for row in listed]


def same_board(session: Session, key: str, title: str) -> bool:
    """Whether a board of this key and title is there: the form was sent twice."""
    found = boards.get(session, key)
    return found is not None and found.title == title


def setup(session: Session, forum_id: int, now: int) -> Facts:
    """Everything about one forum that an organiser may change."""
    row = forums.get(session, forum_id)
    numbers = seats.tables_of(session, forum_id)
    minted, redeemed = forums.ticket_counts(session).get(forum_id, (0, 0))
    chosen = selections.of_forum(session, forum_id)
    linked = {chosen.first_question_id, chosen.final_question_id} if chosen else set()
    carded = sessions.carded(session, forum_id, now)
    return {
        "forum": {
            "code": row.code,
            "title": row.title,
            "host": row.host,
            "language": row.language,
            "entry": row.entry,
            "state": row.state,
            "starts_at": row.starts_at,
        },
        "segments": [_segment(each) for each in agenda.of_forum(session, forum_id)],
        "questions": [_question(each, linked) for each in asked.of_forum(session, forum_id)],
        "tables": len(numbers),
        "uncarded": [number for number in numbers if number not in carded],
        "tickets": {"minted": minted, "redeemed": redeemed},
        "links": _links(session, forum_id, numbers, now),
        "selection": (
            {"id": chosen.id, "title": chosen.title, "state": chosen.state} if chosen else None
        ),
    }


def ticketed(session: Session, forum_id: int, tickets: Iterable[seats.Ticket]) -> list[Facts]:
    """Tickets that were just made as they are printed: by table and place, then by number."""
    places_of = seats.places(session, forum_id)
    found = []
    for ticket in tickets:
        table, place = places_of.get(ticket.number, (None, None))
        found.append(
            {"number": ticket.number, "table": table, "seat": place, "token": ticket.token}
        )
    return sorted(found, key=lambda each: (each["table"] or 0, each["number"]))


def grants(session: Session, person: int | None) -> list[Facts]:
    """Who holds which role, and whether it is the reader."""
    titles = {row.id: row.title for row in forums.newest(session, MOST_FORUMS)}
    return [
        {
            "id": grant.id,
            "nickname": grant.nickname,
            "login": grant.login,
            "role": grant.role,
            "forum": grant.forum,
            "scope": titles.get(grant.forum) if grant.forum else None,
            "you": grant.person == person,
        }
        for grant in people.grants(session)
    ]


def _board(session: Session, board: int, key: str, title: str, now: int) -> Facts:
    running, done = boards.counts(session, Filter(board), now)
    return {"key": key, "title": title, "open": running, "done": done}


def _segment(row: Segment) -> Facts:
    return {
        "id": row.id,
        "kind": row.kind,
        "title": row.title,
        "prompt": row.prompt,
        "minutes": row.minutes,
        "question": row.question_id,
        "facts": row.facts,
        "started": row.started_at is not None,
    }


def _question(row: Question, linked: set[int | None]) -> Facts:
    return {
        "id": row.id,
        "kind": row.kind,
        "round": row.round,
        "first": row.first_id,
        "title": row.title,
        "help": row.help,
        "state": row.state,
        "secret": row.secret,
        "changeable": row.changeable,
        "results": row.results,
        "base": row.base,
        "eligibility": row.eligibility,
        "seconds": row.seconds,
        "config": row.config,
        "options": [{"id": each["id"], "title": each["title"]} for each in row.options],
        "selection": row.id in linked,
    }


def _links(session: Session, forum: int, numbers: list[int], now: int) -> list[Facts]:
    """The roles that enter by card or link, with how many devices are in with one."""
    active = sessions.devices(session, forum, now)
    staff = [
        {"role": role, "table": None, "active": active[role, None]}
        for role in ("moderator", "stage")
    ]
    desks = [
        {"role": "facilitator", "table": number, "active": active["facilitator", number]}
        for number in numbers
    ]
    return staff + desks
