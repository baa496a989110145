"""People talk at their tables; facilitators take notes and send one summary a table."""

from collections.abc import Mapping
from typing import Any

from townhall.domain.segments.kind import Scene, check_fields, whole

SUMMARY_LIMIT = 140


class Tables:
    """Facts: `limit`, the most graphemes of a summary (20 to 500): the stage shows it verbatim."""

    name = "tables"
    minutes = 30
    scene: Scene = "agenda"
    asks = False
    spare = 20

    def facts(self, facts: Mapping[str, object]) -> dict[str, Any]:
        """`{"limit": 140}`."""
        check_fields(facts, "limit")
        return {"limit": whole(facts, "limit", SUMMARY_LIMIT, 20, 500)}
