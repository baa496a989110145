"""A break."""

from collections.abc import Mapping
from typing import Any

from townhall.domain.segments.kind import Scene, no_facts


class Break:
    """The first place to win time back, but never more than half of it."""

    name = "break"
    minutes = 10
    scene: Scene = "agenda"
    asks = False
    spare = 50

    def facts(self, facts: Mapping[str, object]) -> dict[str, Any]:
        """None of its own."""
        return no_facts(facts)
