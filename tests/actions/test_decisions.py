"""What the panel decides once a score is public: it confirms, or departs with a reason."""

import pytest

from tests import scored
from tests.actions.test_selections import close, decide, refused, row
from tests.facts import Clock
from townhall.hall import Hall

pytestmark = pytest.mark.anyio


async def test_the_panel_decides_once_the_result_is_public(either_hall: Hall, clock: Clock) -> None:
    made = await scored.held(either_hall, clock)
    assert await refused(decide(either_hall, made.selection)) == "selection_open"
    await close(either_hall, made.selection)
    assert await refused(decide(either_hall, made.selection)) == "score_hidden"
    await scored.reveal(either_hall, made)
    await decide(either_hall, made.selection)
    await decide(either_hall, made.selection)
    other = decide(either_hall, made.selection, decision="departs", candidate="B")
    assert await refused(other) == "already_decided"
    found = row(either_hall, made.selection)
    assert (found.state, found.decision, found.decided_candidate) == ("decided", "confirms", "A")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"candidate": "B"}, "decision_mismatch"),
        ({"decision": "departs"}, "decision_mismatch"),
        ({"candidate": "Z"}, "choice_wrong"),
        ({"decision": "dismisses"}, "choice_wrong"),
        ({"reason": " "}, "text_empty"),
    ],
)
async def test_a_decision_that_does_not_fit_is_refused(
    hall: Hall, clock: Clock, given: dict[str, str], code: str
) -> None:
    made = await scored.held(hall, clock)
    await close(hall, made.selection)
    await scored.reveal(hall, made)
    assert await refused(decide(hall, made.selection, **given)) == code
    assert row(hall, made.selection).state == "closed"


async def test_a_departure_names_another_candidate(hall: Hall, clock: Clock) -> None:
    made = await scored.held(hall, clock)
    await close(hall, made.selection)
    await scored.reveal(hall, made)
    await decide(hall, made.selection, decision="departs", candidate="B", reason="급해요.")
    found = row(hall, made.selection)
    assert (found.decision, found.decided_candidate, found.reason) == ("departs", "B", "급해요.")
