"""The life of a question: its states, who may see what in each, and when it takes ballots.

draft -> open -> closing -> closed -> revealed. Every command takes the course so far and the time
(epoch milliseconds) and gives the new course, or refuses. What is asked lives in `ballots`; who
may press the button in `audience`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, cast, get_args

from townhall.domain import audit
from townhall.domain.audience import Audience
from townhall.domain.ballots.definition import definition_invalid
from townhall.domain.errors import Refused

State = Literal["draft", "open", "closing", "closed", "revealed"]
Results = Literal["hidden", "live"]
Base = Literal["voted", "valid", "entitled"]
Eligibility = Literal["seats", "open"]
Round = Literal["first", "final"]

COUNTDOWN_MS = 10_000
"""How long people are warned before a close."""

COUNTDOWN = range(61)
"""How many seconds of warning a moderator may choose instead."""

GRACE_MS = 3_000
"""How long after the deadline a ballot may still be under way."""

LIVE_FLOOR = 10
"""With fewer ballots a running tally would show how single people voted."""

SECONDS = range(5, 3_601)
"""How long a question may be opened or extended for."""

COUNTED = ("closed", "revealed")
"""The states in which the ballots of a question are counted and certified."""

FROZEN = (
    "kind",
    "round",
    "first",
    "reopens",
    "title",
    "help",
    "options",
    "config",
    "secret",
    "changeable",
    "results",
    "base",
    "eligibility",
)
"""The facts of a question that no change may touch once it is open."""


@dataclass(frozen=True)
class Course:
    """How far a question is; times in epoch milliseconds."""

    state: State = "draft"
    opened_at: int | None = None
    closes_at: int | None = None
    closed_at: int | None = None
    revealed_at: int | None = None


class HasCourse(Protocol):
    """A stored question: its course as plain columns."""

    state: str
    opened_at: int | None
    closes_at: int | None
    closed_at: int | None
    revealed_at: int | None


def course_of(question: HasCourse) -> Course:
    """The course of a stored question."""
    return Course(
        state=cast("State", question.state),
        opened_at=question.opened_at,
        closes_at=question.closes_at,
        closed_at=question.closed_at,
        revealed_at=question.revealed_at,
    )


@dataclass(frozen=True)
class Terms:
    """How a question is voted on. A secret ballot is final at the first cast."""

    secret: bool = False
    changeable: bool = True
    results: Results = "hidden"
    base: Base = "voted"
    eligibility: Eligibility = "seats"
    round: Round | None = None


def terms(
    *,
    secret: bool = False,
    changeable: bool = True,
    results: str = "hidden",
    base: str = "voted",
    eligibility: str = "seats",
    round: str | None = None,
) -> Terms:
    """Checked terms; refuses with `definition_invalid` (field, reason). Secret: not changeable."""
    known = {
        "results": (results, get_args(Results)),
        "base": (base, get_args(Base)),
        "eligibility": (eligibility, get_args(Eligibility)),
        "round": (round, (None, *get_args(Round))),
    }
    for field, (value, allowed) in known.items():
        if value not in allowed:
            raise definition_invalid(field, "range")
    if secret and results == "live":
        raise definition_invalid("results", "secret")  # a bar that moves by one names its voter
    values: dict[str, Any] = {field: value for field, (value, _) in known.items()}
    return Terms(secret=secret, changeable=changeable and not secret, **values)


def definition_hash(facts: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of the FROZEN facts.

    Other facts are left out; none of the frozen may be missing (KeyError).
    """
    frozen = {field: facts[field] for field in FROZEN}
    return hashlib.sha256(audit.canonical(frozen).encode()).hexdigest()


def open_(course: Course, now: int, seconds: int | None = None) -> Course:
    """Open a draft, for `seconds` or until somebody closes it.

    Refuses with `question_already_open` and `seconds_invalid`.
    """
    if course.state != "draft":
        raise Refused("question_already_open", state=course.state)
    closes_at = None if seconds is None else now + _milliseconds(seconds)
    return replace(course, state="open", opened_at=now, closes_at=closes_at)


def extend(course: Course, now: int, seconds: int) -> Course:
    """Give more time; a closing question is open again when the warning is not yet due.

    Counts from the deadline, or from now when that has just passed. Refuses with
    `question_not_open`, `question_no_deadline`, `seconds_invalid`.
    """
    _require_running(course, now)
    if course.closes_at is None:
        raise Refused("question_no_deadline")
    closes_at = max(course.closes_at, now) + _milliseconds(seconds)
    state: State = "open" if closes_at - now > COUNTDOWN_MS else course.state
    return replace(course, state=state, closes_at=closes_at)


def close(course: Course, now: int, seconds: int | None = None) -> Course:
    """Start the closing countdown (ten seconds, or 0 to 60 given); an earlier deadline stays.

    Refuses with `question_not_open` and, while it is closing, `question_already_closing`.
    """
    _require_running(course, now)
    if course.state == "closing":
        raise Refused("question_already_closing")
    if seconds is not None and seconds not in COUNTDOWN:
        raise Refused("seconds_invalid", least=COUNTDOWN[0], most=COUNTDOWN[-1])
    countdown = now + (COUNTDOWN_MS if seconds is None else seconds * 1_000)
    closes_at = countdown if course.closes_at is None else min(course.closes_at, countdown)
    return replace(course, state="closing", closes_at=closes_at)


def finish(course: Course, now: int) -> Course:
    """Close for good, once the deadline and the network grace are over: the count may begin.

    Refuses with `question_not_open`, and `question_not_due` before its time.
    """
    if course.state not in ("open", "closing"):
        raise Refused("question_not_open", state=course.state)
    if not due(course.state, course.closes_at, now):
        raise Refused("question_not_due")
    return replace(course, state="closed", closed_at=now)


def reveal(course: Course, now: int) -> Course:
    """Show the counted result to everyone.

    Refuses with `question_already_revealed` and `question_not_closed`.
    """
    if course.state == "revealed":
        raise Refused("question_already_revealed")
    if course.state != "closed":
        raise Refused("question_not_closed", state=course.state)
    return replace(course, state="revealed", revealed_at=now)


def reopen(course: Course) -> Course:
    """The course of a new question that asks again; the old one stays as it is.

    Refuses with `question_not_closed` while the old one is not counted.
    """
    if course.state not in COUNTED:
        raise Refused("question_not_closed", state=course.state)
    return Course()


def accepts(state: str, closes_at: int | None, now: int) -> bool:
    """Whether a ballot that arrives now counts: needs no process that remembers to close."""
    return state in ("open", "closing") and (closes_at is None or now < closes_at + GRACE_MS)


def due(state: str, closes_at: int | None, now: int) -> bool:
    """Whether the question must be closed and counted: running, and past deadline and grace."""
    return state in ("open", "closing") and not accepts(state, closes_at, now)


def tally_visible(audience: Audience, state: str, results: str, n: int) -> bool:
    """Whether the audience may see what was voted, with `n` ballots counted.

    While it runs: stage and console, where results are `live`, from ten ballots on. Closed: the
    console, with the certificate. Revealed: everyone.
    """
    if state == "revealed":
        return True
    if state == "closed":
        return audience == "console"
    running = state in ("open", "closing")
    return running and results == "live" and n >= LIVE_FLOOR and audience in ("stage", "console")


def _require_running(course: Course, now: int) -> None:
    if not accepts(course.state, course.closes_at, now):
        raise Refused("question_not_open", state=course.state)


def _milliseconds(seconds: int) -> int:
    if seconds not in SECONDS:
        raise Refused("seconds_invalid", least=SECONDS[0], most=SECONDS[-1])
    return seconds * 1_000
