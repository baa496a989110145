"""The score board of a forum: which inputs are in, and the result once it is closed."""

from typing import Any

from sqlmodel import Session

from townhall.domain.audience import Audience
from townhall.storage import selections


def score(
    session: Session, forum_id: int, audience: Audience, table: int | None
) -> dict[str, Any] | None:
    """The selection that this forum's votes go into; no number before it is closed."""
    row = selections.of_forum(session, forum_id)
    if row is None or row.id is None:
        return None
    return {
        "selection": row.id,
        "state": row.state,
        "title": row.title,
        "candidates": [
            {"id": c.letter, "title": c.title} for c in selections.candidates(session, row.id)
        ],
        "weights": row.rule.get("weights", {}),
        "result": None,
    }
