"""Log lines under a storm of failures: a few, and how many were left out."""

import logging

from townhall.cli.logs import EVERY_SECONDS, MOST_ALIKE, Sparing
from townhall.domain.errors import Refused


def record(line: int, error: Exception | None = None) -> logging.LogRecord:
    info = (type(error), error, None) if error else None
    return logging.LogRecord("townhall", logging.ERROR, "writer.py", line, "failed", None, info)


def test_failures_of_one_place_are_logged_a_few_times() -> None:
    sparing = Sparing()
    told = [sparing.filter(record(7, ValueError("x"))) for _ in range(100)]
    assert told == [True] * MOST_ALIKE + [False] * (100 - MOST_ALIKE)
    assert sparing.filter(record(8, ValueError("x")))


def test_the_next_one_tells_how_many_were_left_out() -> None:
    sparing = Sparing()
    for _ in range(MOST_ALIKE + 40):
        sparing.filter(record(7, ValueError("x")))
    later = record(7, ValueError("x"))
    sparing._seen["writer.py", 7] = (-EVERY_SECONDS, MOST_ALIKE + 40)
    assert sparing.filter(later)
    assert later.__dict__["left_out"] == 40


def test_lines_without_a_failure_all_pass() -> None:
    sparing = Sparing()
    assert all(sparing.filter(record(7)) for _ in range(100))


def test_what_was_refused_is_told_without_its_traceback() -> None:
    told = record(7, Refused("not_saving", reason="disk_full"))
    assert Sparing().filter(told)
    assert told.exc_info is None
    assert told.__dict__["refused"] == "not_saving reason=disk_full"
