"""What people do on a board: propose, edit, sympathise, agree, comment; and what is refused."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pytest
from sqlmodel import Session, select

from tests import boards as given
from tests.actions.conftest import Announced
from tests.facts import NOON, Clock
from townhall.actions import proposals
from townhall.domain.audience import VISITOR, Actor
from townhall.domain.drafts import Draft, Picture
from townhall.domain.errors import Refused
from townhall.domain.importing import Row
from townhall.domain.proposals import DAY_MS
from townhall.hall import Hall
from townhall.storage import schema
from townhall.storage.boards import listed
from townhall.storage.database import writing
from townhall.storage.proposals import tags_of

T = TypeVar("T")

DRAFT = Draft(
    "밤에 여는 도서관", "낮에는 못 가요.", "요일을 정해 열어요.", "돌봄", ("도서관", "밤")
)
ORGANISER = Actor(role="organiser", person=1)


async def code_of(action: Awaitable[object]) -> str:
    """The code with which an action refuses."""
    with pytest.raises(Refused) as refused:
        await action
    return refused.value.code


def stored(hall: Hall, proposal: int) -> schema.Proposal:
    def row(session: Session) -> schema.Proposal:
        return session.get_one(schema.Proposal, proposal)

    return hall.database.read_here(row)


def count(hall: Hall, table: type[T]) -> int:
    return len(hall.database.read_here(lambda session: session.exec(select(table)).all()))


@pytest.fixture
def author(hall: Hall) -> Actor:
    """A member on the board `library`."""
    with writing(hall.database) as session:
        given.board(session)
        return given.member(given.person(session))


@pytest.fixture
def reader(hall: Hall) -> Actor:
    with writing(hall.database) as session:
        return given.member(given.person(session, "dandi"), "dandi")


async def test_a_proposal_is_stored_with_deadline_tags_and_picture(
    hall: Hall, author: Actor, announced: Announced
) -> None:
    picture = Picture("image/webp", 640, 480, b"webp")
    made = await proposals.propose(hall, author, "library", DRAFT, key="k", picture=picture)
    row = stored(hall, made)
    assert (row.title, row.background, row.content, row.category, row.author) == (
        DRAFT.title,
        DRAFT.background,
        DRAFT.content,
        DRAFT.category,
        "haru",
    )
    assert (row.submitted_at, row.agreement_closes_at) == (NOON, NOON + 30 * DAY_MS)
    assert row.upload_id is not None
    assert hall.database.read_here(tags_of, [made]) == {made: ["도서관", "밤"]}
    assert announced == []


async def test_a_form_sent_twice_makes_one_proposal(hall: Hall, author: Actor) -> None:
    made = await asyncio.gather(
        *(proposals.propose(hall, author, "library", DRAFT, key="same") for _ in range(5))
    )
    assert len(set(made)) == 1
    assert count(hall, schema.Proposal) == 1


async def test_the_same_key_of_another_person_is_another_proposal(
    hall: Hall, author: Actor, reader: Actor
) -> None:
    first = await proposals.propose(hall, author, "library", DRAFT, key="same")
    second = await proposals.propose(hall, reader, "library", DRAFT, key="same")
    assert first != second


async def test_a_deadline_may_be_a_day_of_ones_own(hall: Hall, author: Actor) -> None:
    made = await proposals.propose(hall, author, "library", DRAFT, key="k", closes="2025-10-20")
    # 14:59:59.999 UTC is the last moment of that day in Seoul.
    assert stored(hall, made).agreement_closes_at == 1_760_972_399_999
    assert (
        await code_of(
            proposals.propose(hall, author, "library", DRAFT, key="l", closes="2025-10-01")
        )
        == "deadline_invalid"
    )


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        pytest.param(VISITOR, "sign_in", id="visitor"),
        pytest.param(Actor(role="seated", seat=1), "not_allowed", id="seat"),
        pytest.param(Actor(role="moderator", forum=1), "sign_in", id="link without account"),
        pytest.param(Actor(role="member", person=99), "not_allowed", id="erased account"),
    ],
)
async def test_only_accounts_may_write(hall: Hall, author: Actor, actor: Actor, code: str) -> None:
    idea = await proposals.propose(hall, author, "library", DRAFT, key="k")
    said = await proposals.comment(hall, author, "library", idea, "좋아요")
    attempts: list[Awaitable[object]] = [
        proposals.propose(hall, actor, "library", DRAFT, key="k"),
        proposals.edit(hall, actor, "library", idea, DRAFT, rev=1),
        proposals.sympathise(hall, actor, "library", idea, on=True),
        proposals.agree(hall, actor, "library", idea, on=True),
        proposals.comment(hall, actor, "library", idea, "말"),
        proposals.remove_comment(hall, actor, "library", idea, said),
        proposals.sympathise_comment(hall, actor, "library", idea, said, on=True),
    ]
    assert [await code_of(attempt) for attempt in attempts] == [code] * 7


async def test_a_blinded_account_may_not_write(hall: Hall, author: Actor) -> None:
    with writing(hall.database) as session:
        session.get_one(schema.Person, author.person).blinded_at = NOON
    assert (
        await code_of(proposals.propose(hall, author, "library", DRAFT, key="k")) == "not_allowed"
    )


async def test_sympathy_and_agreement_are_given_and_taken_back_apart(
    hall: Hall, author: Actor, reader: Actor
) -> None:
    idea = await proposals.propose(hall, author, "library", DRAFT, key="k")
    for _ in range(2):
        await proposals.sympathise(hall, reader, "library", idea, on=True)
        await proposals.agree(hall, reader, "library", idea, on=True)
    row = hall.database.read_here(listed, [idea])[0]
    assert (row.sympathies, row.agreements) == (1, 1)
    await proposals.agree(hall, reader, "library", idea, on=False)
    row = hall.database.read_here(listed, [idea])[0]
    assert (row.sympathies, row.agreements) == (1, 0)
    assert (count(hall, schema.Sympathy), count(hall, schema.Agreement)) == (1, 1)


async def test_agreement_ends_at_its_deadline_and_sympathy_goes_on(
    hall: Hall, author: Actor, reader: Actor, clock: Clock
) -> None:
    idea = await proposals.propose(hall, author, "library", DRAFT, key="k")
    clock.at = NOON + 30 * DAY_MS - 1
    await proposals.agree(hall, reader, "library", idea, on=True)
    clock.at += 1
    for on in (True, False):
        assert (
            await code_of(proposals.agree(hall, reader, "library", idea, on=on))
            == "agreement_closed"
        )
    await proposals.sympathise(hall, reader, "library", idea, on=True)
    await proposals.comment(hall, reader, "library", idea, "늦었지만 공감해요")
    row = hall.database.read_here(listed, [idea])[0]
    assert (row.sympathies, row.agreements, row.comments) == (1, 1, 1)


async def test_a_concluded_proposal_takes_nothing_more(
    hall: Hall, author: Actor, reader: Actor
) -> None:
    idea = await proposals.propose(hall, author, "library", DRAFT, key="k")
    said = await proposals.comment(hall, author, "library", idea, "좋아요")
    with writing(hall.database) as session:
        session.get_one(schema.Proposal, idea).status = "concluded"
    codes = [
        await code_of(proposals.agree(hall, reader, "library", idea, on=True)),
        await code_of(proposals.sympathise(hall, reader, "library", idea, on=True)),
        await code_of(proposals.comment(hall, reader, "library", idea, "말")),
        await code_of(proposals.sympathise_comment(hall, reader, "library", idea, said, on=True)),
    ]
    assert codes == ["agreement_closed", *["proposal_concluded"] * 3]


async def test_what_is_on_another_board_is_not_found(
    hall: Hall, author: Actor, reader: Actor
) -> None:
    with writing(hall.database) as session:
        given.board(session, "other")
    idea = await proposals.propose(hall, author, "library", DRAFT, key="k")
    second = await proposals.propose(hall, author, "library", DRAFT, key="l")
    said = await proposals.comment(hall, author, "library", idea, "좋아요")
    codes = [
        await code_of(proposals.propose(hall, author, "nowhere", DRAFT, key="k")),
        await code_of(proposals.agree(hall, reader, "other", idea, on=True)),
        await code_of(proposals.sympathise(hall, reader, "other", idea, on=True)),
        await code_of(proposals.comment(hall, reader, "other", idea, "말")),
        await code_of(proposals.remove_comment(hall, author, "library", second, said)),
        await code_of(proposals.sympathise_comment(hall, reader, "library", second, said, on=True)),
    ]
    assert codes == ["not_found"] * 6


async def test_an_author_edits_what_nobody_has_supported(
    hall: Hall, author: Actor, reader: Actor
) -> None:
    idea = await proposals.propose(
        hall, author, "library", DRAFT, key="k", picture=Picture("image/webp", 1, 1, b"x")
    )
    await proposals.sympathise(hall, author, "library", idea, on=True)
    better = Draft("더 나은 제목", "", "더 나은 내용")
    rev = await proposals.edit(hall, author, "library", idea, better, rev=1, remove_picture=True)
    row = stored(hall, idea)
    assert (rev, row.title, row.background, row.upload_id) == (2, "더 나은 제목", "", None)
    assert row.agreement_closes_at == NOON + 30 * DAY_MS
    assert (
        await code_of(proposals.edit(hall, author, "library", idea, DRAFT, rev=1))
        == "changed_meanwhile"
    )
    assert (
        await code_of(proposals.edit(hall, reader, "library", idea, DRAFT, rev=2))
        == "not_your_proposal"
    )
    await proposals.sympathise(hall, reader, "library", idea, on=True)
    assert (
        await code_of(proposals.edit(hall, author, "library", idea, DRAFT, rev=2))
        == "proposal_supported"
    )


async def test_a_closed_proposal_is_not_edited(hall: Hall, author: Actor, clock: Clock) -> None:
    idea = await proposals.propose(hall, author, "library", DRAFT, key="k")
    clock.at += 30 * DAY_MS
    assert (
        await code_of(proposals.edit(hall, author, "library", idea, DRAFT, rev=1))
        == "agreement_closed"
    )


async def test_a_comment_sent_twice_is_said_once(hall: Hall, author: Actor, reader: Actor) -> None:
    idea = await proposals.propose(hall, author, "library", DRAFT, key="k")
    first = await proposals.comment(hall, reader, "library", idea, "좋아요\r\n정말로")
    second = await proposals.comment(hall, reader, "library", idea, " 좋아요\n정말로 ")
    assert first == second
    assert await code_of(proposals.comment(hall, reader, "library", idea, " \n ")) == "text_empty"
    long = "가" * 1_001
    assert await code_of(proposals.comment(hall, reader, "library", idea, long)) == "text_too_long"


async def test_a_comment_belongs_to_its_author(hall: Hall, author: Actor, reader: Actor) -> None:
    idea = await proposals.propose(hall, author, "library", DRAFT, key="k")
    said = await proposals.comment(hall, reader, "library", idea, "짝을 지어요")
    assert (
        await code_of(proposals.remove_comment(hall, author, "library", idea, said))
        == "not_your_comment"
    )
    assert (
        await code_of(proposals.sympathise_comment(hall, reader, "library", idea, said, on=True))
        == "own_comment"
    )
    await proposals.sympathise_comment(hall, author, "library", idea, said, on=True)
    await proposals.sympathise_comment(hall, author, "library", idea, said, on=True)
    assert count(hall, schema.CommentSympathy) == 1
    await proposals.remove_comment(hall, reader, "library", idea, said)
    assert hall.database.read_here(listed, [idea])[0].comments == 0
    assert count(hall, schema.Comment) == 1


async def test_an_organiser_opens_boards(hall: Hall, author: Actor) -> None:
    assert await proposals.open_board(hall, ORGANISER, "small-library", "작은도서관") == (
        "small-library"
    )
    codes = [
        await code_of(proposals.open_board(hall, ORGANISER, "small-library", "또")),
        await code_of(proposals.open_board(hall, ORGANISER, "Small Library", "제목")),
        await code_of(proposals.open_board(hall, ORGANISER, "-", "제목")),
        await code_of(proposals.open_board(hall, ORGANISER, "ok", " ")),
        await code_of(proposals.open_board(hall, ORGANISER, "ok", "제목", agreement_days=0)),
        await code_of(proposals.open_board(hall, author, "ok", "제목")),
    ]
    assert codes == [
        "board_taken",
        "board_key_invalid",
        "board_key_invalid",
        "text_empty",
        "board_days_invalid",
        "not_allowed",
    ]


def row(line: int, key: str, title: str) -> Row:
    return Row(line, key, Draft(title, "", "내용"), "", "closed", NOON, NOON, 5, "file")


async def test_an_import_adds_what_is_new_and_names_what_is_not(hall: Hall, author: Actor) -> None:
    rows = [
        row(2, "id:1", "하나"),
        row(3, "id:2", "둘"),
        row(7, "id:1", "하나"),
        row(9, "id:2", "다른 둘"),
    ]
    dry = await proposals.take_in(hall, "library", rows, keep="nothing")
    assert (dry.new, dry.already, dry.clashing) == (2, 1, (9,))
    strict = await proposals.take_in(hall, "library", rows, keep="unless_clashing")
    assert strict == dry
    assert count(hall, schema.Proposal) == 0
    assert await proposals.take_in(hall, "library", rows) == dry
    again = await proposals.take_in(hall, "library", rows)
    assert (again.new, again.already, again.clashing) == (0, 3, (9,))
    assert count(hall, schema.Proposal) == 2


async def test_both_databases_keep_one_proposal_and_one_mark(either_hall: Hall) -> None:
    with writing(either_hall.database) as session:
        given.board(session)
        author = given.member(given.person(session))
    made = {
        await proposals.propose(either_hall, author, "library", DRAFT, key="same") for _ in range(2)
    }
    idea = made.pop()
    await asyncio.gather(
        *(proposals.agree(either_hall, author, "library", idea, on=True) for _ in range(5))
    )
    assert not made
    assert either_hall.database.read_here(listed, [idea])[0].agreements == 1


async def test_an_import_may_make_its_board(hall: Hall) -> None:
    rows = [row(2, "id:1", "하나")]
    assert await code_of(proposals.take_in(hall, "old", rows)) == "not_found"
    await proposals.take_in(hall, "old", rows, create="옛 제안", keep="nothing")
    assert count(hall, schema.Board) == 0
    for _ in range(2):
        await proposals.take_in(hall, "old", rows, create="옛 제안")
    assert (count(hall, schema.Board), count(hall, schema.Proposal)) == (1, 1)
    assert await code_of(proposals.take_in(hall, "Old!", rows, create="옛")) == "board_key_invalid"
