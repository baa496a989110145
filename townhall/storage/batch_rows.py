"""The statements of a ballot batch: one each, whatever the size of the batch. No decisions here.

Rows are handed in as one JSON parameter (`given`), which is what differs between the databases.
PostgreSQL also needs locks, since several writers run there.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from townhall.storage.ballots import CastBallot, Held, held

Pair = tuple[int, int]  # question, seat


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


class BatchRows:
    """Reads and writes of one writer's batches."""

    def __init__(self, writer: int, postgres: bool) -> None:
        self.writer = writer
        self.postgres = postgres

    def questions(self, connection: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
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

    def take_part(
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

    def by_key(
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

    def held(self, connection: Connection, pairs: Sequence[Pair]) -> dict[Pair, Held]:
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

    def known_secrets(
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

    def participants(self, connection: Connection, ballots: Sequence[CastBallot]) -> set[Pair]:
        rows = connection.execute(
            text(
                "SELECT p.question_id, p.seat_id FROM participation p JOIN "
                + given(self.postgres, q="integer", s="integer")
                + " ON p.question_id = g.q AND p.seat_id = g.s"
            ),
            {"rows": json.dumps([[b.question, b.seat] for b in ballots])},
        ).all()
        return {(r[0], r[1]) for r in rows}

    def move_tallies(self, connection: Connection, moved: Mapping[tuple[int, str], int]) -> None:
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
