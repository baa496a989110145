"""Storing a batch of ballots in one transaction, with a fixed number of statements; the writer calls.

The unique keys decide, never the code: `participation` for one seat one vote, `(question, key)`
for a retry. The same algorithm runs on both databases; what differs is how rows are handed in
(`_given`) and that PostgreSQL needs locks, since several writers run there.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, text

from townhall.domain import audit, questions
from townhall.domain.ballots import BALLOTS, Definition, Option

Pair = tuple[int, int]  # question, seat


@dataclass(frozen=True, slots=True)
class CastBallot:
    """One cleaned ballot on its way to the disk."""

    question: int
    seat: int
    rev: int
    key: str
    choice: str  # canonical JSON
    cells: Mapping[str, int]
    ballot_id: str
    commitment: str
    channel: str = "phone"
    table: int | None = None
    secret: bool = False  # as the caller knew it; the stored question decides


Answer = dict[str, Any]


@dataclass(slots=True)
class Stored:
    """What one batch did: an answer per ballot, and the forums whose tallies moved."""

    answers: list[Answer]
    forums: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Held:
    """The ballot that counts for a seat now."""

    rev: int
    key: str
    choice: str
    receipt: dict[str, Any]


def definition_of(row: Any) -> Definition:
    """A question row as the definition its ballot kind works with."""
    options = tuple(
        Option(o["id"], o["title"], o.get("table"), o.get("proposal"))
        for o in _document(row.options)
    )
    return Definition(row.kind, options, _document(row.config), row.base)


def _document(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


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
            text("SELECT q.* FROM question q JOIN " + self._given(q="integer") + " ON g.q = q.id"),
            {"rows": json.dumps([[q] for q in ordered])},
        ).all()
        return {row.id: row for row in rows}

    def _given(self, **columns: str) -> str:
        """A derived table `g` of the JSON rows in `:rows`, its columns by position."""
        if self.postgres:
            picked = ", ".join(
                f"CAST(value->>{i} AS {kind}) AS {name}"
                for i, (name, kind) in enumerate(columns.items())
            )
            return f"(SELECT {picked} FROM json_array_elements(CAST(:rows AS json))) g"
        picked = ", ".join(f"json_extract(value, '$[{i}]') AS {n}" for i, n in enumerate(columns))
        return f"(SELECT {picked} FROM json_each(:rows)) g"

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
                + self._given(q="integer", s="integer", channel="varchar", table_no="integer")
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
        held = self._held(connection, [p for p in pairs if p not in fresh])
        kept: list[CastBallot] = []
        for i in usable:
            ballot = ballots[i]
            pair = (ballot.question, ballot.seat)
            mine = held.get(pair)
            before = by_key.get((ballot.question, ballot.key))
            if before is not None:
                stored.answers[i] = _counted("counted_before", before[1])
                continue
            if mine is not None and not asked[ballot.question].changeable:
                stored.answers[i] = {"status": "already_voted", **_current(mine)}
                continue
            if mine is not None and ballot.rev <= mine.rev:
                stored.answers[i] = {"status": "superseded", **_current(mine)}
                continue
            now_held = _Held(ballot.rev, ballot.key, ballot.choice, self._receipt(ballot, asked))
            if mine is not None:
                definition = self._definition(asked[ballot.question])
                kind = BALLOTS[definition.kind]
                for cell, n in kind.cells(definition, json.loads(mine.choice)).items():
                    moved[ballot.question, cell] -= n
            held[pair] = now_held
            by_key[ballot.question, ballot.key] = (ballot.seat, now_held)
            stored.answers[i] = _counted("counted", now_held)
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
    ) -> dict[tuple[int, str], tuple[int, _Held]]:
        rows = connection.execute(
            text(
                "SELECT b.* FROM ballot b JOIN "
                + self._given(q="integer", k="varchar")
                + " ON b.question_id = g.q AND b.key = g.k"
            ),
            {"rows": json.dumps([[b.question, b.key] for b in ballots])},
        ).all()
        return {(r.question_id, r.key): (r.seat_id, _held(r)) for r in rows}

    def _held(self, connection: Connection, pairs: Sequence[Pair]) -> dict[Pair, _Held]:
        """The current ballots of seats that voted before, their participation rows locked."""
        if not pairs:
            return {}
        rows = {"rows": json.dumps(pairs)}
        given = self._given(q="integer", s="integer")
        if self.postgres:
            connection.execute(
                text(
                    f"SELECT 1 FROM participation p JOIN {given} ON p.question_id = g.q AND "
                    "p.seat_id = g.s ORDER BY p.question_id, p.seat_id FOR UPDATE OF p"
                ),
                rows,
            )
        found = connection.execute(
            text(
                f"SELECT b.* FROM ballot b JOIN {given} ON b.question_id = g.q AND b.seat_id = g.s "
                "WHERE b.rev = (SELECT max(rev) FROM ballot m WHERE m.question_id = b.question_id "
                "AND m.seat_id = b.seat_id)"
            ),
            rows,
        ).all()
        return {(r.question_id, r.seat_id): _held(r) for r in found}

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
                + self._given(
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
                known.add(ballot.ballot_id)
                kept.append(ballot)
                stored.answers[i] = _secret_counted("counted", ballot)
            elif ballot.ballot_id in known:
                stored.answers[i] = _secret_counted("counted_before", ballot)
            else:
                stored.answers[i] = {"status": "already_voted"}
        took_part = self._participants(connection, [ballots[i] for i in which if i not in new])
        for i in which:
            if not stored.answers[i]:
                ballot = ballots[i]
                mine = (ballot.question, ballot.seat) in took_part
                stored.answers[i] = (
                    _secret_counted("counted_before", ballot)
                    if mine
                    else {"status": "invalid", "reason": "key_used"}
                )
        if kept:
            connection.execute(
                text(
                    "INSERT INTO secret_ballot (ballot_id, question_id, choice, commitment) "
                    "SELECT * FROM "
                    + self._given(id="varchar", q="integer", choice="text", commitment="varchar")
                ),
                {
                    "rows": json.dumps(
                        sorted([b.ballot_id, b.question, b.choice, b.commitment] for b in kept)
                    )
                },
            )
        return kept

    def _known_secrets(self, connection: Connection, ballots: Sequence[CastBallot]) -> set[str]:
        return set(
            connection.execute(
                text(
                    "SELECT s.ballot_id FROM secret_ballot s JOIN "
                    + self._given(id="varchar")
                    + " ON s.ballot_id = g.id"
                ),
                {"rows": json.dumps([[b.ballot_id] for b in ballots])},
            ).scalars()
        )

    def _participants(self, connection: Connection, ballots: Sequence[CastBallot]) -> set[Pair]:
        rows = connection.execute(
            text(
                "SELECT p.question_id, p.seat_id FROM participation p JOIN "
                + self._given(q="integer", s="integer")
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
                    + self._given(q="integer", cell="varchar", n="integer")
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
            head = append_link(connection, forum, self.writer, n + 1, prev, "ballots", body)
            assert self._heads is not None
            self._heads[forum] = (n + 1, head)
            stored.forums.add(forum)


def heads_of(connection: Connection, writer: int) -> dict[int, tuple[int, str]]:
    """Length and head of one writer's chain in each forum."""
    rows = connection.execute(
        text("SELECT forum_id, n, head FROM chain WHERE writer = :w"), {"w": writer}
    ).all()
    return {row[0]: (row[1], row[2]) for row in rows}


def append_link(
    connection: Connection,
    forum: int,
    writer: int,
    n: int,
    prev: str,
    kind: str,
    body: dict[str, Any],
) -> str:
    """Append link `n` to a writer's chain in a forum and move the chain's head; the new head."""
    written = audit.canonical(body)
    head = audit.link(prev, kind, written)
    values = {"forum": forum, "writer": writer, "n": n, "hash": head}
    connection.execute(
        text(
            "INSERT INTO audit (forum_id, writer, n, prev_hash, hash, kind, body) "
            "VALUES (:forum, :writer, :n, :prev, :hash, :kind, :body)"
        ),
        {**values, "prev": prev, "kind": kind, "body": written},
    )
    connection.execute(
        text(
            "INSERT INTO chain (forum_id, writer, n, head, batches) "
            "VALUES (:forum, :writer, :n, :hash, 1) ON CONFLICT (forum_id, writer) "
            "DO UPDATE SET n = excluded.n, head = excluded.head, batches = chain.batches + 1"
        ),
        values,
    )
    return head


def receipt(ballot_id: str, commitment: str, writer: int, batch: int) -> dict[str, Any]:
    """What the phone keeps: enough to find the ballot's commitment in the published list."""
    return {
        "id": ballot_id,
        "code": audit.receipt_code(ballot_id),
        "commitment": commitment,
        "writer": writer,
        "batch": batch,
    }


def _held(row: Row[Any]) -> _Held:
    ballot_id = audit.ballot_id(row.question_id, row.key)
    return _Held(
        row.rev, row.key, row.choice, receipt(ballot_id, row.commitment, row.writer, row.batch)
    )


def _current(held: _Held) -> Answer:
    return {"choice": json.loads(held.choice), "rev": held.rev, "receipt": held.receipt}


def _counted(status: str, held: _Held) -> Answer:
    return {"status": status, **_current(held)}


def secret_receipt(ballot_id: str, commitment: str) -> dict[str, Any]:
    """No writer and batch: what is not stored cannot be answered again after a lost answer."""
    return {"id": ballot_id, "code": audit.receipt_code(ballot_id), "commitment": commitment}


def _secret_counted(status: str, ballot: CastBallot) -> Answer:
    return {"status": status, "receipt": secret_receipt(ballot.ballot_id, ballot.commitment)}
