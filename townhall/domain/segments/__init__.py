"""The kinds of items in a run of show, one file a kind. A kind is registered in SEGMENTS.

Pure: what a kind plans, shows and checks. (`break` is a word of Python, so its file is `break_`.)
"""

from townhall.domain.segments.ask import Ask
from townhall.domain.segments.break_ import Break
from townhall.domain.segments.kind import SegmentKind, segment_invalid
from townhall.domain.segments.pitch import Pitch
from townhall.domain.segments.points import Points
from townhall.domain.segments.question import Question
from townhall.domain.segments.tables import Tables
from townhall.domain.segments.talk import Talk

__all__ = ["SEGMENTS", "SegmentKind", "kind_of"]

_KINDS: tuple[SegmentKind, ...] = (
    Talk(),
    Pitch(),
    Tables(),
    Question(),
    Points(),
    Ask(),
    Break(),
)

SEGMENTS: dict[str, SegmentKind] = {kind.name: kind for kind in _KINDS}


def kind_of(name: str) -> SegmentKind:
    """The kind of that name, or `segment_invalid` (field "kind")."""
    if name not in SEGMENTS:
        raise segment_invalid("kind", "unknown")
    return SEGMENTS[name]
