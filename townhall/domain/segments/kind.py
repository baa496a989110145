"""What every kind of agenda segment shares: the Protocol, and checks of a segment's own facts.

No kind lives here; the clock and the order of segments are in `agenda`.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from townhall.domain.errors import Refused

Scene = Literal[
    "waiting",
    "join",
    "agenda",
    "question",
    "reveal",
    "summaries",
    "points",
    "asks",
    "score",
    "blank",
]


class SegmentKind(Protocol):
    """One kind of item in a run of show.

    `minutes` is planned when nobody says otherwise; `scene` is what the stage shows when it
    starts; `asks` tells that a question belongs to it. When the forum is late, `spare` percent of
    the planned minutes may be won back from it (0: never).
    """

    name: str
    minutes: int
    scene: Scene
    asks: bool
    spare: int

    def facts(self, facts: Mapping[str, object]) -> dict[str, Any]:
        """The segment's own facts, checked, with defaults filled in.

        Refuses with `segment_invalid` (field, reason).
        """
        ...


def segment_invalid(field: str, reason: str) -> Refused:
    """The refusal of a segment's facts; the form marks `field`."""
    return Refused("segment_invalid", field=field, reason=reason)


def check_fields(facts: Mapping[str, object], *fields: str) -> None:
    """Refuse facts that the kind does not know."""
    for field in facts:
        if field not in fields:
            raise segment_invalid(field, "unknown")


def no_facts(facts: Mapping[str, object]) -> dict[str, Any]:
    """For kinds that need none."""
    check_fields(facts)
    return {}


def whole(facts: Mapping[str, object], field: str, default: int, least: int, most: int) -> int:
    """A whole number between `least` and `most`, or a refusal."""
    value = facts.get(field, default)
    if type(value) is not int:
        raise segment_invalid(field, "type")
    if not least <= value <= most:
        raise segment_invalid(field, "range")
    return value
