"""How log lines look, and under a storm of failures: a few, and how many were left out."""

import json
import logging
import sys

from townhall.cli.logs import EVERY_SECONDS, MOST_ALIKE, ConsoleLines, JsonLines, Sparing
from townhall.domain.errors import Refused
from townhall.web.request_id import REQUEST_ID


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


def answered() -> logging.LogRecord:
    """A line about a request, of 2026-05-01 in the morning."""
    facts = {"path": "/f/1 2", "method": "GET", "ms": 3.5, "color_message": "request"}
    told = logging.makeLogRecord({"levelname": "INFO", "msg": "asked %s", "args": ("한 번",)})
    vars(told).update(facts, created=1777593600.25)
    return told


def failed() -> logging.LogRecord:
    """A line about a failure of somebody who had a token in hand, which no line may show."""
    told, token = record(7), "a secret"
    try:
        raise ValueError(len(token))
    except ValueError:
        told.exc_info = sys.exc_info()
    return told


def test_line_for_people_has_its_facts_in_order_and_the_request_it_belongs_to() -> None:
    within = REQUEST_ID.set("ab12")
    line = ConsoleLines(colours=False).format(answered())
    REQUEST_ID.reset(within)
    assert line == (
        "2026-05-01T00:00:00.250000Z [info     ] asked 한 번                      "
        "method=GET ms=3.5 path='/f/1 2' request_id=ab12"
    )


def test_line_on_a_terminal_has_colours_and_the_same_words() -> None:
    line = ConsoleLines(colours=True).format(answered())
    assert "\033[32m\033[1minfo     \033[0m" in line
    assert "\033[36mms\033[0m=\033[35m3.5\033[0m" in line


def test_line_for_machines_is_one_json_object() -> None:
    assert json.loads(JsonLines().format(answered())) == {
        "event": "asked 한 번",
        "level": "info",
        "path": "/f/1 2",
        "method": "GET",
        "ms": 3.5,
        "timestamp": "2026-05-01T00:00:00.250000Z",
    }
    odd = answered()
    vars(odd)["path"] = {1}
    assert json.loads(JsonLines().format(odd))["path"] == "{1}"


def test_failure_is_told_with_its_traceback_and_no_variable() -> None:
    told = failed()
    lines = ConsoleLines(colours=False).format(told).splitlines()
    assert "[error    ] failed" in lines[0]
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-1] == "ValueError: 8"
    assert json.loads(JsonLines().format(told))["exception"].endswith("ValueError: 8")
    assert "a secret" not in "\n".join(lines)


def test_failure_outside_of_any_exception_is_a_line_like_others() -> None:
    told = record(7)
    told.exc_info = (None, None, None)
    assert ConsoleLines(colours=False).format(told).endswith("failed")
    assert "exception" not in json.loads(JsonLines().format(told))
