"""When the items of a run of show begin as things stand, for a page's first paint."""

from typing import Any

import pytest

from townhall.screens.agenda import starts

MINUTE = 60_000


def item(number: int, began: int | None = None, ended: int | None = None, more: int = 0) -> Any:
    """Ten minutes each, of which `more` were added; times in minutes."""
    return {
        "id": number,
        "minutes": 10,
        "extended": more,
        "started_at": None if began is None else began * MINUTE,
        "ended_at": None if ended is None else ended * MINUTE,
    }


@pytest.mark.parametrize(
    ("state", "segments", "now", "begin"),
    [
        ("before", [item(1), item(2), item(3)], -5, [0, 10, 20]),
        ("before", [item(1), item(2)], 4, [4, 14]),
        ("running", [item(1, began=2), item(2), item(3)], 5, [2, 12, 22]),
        ("running", [item(1, began=0, more=5), item(2), item(3)], 5, [0, 15, 25]),
        ("running", [item(1, began=0), item(2, more=-4), item(3)], 5, [0, 10, 16]),
        ("running", [item(1, began=0), item(2)], 13, [0, 13]),
        ("running", [item(1, began=0, ended=7), item(2, began=7), item(3)], 8, [0, 7, 17]),
        ("ended", [item(1, began=0, ended=7), item(2)], 90, [0, 7]),
    ],
)
def test_starts_follow_what_was_added_and_overrun(
    state: str, segments: list[Any], now: int, begin: list[int]
) -> None:
    told = starts({"state": state, "starts_at": 0, "segments": segments}, now * MINUTE)
    assert [told[each["id"]] // MINUTE for each in segments] == begin
