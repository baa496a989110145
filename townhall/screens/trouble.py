"""What consoles and stages say while nothing can be saved."""

from typing import Any

from sqlmodel import Session

from townhall.domain.audience import Audience
from townhall.storage import trouble as stored


def trouble(
    session: Session, forum_id: int, audience: Audience, table: int | None
) -> dict[str, Any]:
    """Why nothing can be saved (None: all is well), and until when a screen may say so.

    No version counts it: what cannot be saved cannot raise a revision.
    """
    found = stored.of(session)
    return {"reason": found.reason, "until": found.until}
