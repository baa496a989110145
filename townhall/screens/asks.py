"""Questions from the floor, as each audience may see them."""

from typing import Any

from sqlmodel import Session

from townhall.domain.audience import Audience
from townhall.storage import asks as stored


def asks(
    session: Session,
    forum_id: int,
    audience: Audience,
    table: int | None,
) -> list[dict[str, Any]]:
    """The asks in the order they came; hidden ones are for the console alone."""
    return stored.listed(session, forum_id, hidden=audience == "console")
