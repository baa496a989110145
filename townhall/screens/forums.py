"""The forum itself, its stage and its room, as each audience may see them."""

from typing import Any

from sqlmodel import Session

from townhall.domain.audience import Audience
from townhall.storage import forums, notes, questions


def forum(session: Session, forum_id: int, audience: Audience, table: int | None) -> dict[str, Any]:
    """What a forum is: its name, its code, its tables."""
    row = forums.get(session, forum_id)
    return {
        "code": row.code,
        "title": row.title,
        "host": row.host,
        "language": row.language,
        "entry": row.entry,
        "state": row.state,
        "starts_at": row.starts_at,
        "tables": [t.number for t in forums.tables(session, forum_id)],
    }


def listed(session: Session, *, copies: bool = False) -> list[dict[str, Any]]:
    """Every forum in a line, the latest first; copies to rehearse in where asked for."""
    return [
        {"code": f.code, "title": f.title, "state": f.state, "starts_at": f.starts_at}
        for f in forums.newest(session, copies=copies)
    ]


def made(session: Session, forum_id: int) -> list[dict[str, Any]]:
    """The questions of a forum as `townhall forum new --json` prints them."""
    return [
        {
            "id": q.id,
            "kind": q.kind,
            "round": q.round,
            "options": [{"id": o["id"], "title": o["title"]} for o in q.options],
        }
        for q in questions.of_forum(session, forum_id)
    ]


def stage(session: Session, forum_id: int, audience: Audience, table: int | None) -> dict[str, Any]:
    """Which scene is on the projector; the scene itself is drawn from the other slices."""
    row = forums.get(session, forum_id)
    return {
        "scene": row.stage.get("scene", "waiting"),
        "question": row.stage.get("question"),
        "blank": bool(row.stage.get("blank", False)),
    }


def room(session: Session, forum_id: int, audience: Audience, table: int | None) -> dict[str, Any]:
    """Registered, checked in and entitled, kept apart. `connected` travels as presence."""
    counts = forums.seat_counts(session, forum_id)
    ticket = counts.get("ticket", {})
    tables = forums.tables(session, forum_id)
    row = forums.get(session, forum_id)
    return {
        "registered": ticket.get("registered", 0),
        "checked_in": ticket.get("redeemed", 0),
        "open": counts.get("open", {}).get("registered", 0),
        "proxies": counts.get("proxy", {}).get("registered", 0),
        "heads": sum(t.head_count or 0 for t in tables),
        "tables": len(tables),
        "tables_reported": notes.reported(session, forum_id, row.current_segment),
        "connected": forums.connected(session, forum_id),
        "entitled": sum(
            n["registered"] for kind, n in counts.items() if kind in questions.BINDING_KINDS
        ),
    }
