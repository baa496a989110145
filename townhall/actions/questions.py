"""Opening, closing and revealing a question. Counting happens here, in the closing transaction."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlmodel import Session

from townhall.actions.steering import steer
from townhall.domain import questions as rules
from townhall.domain.audience import Actor
from townhall.domain.ballots import require_ready
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.storage import audit, ballots, forums, locks, notes, questions, sealing, selections
from townhall.storage.schema import Forum, Question

log = logging.getLogger(__name__)

_SEEN = frozenset({"questions", "turnout", "tally", "room", "score"})


def _set(session: Session, row: Question, course: rules.Course) -> None:
    row.state = course.state
    row.opened_at = course.opened_at
    row.closes_at = course.closes_at
    row.closed_at = course.closed_at
    row.revealed_at = course.revealed_at
    session.add(row)
    session.flush()


def _answer(row: Question) -> dict[str, Any]:
    return {"question": row.id, "state": row.state, "closes_at": row.closes_at}


def _now(actor: Actor, question: int) -> Callable[[Session], dict[str, Any]]:
    """How a question stands, for a command whose first answer was lost."""
    return lambda session: _answer(questions.get(session, question, actor.forum or 0))


async def open_(
    hall: Hall, actor: Actor, *, key: str, question: int, seconds: int | None = None
) -> dict[str, Any]:
    """Open a question, for `seconds` or until it is closed, and freeze it; it goes on stage.

    Opening an open question changes nothing. Refuses with `question_unknown`,
    `question_already_open` (it was closed), `definition_invalid`, `seconds_invalid`.
    """

    def decide(session: Session, forum: Forum, now: int) -> Change[dict[str, Any]]:
        row = questions.get(session, question, _id(forum))
        if row.state == "open":
            return Change(_answer(row))
        if row.config.get("over") == "summaries" and row.state == "draft":
            row.options = _summaries(session, forum)
        require_ready(questions.definition(row))
        _set(session, row, rules.open_(rules.course_of(row), now, seconds))
        row.definition_hash = rules.definition_hash(questions.facts(row))
        forum.stage = {"scene": "question", "question": row.id, "blank": False}
        rules_locked = selections.lock_rule(session, _id(forum), question, now)
        session.add(row)
        body = {
            "question": row.id,
            "definition": row.definition_hash,
            "opened_at": row.opened_at,
            "closes_at": row.closes_at,
            "rules": rules_locked,
        }
        return Change(_answer(row), _SEEN | {"stage"}, ("question_open", body))

    return await steer(hall, actor, "question.steer", key, decide, _now(actor, question))


async def extend(
    hall: Hall, actor: Actor, *, key: str, question: int, seconds: int
) -> dict[str, Any]:
    """Give an open question more time. Refuses as `domain.questions.extend` does."""

    def decide(session: Session, forum: Forum, now: int) -> Change[dict[str, Any]]:
        row = questions.get(session, question, _id(forum))
        _set(session, row, rules.extend(rules.course_of(row), now, seconds))
        body = {"question": row.id, "closes_at": row.closes_at}
        return Change(_answer(row), frozenset({"questions"}), ("question_extend", body))

    return await steer(hall, actor, "question.steer", key, decide, _now(actor, question))


async def close(
    hall: Hall, actor: Actor, *, key: str, question: int, seconds: int | None = None
) -> dict[str, Any]:
    """Start the countdown; the count follows by itself when it and the grace are over.

    Closing a closing or closed question changes nothing. Refuses `question_not_open` for a draft.
    """

    def decide(session: Session, forum: Forum, now: int) -> Change[dict[str, Any]]:
        row = questions.get(session, question, _id(forum))
        if row.state in ("closing", "closed", "revealed"):
            return Change(_answer(row))
        _set(session, row, rules.close(rules.course_of(row), now, seconds))
        body = {"question": row.id, "closes_at": row.closes_at}
        return Change(_answer(row), frozenset({"questions"}), ("question_close", body))

    return await steer(hall, actor, "question.steer", key, decide, _now(actor, question))


async def finish_due(hall: Hall) -> int:
    """Count and certify every question whose time is over; how many. Any process may call it.

    One that cannot be counted holds back no other; the log says why, again and again.
    """
    limit = hall.now() - rules.GRACE_MS
    finished = 0
    for forum, question in await hall.read(questions.due, limit):
        try:
            finish = partial(_finish, forum=forum, question=question)
            finished += await hall.change(forum, finish, revise=False)
        except Exception:
            log.exception("question %s could not be counted", question)
    return finished


def _finish(session: Session, now: int, *, forum: int, question: int) -> Change[bool]:
    """Behind the lock: nothing is stored between this count and the closed state.

    While one process counts, the others go on with their votes.
    """
    if not locks.take_count(session, question):
        return Change(False)
    locks.hold_ballots(session, question)
    row = questions.get(session, question, forum)
    if not rules.due(row.state, row.closes_at, now):
        return Change(False)
    audit.raise_revision(session, forum)
    session.refresh(row)
    if not rules.due(row.state, row.closes_at, now):
        return Change(False)  # somebody gave it more time while this waited for the forum's line
    present = forums.connected(session, forum, now)
    certificate = questions.recount(session, row, present=present, now=now)
    certificate.heads = audit.heads(session, forum)
    session.add(certificate)
    first = row.first_id if "shift" in certificate.result else None
    listed = sealing.list_digest(session, row, first)
    if row.secret:
        ballots.forget_order(session, question)
    _set(session, row, rules.finish(rules.course_of(row), now))
    body = {
        "question": question,
        "counted": certificate.counted,
        "eligible": certificate.eligible,
        "present": certificate.present,
        "channels": certificate.channels,
        "digest": certificate.digest,
        "root": certificate.root,
        "heads": certificate.heads,
        "cells": certificate.cells,
        "differs": certificate.differs,
        "closed_at": certificate.closed_at,
        "first": first,
        "list": listed,
    }
    return Change(True, _SEEN, ("question_closed", body))


async def reveal(hall: Hall, actor: Actor, *, key: str, question: int) -> dict[str, Any]:
    """Show the counted result to everyone; the stage turns to it.

    Revealing again changes nothing. Refuses `question_not_closed`.
    """

    def decide(session: Session, forum: Forum, now: int) -> Change[dict[str, Any]]:
        row = questions.get(session, question, _id(forum))
        if row.state == "revealed":
            return Change(_answer(row))
        _set(session, row, rules.reveal(rules.course_of(row), now))
        forum.stage = {"scene": "reveal", "question": row.id, "blank": False}
        body = {"question": row.id, "revealed_at": row.revealed_at}
        return Change(_answer(row), _SEEN | {"stage"}, ("question_reveal", body))

    return await steer(hall, actor, "question.steer", key, decide, _now(actor, question))


async def reopen(hall: Hall, actor: Actor, *, key: str, question: int) -> dict[str, Any]:
    """Ask again: a new draft that names the old question; the old one stays as it is."""

    def decide(session: Session, forum: Forum, now: int) -> Change[dict[str, Any]]:
        old = questions.get(session, question, _id(forum))
        rules.reopen(rules.course_of(old))
        draft = questions.again(old, _id(forum), first_id=old.first_id, reopens=old.id)
        new = questions.add(session, draft)
        body = {"question": new, "reopens": old.id}
        value = {"question": new, "state": "draft", "closes_at": None}
        return Change(value, frozenset({"questions"}), ("question_reopen", body))

    return await steer(hall, actor, "question.steer", key, decide)


def _summaries(session: Session, forum: Forum) -> list[dict[str, Any]]:
    """What the tables sent from the talk that is due, as options that stand for their table."""
    talk = notes.summarised(session, _id(forum), forum.current_segment)
    return [
        {"id": f"t{summary['table']}", "title": summary["text"], "table": summary["table"]}
        for summary in notes.sent(session, _id(forum))
        if summary["segment"] == talk
    ]


def _id(forum: Forum) -> int:
    if forum.id is None:
        raise Refused("not_found")
    return forum.id
