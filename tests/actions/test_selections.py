"""Setting a selection up, closing and deciding, on both databases."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from tests import boards, scored
from tests.actions.conftest import Announced
from tests.facts import NOON, Clock
from tests.scored import DRAFT, EXACT, FILE, ORGANISER, TOTALS, totals
from townhall.actions import questions, score_rules, selections, sheets
from townhall.actions.score_rules import Terms, Window
from townhall.actions.selections import NewSelection
from townhall.domain import audit, scoring
from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.storage import proposals
from townhall.storage import selections as stored
from townhall.storage.database import writing
from townhall.storage.schema import Audit, Selection, Sympathy

pytestmark = pytest.mark.anyio


def row(hall: Hall, selection: int) -> Selection:
    return hall.database.read_here(stored.get, selection)


def chain(hall: Hall, forum: int) -> list[str]:
    """What the forum's line of changes says about its selection, in order."""
    wanted = ("selection_", "panel_", "sheet_")
    kinds = hall.database.read_here(
        lambda session: session.exec(
            select(Audit.kind).where(Audit.forum_id == forum, Audit.writer == 0).order_by(Audit.n)  # type: ignore[arg-type]
        ).all()
    )
    return [kind for kind in kinds if kind.startswith(wanted)]


async def refused(awaited: Any) -> str:
    with pytest.raises(Refused) as caught:
        await awaited
    return caught.value.code


async def close(hall: Hall, selection: int, **given: Any) -> str:
    return await selections.close(hall, ORGANISER, selection, **given)


async def decide(hall: Hall, selection: int, **given: str) -> None:
    said = {"decision": "confirms", "candidate": "A", "reason": "점수와 같은 뜻이에요.", **given}
    await selections.decide(hall, ORGANISER, selection, **said)


async def test_worked_example_is_sealed_with_its_totals(either_hall: Hall, clock: Clock) -> None:
    made = await scored.held(either_hall, clock)
    digest = await close(either_hall, made.selection)
    sealed = row(either_hall, made.selection)
    assert sealed.snapshot is not None
    result = scoring.to_json(scoring.compute(scoring.parse(scoring.read(sealed.snapshot))))
    assert totals(result) == TOTALS
    assert {each["id"]: each["total"]["exact"] for each in result["candidates"]} == EXACT
    assert digest == sealed.digest == result["digest"]


async def test_sympathies_after_the_first_ballot_box_opened_change_nothing(
    either_hall: Hall, clock: Clock
) -> None:
    made = await scored.held(either_hall, clock)
    await scored.reveal(either_hall, made)
    with writing(either_hall.database) as session:
        for n in range(60):
            person = boards.person(session, f"fresh-{n}", created_at=clock())
            proposals.give(session, "sympathy", made.proposals[2], person, clock())
        first = Sympathy.proposal_id == made.proposals[0]
        for held in session.exec(select(Sympathy).where(first)).all()[:9]:
            proposals.withdraw(session, "sympathy", held.proposal_id, held.person_id, clock())
    await close(either_hall, made.selection)
    sealed = json.loads(row(either_hall, made.selection).snapshot or "")
    assert sealed["candidates"] == FILE["candidates"]


async def test_snapshot_holds_the_example_and_nobody(either_hall: Hall, clock: Clock) -> None:
    made = await scored.held(either_hall, clock)
    await close(either_hall, made.selection)
    sealed = json.loads(row(either_hall, made.selection).snapshot or "")
    assert sealed["rule"] == FILE["rule"]
    assert sealed["candidates"] == FILE["candidates"]
    assert sealed["live"] == {
        name: sorted(FILE["live"][name], key=audit.canonical) for name in ("first", "final")
    }
    assert sealed["panel"] == FILE["panel"]
    assert sealed["closing"] == {
        "code": "townhall 0.1.0",
        "closed_at": "2025-10-09T09:00:10.000+00:00",
        "exception": None,
    }


async def test_every_step_is_in_the_chain_and_announced(
    hall: Hall, clock: Clock, announced: Announced
) -> None:
    made = await scored.held(hall, clock)
    await close(hall, made.selection)
    await scored.reveal(hall, made)
    await decide(hall, made.selection)
    assert chain(hall, made.forum) == [
        "selection_created",
        "selection_rule",
        "panel_invited",
        *["sheet_saved"] * 5,
        "selection_closed",
        "selection_decided",
    ]
    await asyncio.sleep(0)
    assert "score" in frozenset().union(*(slices for _, slices in announced))


async def test_only_an_organiser_sets_a_selection_up(hall: Hall, clock: Clock) -> None:
    made = await scored.begun(hall)
    moderator = Actor(role="moderator", forum=made.forum)
    new = NewSelection("다른 선정", ("하나", "둘"))
    assert await refused(selections.create(hall, moderator, new)) == "not_allowed"
    assert await refused(selections.close(hall, moderator, made.selection)) == "not_allowed"
    assert await refused(selections.close(hall, ORGANISER, 999_999)) == "not_found"


@pytest.mark.parametrize(
    ("candidates", "code"),
    [
        (("하나",), "candidates_number"),
        (tuple(f"후보 {n}" for n in range(41)), "candidates_number"),
        (("나무 심기", "나무  심기"), "candidate_twice"),
        (("하나", 4_000), "proposal_unknown"),
    ],
)
async def test_candidates_are_refused_with_a_reason(
    hall: Hall, candidates: tuple[str | int, ...], code: str
) -> None:
    assert (
        await refused(selections.create(hall, ORGANISER, NewSelection("선정", candidates))) == code
    )


async def test_a_form_sent_twice_makes_one_selection(either_hall: Hall) -> None:
    new = NewSelection("선정", ("하나", "둘"))
    first = await selections.create(either_hall, ORGANISER, new)
    assert await refused(selections.create(either_hall, ORGANISER, new)) == "selection_exists"
    assert [each.id for each in either_hall.database.read_here(stored.open_ones)] == [first]


async def test_candidates_change_until_the_rule_is_locked(either_hall: Hall) -> None:
    made = await selections.create(either_hall, ORGANISER, NewSelection("선정", ("하나", "둘")))
    await selections.recast(either_hall, ORGANISER, made, ("셋", "넷", "다섯"))
    found = either_hall.database.read_here(stored.lined_up, made)
    assert [(each.letter, each.title) for each in found] == [
        ("A", "셋"),
        ("B", "넷"),
        ("C", "다섯"),
    ]
    begun = Terms(DRAFT, window=Window(since=NOON))
    await score_rules.set_rule(either_hall, ORGANISER, made, begun)
    again = selections.recast(either_hall, ORGANISER, made, ("하나", "둘"))
    assert await refused(again) == "selection_locked"


async def test_rule_locks_at_the_first_open_round(either_hall: Hall, clock: Clock) -> None:
    made = await scored.begun(either_hall)
    assert row(either_hall, made.selection).locked_at is None
    await scored.vote(either_hall, clock, made, "first", FILE["live"]["first"])
    locked = row(either_hall, made.selection)
    assert (locked.locked_at, locked.rule_hash) == (NOON, stored.rule_hash(locked.rule))


async def test_rule_locks_at_the_first_draft_sheet(either_hall: Hall) -> None:
    made = await scored.begun(either_hall)
    await sheets.save(either_hall, made.panelist(1), rev=0, scores={})
    assert row(either_hall, made.selection).locked_at == NOON


async def test_rule_locks_when_the_window_of_sympathies_begins(hall: Hall, clock: Clock) -> None:
    made = await scored.begun(hall)
    window = Window(NOON + 10_000, NOON + 20_000)
    await score_rules.set_rule(hall, ORGANISER, made.selection, scored.terms(made, window=window))
    clock.pass_seconds(10)
    heavier = replace(DRAFT, weights=("20", "30", "50"))
    changed = score_rules.set_rule(hall, ORGANISER, made.selection, scored.terms(made, heavier))
    assert await refused(changed) == "reason_missing"


async def test_a_locked_rule_changes_with_a_reason_and_keeps_the_old(
    either_hall: Hall, clock: Clock
) -> None:
    made = await scored.begun(either_hall)
    await scored.vote(either_hall, clock, made, "first", FILE["live"]["first"])
    old = row(either_hall, made.selection)
    terms = scored.terms(made, replace(DRAFT, weights=("20", "30", "50")))
    assert (
        await refused(score_rules.set_rule(either_hall, ORGANISER, made.selection, terms))
        == "reason_missing"
    )
    args = (either_hall, ORGANISER, made.selection, terms, "은평 규칙을 따르기로 했어요.")
    assert await score_rules.set_rule(*args) == 2
    assert await score_rules.set_rule(*args) == 2
    new = row(either_hall, made.selection)
    assert new.rule["weights"] == {"sympathy": 20, "live": 30, "panel": 50}
    assert (new.rule["version"], new.rule_version) == (2, 2)
    assert new.rule_hash == stored.rule_hash(new.rule) != old.rule_hash
    [kept] = new.history
    assert (kept["version"], kept["rule"], kept["hash"]) == (1, old.rule, old.rule_hash)
    assert (kept["reason"], kept["at"]) == ("은평 규칙을 따르기로 했어요.", clock())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"weights": ("25", "25", "49")}, "rule_weights"),
        ({"weights": ("25", "이십", "50")}, "rule_field"),
        ({"criteria": (("reach", "0.5"), ("fit", "0.4"))}, "rule_criteria"),
        ({"criteria": (("reach", "0.5"), ("reach", "0.5"))}, "rule_criterion_twice"),
        ({"normalise": "cap", "cap": ""}, "rule_field"),
        ({"quorum": "5/3"}, "rule_field"),
        ({"seats": 4}, "panel_full"),
    ],
)
async def test_a_wrong_rule_is_refused(hall: Hall, change: dict[str, Any], code: str) -> None:
    made = await scored.begun(hall)
    before = row(hall, made.selection).rule
    terms = scored.terms(made, replace(DRAFT, **change))
    assert await refused(score_rules.set_rule(hall, ORGANISER, made.selection, terms)) == code
    assert row(hall, made.selection).rule == before


async def test_rounds_must_ask_about_these_candidates(hall: Hall) -> None:
    made = await scored.begun(hall)
    other = scored.room(hall, code="222222", titles=["가", "나", "다"])
    set_rule = score_rules.set_rule
    for first, final in ((None, other.final), (made.final, made.final), (999, made.final)):
        terms = Terms(DRAFT, first=first, final=final)
        assert await refused(set_rule(hall, ORGANISER, made.selection, terms)) == "round_mismatch"
    late = Terms(DRAFT, final=made.final, window=Window(NOON, NOON))
    assert await refused(set_rule(hall, ORGANISER, made.selection, late)) == "window_invalid"


async def test_a_round_that_has_opened_is_bound_with_a_reason(hall: Hall, clock: Clock) -> None:
    made = await scored.begun(hall)
    await score_rules.set_rule(hall, ORGANISER, made.selection, Terms(DRAFT))
    await scored.vote(hall, clock, made, "final", FILE["live"]["final"])
    terms = Terms(DRAFT, final=made.final)
    set_rule = score_rules.set_rule
    assert await refused(set_rule(hall, ORGANISER, made.selection, terms)) == "reason_missing"
    assert await set_rule(hall, ORGANISER, made.selection, terms, "늦게 이었어요.") == 2
    assert row(hall, made.selection).locked_at == clock()


async def test_close_waits_for_the_live_vote(either_hall: Hall, clock: Clock) -> None:
    made = await scored.begun(either_hall)
    assert await refused(close(either_hall, made.selection)) == "live_open"
    await score_rules.set_rule(either_hall, ORGANISER, made.selection, Terms(DRAFT))
    assert await refused(close(either_hall, made.selection)) == "live_missing"


async def test_a_round_held_again_is_bound_before_the_close(
    either_hall: Hall, clock: Clock
) -> None:
    made = await scored.held(either_hall, clock)
    moderator = Actor(role="moderator", forum=made.forum)
    again = await questions.reopen(either_hall, moderator, key=scored.key(), question=made.final)
    made.final = again["question"]
    await scored.vote(either_hall, clock, made, "final", [{"A": 1, "B": 5, "C": 1}] * 20)
    assert await refused(close(either_hall, made.selection)) == "live_asked_again"
    args = (either_hall, ORGANISER, made.selection, scored.terms(made), "다시 투표했어요.")
    await score_rules.set_rule(*args)
    await close(either_hall, made.selection)
    sealed = json.loads(row(either_hall, made.selection).snapshot or "")
    assert sealed["live"]["final"] == [{"A": 1, "B": 5, "C": 1}] * 20


async def test_close_waits_for_the_end_of_the_window(hall: Hall, clock: Clock) -> None:
    made = await scored.held(hall, clock)
    window = Window(None, clock() + 1000)
    terms = scored.terms(made, window=window)
    await score_rules.set_rule(hall, ORGANISER, made.selection, terms, "기간을 정했어요.")
    assert await refused(close(hall, made.selection)) == "sympathy_running"
    clock.pass_seconds(1)
    assert (await close(hall, made.selection)).startswith("sha256:")


async def test_sympathies_outside_the_window_do_not_count(hall: Hall, clock: Clock) -> None:
    made = await scored.held(hall, clock)
    terms = scored.terms(made, window=Window(NOON, None))
    await score_rules.set_rule(hall, ORGANISER, made.selection, terms, "오늘 것만 세요.")
    await close(hall, made.selection)
    sealed = json.loads(row(hall, made.selection).snapshot or "")
    assert [each["sympathy"] for each in sealed["candidates"]] == [0, 0, 0]


async def test_close_below_the_quorum_needs_a_written_exception(
    either_hall: Hall, clock: Clock
) -> None:
    made = await scored.begun(either_hall)
    await scored.vote(either_hall, clock, made, "final", FILE["live"]["final"])
    for number in (1, 2, 3):
        await scored.hand_in(either_hall, made, number)
    assert await refused(close(either_hall, made.selection)) == "quorum_missing"
    await close(either_hall, made.selection, exception="두 위원이 오지 못했어요.")
    sealed = row(either_hall, made.selection)
    assert (sealed.state, sealed.exception) == ("closed", "두 위원이 오지 못했어요.")


async def test_closing_again_changes_nothing(either_hall: Hall, clock: Clock) -> None:
    made = await scored.held(either_hall, clock)
    digests = await asyncio.gather(*(close(either_hall, made.selection) for _ in range(3)))
    clock.pass_seconds(60)
    assert {await close(either_hall, made.selection), *digests} == {digests[0]}
    assert chain(either_hall, made.forum).count("selection_closed") == 1


async def test_nothing_moves_a_closed_score(either_hall: Hall, clock: Clock) -> None:
    made = await scored.held(either_hall, clock)
    await close(either_hall, made.selection)
    sealed = row(either_hall, made.selection).snapshot
    hall, selection, panelist = either_hall, made.selection, made.panel[0]
    for attempt in (
        score_rules.set_rule(hall, ORGANISER, selection, scored.terms(made), "한 번 더"),
        sheets.invite(hall, ORGANISER, selection, ["바다"]),
        sheets.renew(hall, ORGANISER, selection, panelist),
        sheets.recuse(hall, ORGANISER, selection, panelist, "A", True),
        sheets.save(hall, made.panelist(1), rev=1, scores={}),
    ):
        assert await refused(attempt) == "selection_closed"
    assert row(hall, selection).snapshot == sealed


def tied() -> list[dict[str, int]]:
    """Final ballots that give every candidate the same mean."""
    return [{"A": 3, "B": 3, "C": 3} for _ in range(20)]


async def level(hall: Hall, clock: Clock) -> scored.Example:
    """A selection in which the first two candidates are equal in everything."""
    made = await scored.begun(hall)
    plain = scored.terms(made, window=Window(NOON - 1, None))
    await score_rules.set_rule(hall, ORGANISER, made.selection, plain)
    await scored.vote(hall, clock, made, "final", tied())
    for number in range(1, 6):
        own = FILE["panel"]["sheets"][number - 1]["scores"]
        await scored.hand_in(hall, made, number, {**own, "B": own["A"]})
    return made


async def test_a_tie_is_parted_by_the_panels_second_vote(either_hall: Hall, clock: Clock) -> None:
    made = await level(either_hall, clock)
    assert await refused(close(either_hall, made.selection)) == "tie"
    wrong = close(either_hall, made.selection, revote={"A": 3, "C": 2})
    assert await refused(wrong) == "revote_invalid"
    await close(either_hall, made.selection, revote={"A": 2, "B": 3})
    result = scoring.compute(
        scoring.parse(json.loads(row(either_hall, made.selection).snapshot or ""))
    )
    assert (result.decided_by, result.standings[0].candidate.id) == ("revote", "B")


async def test_a_tie_that_stays_is_parted_by_a_public_lot(hall: Hall, clock: Clock) -> None:
    made = await level(hall, clock)
    even = {"A": 2, "B": 2}
    assert await refused(close(hall, made.selection, revote=even)) == "tie"
    await close(hall, made.selection, revote=even, lot_seed="07 12 19 23 31 44")
    result = scoring.compute(scoring.parse(json.loads(row(hall, made.selection).snapshot or "")))
    assert result.decided_by == "lot"


async def test_no_lot_is_drawn_where_nothing_is_tied(hall: Hall, clock: Clock) -> None:
    made = await scored.held(hall, clock)
    assert await refused(close(hall, made.selection, lot_seed="7")) == "no_tie"
