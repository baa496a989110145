"""The panel: invitations, recusals and sheets, on both databases."""

import asyncio
import json
from typing import Any

import pytest

from tests import scored
from tests.facts import NOON, Clock
from tests.scored import FILE, NAMES, ORGANISER
from townhall.actions import people, selections, sheets
from townhall.actions.selections import NewSelection
from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.storage import selections as stored
from townhall.storage.selections import Member

pytestmark = pytest.mark.anyio

SCORES = FILE["panel"]["sheets"][0]["scores"]


def member(hall: Hall, made: scored.Example, number: int = 1) -> Member:
    return hall.database.read_here(stored.member, made.panel[number - 1])


def states(hall: Hall, made: scored.Example) -> list[str]:
    return [each.state for each in hall.database.read_here(stored.panel, made.selection)]


async def refusal(awaited: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await awaited
    return caught.value


async def save(hall: Hall, made: scored.Example, number: int = 1, **given: Any) -> dict[str, Any]:
    sent = {"rev": 0, "scores": SCORES, **given}
    return await sheets.save(hall, made.panelist(number), **sent)


async def test_a_link_opens_the_panelists_own_sheet(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    entrance = await people.enter(either_hall, made.code, made.links[1])
    actor = await people.recognise(either_hall, entrance.token)
    assert (entrance.role, entrance.path) == ("panelist", f"/f/{made.code}/panel")
    assert actor.panelist == made.panel[1]
    await sheets.save(either_hall, actor, rev=0, scores=SCORES)
    assert states(either_hall, made) == ["none", "draft", "none", "none", "none"]


async def test_inviting_again_adds_nobody_twice(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    again = await refusal(sheets.invite(either_hall, ORGANISER, made.selection, [NAMES[0]]))
    assert (again.code, again.details["name"]) == ("panelist_known", NAMES[0])
    more = await refusal(sheets.invite(either_hall, ORGANISER, made.selection, ["바다"]))
    assert (more.code, more.details["seats"]) == ("panel_full", 5)
    assert len(states(either_hall, made)) == 5


async def test_a_panel_needs_a_forum(hall: Hall) -> None:
    made = await selections.create(hall, ORGANISER, NewSelection("선정", ("하나", "둘")))
    assert (
        await refusal(sheets.invite(hall, ORGANISER, made, ["바다"]))
    ).code == "panel_needs_forum"
    assert (await refusal(sheets.invite(hall, ORGANISER, made, []))).code == "text_empty"


async def test_a_new_link_cuts_the_old_one(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    old = await people.enter(either_hall, made.code, made.links[0])
    new = await sheets.renew(either_hall, ORGANISER, made.selection, made.panel[0])
    assert (await people.recognise(either_hall, old.token)).role == "visitor"
    assert (await people.enter(either_hall, made.code, new.token)).role == "panelist"
    other = await refusal(sheets.renew(either_hall, ORGANISER, made.selection, 999))
    assert other.code == "not_found"


async def test_a_panelist_whose_link_was_cut_saves_nothing(hall: Hall) -> None:
    made = await scored.begun(hall)
    old = await people.enter(hall, made.code, made.links[0])
    actor = await people.recognise(hall, old.token)
    await sheets.renew(hall, ORGANISER, made.selection, made.panel[0])
    assert (await refusal(sheets.save(hall, actor, rev=0, scores=SCORES))).code == "session_over"
    assert states(hall, made)[0] == "none"


async def test_a_draft_may_have_gaps_and_a_final_sheet_may_not(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    part = {"A": {"reach": 5}}
    assert (await save(either_hall, made, scores=part))["rev"] == 1
    gaps = await refusal(save(either_hall, made, rev=1, scores=part, final=True))
    assert (gaps.code, gaps.details["n"]) == ("sheet_incomplete", 11)
    assert gaps.details["missing"][0] == ("A", "feasible")  # type: ignore[index]
    done = await save(either_hall, made, rev=1, final=True)
    assert done == {"status": "ok", "rev": 2, "final_at": NOON}
    found = member(either_hall, made).sheet
    assert found is not None
    assert (found.scores, found.rev, found.final_at) == (SCORES, 2, NOON)


async def test_a_lost_answer_may_be_asked_for_again(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    first = await save(either_hall, made, final=True)
    assert await save(either_hall, made, final=True) == first
    assert await save(either_hall, made, rev=1, final=True) == first


async def test_two_windows_do_not_overwrite_each_other_unseen(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    drafts = [{"A": {"reach": 1}}, {"A": {"reach": 5}}]
    answers = await asyncio.gather(
        *(save(either_hall, made, scores=draft) for draft in drafts), return_exceptions=True
    )
    kept = [each for each in answers if isinstance(each, dict)]
    lost = [each for each in answers if isinstance(each, Refused)]
    assert [each["rev"] for each in kept] == [1]
    assert [each.code for each in lost] == ["sheet_superseded"]


async def test_panelists_who_save_at_once_each_keep_their_own(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    await asyncio.gather(*(scored.hand_in(either_hall, made, number) for number in range(1, 6)))
    given = [each["scores"] for each in FILE["panel"]["sheets"]]
    kept = [each.sheet for each in either_hall.database.read_here(stored.panel, made.selection)]
    assert [each.scores for each in kept if each is not None] == given


async def test_a_final_sheet_stays_as_it_is(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    await save(either_hall, made, final=True)
    other = {letter: {**own, "reach": 1} for letter, own in SCORES.items()}
    for final in (False, True):
        changed = await refusal(save(either_hall, made, rev=1, scores=other, final=final))
        assert changed.code == "sheet_is_final"
    found = member(either_hall, made).sheet
    assert found is not None
    assert found.scores == SCORES


@pytest.mark.parametrize(
    "scores",
    [
        {"Z": {"reach": 3}},
        {"A": {"beauty": 3}},
        {"A": {"reach": 6}},
        {"A": {"reach": 0}},
        {"A": {"reach": True}},
    ],
)
async def test_scores_off_the_sheet_are_refused(hall: Hall, scores: Any) -> None:
    made = await scored.begun(hall)
    assert (await refusal(save(hall, made, scores=scores))).code == "payload_invalid"
    assert states(hall, made)[0] == "none"


async def test_only_a_panelist_writes_a_sheet(hall: Hall) -> None:
    made = await scored.begun(hall)
    for role in ("visitor", "organiser", "moderator"):
        actor = Actor(role=role, forum=made.forum, panelist=made.panel[0])  # type: ignore[arg-type]
        said = await refusal(sheets.save(hall, actor, rev=0, scores=SCORES))
        assert said.code in {"sign_in", "not_allowed"}


async def test_a_recused_panelist_is_left_out_of_that_candidate_only(
    either_hall: Hall, clock: Clock
) -> None:
    made = await scored.begun(either_hall)
    await scored.vote(either_hall, clock, made, "final", FILE["live"]["final"])
    await save(either_hall, made, recused=["B"], final=True)
    for number in range(2, 6):
        await scored.hand_in(either_hall, made, number)
    await selections.close(either_hall, ORGANISER, made.selection)
    row = either_hall.database.read_here(stored.get, made.selection)
    first = json.loads(row.snapshot or "")["panel"]["sheets"][0]
    assert first["recused"] == ["B"]
    assert first["scores"] == {letter: SCORES[letter] for letter in "AC"}


async def test_an_organisers_recusal_holds_whatever_the_form_says(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    await sheets.recuse(either_hall, ORGANISER, made.selection, made.panel[0], "A", True)
    await save(either_hall, made, final=True)
    found = member(either_hall, made).sheet
    assert found is not None
    assert (found.recused, sorted(found.scores)) == (["A"], ["B", "C"])


async def test_a_recusal_takes_scores_out_of_a_sheet_that_is_in(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    await save(either_hall, made, final=True)
    for _ in range(2):
        await sheets.recuse(either_hall, ORGANISER, made.selection, made.panel[0], "C", True)
    found = member(either_hall, made)
    assert found.sheet is not None
    assert (found.panelist.recused, found.sheet.recused) == (["C"], ["C"])
    assert (sorted(found.sheet.scores), found.state, found.sheet.rev) == (["A", "B"], "final", 2)


async def test_a_recusal_taken_back_makes_the_sheet_a_draft(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    await save(either_hall, made, final=True)
    for on in (True, False):
        await sheets.recuse(either_hall, ORGANISER, made.selection, made.panel[0], "C", on)
    assert member(either_hall, made).state == "draft"
    await save(either_hall, made, rev=3, final=True)
    assert member(either_hall, made).state == "final"


async def test_recusal_lowers_the_sheets_of_that_candidate_below_the_quorum(
    hall: Hall, clock: Clock
) -> None:
    made = await scored.held(hall, clock)
    for panelist in made.panel[:2]:
        await sheets.recuse(hall, ORGANISER, made.selection, panelist, "B", True)
    said = await refusal(selections.close(hall, ORGANISER, made.selection))
    assert (said.code, said.details["letters"], said.details["quorum"]) == (
        "quorum_missing",
        "B",
        4,
    )
    nobody = sheets.recuse(hall, ORGANISER, made.selection, made.panel[0], "Z", True)
    assert (await refusal(nobody)).code == "not_found"


async def test_a_draft_is_named_in_the_snapshot_without_its_scores(
    hall: Hall, clock: Clock
) -> None:
    made = await scored.begun(hall)
    await scored.vote(hall, clock, made, "final", FILE["live"]["final"])
    for number in range(1, 5):
        await scored.hand_in(hall, made, number)
    await save(hall, made, 5)
    await selections.close(hall, ORGANISER, made.selection)
    row = hall.database.read_here(stored.get, made.selection)
    last = json.loads(row.snapshot or "")["panel"]["sheets"][4]
    assert last == {"panelist": "P5", "final": False, "recused": [], "scores": {}}
