"""The run of show and its commands."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townhall.domain import agenda
from townhall.domain.agenda import Run, Segment, Speaker
from townhall.domain.errors import Refused

MINUTE = 60_000
TWO_PM = 1_700_000_000_000

# Opening, table talk, break, stickers, questions, closing: 14:00 to 15:35.
PLAN = Run(
    starts_at=TWO_PM,
    segments=(
        Segment(1, "talk", 10),
        Segment(2, "tables", 40),
        Segment(3, "break", 10),
        Segment(4, "points", 5),
        Segment(5, "ask", 20),
        Segment(6, "talk", 10),
    ),
)


def at(minute: float) -> int:
    return TWO_PM + int(minute * MINUTE)


def advanced(run: Run, *minutes: float) -> Run:
    """The run started at the first of these minutes and stepped on at each of the others."""
    started = agenda.start(run, at(minutes[0]))
    for minute in minutes[1:]:
        started = agenda.next_(started, at(minute))
    return started


def test_starting_begins_the_first_segment() -> None:
    run = agenda.start(PLAN, at(2))
    assert (run.state, run.started_at, run.current, run.position) == ("running", at(2), 1, 0)
    assert run.segments[0] == Segment(1, "talk", 10, started_at=at(2))
    assert run.segments[1:] == PLAN.segments[1:]


def test_the_next_step_ends_one_segment_and_begins_the_other() -> None:
    run = agenda.next_(agenda.speaker(agenda.start(PLAN, at(0)), "나래", 180, at(1)), at(11))
    assert (run.current, run.speaker) == (2, None)
    assert run.segments[0] == Segment(1, "talk", 10, 0, at(0), at(11))
    assert run.segments[1] == Segment(2, "tables", 40, 0, at(11))


def test_going_back_undoes_the_step() -> None:
    before = agenda.start(PLAN, at(0))
    assert agenda.back(agenda.next_(before, at(11))) == before


def test_ending_ends_the_segment_that_runs() -> None:
    run = agenda.end(advanced(PLAN, 0, 10), at(30))
    assert (run.state, run.ended_at, run.current) == ("ended", at(30), None)
    assert run.segments[1].ended_at == at(30)
    assert run.segments[2].started_at is None


def test_minutes_are_given_to_the_segment_that_runs() -> None:
    run = agenda.extend(agenda.extend(agenda.start(PLAN, at(0)), 5), -2)
    assert [segment.extended for segment in run.segments] == [3, 0, 0, 0, 0, 0]


def test_a_speaker_has_a_clock_until_it_is_stopped() -> None:
    run = agenda.speaker(agenda.start(PLAN, at(0)), "  나래 ", 180, at(1))
    assert run.speaker == Speaker("나래", 180, at(1))
    assert agenda.speaker(run, "", 0, at(2)).speaker is None


RUNNING = advanced(PLAN, 0, 10)
LAST = advanced(PLAN, 0, 10, 50, 60, 65, 85)
ENDED = agenda.end(LAST, at(95))
REFUSED: dict[str, tuple[Any, str]] = {
    "starting twice": (lambda: agenda.start(RUNNING, at(11)), "agenda_started"),
    "starting what has ended": (lambda: agenda.start(ENDED, at(99)), "agenda_started"),
    "starting without segments": (lambda: agenda.start(Run(TWO_PM, ()), at(0)), "agenda_empty"),
    "stepping before the start": (lambda: agenda.next_(PLAN, at(0)), "agenda_not_running"),
    "stepping after the end": (lambda: agenda.next_(ENDED, at(99)), "agenda_not_running"),
    "stepping past the last": (lambda: agenda.next_(LAST, at(90)), "agenda_last"),
    "going back from the first": (lambda: agenda.back(advanced(PLAN, 0)), "agenda_first"),
    "going back before the start": (lambda: agenda.back(PLAN), "agenda_not_running"),
    "ending before the start": (lambda: agenda.end(PLAN, at(0)), "agenda_not_running"),
    "extending before the start": (lambda: agenda.extend(PLAN, 5), "agenda_not_running"),
    "extending by nothing": (lambda: agenda.extend(RUNNING, 0), "minutes_invalid"),
    "extending beyond a day": (lambda: agenda.extend(RUNNING, 441), "minutes_invalid"),
    "shortening to nothing": (lambda: agenda.adjust(RUNNING, 3, -10), "minutes_invalid"),
    "adjusting what has ended": (lambda: agenda.adjust(RUNNING, 1, 5), "segment_ended"),
    "adjusting after the end": (lambda: agenda.adjust(ENDED, 3, 5), "segment_ended"),
    "adjusting the unknown": (lambda: agenda.adjust(RUNNING, 99, 5), "segment_unknown"),
    "speaking before the start": (lambda: agenda.speaker(PLAN, "", 60, 0), "agenda_not_running"),
    "speaking for a moment": (lambda: agenda.speaker(RUNNING, "", 9, 0), "speech_invalid"),
    "speaking under a long name": (
        lambda: agenda.speaker(RUNNING, "x" * 41, 60, 0),
        "text_too_long",
    ),
}


@pytest.mark.parametrize(("command", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_command_at_the_wrong_time_is_refused(command: Any, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        command()
    assert refusal.value.code == code


@dataclass
class Forum:
    starts_at: int = TWO_PM
    state: str = "running"
    started_at: int | None = at(0)
    ended_at: int | None = None
    current_segment: int | None = 2
    speaker: dict[str, Any] | None = None


@dataclass
class Row:
    id: int | None
    kind: str
    minutes: int
    extended: int = 0
    started_at: int | None = None
    ended_at: int | None = None


def test_a_stored_forum_has_its_run() -> None:
    rows = [Row(1, "talk", 10, 0, at(0), at(10)), Row(2, "tables", 40, 5, at(10))]
    assert agenda.run_of(Forum(), rows) == Run(
        TWO_PM,
        (Segment(1, "talk", 10, 0, at(0), at(10)), Segment(2, "tables", 40, 5, at(10))),
        "running",
        at(0),
        None,
        2,
        None,
    )
    speaking = Forum(speaker={"name": "나래", "seconds": 60, "started_at": at(1)})
    assert agenda.run_of(speaking, rows).speaker == Speaker("나래", 60, at(1))


PRESS: dict[str, Callable[[Run, int], Run]] = {
    "start": agenda.start,
    "next": agenda.next_,
    "back": lambda run, now: agenda.back(run),
    "extend": lambda run, now: agenda.extend(run, 5),
    "end": agenda.end,
}


@given(st.lists(st.tuples(st.sampled_from(list(PRESS)), st.integers(0, 30)), max_size=20))
def test_whatever_is_pressed_at_most_one_segment_runs(steps: list[tuple[str, int]]) -> None:
    run, now = PLAN, at(-10)
    for name, wait in steps:
        now += wait * MINUTE
        with suppress(Refused):
            run = PRESS[name](run, now)
        running = [s.id for s in run.segments if s.started_at is not None and s.ended_at is None]
        assert running == ([run.current] if run.state == "running" else [])
