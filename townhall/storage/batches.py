"""Storing a batch of ballots in one transaction, with a fixed number of statements.

The unique keys decide, never the code: `participation` for one seat one vote, `(question, key)`
for a retry. The same algorithm runs on both databases; what differs is how rows are handed in
(`given`) and that PostgreSQL needs locks, since several writers run there.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, text

from townhall.domain import audit, questions
from townhall.domain.ballots import BALLOTS, Definition
from townhall.storage.audit import append_link, heads_of
from townhall.storage.ballots import (
    Answer,
    CastBallot,
    Held,
    counted,
    current,
    definition_of,
    held,
    receipt,
    secret_counted,
)

Pair = tuple[int, int]  # question, seat


@dataclass(slots=True)
class Stored:
    """What one batch did: an answer per ballot, and the forums whose tallies moved."""

    answers: list[Answer]
    forums: set[int] = field(default_factory=set)


def given(postgres: bool, **columns: str) -> str:
    """A derived table `g` of the JSON rows in `:rows`, its columns by position."""
    if postgres:
        picked = ", ".join(
            f"CAST(value->>{i} AS {kind}) AS {name}"
            for i, (name, kind) in enumerate(columns.items())
        )
        return f"(SELECT {picked} FROM json_array_elements(CAST(:rows AS json))) g"
    picked = ", ".join(f"json_extract(value, '$[{i}]') AS {n}" for i, n in enumerate(columns))
    return f"(SELECT {picked} FROM json_each(:rows)) g"


class Batches:
    """Stores batches for one writer; keeps this writer's chain heads, which nobody else moves."""

    def __init__(self, writer: int, dialect: str) -> None:
        self.writer = writer
        self.postgres = dialect == "postgresql"
        self._heads: dict[int, tuple[int, str]] | None = {}
        self._definitions: dict[int, Definition] = {}

    def forget(self) -> None:
        """After a failed batch the heads are what the database says; they are read again."""
        self._heads = None

    def store(self, connection: Connection, ballots: Sequence[CastBallot], now: int) -> Stored:
        """Store what may be stored and answer every ballot, in the order given.

        The caller commits; until then no answer may leave.
        """
        if self._heads is None:
            self._heads = heads_of(connection, self.writer)
        asked = self._questions(connection, {b.question for b in ballots})
        stored = Stored([{} for _ in ballots])
        recorded: list[int] = []
        secret: list[int] = []
        for i, ballot in enumerate(ballots):
            row = asked.get(ballot.question)
            if row is None or not questions.accepts(row.state, row.closes_at, now):
                stored.answers[i] = {"status": "closed"}
            else:
                (secret if row.secret else recorded).append(i)
        moved: dict[tuple[int, str], int] = defaultdict(int)
        kept: list[CastBallot] = []
        if recorded:
            kept += self._recorded(connection, ballots, recorded, asked, stored, moved)
        if secret:
            kept += self._secret(connection, ballots, secret, stored)
        for ballot in kept:
            for cell, n in ballot.cells.items():
                moved[ballot.question, cell] += n
        if kept:
            self._move_tallies(connection, moved)
            self._append(connection, kept, asked, stored)
        return stored

    def _questions(self, connection: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
        """The questions' states, behind a shared lock that a close waits for (PostgreSQL)."""
        ordered = sorted(ids)
        if self.postgres:
            for question in ordered:
                connection.execute(
                    text("SELECT pg_advisory_xact_lock_shared(7, :q)"), {"q": question}
                )
        rows = connection.execute(
            text(
                "SELECT q.* FROM question q JOIN "
                + given(self.postgres, q="integer")
                + " ON g.q = q.id"
            ),
            {"rows": json.dumps([[q] for q in ordered])},
        ).all()
        return {row.id: row for row in rows}

    def _take_part(
        self, connection: Connection, ballots: Iterable[CastBallot]
    ) -> tuple[list[Pair], set[Pair]]:
        """Enter the seats as participants; which pairs were asked for, and which are new."""
        first: dict[Pair, CastBallot] = {}
        for ballot in ballots:
            first.setdefault((ballot.question, ballot.seat), ballot)
        pairs = sorted(first)
        rows = json.dumps([[*p, first[p].channel, first[p].table] for p in pairs])
        fresh = connection.execute(
            text(
                "INSERT INTO participation (question_id, seat_id, channel, table_no) "
                "SELECT g.q, g.s, g.channel, g.table_no FROM "
                + given(
                    self.postgres, q="integer", s="integer", channel="varchar", table_no="integer"
                )
                + " WHERE true ORDER BY g.q, g.s ON CONFLICT DO NOTHING "
                "RETURNING question_id, seat_id"
            ),
            {"rows": rows},
        ).all()
        return pairs, {(row[0], row[1]) for row in fresh}

    def _recorded(
        self,
        connection: Connection,
        ballots: Sequence[CastBallot],
        which: list[int],
        asked: Mapping[int, Row[Any]],
        stored: Stored,
        moved: dict[tuple[int, str], int],
    ) -> list[CastBallot]:
        """Recorded ballots: the highest rev of a seat counts, the same key gets its receipt."""
        by_key = self._by_key(connection, [ballots[i] for i in which])
        usable: list[int] = []
        for i in which:
            owner = by_key.get((ballots[i].question, ballots[i].key))
            if owner is None or owner[0] == ballots[i].seat:
                usable.append(i)
            else:
                stored.answers[i] = {"status": "invalid", "reason": "key_used"}
        pairs, fresh = self._take_part(connection, (ballots[i] for i in usable))
        holding = self._held(connection, [p for p in pairs if p not in fresh])
        kept: list[CastBallot] = []
        for i in usable:
            ballot = ballots[i]
            pair = (ballot.question, ballot.seat)
            mine = holding.get(pair)
            before = by_key.get((ballot.question, ballot.key))
            if before is not None:
                stored.answers[i] = counted("counted_before", before[1])
                continue
            if mine is not None and not asked[ballot.question].changeable:
                stored.answers[i] = {"status": "already_voted", **current(mine)}
                continue
            if mine is not None and ballot.rev <= mine.rev:
                stored.answers[i] = {"status": "superseded", **current(mine)}
                continue
            now_held = Held(ballot.rev, ballot.key, ballot.choice, self._receipt(ballot, asked))
            if mine is not None:
                definition = self._definition(asked[ballot.question])
                kind = BALLOTS[definition.kind]
                for cell, n in kind.cells(definition, json.loads(mine.choice)).items():
                    moved[ballot.question, cell] -= n
            holding[pair] = now_held
            by_key[ballot.question, ballot.key] = (ballot.seat, now_held)
            stored.answers[i] = counted("counted", now_held)
            kept.append(ballot)
        self._insert_recorded(connection, kept, asked)
        return kept

    def _definition(self, row: Row[Any]) -> Definition:
        """The frozen definition of an open question."""
        if row.id not in self._definitions:
            self._definitions[row.id] = definition_of(row)
        return self._definitions[row.id]

    def _by_key(
        self, connection: Connection, ballots: Sequence[CastBallot]
    ) -> dict[tuple[int, str], tuple[int, Held]]:
        rows = connection.execute(
            text(
                "SELECT b.* FROM ballot b JOIN "
                + given(self.postgres, q="integer", k="varchar")
                + " ON b.question_id = g.q AND b.key = g.k"
            ),
            {"rows": json.dumps([[b.question, b.key] for b in ballots])},
        ).all()
        return {(r.question_id, r.key): (r.seat_id, held(r)) for r in rows}

    def _held(self, connection: Connection, pairs: Sequence[Pair]) -> dict[Pair, Held]:
        """The current ballots of seats that voted before, their participation rows locked."""
        if not pairs:
            return {}
        rows = {"rows": json.dumps(pairs)}
        pair = given(self.postgres, q="integer", s="integer")
        if self.postgres:
            connection.execute(
                text(
                    f"SELECT 1 FROM participation p JOIN {pair} ON p.question_id = g.q AND "
                    "p.seat_id = g.s ORDER BY p.question_id, p.seat_id FOR UPDATE OF p"
                ),
                rows,
            )
        found = connection.execute(
            text(
                f"SELECT b.* FROM ballot b JOIN {pair} ON b.question_id = g.q AND b.seat_id = g.s "
                "WHERE b.rev = (SELECT max(rev) FROM ballot m WHERE m.question_id = b.question_id "
                "AND m.seat_id = b.seat_id)"
            ),
            rows,
        ).all()
        return {(r.question_id, r.seat_id): held(r) for r in found}

    def _receipt(self, ballot: CastBallot, asked: Mapping[int, Row[Any]]) -> dict[str, Any]:
        n = self._head(asked[ballot.question].forum_id)[0] + 1
        return receipt(ballot.ballot_id, ballot.commitment, self.writer, n)

    def _insert_recorded(
        self, connection: Connection, kept: Sequence[CastBallot], asked: Mapping[int, Row[Any]]
    ) -> None:
        if not kept:
            return
        rows = [
            [
                b.question,
                b.seat,
                b.rev,
                b.choice,
                b.key,
                b.commitment,
                b.channel,
                b.table,
                self.writer,
                self._head(asked[b.question].forum_id)[0] + 1,
            ]
            for b in sorted(kept, key=lambda b: (b.question, b.seat, b.rev))
        ]
        connection.execute(
            text(
                "INSERT INTO ballot (question_id, seat_id, rev, choice, key, commitment, channel, "
                "table_no, writer, batch) SELECT * FROM "
                + given(
                    self.postgres,
                    q="integer",
                    s="integer",
                    rev="integer",
                    choice="text",
                    key="varchar",
                    commitment="varchar",
                    channel="varchar",
                    table_no="integer",
                    writer="integer",
                    batch="integer",
                )
            ),
            {"rows": json.dumps(rows)},
        )

    def _secret(
        self,
        connection: Connection,
        ballots: Sequence[CastBallot],
        which: list[int],
        stored: Stored,
    ) -> list[CastBallot]:
        """Secret ballots: final at the first cast; who and what go to two unlinked tables."""
        known = self._known_secrets(connection, [ballots[i] for i in which])
        new = [i for i in which if ballots[i].ballot_id not in known]
        _, fresh = self._take_part(connection, (ballots[i] for i in new))
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
        took_part = self._participants(connection, [ballots[i] for i in which if i not in new])
        for i in which:
            if not stored.answers[i]:
                ballot = ballots[i]
                mine = (ballot.question, ballot.seat) in took_part
                stored.answers[i] = (
                    secret_counted("counted_before", ballot.ballot_id, known)
                    if mine
                    else {"status": "invalid", "reason": "key_used"}
                )
        if kept:
            connection.execute(
                text(
                    "INSERT INTO secret_ballot (ballot_id, question_id, choice, commitment) "
                    "SELECT * FROM "
                    + given(
                        self.postgres,
                        id="varchar",
                        q="integer",
                        choice="text",
                        commitment="varchar",
                    )
                ),
                {
                    "rows": json.dumps(
                        sorted([b.ballot_id, b.question, b.choice, b.commitment] for b in kept)
                    )
                },
            )
        return kept

    def _known_secrets(
        self, connection: Connection, ballots: Sequence[CastBallot]
    ) -> dict[str, str]:
        """Commitments of the ballots that are stored already: ballot id -> commitment."""
        rows = connection.execute(
            text(
                "SELECT s.ballot_id, s.commitment FROM secret_ballot s JOIN "
                + given(self.postgres, id="varchar")
                + " ON s.ballot_id = g.id"
            ),
            {"rows": json.dumps([[b.ballot_id] for b in ballots])},
        ).all()
        return {row[0]: row[1] for row in rows}

    def _participants(self, connection: Connection, ballots: Sequence[CastBallot]) -> set[Pair]:
        rows = connection.execute(
            text(
                "SELECT p.question_id, p.seat_id FROM participation p JOIN "
                + given(self.postgres, q="integer", s="integer")
                + " ON p.question_id = g.q AND p.seat_id = g.s"
            ),
            {"rows": json.dumps([[b.question, b.seat] for b in ballots])},
        ).all()
        return {(r[0], r[1]) for r in rows}

    def _move_tallies(self, connection: Connection, moved: Mapping[tuple[int, str], int]) -> None:
        rows = [[q, cell, n] for (q, cell), n in sorted(moved.items()) if n]
        if rows:
            connection.execute(
                text(
                    "INSERT INTO tally (question_id, writer, cell, n) "
                    f"SELECT g.q, {self.writer}, g.cell, g.n FROM "
                    + given(self.postgres, q="integer", cell="varchar", n="integer")
                    + " WHERE true ON CONFLICT (question_id, writer, cell) "
                    "DO UPDATE SET n = tally.n + excluded.n"
                ),
                {"rows": json.dumps(rows)},
            )

    def _head(self, forum: int) -> tuple[int, str]:
        assert self._heads is not None
        return self._heads.get(forum, (0, ""))

    def _append(
        self,
        connection: Connection,
        kept: Sequence[CastBallot],
        asked: Mapping[int, Row[Any]],
        stored: Stored,
    ) -> None:
        """One audit record per forum of the batch; a secret question's part is its count alone."""
        by_forum: dict[int, dict[int, list[CastBallot]]] = defaultdict(lambda: defaultdict(list))
        for ballot in kept:
            by_forum[asked[ballot.question].forum_id][ballot.question].append(ballot)
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
