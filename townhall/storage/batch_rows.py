"""The statements of a ballot batch: one each, whatever the size of the batch. No decisions here.

Rows are handed in whole (`_with_rows`), which is what differs between the databases: values on
SQLite, where they cost half of JSON, and one JSON document on PostgreSQL, where the work of taking
it apart is the server's. PostgreSQL also needs locks, since several writers run there.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row

from townhall.storage import locks
from townhall.storage.ballots import CastBallot, Held, held

Pair = tuple[int, int]  # question, seat

SIZES = (1, 4, 16, 64, 128, 256, 512)
"""Rows that a statement takes on SQLite; those that a batch lacks are empty. To prepare one costs
more than to run it, so one that an earlier batch left is taken. Longer ones are made to measure."""


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
                locks.share_ballots(connection, question)
        rows = self._with_rows(
            connection,
            "SELECT q.* FROM question q JOIN {given} ON g.q = q.id",
            [(q,) for q in ordered],
            q="integer",
        )
        return {row.id: row for row in rows}

    def take_part(
        self, connection: Connection, ballots: Iterable[CastBallot]
    ) -> tuple[list[Pair], set[Pair]]:
        """Enter the seats as participants and count them; who was asked for, and who is new."""
        first: dict[Pair, CastBallot] = {}
        for ballot in ballots:
            first.setdefault((ballot.question, ballot.seat), ballot)
        pairs = sorted(first)
        fresh = self._with_rows(
            connection,
            "INSERT INTO participation (question_id, seat_id, channel, table_no) "
            "SELECT g.q, g.s, g.channel, g.table_no FROM {given} WHERE true ORDER BY g.q, g.s "
            "ON CONFLICT DO NOTHING RETURNING question_id, seat_id",
            [(*pair, first[pair].channel, first[pair].table) for pair in pairs],
            q="integer",
            s="integer",
            channel="varchar",
            table_no="integer",
        )
        new = {(row[0], row[1]) for row in fresh}
        came = Counter((question, first[question, seat].channel) for question, seat in new)
        self._add_up(connection, "turnout", "channel", came)
        return pairs, new

    def by_key(
        self, connection: Connection, ballots: Sequence[CastBallot]
    ) -> dict[tuple[int, str], tuple[int, Held]]:
        """What was stored under the same keys before: (question, key) -> seat and ballot."""
        rows = self._with_rows(
            connection,
            "SELECT b.* FROM ballot b JOIN {given} ON b.question_id = g.q AND b.key = g.k",
            [(ballot.question, ballot.key) for ballot in ballots],
            q="integer",
            k="varchar",
        )
        return {(r.question_id, r.key): (r.seat_id, held(r)) for r in rows}

    def held(self, connection: Connection, pairs: Sequence[Pair]) -> dict[Pair, Held]:
        """The current ballots of seats that voted before, their participation rows locked."""
        if self.postgres:
            self._with_rows(
                connection,
                "SELECT 1 FROM participation p JOIN {given} ON p.question_id = g.q AND "
                "p.seat_id = g.s ORDER BY p.question_id, p.seat_id FOR UPDATE OF p",
                pairs,
                q="integer",
                s="integer",
            )
        found = self._with_rows(
            connection,
            "SELECT b.* FROM ballot b JOIN {given} ON b.question_id = g.q AND b.seat_id = g.s "
            "WHERE b.rev = (SELECT max(rev) FROM ballot m WHERE m.question_id = b.question_id "
            "AND m.seat_id = b.seat_id)",
            pairs,
            q="integer",
            s="integer",
        )
        return {(r.question_id, r.seat_id): held(r) for r in found}

    def add_recorded(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Store recorded ballots, ordered by question, seat and rev."""
        self._with_rows(
            connection,
            "INSERT INTO ballot (question_id, seat_id, rev, choice, key, commitment, channel, "
            "table_no, writer, batch) SELECT * FROM {given}",
            rows,
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

    def add_secret(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Store secret ballots, ordered by their ids."""
        self._with_rows(
            connection,
            "INSERT INTO secret_ballot (ballot_id, question_id, choice, commitment) "
            "SELECT * FROM {given}",
            rows,
            id="varchar",
            q="integer",
            choice="text",
            commitment="varchar",
        )

    def known_secrets(
        self, connection: Connection, ballots: Sequence[CastBallot]
    ) -> dict[str, str]:
        """Commitments of the ballots that are stored already: ballot id -> commitment."""
        rows = self._with_rows(
            connection,
            "SELECT s.ballot_id, s.commitment FROM secret_ballot s JOIN {given} "
            "ON s.ballot_id = g.id",
            [(ballot.ballot_id,) for ballot in ballots],
            id="varchar",
        )
        return {row[0]: row[1] for row in rows}

    def participants(self, connection: Connection, ballots: Sequence[CastBallot]) -> set[Pair]:
        """Which of these seats have taken part."""
        rows = self._with_rows(
            connection,
            "SELECT p.question_id, p.seat_id FROM participation p JOIN {given} "
            "ON p.question_id = g.q AND p.seat_id = g.s",
            [(ballot.question, ballot.seat) for ballot in ballots],
            q="integer",
            s="integer",
        )
        return {(row[0], row[1]) for row in rows}

    def move_tallies(self, connection: Connection, moved: Mapping[tuple[int, str], int]) -> None:
        """Add to how many chose what."""
        self._add_up(connection, "tally", "cell", moved)

    def _add_up(
        self, connection: Connection, table: str, name: str, more: Mapping[tuple[int, str], int]
    ) -> None:
        """Add to this writer's own rows, which nobody else moves."""
        self._with_rows(
            connection,
            f"INSERT INTO {table} (question_id, writer, {name}, n) SELECT g.q, "
            f"{int(self.writer)}, g.name, g.n FROM {{given}} WHERE true "
            f"ON CONFLICT (question_id, writer, {name}) DO UPDATE SET n = {table}.n + excluded.n",
            [(q, what, n) for (q, what), n in sorted(more.items()) if n],
            q="integer",
            name="varchar",
            n="integer",
        )

    def _with_rows(
        self, connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]], **columns: str
    ) -> Iterable[Any]:
        """Run a statement in which `{given}` is a table `g` of these rows; without any, nothing."""
        if not rows:
            return []
        if self.postgres:
            return connection.exec_driver_sql(_json_given(sql, **columns), (json.dumps(rows),))
        size = next((size for size in SIZES if size >= len(rows)), len(rows))
        nothing = (None,) * (len(columns) * (size - len(rows)))
        values = (*chain.from_iterable(rows), *nothing)
        return connection.exec_driver_sql(_values_given(sql, size, tuple(columns)), values)


@cache
def _values_given(sql: str, size: int, columns: tuple[str, ...]) -> str:
    picked = ", ".join(f"column{i} AS {name}" for i, name in enumerate(columns, start=1))
    marks = ",".join([f"({','.join('?' * len(columns))})"] * size)
    given = f"(SELECT {picked} FROM (VALUES {marks}) WHERE column1 IS NOT NULL) g"
    return sql.replace("{given}", given)


def _json_given(sql: str, **columns: str) -> str:
    picked = ", ".join(
        f"CAST(value->>{i} AS {kind}) AS {name}" for i, (name, kind) in enumerate(columns.items())
    )
    return sql.replace("{given}", f"(SELECT {picked} FROM json_array_elements(CAST(%s AS json))) g")
