"""Scoring of candidates: sympathies, live scores and panel sheets to points out of 100.

Here belongs what a citizen may dispute about a selection: reading it strictly, exact points,
ranks and ties, and how close it was. The rule is written in the interchange form
`townhall-selection/1`, so that anybody can recompute it.
Here belong no storage, no clock and no translated word.
May call: the standard library and `domain.errors`.
"""

from townhall.domain.scoring.canonical import digest, read
from townhall.domain.scoring.model import SOURCES, Result, Rule, Selection
from townhall.domain.scoring.parse import FORMAT, parse
from townhall.domain.scoring.parse_rule import parse_rule
from townhall.domain.scoring.present import display, to_json
from townhall.domain.scoring.result import compute

__all__ = [
    "FORMAT",
    "SOURCES",
    "Result",
    "Rule",
    "Selection",
    "compute",
    "digest",
    "display",
    "parse",
    "parse_rule",
    "read",
    "to_json",
]
