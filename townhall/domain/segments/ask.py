"""Questions from the floor are answered on stage."""

from collections.abc import Mapping
from typing import Any

from townhall.domain.segments.kind import Scene, no_facts


class Ask:
    """Half of it can be answered in writing afterwards."""

    name = "ask"
    minutes = 15
    scene: Scene = "asks"
    asks = False
    spare = 50

    def facts(self, facts: Mapping[str, object]) -> dict[str, Any]:
        """None of its own."""
        return no_facts(facts)
