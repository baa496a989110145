"""Candidates are introduced one after the other, each with a speaker's clock."""

from collections.abc import Mapping
from typing import Any

from townhall.domain.segments.kind import Scene, check_fields, segment_invalid, whole

SECONDS = 180
_SPEAKERS_MOST = 40


class Pitch:
    """Facts: `speakers`, in order of appearance: `[{"candidate": "A", "seconds": 180}]`."""

    name = "pitch"
    minutes = 15
    scene: Scene = "agenda"
    asks = False
    spare = 0

    def facts(self, facts: Mapping[str, object]) -> dict[str, Any]:
        """Each candidate once, for 30 to 1,800 seconds."""
        check_fields(facts, "speakers")
        speakers = facts.get("speakers", [])
        if not isinstance(speakers, list) or len(speakers) > _SPEAKERS_MOST:
            raise segment_invalid("speakers", "type")
        checked = [_speaker(each) for each in speakers]
        if len({each["candidate"] for each in checked}) != len(checked):
            raise segment_invalid("speakers", "repeated")
        return {"speakers": checked}


def _speaker(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise segment_invalid("speakers", "type")
    check_fields(value, "candidate", "seconds")
    candidate = value.get("candidate")
    if not isinstance(candidate, str) or not 1 <= len(candidate) <= 16:
        raise segment_invalid("candidate", "type")
    return {"candidate": candidate, "seconds": whole(value, "seconds", SECONDS, 30, 1_800)}
