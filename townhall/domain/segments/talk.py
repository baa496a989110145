"""Somebody speaks to everyone: an opening, a lecture, notices."""

from collections.abc import Mapping
from typing import Any

from townhall.domain.segments.kind import Scene, no_facts


class Talk:
    """Shows the agenda with its clock; may be cut short by three tenths at most."""

    name = "talk"
    minutes = 10
    scene: Scene = "agenda"
    asks = False
    spare = 30

    def facts(self, facts: Mapping[str, object]) -> dict[str, Any]:
        """None of its own."""
        return no_facts(facts)
