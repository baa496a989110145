"""When a forum may leave the house: nothing in its chains may tell what was not shown yet."""

from typing import Any

import pytest

from tests import scored
from tests.facts import Clock
from tests.scored import FILE, ORGANISER
from townhall.actions import selections, sheets
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.screens import audit

pytestmark = pytest.mark.anyio


def exported(hall: Hall, made: scored.Example) -> dict[str, Any]:
    return hall.database.read_here(audit.forum, made.code)


async def shown(hall: Hall, clock: Clock) -> scored.Example:
    """The example with both rounds revealed and no sheet yet."""
    made = await scored.begun(hall)
    await scored.vote(hall, clock, made, "first", FILE["live"]["first"])
    await scored.vote(hall, clock, made, "final", FILE["live"]["final"])
    await scored.reveal(hall, made)
    return made


@pytest.mark.parametrize("final", [False, True])
async def test_a_forum_stays_while_a_sheet_is_in_whose_score_is_not_sealed(
    hall: Hall, clock: Clock, final: bool
) -> None:
    made = await shown(hall, clock)
    own = FILE["panel"]["sheets"][0]["scores"]
    await sheets.save(hall, made.panelist(1), rev=0, scores=own, final=final)
    with pytest.raises(Refused) as caught:
        exported(hall, made)
    assert (caught.value.code, caught.value.details) == ("export_unsealed", {"title": "의제 선정"})


async def test_a_forum_leaves_with_its_sealed_score(hall: Hall, clock: Clock) -> None:
    made = await scored.held(hall, clock)
    await scored.reveal(hall, made)
    await selections.close(hall, ORGANISER, made.selection)
    assert [each["id"] for each in exported(hall, made)["selections"]] == [made.selection]


async def test_a_score_without_a_sheet_keeps_no_forum_back(hall: Hall, clock: Clock) -> None:
    made = await shown(hall, clock)
    assert exported(hall, made)["selections"] == []
