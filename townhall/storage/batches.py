"""Storing a batch of ballots in one transaction, with a fixed number of statements.

The unique keys decide, never the code: `participation` for one seat one vote, `(question, key)`
for a retry. The same algorithm runs on both databases; its statements are in `batch_rows`.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from townhall.domain import audit, questions
from townhall.domain.ballots import BALLOTS, Definition
from townhall.storage.audit import append_link, heads_of
from townhall.storage.ballots import (
    Answer,
    CastBallot,
    Held,
    as_answer,
    counted,
    definition_of,
    receipt,
    secret_counted,
)
from townhall.storage.batch_rows import BatchRows

MOST_DEFINITIONS = 100
"""Of how many questions a writer remembers how they are counted."""

Moved = dict[tuple[int, str], int]  # question, cell -> ballots


@dataclass(slots=True)
class _Asked:
    """What a batch needs to know of one question."""

    row: Row[Any]
    forum: int
    secret: bool
    changeable: bool
    batch: int  # the number that this batch will have in its forum's chain


@dataclass(slots=True)
class Stored:
    """What one batch did: an answer per ballot, and the forums whose tallies moved."""

    answers: list[Answer]
    forums: set[int] = field(default_factory=set)


class Batches:
    """Stores batches for one writer; keeps this writer's chain heads, which nobody else moves."""

    def __init__(self, writer: int, dialect: str) -> None:
        self.writer = writer
        self.rows = BatchRows(writer, dialect == "postgresql")
        self._heads: dict[int, tuple[int, str]] | None = {}
        self._definitions: dict[int, Definition] = {}

    def forget(self) -> None:
        """After a failed batch the heads are what the database says; they are read again."""
        self._heads = None

    def store(
        self,
        connection: Connection,
        ballots: Sequence[CastBallot],
        now: int,
        *,
        careful: bool = False,
    ) -> Stored:
        """Store what may be stored and answer every ballot, in the order given.

        The caller commits; until then no answer may leave. Raises IntegrityError where a key is
        another seat's; `careful` looks first, and answers that one alone.
        """
        if self._heads is None:
            self._heads = heads_of(connection, self.writer)
        asked = self._asked(connection, {b.question for b in ballots}, now)
        stored = Stored([{} for _ in ballots])
        recorded: list[int] = []
        secret: list[int] = []
        late: list[int] = []
        for i, ballot in enumerate(ballots):
            question = asked.get(ballot.question)
            if question is None:
                late.append(i)
            else:
                (secret if question.secret else recorded).append(i)
        if late:
            self._late(connection, ballots, late, stored)
        moved: Moved = defaultdict(int)
        kept: list[CastBallot] = []
        if recorded:
            kept += self._recorded(connection, ballots, recorded, asked, stored, moved, careful)
        if secret:
            kept += self._secret(connection, ballots, secret, stored)
        for ballot in kept:
            for cell, n in ballot.cells.items():
                moved[ballot.question, cell] += n
        if kept:
            self.rows.move_tallies(connection, moved)
            self._append(connection, kept, asked, stored)
        return stored

    def _asked(self, connection: Connection, ids: set[int], now: int) -> dict[int, _Asked]:
        """The questions that accept ballots now."""
        return {
            q: _Asked(
                row, row.forum_id, row.secret, row.changeable, self._head(row.forum_id)[0] + 1
            )
            for q, row in self.rows.questions(connection, ids).items()
            if questions.accepts(row.state, row.closes_at, now)
        }

    def _late(
        self,
        connection: Connection,
        ballots: Sequence[CastBallot],
        which: list[int],
        stored: Stored,
    ) -> None:
        """Nothing more is stored; but a ballot that was counted in time is told so again."""
        asking = [ballots[i] for i in which]
        by_key = self.rows.by_key(connection, asking)
        known = self.rows.known_secrets(connection, asking)
        took_part = self.rows.participants(connection, asking)
        for i in which:
            ballot = ballots[i]
            found = by_key.get((ballot.question, ballot.key))
            if found is not None and found[0] == ballot.seat:
                stored.answers[i] = counted("counted_before", found[1])
            elif ballot.ballot_id in known and (ballot.question, ballot.seat) in took_part:
                stored.answers[i] = secret_counted("counted_before", ballot.ballot_id, known)
            else:
                stored.answers[i] = {"status": "closed"}

    def _recorded(
        self,
        connection: Connection,
        ballots: Sequence[CastBallot],
        which: list[int],
        asked: Mapping[int, _Asked],
        stored: Stored,
        moved: Moved,
        careful: bool,
    ) -> list[CastBallot]:
        """Recorded ballots: the highest rev of a seat counts, the same key gets its receipt.

        A seat that is new to its question cannot have cast under its key before, so nobody looks,
        unless `careful`: it might be another seat's.
        """
        by_key = self.rows.by_key(connection, [ballots[i] for i in which]) if careful else {}
        owners = {name: found[0] for name, found in by_key.items()}
        usable: list[int] = []
        for i in which:
            ballot = ballots[i]
            if owners.setdefault((ballot.question, ballot.key), ballot.seat) == ballot.seat:
                usable.append(i)
            else:
                stored.answers[i] = {"status": "invalid", "reason": "key_used"}
        pairs, fresh = self.rows.take_part(connection, (ballots[i] for i in usable))
        holding = self.rows.held(connection, [p for p in pairs if p not in fresh])
        # Only now, for while we waited for a seat's lock another process may have stored this key.
        again = [i for i in usable if (ballots[i].question, ballots[i].seat) not in fresh]
        if again:
            by_key |= self.rows.by_key(connection, [ballots[i] for i in again])
        kept: list[CastBallot] = []
        for i in usable:
            ballot = ballots[i]
            question = asked[ballot.question]
            pair = (ballot.question, ballot.seat)
            mine = holding.get(pair)
            if mine is not None:
                before = by_key.get((ballot.question, ballot.key))
                if before is not None and before[0] != ballot.seat:
                    stored.answers[i] = {"status": "invalid", "reason": "key_used"}
                    continue
                refused = _no_change(ballot, mine, before, question.changeable)
                if refused is not None:
                    stored.answers[i] = refused
                    continue
                self._take_back(question, mine, moved)
            now_held = Held(
                ballot.rev,
                ballot.key,
                ballot.choice,
                receipt(ballot.ballot_id, ballot.commitment, self.writer, question.batch),
            )
            holding[pair] = now_held
            by_key[ballot.question, ballot.key] = (ballot.seat, now_held)
            stored.answers[i] = {
                "status": "counted",
                "choice": ballot.said,
                "rev": ballot.rev,
                "receipt": now_held.receipt,
            }
            kept.append(ballot)
        self._add_recorded(connection, kept, asked)
        return kept

    def _take_back(self, question: _Asked, mine: Held, moved: Moved) -> None:
        """What a seat chose before no longer counts."""
        definition = self._definitions.get(question.row.id)
        if definition is None:
            if len(self._definitions) >= MOST_DEFINITIONS:
                self._definitions.clear()
            definition = self._definitions[question.row.id] = definition_of(question.row)
        kind = BALLOTS[definition.kind]
        for cell, n in kind.cells(definition, json.loads(mine.choice)).items():
            moved[question.row.id, cell] -= n

    def _add_recorded(
        self, connection: Connection, kept: Sequence[CastBallot], asked: Mapping[int, _Asked]
    ) -> None:
        writer = self.writer
        self.rows.add_recorded(
            connection,
            [
                (
                    b.question,
                    b.seat,
                    b.rev,
                    b.choice,
                    b.key,
                    b.commitment,
                    b.channel,
                    b.table,
                    writer,
                    asked[b.question].batch,
                )
                for b in sorted(kept, key=lambda b: (b.question, b.seat, b.rev))
            ],
        )

    def _secret(
        self,
        connection: Connection,
        ballots: Sequence[CastBallot],
        which: list[int],
        stored: Stored,
    ) -> list[CastBallot]:
        """Secret ballots: final at the first cast; who and what go to two unlinked tables."""
        known = self.rows.known_secrets(connection, [ballots[i] for i in which])
        owners: dict[str, int] = {}
        new: list[int] = []
        for i in which:
            ballot = ballots[i]
            if ballot.ballot_id in known:
                continue
            if owners.setdefault(ballot.ballot_id, ballot.seat) == ballot.seat:
                new.append(i)
            else:
                stored.answers[i] = {"status": "invalid", "reason": "key_used"}
        _, fresh = self.rows.take_part(connection, (ballots[i] for i in new))
        waited = [b for b in (ballots[i] for i in new) if (b.question, b.seat) not in fresh]
        known |= self.rows.known_secrets(connection, waited)
        kept: list[CastBallot] = []
        for i in new:
            ballot = ballots[i]
            if (ballot.question, ballot.seat) in fresh:
                fresh.discard((ballot.question, ballot.seat))
                known[ballot.ballot_id] = ballot.commitment
                kept.append(ballot)
                stored.answers[i] = secret_counted("counted", ballot.ballot_id, known)
            elif ballot.ballot_id in known:
                stored.answers[i] = secret_counted("counted_before", ballot.ballot_id, known)
            else:
                stored.answers[i] = {"status": "already_voted"}
        before = [i for i in which if not stored.answers[i]]
        took_part = self.rows.participants(connection, [ballots[i] for i in before])
        for i in before:
            ballot = ballots[i]
            mine = (ballot.question, ballot.seat) in took_part
            stored.answers[i] = (
                secret_counted("counted_before", ballot.ballot_id, known)
                if mine
                else {"status": "invalid", "reason": "key_used"}
            )
        self.rows.add_secret(
            connection, sorted((b.ballot_id, b.question, b.choice, b.commitment) for b in kept)
        )
        return kept

    def _head(self, forum: int) -> tuple[int, str]:
        assert self._heads is not None
        return self._heads.get(forum, (0, ""))

    def _append(
        self,
        connection: Connection,
        kept: Sequence[CastBallot],
        asked: Mapping[int, _Asked],
        stored: Stored,
    ) -> None:
        """One audit record per forum of the batch; a secret question's part is its count alone."""
        by_forum: dict[int, dict[int, list[CastBallot]]] = defaultdict(lambda: defaultdict(list))
        for ballot in kept:
            by_forum[asked[ballot.question].forum][ballot.question].append(ballot)
        for forum, by_question in sorted(by_forum.items()):
            body: dict[str, Any] = {}
            for question, cast in sorted(by_question.items()):
                part: dict[str, Any] = {"n": len(cast)}
                if not asked[question].secret:
                    part["root"] = audit.merkle_root(b.commitment for b in cast)
                body[str(question)] = part
            n, prev = self._head(forum)
            link = audit.link(prev, "ballots", body)
            append_link(connection, forum, self.writer, n + 1, link)
            assert self._heads is not None
            self._heads[forum] = (n + 1, link.hash)
            stored.forums.add(forum)


def _no_change(
    ballot: CastBallot, mine: Held, before: tuple[int, Held] | None, changeable: bool
) -> Answer | None:
    """The answer to a ballot that changes nothing of what its seat holds; None for one that does.

    `before` is what was stored under the same key.
    """
    if before is not None:
        return counted("counted_before", before[1])
    if mine.key == ballot.key:  # it came in while we waited for the seat's lock
        return counted("counted_before", mine)
    if not changeable:
        return {"status": "already_voted", **as_answer(mine)}
    if ballot.rev <= mine.rev:
        return {"status": "superseded", **as_answer(mine)}
    return None
