"""Points are given to the tables' summaries."""

from collections.abc import Mapping
from typing import Any

from townhall.domain.segments.kind import Scene, no_facts


class Points:
    """Its question is of kind dots over the summaries of the table talk that was last."""

    name = "points"
    minutes = 10
    scene: Scene = "points"
    asks = True
    spare = 0

    def facts(self, facts: Mapping[str, object]) -> dict[str, Any]:
        """None of its own."""
        return no_facts(facts)
