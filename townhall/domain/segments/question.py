"""A question is put to the vote."""

from collections.abc import Mapping
from typing import Any

from townhall.domain.segments.kind import Scene, no_facts


class Question:
    """The question's own file says how; its time is nobody's reserve."""

    name = "question"
    minutes = 5
    scene: Scene = "question"
    asks = True
    spare = 0

    def facts(self, facts: Mapping[str, object]) -> dict[str, Any]:
        """None of its own."""
        return no_facts(facts)
