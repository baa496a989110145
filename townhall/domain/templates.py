"""Ready plans for a forum: segments and questions to start from. Titles are catalogue keys.

A plan is a proposal to the organiser; everything in it may be changed before the forum. The caller
turns keys into words of the forum's language and positions into ids.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from townhall.domain import text
from townhall.domain.ballots import BALLOTS, Option, option_ids
from townhall.domain.errors import Refused
from townhall.domain.questions import Eligibility, Results, Round
from townhall.domain.segments import SEGMENTS
from townhall.domain.segments.pitch import SECONDS

TEMPLATES = ("small-library", "open-forum", "blank")
CANDIDATES_MOST = 12
TITLE_LIMIT = 120
STICKERS: Mapping[str, Any] = MappingProxyType(
    {"budget": 5, "not_own_table": True, "over": "summaries"}
)

Source = Literal["none", "candidates", "summaries"]

Words = Callable[[str], str]
"""Turns a catalogue key into words of the forum's language."""


@dataclass(frozen=True)
class PlannedSegment:
    """One item; `title` and `prompt` are catalogue keys ("" for none), `question` a position in
    the plan's questions.
    """

    kind: str
    title: str
    minutes: int
    prompt: str = ""
    question: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedQuestion:
    """One question; `title` and `help` are catalogue keys, `first` a position in the plan.

    `source` tells where options come from: `candidates` are in `options` already; `summaries` of
    the tables come when the question opens.
    """

    kind: str
    title: str
    help: str = ""
    source: Source = "none"
    options: tuple[Option, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    round: Round | None = None
    first: int | None = None
    secret: bool = False
    changeable: bool = True
    results: Results = "hidden"
    base: str = "voted"
    eligibility: Eligibility = "seats"


@dataclass(frozen=True)
class Plan:
    """What a forum starts from: who may enter (`seats` by ticket, `open` by code), and its run."""

    key: str
    entry: Eligibility
    candidates: tuple[Option, ...]
    segments: tuple[PlannedSegment, ...]
    questions: tuple[PlannedQuestion, ...]


def plan(key: str, candidates: Sequence[str]) -> Plan:
    """The plan of a template for candidates of these titles, lettered in order.

    Refuses `template_unknown`; `candidates_count` (least, most) with fewer than the template needs
    (small-library: 2, the others: none) or more than 12; `candidate_twice` (title); and what
    `text.clean` refuses of a title.
    """
    if key not in TEMPLATES:
        raise Refused("template_unknown", known=", ".join(TEMPLATES))
    least = 2 if key == "small-library" else 0
    if not least <= len(candidates) <= CANDIDATES_MOST:
        raise Refused("candidates_count", least=least, most=CANDIDATES_MOST)
    options = tuple(
        Option(letter, text.clean(title, limit=TITLE_LIMIT, field="candidate"))
        for letter, title in zip(option_ids(len(candidates)), candidates, strict=True)
    )
    named: set[str] = set()
    for option in options:
        if text.fold(option.title) in named:
            raise Refused("candidate_twice", title=option.title)
        named.add(text.fold(option.title))
    if key == "small-library":
        return _small_library(options)
    if key == "open-forum":
        return _open_forum(options)
    return Plan("blank", "seats", options, (), ())


def _small_library(candidates: tuple[Option, ...]) -> Plan:
    """The small-library forum: introductions, talk at tables, and a score vote in two rounds."""
    at = "template.small-library"
    first = _question("score", f"{at}.score", "candidates", candidates, round="first")
    final = replace(first, title=f"{at}.score.final", round="final", first=0)
    segments = (
        _segment("talk", f"{at}.opening", 10),
        _segment("talk", f"{at}.checkin", 20),
        _segment("talk", f"{at}.concept", 15),
        _pitches(f"{at}.pitch", candidates),
        _segment("question", f"{at}.first", 5, question=0),
        _segment("tables", f"{at}.tables", 40),
        _segment("break", f"{at}.break", 10),
        _segment("points", f"{at}.points", 10, question=1),
        _segment("tables", f"{at}.goals", 20),
        _segment("question", f"{at}.final", 5, question=2),
        _segment("talk", f"{at}.tasks", 15),
        _segment("talk", f"{at}.closing", 15),
    )
    points = _question("dots", f"{at}.stickers", "summaries", config=STICKERS)
    return Plan("small-library", "seats", candidates, segments, (first, points, final))


def _open_forum(candidates: tuple[Option, ...]) -> Plan:
    """An evening that anyone may join by code, with one choice among candidates or a mood."""
    at = "template.open-forum"
    choice = (
        _question("single", f"{at}.choice", "candidates", candidates, eligibility="open")
        if len(candidates) > 1
        else _question("yesno", f"{at}.mood", eligibility="open")
    )
    pitches = (_pitches(f"{at}.pitch", candidates),) if candidates else ()
    segments = (
        _segment("talk", f"{at}.opening", 10),
        *pitches,
        _segment("ask", f"{at}.ask", 15),
        _segment("tables", f"{at}.tables", 30),
        _segment("break", f"{at}.break", 10),
        _segment("points", f"{at}.points", 10, question=0),
        _segment("question", f"{at}.vote", 5, question=1),
        _segment("talk", f"{at}.closing", 10),
    )
    points = _question("dots", f"{at}.stickers", "summaries", config=STICKERS, eligibility="open")
    return Plan("open-forum", "open", candidates, segments, (points, choice))


def _segment(
    kind: str,
    key: str,
    minutes: int,
    *,
    question: int | None = None,
    facts: Mapping[str, Any] = MappingProxyType({}),
) -> PlannedSegment:
    checked = SEGMENTS[kind].facts(facts)
    return PlannedSegment(kind, key, minutes, f"{key}.prompt", question, checked)


def _pitches(key: str, candidates: Sequence[Option]) -> PlannedSegment:
    """Three minutes for each candidate, and one to change places."""
    speakers = [{"candidate": each.id, "seconds": SECONDS} for each in candidates]
    minutes = len(candidates) * (SECONDS // 60 + 1)
    return _segment("pitch", key, minutes, facts={"speakers": speakers})


def _question(
    kind: str,
    key: str,
    source: Source = "none",
    options: Sequence[Option] = (),
    *,
    config: Mapping[str, Any] = MappingProxyType({}),
    round: Round | None = None,
    eligibility: Eligibility = "seats",
) -> PlannedQuestion:
    return PlannedQuestion(
        kind=kind,
        title=key,
        help=f"{key}.help",
        source=source,
        options=tuple(options),
        config=BALLOTS[kind].define(options, config),
        round=round,
        eligibility=eligibility,
    )
