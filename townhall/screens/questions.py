"""Questions, turnout and tallies. The one place that decides whether a number may be seen."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from townhall.domain import questions as rules
from townhall.domain.audience import Audience
from townhall.domain.ballots import BALLOTS
from townhall.storage import questions as stored
from townhall.storage.schema import Certificate, Question


def questions(
    session: Session, forum_id: int, audience: Audience, table: int | None
) -> list[dict[str, Any]]:
    """The questions; drafts are for the console alone."""
    return [
        _question(row)
        for row in stored.of_forum(session, forum_id)
        if row.state != "draft" or audience == "console"
    ]


def _question(row: Question) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "round": row.round,
        "first": row.first_id,
        "title": row.title,
        "help": row.help,
        "options": row.options,
        "config": row.config,
        "secret": row.secret,
        "changeable": row.changeable,
        "results": row.results,
        "base": row.base,
        "eligibility": row.eligibility,
        "seconds": row.seconds,
        "state": row.state,
        "opened_at": row.opened_at,
        "closes_at": row.closes_at,
        "closed_at": row.closed_at,
        "revealed_at": row.revealed_at,
        "reopens": row.reopens,
        "definition": row.definition_hash,
    }


def turnout(
    session: Session, forum_id: int, audience: Audience, table: int | None
) -> dict[str, Any]:
    """How many took part in each opened question, by channel, of how many who may.

    From the close on these are who might at that moment, as the certificate says, and what seals
    the ballots is told before any result: the Merkle root, and the head of every writer's chain.
    """
    rows = [q for q in stored.of_forum(session, forum_id) if q.state != "draft"]
    closed = stored.certificates(session, _ids(rows))
    running = [q for q in rows if _id(q) not in closed]
    voted = stored.turnout(session, _ids(running))
    entitled = {e: stored.entitled(session, e, forum_id) for e in {q.eligibility for q in running}}
    return {
        str(q.id): _certified(closed[_id(q)])
        if _id(q) in closed
        else _took_part(voted[_id(q)], entitled[q.eligibility])
        for q in rows
    }


def _took_part(channels: dict[str, int], entitled: int) -> dict[str, Any]:
    return {"voted": sum(channels.values()), "entitled": entitled, "channels": channels}


def _certified(certificate: Certificate) -> dict[str, Any]:
    return {
        **_took_part(certificate.channels, certificate.eligible),
        "root": certificate.root,
        "heads": certificate.heads,
    }


def tally(session: Session, forum_id: int, audience: Audience, table: int | None) -> dict[str, Any]:
    """Results of the questions whose numbers this audience may see now."""
    rows = [q for q in stored.of_forum(session, forum_id) if q.state != "draft"]
    closed = stored.certificates(session, _ids(rows))
    running = [q for q in rows if _id(q) not in closed and q.results == "live"]
    cells = stored.cells(session, _ids(running))
    found: dict[str, Any] = {}
    for row in rows:
        certificate = closed.get(_id(row))
        running_result = _running(session, row, cells[_id(row)]) if _id(row) in cells else None
        n = running_result["n"] if running_result else 0
        if not rules.tally_visible(audience, row.state, row.results, n):
            continue
        if certificate is not None:
            found[str(row.id)] = _closed(session, row, certificate, audience)
        elif running_result is not None:
            found[str(row.id)] = running_result
    return found


def _running(session: Session, row: Question, cells: dict[str, int]) -> dict[str, Any]:
    entitled = stored.entitled(session, row.eligibility, row.forum_id)
    return BALLOTS[row.kind].tally(stored.definition(row), cells, entitled=entitled)


def _closed(
    session: Session, row: Question, certificate: Certificate, audience: Audience
) -> dict[str, Any]:
    result: dict[str, Any] = dict(certificate.result)
    result["certificate"] = {
        "counted": certificate.counted,
        "eligible": certificate.eligible,
        "present": certificate.present,
        "channels": certificate.channels,
        "digest": certificate.digest,
        "root": certificate.root,
        "differs": certificate.differs,
        "closed_at": certificate.closed_at,
    }
    if "shift" in result:
        first = session.get_one(Question, row.first_id)
        if not rules.tally_visible(audience, first.state, first.results, 0):
            del result["shift"]
    return result


def _id(row: Question) -> int:
    assert row.id is not None
    return row.id


def _ids(rows: Sequence[Question]) -> list[int]:
    return [_id(row) for row in rows]
