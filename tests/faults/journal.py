"""What voters know they sent and were told, held against what the database kept.

The oracle is the clients' own journal and plain SQL: it shares nothing with the counting path,
not even the formulas of receipts.
"""

import hashlib
import json
import secrets
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, create_engine, text

ACKNOWLEDGED = frozenset(("counted", "counted_before"))
PASSING = frozenset(("busy", "refused"))
CHOICES = ("yes", "no", "abstain")


@dataclass
class Entry:
    """One vote as its voter sent it, and every answer to it."""

    seat: int
    secret: bool
    payload: dict[str, Any]
    answers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        return any(answer["status"] in ACKNOWLEDGED for answer in self.answers)

    @cached_property
    def ballot_id(self) -> str:
        return _sha256(f"{self.payload['question']}:{self.payload['key']}")

    @cached_property
    def commitment(self) -> str:
        sent = self.payload
        choice = json.dumps(sent["choice"])
        return _sha256(f"{sent['question']}:{self.ballot_id}:{choice}:{sent['nonce']}")


def _sha256(written: str) -> str:
    return hashlib.sha256(written.encode()).hexdigest()


def entry(seat: int, question: int, choice: str, rev: int = 1, *, secret: bool = False) -> Entry:
    """A vote with a key and nonce of its own."""
    payload = {
        "question": question,
        "key": secrets.token_hex(16),
        "rev": rev,
        "nonce": secrets.token_hex(16),
        "choice": choice,
    }
    return Entry(seat, secret, payload)


@dataclass
class Findings:
    """What is wrong, in words; every list is empty when nothing is."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def examine(entries: list[Entry], database_url: str) -> Findings:
    """Look for acknowledged votes that are not stored as sent, for anything stored twice, for
    votes with two different final answers, and for chains of records that do not hold.
    """
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            return _examine(entries, connection)
    finally:
        engine.dispose()


def _examine(entries: list[Entry], connection: Connection) -> Findings:
    found = Findings()
    recorded = {
        (row.question_id, row.key): (row.seat_id, row.rev, json.loads(row.choice), row.commitment)
        for row in connection.execute(text("SELECT * FROM ballot"))
    }
    secret = {
        row.ballot_id: (row.question_id, json.loads(row.choice), row.commitment)
        for row in connection.execute(text("SELECT * FROM secret_ballot"))
    }
    part = {
        tuple(r) for r in connection.execute(text("SELECT question_id, seat_id FROM participation"))
    }
    for one in entries:
        if one.acknowledged and not _kept(one, recorded, secret, part):
            found.lost.append(f"seat {one.seat}: {one.payload}")
        for receipt in (a["receipt"] for a in one.answers if a["status"] in ACKNOWLEDGED):
            if (receipt["id"], receipt["commitment"]) != (one.ballot_id, one.commitment):
                found.lost.append(f"seat {one.seat} holds another receipt: {receipt}")
        if len({a["status"] in ACKNOWLEDGED for a in one.answers if _final(a)}) > 1:
            found.contradicted.append(f"seat {one.seat}: {one.answers}")
    _count(connection, entries, recorded, secret, part, found)
    _follow(connection, found)
    return found


def _final(answer: dict[str, Any]) -> bool:
    return answer["status"] not in PASSING


def _follow(connection: Connection, found: Findings) -> None:
    """Each record names the one before it, and none is missing."""
    last: dict[tuple[int, int], tuple[int, str]] = {}
    for row in connection.execute(text("SELECT * FROM audit ORDER BY forum_id, writer, n")):
        n, previous = last.get((row.forum_id, row.writer), (row.n - 1, ""))
        expected = _sha256(f"{previous}\n{row.kind}\n{row.body}")
        if (row.n, row.prev_hash, row.hash) != (n + 1, previous, expected):
            found.broken.append(f"writer {row.writer}, record {row.n}")
        last[row.forum_id, row.writer] = (row.n, row.hash)


def _kept(one: Entry, recorded: Any, secret: Any, part: Any) -> bool:
    sent = one.payload
    if (sent["question"], one.seat) not in part:
        return False
    if one.secret:
        expected = (sent["question"], sent["choice"], one.commitment)
        return bool(secret.get(one.ballot_id) == expected)
    row = recorded.get((sent["question"], sent["key"]))
    return bool(row == (one.seat, sent["rev"], sent["choice"], one.commitment))


def _count(
    connection: Connection,
    entries: list[Entry],
    recorded: Any,
    secret: Any,
    part: Any,
    found: Findings,
) -> None:
    """One seat, one vote: whatever counts is counted once, and nothing that nobody sent."""
    current: dict[tuple[int, int], tuple[int, Any]] = {}
    for (question, _), (seat, rev, choice, _) in recorded.items():
        if rev > current.get((question, seat), (0, None))[0]:
            current[question, seat] = (rev, choice)
    counted = Counter((question, choice) for (question, _), (_, choice) in current.items())
    counted.update((question, choice) for question, choice, _ in secret.values())
    rows = connection.execute(
        text("SELECT question_id, cell, sum(n) AS n FROM tally GROUP BY question_id, cell")
    )
    tally = Counter({(row.question_id, row.cell): int(row.n) for row in rows if row.n})
    if tally != counted:
        found.doubled.append(f"the tally differs from the ballots: {dict(tally - counted)}")
    rows = connection.execute(text("SELECT question_id, sum(n) AS n FROM turnout GROUP BY 1"))
    turnout = Counter({row.question_id: int(row.n) for row in rows})
    if turnout != Counter(question for question, _ in part):
        found.doubled.append(f"the turnout differs from who took part: {dict(turnout)}")
    if len(current) + len(secret) != len(part):
        found.doubled.append(f"{len(part)} seats took part, {len(current) + len(secret)} ballots")
    sent = {(one.payload["question"], one.payload["key"]) for one in entries}
    if unknown := set(recorded) - sent:
        found.doubled.append(f"nobody sent {len(unknown)} of the stored ballots")
    if unknown := set(secret) - {one.ballot_id for one in entries}:
        found.doubled.append(f"nobody sent {len(unknown)} of the stored secret ballots")
