"""What a database holds, as somebody who restores it wants to know, and whether its chains hold."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from townhall.domain import audit
from townhall.domain.errors import Refused
from townhall.storage.forums import COPY_DIGITS
from townhall.storage.migrations import versions


@dataclass(frozen=True)
class SavedForum:
    """One forum: its code and title, the ballots that count, writer -> (links, head)."""

    code: str
    title: str
    ballots: int
    chains: dict[int, tuple[int, str]] = field(default_factory=dict)


def forums_in(connection: Connection) -> list[SavedForum]:
    """Every forum, the oldest first; a copy to rehearse in is nobody's to compare."""
    forums = connection.execute(
        text(
            "SELECT f.id, f.code, f.title, (SELECT count(*) FROM participation p "
            "JOIN question q ON q.id = p.question_id WHERE q.forum_id = f.id) AS ballots "
            f"FROM forum f WHERE length(f.code) < {COPY_DIGITS} ORDER BY f.id"
        )
    ).all()
    found = {row.id: SavedForum(row.code, row.title, row.ballots) for row in forums}
    chains = text("SELECT forum_id, writer, n, head FROM chain ORDER BY forum_id, writer")
    for row in connection.execute(chains):
        if row.forum_id in found:
            found[row.forum_id].chains[row.writer] = (row.n, row.head)
    return list(found.values())


def refuse_secret_open(connection: Connection) -> None:
    """Refuse `backup_secret_open` (question) while a secret question takes votes.

    In a rehearsal nobody votes whose secret it would be.
    """
    title = connection.execute(
        text(
            "SELECT q.title FROM question q JOIN forum f ON f.id = q.forum_id WHERE q.secret "
            f"AND q.state IN ('open', 'closing') AND length(f.code) < {COPY_DIGITS} LIMIT 1"
        )
    ).scalar_one_or_none()
    if title is not None:
        raise Refused("backup_secret_open", question=title)


def refuse_newer(found: str | None, file: Path) -> None:
    """Refuse `backup_newer` (file, found) where this program does not know the schema."""
    if found not in versions():
        raise Refused("backup_newer", file=file, found=found or "-")


Link = tuple[int, int, int, str, str, str, str]
"""Forum, writer, n, prev_hash, hash, kind, body: one row of `audit`."""


def refuse_broken_chain(links: Iterable[Link], ends: Collection[Sequence[Any]], file: Path) -> None:
    """Recompute every link; refuse `backup_chain` (file, forum, writer, n) at the first wrong one.

    `links` come in order; `ends` are the rows (forum, writer, n, head) of `chain`. `n` is 0 where
    a chain ends elsewhere than there.
    """
    seen: dict[tuple[int, int], tuple[int, str]] = {}
    for forum, writer, n, prev, hashed, kind, body in links:
        last, head = seen.get((forum, writer), (0, audit.GENESIS))
        try:
            expected = audit.link(head, kind, json.loads(body))
        except ValueError:
            expected = None
        if n != last + 1 or expected != audit.Link(prev, kind, body, hashed):
            raise Refused("backup_chain", file=file, forum=forum, writer=writer, n=n)
        seen[forum, writer] = (n, hashed)
    written = {(forum, writer): (n, head) for forum, writer, n, head in ends}
    for (forum, writer), _ in sorted(seen.items() ^ written.items()):
        raise Refused("backup_chain", file=file, forum=forum, writer=writer, n=0)


def refuse_disguised(connection: Connection, file: Path) -> None:
    """Refuse `backup_damaged` (file, reason) where a forum is called a copy to rehearse in, which a
    server deletes at its start, or a copy is called a forum, or a secret does not go away.
    """
    columns = {column["name"] for column in inspect(connection).get_columns("forum")}
    wrong = {"instance": "SELECT count(*) FROM instance"}
    if "rehearses" in columns:
        wrong["forum.rehearses"] = (
            "SELECT count(*) FROM forum WHERE (rehearses IS NULL) = "
            f"(length(code) >= {COPY_DIGITS})"
        )
    for place, asked in wrong.items():
        if connection.execute(text(asked)).scalar_one():
            raise Refused("backup_damaged", file=file, reason=place)


def begin_anew(connection: Connection) -> None:
    """Take away the facts of the installation, which draws new ones, and who was present.

    Done to a copy, so that nobody signs page tokens with the secret of the server it came from,
    and to what is restored, since older copies hold it.
    """
    connection.execute(text("DELETE FROM instance"))
    connection.execute(text("DELETE FROM heartbeat"))
