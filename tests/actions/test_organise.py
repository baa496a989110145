"""Setting a forum up: what may change, until when, and what refuses to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from tests import facts, scored
from tests.actions.conftest import Announced
from tests.actions.desks import key
from townhall.actions import agenda, cards, forums, organise, people, questions
from townhall.actions.forums import Candidate, NewForum, NewQuestion
from townhall.actions.organise import Basics, Item
from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.screens import organise as screen
from townhall.screens import slices
from townhall.storage import selections as stored
from townhall.storage.database import writing
from townhall.web.i18n import catalogue

ASKED = NewQuestion("single", "무엇부터 할까요?", options=("하나", "둘"))


@pytest.fixture
async def organiser(hall: Hall) -> Actor:
    """The organiser of a forum of the small-library template with two tables."""
    made = await forums.make(
        hall,
        Actor(role="organiser"),
        NewForum("토론회", "small-library", candidates=(Candidate("A"), Candidate("B")), tables=2),
        catalogue("ko"),
    )
    return Actor(role="organiser", forum=made.id)


def seen(hall: Hall, actor: Actor) -> dict[str, Any]:
    assert actor.forum is not None
    return hall.database.read_here(screen.setup, actor.forum, hall.now())


def titles(hall: Hall, actor: Actor) -> list[str]:
    return [segment["title"] for segment in seen(hall, actor)["segments"]]


def console(hall: Hall, actor: Actor) -> dict[str, Any]:
    assert actor.forum is not None
    _, values = hall.database.read_here(slices.read, actor.forum, "console")
    return values


async def refused(awaited: Any) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Refused) as caught:
        await awaited
    return caught.value.code, caught.value.details


async def test_basics_change_and_the_start_stays_once_it_has_begun(
    hall: Hall, organiser: Actor
) -> None:
    new = Basics("새 이름", "새 곳", facts.NOON + 60_000, "en", "open")
    await organise.set_basics(hall, organiser, new)
    await agenda.start(hall, organiser, key=key(1))
    await organise.set_basics(hall, organiser, replace(new, starts_at=facts.NOON, host=""))
    forum = seen(hall, organiser)["forum"]
    assert (forum["title"], forum["host"], forum["language"]) == ("새 이름", "", "en")
    assert (forum["entry"], forum["starts_at"]) == ("open", facts.NOON + 60_000)


async def test_an_item_is_added_once_at_the_end(hall: Hall, organiser: Actor) -> None:
    new = Item("한 번 더", 15, "함께 봐요", facts={"limit": 200})
    for _ in range(2):
        await organise.add_segment(hall, organiser, "tables", new, key=key(1))
    segments = seen(hall, organiser)["segments"]
    assert len(segments) == 13
    last = segments[-1]
    assert (last["kind"], last["title"], last["minutes"]) == ("tables", "한 번 더", 15)
    assert last["facts"] == {"limit": 200}


async def test_items_move_and_go(hall: Hall, organiser: Actor) -> None:
    before = titles(hall, organiser)
    ids = [segment["id"] for segment in seen(hall, organiser)["segments"]]
    await organise.move_segment(hall, organiser, ids[0], -1)
    await organise.move_segment(hall, organiser, ids[11], 1)
    assert titles(hall, organiser) == before
    await organise.move_segment(hall, organiser, ids[2], -1)
    await organise.remove_segment(hall, organiser, ids[0])
    assert titles(hall, organiser) == [before[2], before[1], *before[3:]]


async def test_an_item_is_mended_with_its_kinds_facts(hall: Hall, organiser: Actor) -> None:
    found = seen(hall, organiser)
    pitch = found["segments"][3]["id"]
    speakers = [{"candidate": "B", "seconds": 60}]
    new = Item("소개", 5, facts={"speakers": speakers}, question=found["questions"][0]["id"])
    await organise.edit_segment(hall, organiser, pitch, new)
    row = seen(hall, organiser)["segments"][3]
    assert (row["title"], row["facts"]) == ("소개", {"speakers": speakers})
    assert row["question"] is None, "a pitch asks nothing"


@pytest.mark.parametrize(
    ("kind", "new", "refusal"),
    [
        ("party", Item("x", 5), ("segment_invalid", "kind")),
        ("tables", Item("x", 5, facts={"limit": 5}), ("segment_invalid", "limit")),
        ("talk", Item("x", 5, facts={"limit": 50}), ("segment_invalid", "limit")),
        ("talk", Item("x", 0), ("minutes_invalid", None)),
        ("talk", Item("x", 481), ("minutes_invalid", None)),
        ("talk", Item("  ", 5), ("text_empty", "title")),
        ("talk", Item("x", 5, "가" * 201), ("text_too_long", "prompt")),
        ("question", Item("x", 5, question=99), ("question_unknown", None)),
    ],
)
async def test_an_item_that_cannot_be_is_refused(
    hall: Hall, organiser: Actor, kind: str, new: Item, refusal: tuple[str, str | None]
) -> None:
    code, details = await refused(organise.add_segment(hall, organiser, kind, new, key=key(1)))
    assert (code, details.get("field")) == refusal
    assert len(titles(hall, organiser)) == 12


async def test_points_take_only_stickers(hall: Hall, organiser: Actor) -> None:
    score, stickers, _ = (each["id"] for each in seen(hall, organiser)["questions"])
    wrong = organise.add_segment(
        hall, organiser, "points", Item("x", 5, question=score), key=key(1)
    )
    assert await refused(wrong) == ("segment_invalid", {"field": "question", "reason": "kind"})
    right = Item("x", 5, question=stickers)
    await organise.add_segment(hall, organiser, "points", right, key=key(2))
    assert seen(hall, organiser)["segments"][-1]["question"] == stickers


async def test_the_order_stays_once_the_forum_has_begun(hall: Hall, organiser: Actor) -> None:
    first = seen(hall, organiser)["segments"][0]["id"]
    await agenda.start(hall, organiser, key=key(1))
    for change in (
        organise.add_segment(hall, organiser, "talk", Item("x", 5), key=key(2)),
        organise.edit_segment(hall, organiser, first, Item("x", 5)),
        organise.move_segment(hall, organiser, first, 1),
        organise.remove_segment(hall, organiser, first),
    ):
        assert (await refused(change))[0] == "run_fixed"


async def test_a_question_is_added_once_with_its_settings(hall: Hall, organiser: Actor) -> None:
    new = replace(ASKED, secret=True, config={"abstain": False}, seconds=60, results="hidden")
    for _ in range(2):
        await organise.add_question(hall, organiser, new, key=key(1))
    rows = seen(hall, organiser)["questions"]
    assert len(rows) == 4
    made = rows[-1]
    assert made["options"] == [{"id": "A", "title": "하나"}, {"id": "B", "title": "둘"}]
    assert (made["secret"], made["changeable"]) == (True, False)
    assert (made["config"], made["seconds"], made["results"]) == ({"abstain": False}, 60, "hidden")
    assert console(hall, organiser)["questions"][-1]["seconds"] == 60


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"kind": "mood"}, ("definition_invalid", "kind")),
        ({"options": ("하나",)}, ("definition_invalid", "options")),
        ({"kind": "yesno"}, ("definition_invalid", "options")),
        ({"kind": "score", "config": {"min": 5, "max": 5}}, ("definition_invalid", "max")),
        ({"kind": "multiple", "config": {"max": 9}}, ("definition_invalid", "max")),
        ({"base": "all"}, ("definition_invalid", "base")),
        ({"seconds": 4}, ("seconds_invalid", None)),
        ({"options": ("하나", " ")}, ("text_empty", "option")),
    ],
)
async def test_a_question_that_could_not_open_is_refused(
    hall: Hall, organiser: Actor, wish: dict[str, Any], refusal: tuple[str, str | None]
) -> None:
    new = replace(ASKED, **wish)
    code, details = await refused(organise.add_question(hall, organiser, new, key=key(1)))
    assert (code, details.get("field")) == refusal


async def test_stickers_may_wait_for_the_tables_summaries(hall: Hall, organiser: Actor) -> None:
    new = NewQuestion("dots", "어디에 붙일까요?", config={"over": "summaries", "budget": 3})
    await organise.add_question(hall, organiser, new, key=key(1))
    assert seen(hall, organiser)["questions"][-1]["config"]["over"] == "summaries"


async def test_a_final_round_asks_what_its_first_round_asks(hall: Hall, organiser: Actor) -> None:
    first = seen(hall, organiser)["questions"][0]
    new = replace(ASKED, kind="ranking", round="final", title="다시 한 번")
    await organise.add_question(hall, organiser, new, key=key(1), first=first["id"])
    made = seen(hall, organiser)["questions"][-1]
    assert (made["kind"], made["options"]) == ("score", first["options"])
    assert (made["first"], made["title"]) == (first["id"], "다시 한 번")
    other = organise.add_question(hall, organiser, new, key=key(2), first=made["id"])
    assert (await refused(other))[0] == "round_pair_invalid"


async def test_mending_a_first_round_takes_its_final_round_along(
    hall: Hall, organiser: Actor
) -> None:
    first, _, final = seen(hall, organiser)["questions"]
    scale = {"min": 0, "max": 10, "low_label": "", "high_label": ""}
    new = NewQuestion("score", "점수", options=("A", "B", "C"), config=scale, round="first")
    await organise.edit_question(hall, organiser, first["id"], new)
    first, _, last = seen(hall, organiser)["questions"]
    assert (first["config"], [o["title"] for o in first["options"]]) == (scale, ["A", "B", "C"])
    assert (last["config"], last["options"]) == (scale, first["options"])
    assert last["title"] == final["title"]
    alone = organise.edit_question(hall, organiser, first["id"], replace(new, round=None))
    assert (await refused(alone))[0] == "question_used"
    ranked = replace(new, kind="ranking", config={})
    other = organise.edit_question(hall, organiser, first["id"], ranked)
    assert (await refused(other))[0] == "question_scored"


async def test_a_mended_option_keeps_the_proposal_of_its_title(
    hall: Hall, organiser: Actor
) -> None:
    assert organiser.forum is not None
    with writing(hall.database) as session:
        asked = facts.question(
            session,
            organiser.forum,
            kind="single",
            state="draft",
            position=9,
            options=[{"id": "A", "title": "하나", "proposal": 7}, {"id": "B", "title": "둘"}],
            config={"abstain": True},
        )
    await organise.edit_question(hall, organiser, asked, replace(ASKED, options=("둘", "하나")))
    assert console(hall, organiser)["questions"][-1]["options"] == [
        {"id": "A", "title": "둘"},
        {"id": "B", "title": "하나", "proposal": 7},
    ]


async def test_candidates_of_a_score_follow_the_question_until_the_rule_is_locked(
    hall: Hall,
) -> None:
    made = await scored.begun(hall)
    organiser = Actor(role="organiser", forum=made.forum)
    named = [each["title"] for each in scored.FILE["candidates"]]
    mended = [named[1], named[0] + "!", named[2]]

    def candidates() -> list[tuple[str, str, int | None]]:
        found = hall.database.read_here(stored.lined_up, made.selection)
        return [(each.letter, each.title, each.proposal) for each in found]

    def asked(options: list[str], **config: int) -> NewQuestion:
        chosen = {"min": 1, "max": 5} | config
        return NewQuestion("score", "점수", options=tuple(options), config=chosen, round="first")

    one, two, three = made.proposals
    await organise.edit_question(hall, organiser, made.first, asked(mended, max=10))
    assert candidates() == [("A", mended[0], two), ("B", mended[1], one), ("C", mended[2], three)]
    rule = hall.database.read_here(stored.get, made.selection).rule
    assert (rule["live"]["score_min"], rule["live"]["score_max"]) == (1, 10)
    await questions.open_(hall, organiser, key=key(1), question=made.first)
    assert candidates()[1][1] == mended[1]


async def test_a_locked_score_keeps_its_candidates(hall: Hall) -> None:
    made = await scored.begun(hall)
    organiser = Actor(role="organiser", forum=made.forum)
    with writing(hall.database) as session:
        stored.lock(session, stored.get(session, made.selection), hall.now())
    named = [each["title"] for each in scored.FILE["candidates"]]
    other = (named[1], named[0], named[2])
    scale = {"min": 1, "max": 5}
    swapped = NewQuestion("score", "점수", options=other, config=scale, round="first")
    code, _ = await refused(organise.edit_question(hall, organiser, made.first, swapped))
    assert code == "selection_locked"
    assert [o["title"] for o in console(hall, organiser)["questions"][0]["options"]] == named


async def test_a_draft_goes_and_its_items_stay(hall: Hall, organiser: Actor) -> None:
    first, stickers, final = (each["id"] for each in seen(hall, organiser)["questions"])
    await organise.remove_question(hall, organiser, stickers)
    found = seen(hall, organiser)
    assert [each["id"] for each in found["questions"]] == [first, final]
    assert [s["question"] for s in found["segments"] if s["kind"] == "points"] == [None]
    for used in (first, final):
        assert (await refused(organise.remove_question(hall, organiser, used)))[
            0
        ] == "question_used"


async def test_an_opened_question_is_left_alone(hall: Hall, organiser: Actor) -> None:
    await organise.add_question(hall, organiser, ASKED, key=key(1))
    asked = seen(hall, organiser)["questions"][-1]["id"]
    await questions.open_(hall, organiser, key=key(2), question=asked)
    for change in (
        organise.edit_question(hall, organiser, asked, replace(ASKED, title="다른 말")),
        organise.remove_question(hall, organiser, asked),
    ):
        assert (await refused(change))[0] == "question_already_open"


async def test_tables_come_and_go_with_their_cards(hall: Hall, organiser: Actor) -> None:
    assert organiser.forum is not None
    await organise.set_tables(hall, organiser, 4)
    assert (seen(hall, organiser)["tables"], seen(hall, organiser)["uncarded"]) == (4, [3, 4])
    card = await cards.card(hall, organiser, organiser.forum, "facilitator", table=4)
    await organise.set_tables(hall, organiser, 1)
    assert seen(hall, organiser)["tables"] == 1
    assert (await people.recognise(hall, card)).role == "visitor"
    await organise.set_tables(hall, organiser, 2)
    await cards.mint(hall, organiser, organiser.forum, 2)
    assert await refused(organise.set_tables(hall, organiser, 0)) == ("table_in_use", {"table": 2})
    assert (await refused(organise.set_tables(hall, organiser, 201)))[0] == "tables_invalid"


async def test_every_change_announces_what_differs(
    hall: Hall, organiser: Actor, announced: Announced
) -> None:
    found = seen(hall, organiser)
    segment, asked = found["segments"][1]["id"], found["questions"][1]["id"]
    mended = replace(ASKED, title="고친 말")
    changes: tuple[Callable[[], Awaitable[None]], ...] = (
        lambda: organise.set_basics(hall, organiser, Basics("이름", "곳", 1, "en", "open")),
        lambda: organise.add_segment(hall, organiser, "talk", Item("x", 5), key=key(1)),
        lambda: organise.edit_segment(hall, organiser, segment, Item("y", 5)),
        lambda: organise.move_segment(hall, organiser, segment, 1),
        lambda: organise.remove_segment(hall, organiser, segment),
        lambda: organise.add_question(hall, organiser, ASKED, key=key(2)),
        lambda: organise.edit_question(hall, organiser, asked, mended),
        lambda: organise.remove_question(hall, organiser, asked),
        lambda: organise.set_tables(hall, organiser, 3),
    )
    for change in changes:
        before = console(hall, organiser)
        announced.clear()
        await change()
        after = console(hall, organiser)
        differing = {name for name in after if after[name] != before[name]}
        assert differing, "the change shows"
        told: set[str] = set()
        for _ in range(50):
            told = set().union(*(names for _, names in announced))
            if differing <= told:
                break
            # The hub gathers changes for a moment before it tells.
            await asyncio.sleep(0.02)
        assert differing <= told


async def test_only_the_houses_organiser_sets_up(hall: Hall, organiser: Actor) -> None:
    moderator = Actor(role="moderator", forum=organiser.forum)
    nowhere = Actor(role="organiser")
    for actor in (moderator, nowhere):
        assert (await refused(organise.set_tables(hall, actor, 3)))[0] == "not_allowed"
