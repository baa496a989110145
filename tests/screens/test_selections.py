"""What each audience gets of a score: nothing that a vote still hides, then the same for all."""

import json
from typing import Any

import pytest
from sqlmodel import select

from tests import scored
from tests.facts import Clock
from tests.scored import FILE, ORGANISER, TOTALS, totals
from townhall.actions import questions, selections
from townhall.domain.audience import AUDIENCES, Actor
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.screens import selections as screen
from townhall.screens import slices
from townhall.storage.database import writing
from townhall.storage.schema import Person

pytestmark = pytest.mark.anyio

OTHERS = [{"A": 1, "B": 1, "C": 5} for _ in range(20)]
OPENLY = [each for each in AUDIENCES if each != "console"]


def read(hall: Hall, made: scored.Example, audience: Any) -> Any:
    def slice_of(session: Any) -> Any:
        return slices.read(session, made.forum, audience, None, ("score",))[1]["score"]

    return hall.database.read_here(slice_of)


def page(hall: Hall, made: scored.Example, now: int) -> dict[str, Any]:
    return hall.database.read_here(screen.page, made.selection, now)


def unnamed(value: Any) -> str:
    """What a reader sees, without the ids that differ between two forums."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text.replace('"222222"', '"123456"')


async def two(hall: Hall, clock: Clock, **given: Any) -> tuple[scored.Example, scored.Example]:
    """The same selection twice, with other ballots in the second one's final round."""
    one = await scored.held(hall, clock, **given)
    clock.at -= 10_000
    return one, await scored.held(hall, clock, code="222222", ballots=OTHERS, **given)


def forget_ids(value: dict[str, Any], made: scored.Example) -> dict[str, Any]:
    """The same facts with the ids of rows taken out."""
    text = json.dumps(value).replace(f'"selection": {made.selection}', '"selection": 0')
    found: dict[str, Any] = json.loads(text)
    if isinstance(found["selection"], dict):
        found["selection"]["id"] = 0
        for each in found["candidates"]:
            each["proposal"] = None
    return found


@pytest.mark.parametrize("secret", [False, True])
async def test_a_hidden_vote_does_not_show_through_an_open_or_closed_score(
    hall: Hall, clock: Clock, secret: bool
) -> None:
    one, other = await two(hall, clock, secret=secret)
    for state in ("open", "closed"):
        for audience in OPENLY:
            seen = [forget_ids(read(hall, each, audience), each) for each in (one, other)]
            assert unnamed(seen[0]) == unnamed(seen[1])
            assert (seen[0]["state"], seen[0]["result"], seen[0]["decision"]) == (state, None, None)
        pages = [forget_ids(page(hall, each, clock()), each) for each in (one, other)]
        assert unnamed(pages[0]) == unnamed(pages[1])
        for each in (one, other):
            with pytest.raises(Refused, match="score_hidden"):
                hall.database.read_here(screen.export, each.selection)
        await selections.close(hall, ORGANISER, one.selection)
        await selections.close(hall, ORGANISER, other.selection)


async def test_console_sees_figures_once_closed_and_no_earlier(hall: Hall, clock: Clock) -> None:
    made = await scored.held(hall, clock)
    assert read(hall, made, "console")["result"] is None
    await selections.close(hall, ORGANISER, made.selection)
    assert totals(read(hall, made, "console")["result"]) == TOTALS


async def test_a_hidden_first_round_hides_the_figures_too(hall: Hall, clock: Clock) -> None:
    made = await scored.held(hall, clock)
    await selections.close(hall, ORGANISER, made.selection)
    moderator = Actor(role="moderator", forum=made.forum)
    await questions.reveal(hall, moderator, key=scored.key(), question=made.final)
    assert read(hall, made, "stage")["result"] is None
    await questions.reveal(hall, moderator, key=scored.key(), question=made.first)
    assert totals(read(hall, made, "stage")["result"]) == TOTALS


async def test_slice_page_and_export_say_the_same(hall: Hall, clock: Clock) -> None:
    made = await scored.held(hall, clock)
    await selections.close(hall, ORGANISER, made.selection)
    await scored.reveal(hall, made)
    shown = page(hall, made, clock())
    assert totals(shown["result"]) == TOTALS
    for audience in AUDIENCES:
        assert read(hall, made, audience)["result"] == shown["result"]
    exported = hall.database.read_here(screen.export, made.selection)
    assert shown["export"] == {"url": f"/s/{made.selection}.json", "bytes": len(exported.encode())}
    assert (
        shown["result"]["digest"]
        == hall.database.read_here(lambda session: screen.setup(session, made.selection, clock()))[
            "selection"
        ]["digest"]
    )
    assert shown["room"] == {"voted": 20, "present": 0, "channels": {"phone": 20}}


async def test_inputs_tell_what_is_in_and_no_more(hall: Hall, clock: Clock) -> None:
    made = await scored.begun(hall)
    before = {
        "sympathy": False,
        "live": False,
        "sheets_final": 0,
        "panel_seats": 5,
        "quorum_met": False,
    }
    for audience in AUDIENCES:
        assert read(hall, made, audience)["inputs"] == before
    await scored.vote(hall, clock, made, "final", FILE["live"]["final"])
    for number in range(1, 5):
        await scored.hand_in(hall, made, number)
    after = {**before, "sympathy": True, "live": True, "sheets_final": 4, "quorum_met": True}
    assert read(hall, made, "stage")["inputs"] == after


async def test_the_page_says_until_when_sympathies_count_and_who_is_new(
    hall: Hall, clock: Clock
) -> None:
    made = await scored.begun(hall)
    assert page(hall, made, clock())["sympathy"] == {"until": None, "over": False}
    opened = clock()
    await scored.vote(hall, clock, made, "first", FILE["live"]["first"])
    assert page(hall, made, clock())["sympathy"] == {"until": opened, "over": True}
    await scored.vote(hall, clock, made, "final", FILE["live"]["final"])
    for number in range(1, 6):
        await scored.hand_in(hall, made, number)
    with writing(hall.database) as session:
        for person in session.exec(select(Person)).all()[3:]:
            person.created_at = opened - 8 * 86_400_000
    await selections.close(hall, ORGANISER, made.selection)
    assert page(hall, made, clock())["newcomers"] is None
    await scored.reveal(hall, made)
    shown = page(hall, made, clock())
    assert shown["newcomers"] == {"n": 24, "new": 3, "since": opened - 7 * 86_400_000}
    assert "newcomers" not in hall.database.read_here(screen.export, made.selection)
    for each in (shown, hall.database.read_here(screen.setup, made.selection, clock())):
        assert each["sympathy"] == {"until": opened, "over": True}


async def test_a_sheet_shows_its_panelist_nothing_of_the_others(hall: Hall, clock: Clock) -> None:
    made = await scored.begun(hall)
    empty = hall.database.read_here(screen.sheet, made.panel[0])
    for number in range(2, 6):
        await scored.hand_in(hall, made, number)
    assert hall.database.read_here(screen.sheet, made.panel[0]) == empty


async def test_decision_is_shown_with_its_reason(hall: Hall, clock: Clock) -> None:
    made = await scored.held(hall, clock)
    await selections.close(hall, ORGANISER, made.selection)
    await scored.reveal(hall, made)
    said = {"decision": "departs", "candidate": "B", "reason": "올해 예산에 맞아요."}
    await selections.decide(hall, ORGANISER, made.selection, **said)
    expected = {**said, "departs": True, "title": "동네 책수레", "decided_at": clock(), "panel": 5}
    assert read(hall, made, "stage")["decision"] == expected
    assert page(hall, made, clock())["decision"] == expected


async def test_a_forum_without_a_selection_has_no_score(hall: Hall) -> None:
    assert read(hall, scored.room(hall), "stage") is None


@pytest.mark.parametrize(
    ("shown", "off"),
    [
        (("9.38", "19.19", "37.00", "65.56"), True),
        (("0.10", "0.20", "37.00", "37.30"), False),
    ],
)
def test_parts_that_do_not_add_up_to_the_total_are_noticed(
    shown: tuple[str, ...], off: bool
) -> None:
    names = ("sympathy", "live", "panel", "total")
    line = {name: {"display": points} for name, points in zip(names, shown, strict=True)}
    assert screen.rounded({"candidates": [line]}) is off


def test_what_is_not_shown_is_not_rounded() -> None:
    assert screen.rounded(None) is False
