"""A forum's revision, its line of changes (writer 0), and its version as screens see it."""

from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

from townhall.domain import audit
from townhall.domain.errors import Refused

Version = tuple[int, int]  # revision, ballot batches


def raise_revision(session: Session, forum: int) -> int:
    """Raise the revision before anything else, so that changes to one forum form a line."""
    revision = session.connection().execute(
        text("UPDATE forum SET revision = revision + 1 WHERE id = :f RETURNING revision"),
        {"f": forum},
    )
    found = revision.scalar_one_or_none()
    if found is None:
        raise Refused("not_found")
    return int(found)


def record(session: Session, forum: int, kind: str, body: dict[str, Any]) -> None:
    """Append a change to the chain of writer 0; the caller has raised the revision."""
    connection = session.connection()
    found = connection.execute(
        text("SELECT n, head FROM chain WHERE forum_id = :f AND writer = 0"), {"f": forum}
    ).first()
    n, head = (found[0], found[1]) if found else (0, "")
    append_link(connection, forum, 0, n + 1, audit.link(head, kind, body))


def heads_of(connection: Connection, writer: int) -> dict[int, tuple[int, str]]:
    """Length and head of one writer's chain in each forum."""
    rows = connection.execute(
        text("SELECT forum_id, n, head FROM chain WHERE writer = :w"), {"w": writer}
    ).all()
    return {row[0]: (row[1], row[2]) for row in rows}


# Made once: every batch of ballots runs them.
_LINK = text(
    "INSERT INTO audit (forum_id, writer, n, prev_hash, hash, kind, body) "
    "VALUES (:forum, :writer, :n, :prev, :hash, :kind, :body)"
)
_HEAD = text(
    "INSERT INTO chain (forum_id, writer, n, head, batches) "
    "VALUES (:forum, :writer, :n, :hash, 1) ON CONFLICT (forum_id, writer) "
    "DO UPDATE SET n = excluded.n, head = excluded.head, batches = chain.batches + 1"
)


def append_link(connection: Connection, forum: int, writer: int, n: int, link: audit.Link) -> None:
    """Append link `n` to a writer's chain in a forum and move the chain's head."""
    values = {"forum": forum, "writer": writer, "n": n, "hash": link.hash}
    connection.execute(_LINK, {**values, "prev": link.prev, "kind": link.kind, "body": link.body})
    connection.execute(_HEAD, values)


def heads(session: Session, forum: int) -> dict[str, str]:
    """The head of every chain of a forum: writer -> hash."""
    rows = session.connection().execute(
        text("SELECT writer, head FROM chain WHERE forum_id = :f ORDER BY writer"), {"f": forum}
    )
    return {str(row[0]): row[1] for row in rows}


def links(session: Session, forum: int) -> dict[str, list[dict[str, Any]]]:
    """Every chain of a forum, link by link: writer -> [{"n", "prev", "kind", "body", "hash"}]."""
    rows = session.connection().execute(
        text(
            "SELECT writer, n, prev_hash, kind, body, hash FROM audit WHERE forum_id = :f "
            "ORDER BY writer, n"
        ),
        {"f": forum},
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for writer, n, prev, kind, body, hash_ in rows:
        link = {"n": n, "prev": prev, "kind": kind, "body": body, "hash": hash_}
        found.setdefault(str(writer), []).append(link)
    return found


def version(session: Session, forum: int) -> Version:
    """Revision and ballot batches of one forum."""
    return versions(session, [forum]).get(forum, (0, 0))


def versions(session: Session, forums: list[int]) -> dict[int, Version]:
    """The versions of several forums at once."""
    if not forums:
        return {}
    listed = ",".join(str(int(f)) for f in forums)
    rows = session.connection().execute(
        text(
            "SELECT f.id, f.revision, coalesce((SELECT sum(c.batches) FROM chain c "
            f"WHERE c.forum_id = f.id AND c.writer > 0), 0) FROM forum f WHERE f.id IN ({listed})"
        )
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}
