"""A whole forum for whoever checks it: `townhall-forum/1`, as docs/verify.md describes it.

Everything in it is bound by a chain or can be counted again, and nothing in it names a person.
What has not been shown yet is not told here either. Does not belong here: what ballots are called
(`domain.sealing`) and checking (`townhall verify`, which shares no code with this).
"""

import json
from typing import Any

from sqlmodel import Session

from townhall.domain import audit, scoring, sealing
from townhall.domain.errors import Refused
from townhall.domain.questions import COUNTED
from townhall.storage import audit as chains
from townhall.storage import forums, questions, seats, selections
from townhall.storage import sealing as stored
from townhall.storage.schema import Certificate, Forum, Question, Selection

FORMAT = "townhall-forum/1"

Facts = dict[str, Any]
Records = list[tuple[str, Facts]]


def forum(session: Session, code: str) -> Facts:
    """A forum whose questions are all revealed, drafts left out.

    Refuses `forum_unknown`, `export_unrevealed` (title) while a question has an answer that people
    have not seen, and `export_unsealed` (title) while sheets are in whose score is not sealed: the
    chain would tell both, a sheet to whoever tries out what its digest is of.
    """
    found = seats.gate(session, code)
    if found is None:
        raise Refused("forum_unknown", forum=code)
    asked = [q for q in questions.of_forum(session, found.id) if q.state != "draft"]
    hidden = next((q for q in asked if q.state != "revealed"), None)
    if hidden is not None:
        raise Refused("export_unrevealed", title=hidden.title)
    scored = selections.all_of_forum(session, found.id)
    unsealed = next((each for each in scored if _tells_sheets(session, each)), None)
    if unsealed is not None:
        raise Refused("export_unsealed", title=unsealed.title)
    written = chains.links(session, found.id)
    records = [(each["kind"], json.loads(each["body"])) for each in written.get("0", [])]
    return {
        "format": FORMAT,
        "forum": _forum(forums.get(session, found.id), records),
        "questions": [_question(session, q, records) for q in sorted(asked, key=_id)],
        "selections": [_selection(session, each) for each in scored if each.snapshot is not None],
        "chains": written,
        "heads": chains.heads(session, found.id),
    }


def commitments(session: Session, forum_id: int, question: int) -> list[str]:
    """The commitments of the ballots that count, sorted, from the close on.

    The whole list, so that nobody has to ask for their own. Refuses `question_unknown`, and
    `question_not_closed` before.
    """
    row = questions.get(session, question, forum_id)
    if row.state not in COUNTED:
        raise Refused("question_not_closed", state=row.state)
    if row.secret:
        return [commitment for commitment, _ in stored.secret(session, question)]
    counting = sealing.counting(each for each, _ in stored.cast(session, question))
    return sorted(each.commitment for each in counting.values())


def _tells_sheets(session: Session, row: Selection) -> bool:
    if row.snapshot is not None:
        return False
    assert row.id is not None
    return any(each.sheet is not None for each in selections.panel(session, row.id))


def _forum(row: Forum, records: Records) -> Facts:
    """What the forum says of itself, as far as its chain knows it."""
    known = {
        key for kind, body in records if kind in ("forum_made", "forum_edited") for key in body
    }
    return {key: value for key, value in forums.facts(row).items() if key in known}


def _id(row: Question) -> int:
    assert row.id is not None
    return row.id


def _question(session: Session, row: Question, records: Records) -> Facts:
    certificate = questions.certificates(session, [_id(row)])[_id(row)]
    closed = next(
        body for kind, body in records if kind == "question_closed" and body["question"] == row.id
    )
    ballots = _secret(session, row) if row.secret else _recorded(session, row, closed.get("first"))
    return {
        "id": row.id,
        "definition": questions.facts(row),
        "definition_hash": row.definition_hash,
        "opened_at": row.opened_at,
        "revealed_at": row.revealed_at,
        "certificate": _certificate(certificate),
        "result": certificate.result,
        **ballots,
    }


def _certificate(row: Certificate) -> Facts:
    return {
        "counted": row.counted,
        "eligible": row.eligible,
        "present": row.present,
        "channels": row.channels,
        "digest": row.digest,
        "root": row.root,
        "heads": row.heads,
        "cells": row.cells,
        "differs": row.differs,
        "closed_at": row.closed_at,
    }


def _recorded(session: Session, row: Question, first: int | None) -> Facts:
    """By numbers that stand for seats; of a replaced ballot nothing but that it was there."""
    pairs = list(stored.cast(session, _id(row)))
    before = [each for each, _ in stored.cast(session, first)] if first is not None else []
    number = sealing.numbers([each for each, _ in pairs], before)
    last = sealing.counting(each for each, _ in pairs)
    named = stored.groups(row, [each for each, _ in pairs])
    listed = []
    for each, ballot in pairs:
        line: Facts = {
            "seat": number[each.seat],
            "rev": each.rev,
            "id": each.ballot,
            "commitment": each.commitment,
            "writer": ballot.writer,
            "batch": ballot.batch,
        }
        if last[each.seat] is each:
            line["channel"], line["table"] = sealing.group(each, named)
            line["choice"] = json.loads(ballot.choice)
        listed.append(line)
    return {"ballots": sorted(listed, key=lambda line: (line["seat"], line["rev"]))}


def _secret(session: Session, row: Question) -> Facts:
    """Two lists, each sorted by itself, so that no place in one tells a place in the other."""
    return {
        "commitments": [
            {"commitment": commitment, "id": ballot}
            for commitment, ballot in stored.secret(session, _id(row))
        ],
        "choices": sorted(questions.choices(session, row), key=audit.canonical),
    }


def _selection(session: Session, row: Selection) -> Facts:
    assert row.snapshot is not None
    first, final = selections.scored_rounds(session, row)
    scored = scoring.to_json(scoring.compute(scoring.parse(scoring.read(row.snapshot))))
    shown = ("id", "sympathy", "live", "panel", "total", "rank")
    return {
        "id": row.id,
        "rule": row.rule,
        "rule_hash": row.rule_hash,
        "first": first,
        "final": final,
        "snapshot": json.loads(row.snapshot),
        "digest": row.digest,
        "score": {
            "candidates": [{name: each[name] for name in shown} for each in scored["candidates"]],
            "decided_by": scored["decided_by"],
        },
        "decision": None
        if row.decision is None
        else {"decision": row.decision, "candidate": row.decided_candidate, "reason": row.reason},
    }
