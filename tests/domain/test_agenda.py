"""The run of show: its commands, the plan, being late and winning time back."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townhall.domain import agenda
from townhall.domain.agenda import Run, Saving, Segment, Speaker
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


def test_a_speaker_has_a_clock_until_it_is_stopped() -> None:
    run = agenda.speaker(agenda.start(PLAN, at(0)), "  나래 ", 180, at(1))
    assert run.speaker == Speaker("나래", 180, at(1))
    assert agenda.speaker_facts(run) == {"name": "나래", "seconds": 180, "started_at": at(1)}
    stopped = agenda.speaker(run, "", 0, at(2))
    assert stopped.speaker is None
    assert agenda.speaker_facts(stopped) is None


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


def test_the_plan_does_not_move_when_the_forum_does() -> None:
    starts = {1: at(0), 2: at(10), 3: at(50), 4: at(60), 5: at(65), 6: at(85)}
    assert agenda.planned(PLAN) == starts
    assert agenda.planned(agenda.extend(advanced(PLAN, 7, 20), 5)) == starts


def test_expected_times_follow_the_clock() -> None:
    run = agenda.extend(advanced(PLAN, 0, 12), 5)
    expected = {1: at(0), 2: at(12), 3: at(57), 4: at(67), 5: at(72), 6: at(92)}
    assert agenda.expected(run, at(30)) == expected
    assert agenda.expected(run, at(60))[3] == at(60)
    assert agenda.expected(PLAN, at(-5)) == agenda.planned(PLAN)
    assert agenda.expected(PLAN, at(3))[1] == at(3)
    assert agenda.expected(ENDED, at(500))[6] == at(85)


@pytest.mark.parametrize(
    ("run", "now", "minutes"),
    [
        pytest.param(PLAN, at(-30), 0, id="before the start"),
        pytest.param(PLAN, at(4.9), 4, id="overdue to start"),
        pytest.param(advanced(PLAN, 0), at(5), 0, id="on time"),
        pytest.param(advanced(PLAN, 0.9), at(5), 0, id="less than a minute late"),
        pytest.param(advanced(PLAN, 0, 17), at(20), 7, id="one step was late"),
        pytest.param(advanced(PLAN, 0, 10), at(53), 3, id="a segment overruns"),
        pytest.param(agenda.extend(advanced(PLAN, 0, 10), 5), at(20), 5, id="extended"),
        pytest.param(advanced(PLAN, 0, 6), at(20), -4, id="ahead"),
        pytest.param(advanced(PLAN, 0, 9.5), at(20), 0, id="less than a minute ahead"),
        pytest.param(ENDED, at(500), 0, id="ended on time"),
        pytest.param(agenda.end(LAST, at(98)), at(500), 3, id="ended late"),
        pytest.param(replace(PLAN, state="ended"), at(500), 0, id="called off"),
    ],
)
def test_drift_is_whole_minutes_behind_the_plan(run: Run, now: int, minutes: int) -> None:
    assert agenda.drift(run, now) == minutes


@pytest.mark.parametrize(
    ("late", "savings"),
    [
        (0, []),
        (3, [Saving(3, 3)]),
        (7, [Saving(3, 5), Saving(5, 2)]),
        (17, [Saving(3, 5), Saving(5, 10), Saving(6, 2)]),
        (60, [Saving(3, 5), Saving(5, 10), Saving(6, 3)]),
    ],
)
def test_lateness_is_won_back_from_breaks_first(late: int, savings: list[Saving]) -> None:
    assert agenda.recover(advanced(PLAN, 0, 10 + late), at(10 + late)) == savings


def test_a_saving_once_taken_is_not_suggested_again() -> None:
    run = advanced(PLAN, 0, 17)
    for saving in agenda.recover(run, at(20)):
        run = agenda.adjust(run, saving.segment, -saving.minutes)
    assert agenda.recover(run, at(20)) == []
    assert agenda.expected(run, at(20))[6] == at(85)


def test_a_segment_shows_the_summaries_of_the_last_table_talk_before_it() -> None:
    assert agenda.summarised(PLAN, 4) == 2
    assert agenda.summarised(PLAN, 2) is None
    assert agenda.summarised(PLAN, 1) is None


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
        assert all(saving.minutes > 0 for saving in agenda.recover(run, now))
        starts = list(agenda.expected(run, now).values())
        assert starts == sorted(starts)
