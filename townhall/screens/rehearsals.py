"""What the last rehearsal of a forum found, for the console: the sheet as it stands today."""

from dataclasses import asdict
from typing import Any

from sqlmodel import Session

from townhall import __version__
from townhall.domain import rehearsal as rules
from townhall.domain.audience import Audience
from townhall.storage import rehearsals


def rehearsal(
    session: Session, forum_id: int, audience: Audience, table: int | None
) -> dict[str, Any] | None:
    """The last sheet, or None: when it was made, by which version, and its lines."""
    found = rehearsals.last(session, forum_id)
    if found is None:
        return None
    figures = rules.figures_of(found.figures)
    said = rules.verdict(figures)
    return {
        "at": found.at,
        "version": found.version,
        "same_version": found.version == __version__,
        "phones": figures.phones,
        "level": said.level,
        "lines": [asdict(line) for line in said.lines],
    }
