"""The board and the home page as plain data: all that a reader gets, and nothing about people."""

import json
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from tests import boards as given
from tests import facts
from tests.facts import NOON
from townhall.domain.drafts import Picture
from townhall.domain.errors import Refused
from townhall.domain.proposals import DAY_MS
from townhall.screens import home, proposals
from townhall.screens.proposals import Wish
from townhall.storage import boards, comments, schema, uploads
from townhall.storage import proposals as stored
from townhall.storage.database import open_database

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.fixture
def session(sqlite_url: str) -> Iterator[Session]:
    database = open_database(sqlite_url)
    with Session(database.engine) as opened:
        yield opened
    database.close()


@pytest.fixture
def board(session: Session) -> int:
    return given.board(session, about="함께 바꿔요.")


@pytest.fixture
def author(session: Session) -> int:
    return given.person(session, "haru", password_hash="$argon2id$secret")


def candidate(session: Session, board: int, proposal: int, **columns: object) -> int:
    """A selection in which the proposal is candidate B."""
    selection = schema.Selection(title="실험장 선정", board_id=board, **columns)
    session.add(selection)
    session.flush()
    assert selection.id is not None
    session.add(
        schema.SelectionCandidate(
            selection_id=selection.id, letter="B", title="밤 도서관", proposal_id=proposal
        )
    )
    session.flush()
    return selection.id


def test_a_list_tells_all_that_its_page_shows(session: Session, board: int, author: int) -> None:
    idea = given.proposal(
        session,
        board,
        author,
        tags=("밤", "도서관"),
        category="돌봄",
        content="가나다 " * 60,
        imported_agreements=88,
        upload_id=uploads.add(session, Picture("image/jpeg", 4, 3, b"x"), "token", NOON),
    )
    for n in range(12):
        reader = given.person(session, f"reader-{n}")
        stored.give(session, "sympathy", idea, reader, NOON)
    stored.give(session, "agreement", idea, author, NOON)
    selection = candidate(session, board, idea)
    found = proposals.listing(session, "library", Wish(), None, NOON + 1, SEOUL)
    assert found == {
        "board": {
            "key": "library",
            "title": "작은도서관",
            "about": "함께 바꿔요.",
            "agreement_days": 30,
        },
        "todo": [],
        "filter": {"state": "open", "sort": "new", "q": "", "tag": ""},
        "counts": {"open": 1, "done": 0},
        "tags": ["도서관", "돌봄", "밤"],
        "proposals": [
            {
                "id": idea,
                "title": "저녁 9시까지 여는 작은도서관",
                "excerpt": "가나다 " * 21 + "가나다…",
                "author": "haru",
                "submitted_at": NOON,
                "category": "돌봄",
                "tags": ["도서관", "밤"],
                "days_left": 30,
                "agreements": 1,
                "imported": 88,
                "sympathies": 12,
                "comments": 0,
                "best": True,
                "image": "/uploads/token",
                "candidate": {"letter": "B", "selection": selection, "title": "실험장 선정"},
            }
        ],
        "page": {"number": 1, "of": 1},
        "rungs": [50, 500, 5000],
        "forums": [],
        "selections": [
            {"id": selection, "title": "실험장 선정", "state": "open", "closed_at": None}
        ],
    }


def test_a_list_begins_where_there_is_something(session: Session, board: int, author: int) -> None:
    given.proposal(session, board, author, closes_at=NOON)
    found = proposals.listing(session, "library", Wish(), None, NOON, SEOUL)
    assert (found["filter"]["state"], len(found["proposals"])) == ("done", 1)
    asked = proposals.listing(session, "library", Wish(state="open"), None, NOON, SEOUL)
    assert (asked["filter"]["state"], asked["proposals"]) == ("open", [])


def test_a_page_beyond_the_last_is_the_last(session: Session, board: int, author: int) -> None:
    for n in range(21):
        given.proposal(session, board, author, f"제안 {n}")
    found = proposals.listing(session, "library", Wish(page=99), None, NOON, SEOUL)
    assert (found["page"], [row["title"] for row in found["proposals"]]) == (
        {"number": 2, "of": 2},
        ["제안 0"],
    )


def test_a_proposal_tells_all_that_its_page_shows(
    session: Session, board: int, author: int
) -> None:
    idea = given.proposal(session, board, author, source="옛 게시판")
    reader = given.person(session, "dandi")
    writer = session.get_one(schema.Person, reader)
    said = comments.add(session, idea, writer, "짝을 지어요", NOON + 1)
    stored.give(session, "agreement", idea, reader, NOON)
    stored.give(session, "sympathy", idea, reader, NOON)
    found = proposals.proposal(session, "library", idea, reader, NOON + 2, SEOUL)
    assert found == {
        "board": {
            "key": "library",
            "title": "작은도서관",
            "about": "함께 바꿔요.",
            "agreement_days": 30,
        },
        "proposal": {
            "id": idea,
            "title": "저녁 9시까지 여는 작은도서관",
            "author": "haru",
            "submitted_at": NOON,
            "category": "",
            "tags": [],
            "status": "open",
            "background": "",
            "content": "요일을 정해 번갈아 열어 봐요.",
            "image": None,
            "days_left": 30,
            "closes_at": NOON + 30 * DAY_MS,
            "agreements": 1,
            "sympathies": 1,
            "imported": None,
            "source": "옛 게시판",
            "best": False,
            "candidate": None,
        },
        "rungs": [50, 500, 5000],
        "reached": [],
        "mine": {"agreed": True, "sympathised": True, "author": False},
        "open": True,
        "alive": True,
        "comments": [
            {
                "id": said,
                "author": "dandi",
                "text": "짝을 지어요",
                "created_at": NOON + 1,
                "sympathies": 0,
                "sympathised": False,
                "agreed": True,
                "own": True,
            }
        ],
    }


def test_nobody_else_sees_whose_marks_stand(session: Session, board: int, author: int) -> None:
    idea = given.proposal(session, board, author)
    stored.give(session, "agreement", idea, author, NOON)
    visitor = proposals.proposal(session, "library", idea, None, NOON, SEOUL)
    assert visitor["mine"] == {"agreed": False, "sympathised": False, "author": False}
    own = proposals.proposal(session, "library", idea, author, NOON, SEOUL)
    assert own["mine"] == {"agreed": True, "sympathised": False, "author": True}


@pytest.mark.parametrize(
    ("status", "now", "days_left", "shown", "is_open", "alive"),
    [
        ("open", NOON, 30, "open", True, True),
        ("open", NOON + 30 * DAY_MS - 1, 0, "open", True, True),
        ("open", NOON + 30 * DAY_MS, -1, "closed", False, True),
        ("closed", NOON, -1, "closed", False, True),
        ("concluded", NOON, -1, "concluded", False, False),
    ],
)
def test_a_deadline_closes_agreement_and_a_conclusion_everything(
    session: Session,
    board: int,
    author: int,
    status: str,
    now: int,
    days_left: int,
    shown: str,
    is_open: bool,
    alive: bool,
) -> None:
    idea = given.proposal(session, board, author, status=status)
    found = proposals.proposal(session, "library", idea, None, now, SEOUL)
    assert (
        found["proposal"]["days_left"],
        found["proposal"]["status"],
        found["open"],
        found["alive"],
    ) == (days_left, shown, is_open, alive)


def test_rungs_that_are_met_say_when(session: Session, board: int, author: int) -> None:
    idea = given.proposal(session, board, author)
    for n in range(51):
        stored.give(session, "agreement", idea, given.person(session, f"p{n}"), NOON + n)
    found = proposals.proposal(session, "library", idea, None, NOON + 99, SEOUL)
    assert found["reached"] == [{"rung": 50, "at": NOON + 49}]


def test_only_the_author_gets_the_form_to_edit(session: Session, board: int, author: int) -> None:
    idea = given.proposal(session, board, author, category="돌봄", tags=("밤",))
    found = proposals.editing(session, "library", idea, author)
    assert found == {
        "board": proposals.board(session, "library"),
        "categories": ["돌봄"],
        "editing": {"id": idea, "rev": 1, "image": None},
        "title": "저녁 9시까지 여는 작은도서관",
        "background": "",
        "content": "요일을 정해 번갈아 열어 봐요.",
        "category": "돌봄",
        "tags": ["밤"],
        "closes_at": NOON + 30 * DAY_MS,
    }
    for person in (None, given.person(session, "dandi")):
        with pytest.raises(Refused, match="not_your_proposal"):
            proposals.editing(session, "library", idea, person)


def test_what_needs_somebody_now_comes_in_order(session: Session, board: int, author: int) -> None:
    running = facts.forum(session, board_id=board, title="지금 토론회")
    facts.question(session, running)
    facts.forum(
        session, code="222222", state="before", starts_at=NOON + DAY_MS, title="내일 토론회"
    )
    facts.forum(session, code="333333", state="before", starts_at=NOON + 30 * DAY_MS)
    idea = given.proposal(session, board, author, closes_at=NOON + 3 * DAY_MS)
    stored.give(session, "agreement", idea, author, NOON)
    now = {"kind": "forum_now", "code": "123456", "title": "지금 토론회", "voting": True}
    soon = {
        "kind": "forum_soon",
        "code": "222222",
        "title": "내일 토론회",
        "starts_at": NOON + DAY_MS,
    }
    closing = {
        "kind": "closing",
        "board": "library",
        "id": idea,
        "title": "저녁 9시까지 여는 작은도서관",
        "days_left": 3,
        "missing": 49,
        "rung": 50,
    }
    mine = {
        "kind": "my_proposal",
        "board": "library",
        "id": idea,
        "title": "저녁 9시까지 여는 작은도서관",
        "agreements": 1,
        "comments": 0,
    }
    assert home.todo(session, author, NOON, SEOUL, None) == [now, soon, closing]
    assert home.todo(session, author, NOON, SEOUL, board) == [now, closing, mine]
    assert home.todo(session, None, NOON, SEOUL, board) == [now, closing]


def test_a_score_is_named_once_the_public_may_see_it(
    session: Session, board: int, author: int
) -> None:
    example = (Path(__file__).parents[1] / "data" / "selection_example.json").read_text("utf-8")
    idea = given.proposal(session, board, author)
    candidate(session, board, idea, state="open")
    assert home.todo(session, None, NOON, SEOUL, board) == []
    sealed = candidate(session, board, idea, state="closed", closed_at=NOON, snapshot=example)
    titles = {each["id"]: each["title"] for each in json.loads(example)["candidates"]}
    assert home.todo(session, None, NOON, SEOUL, board) == [
        {"kind": "score", "id": sealed, "title": "실험장 선정", "winner": titles["A"]}
    ]


def test_the_home_page_counts_each_board(session: Session, board: int, author: int) -> None:
    given.proposal(session, board, author, "하나")
    given.proposal(session, board, author, "둘", status="concluded")
    given.board(session, "empty", title="빈 게시판")
    facts.forum(session, host="구청")
    found = home.home(session, None, NOON, SEOUL)
    assert found["boards"] == [
        {"key": "library", "title": "작은도서관", "about": "함께 바꿔요.", "open": 1, "done": 1},
        {"key": "empty", "title": "빈 게시판", "about": "", "open": 0, "done": 0},
    ]
    assert found["forums"] == [
        {
            "code": "123456",
            "title": "작은 도서관 열린토론회",
            "host": "구청",
            "state": "running",
            "starts_at": NOON,
        }
    ]


def test_what_is_not_there_is_refused(session: Session, board: int, author: int) -> None:
    idea = given.proposal(session, board, author)
    given.board(session, "other")
    for look in (
        lambda: proposals.listing(session, "nowhere", Wish(), None, NOON, SEOUL),
        lambda: proposals.proposal(session, "other", idea, None, NOON, SEOUL),
        lambda: proposals.writing(session, "nowhere"),
        lambda: proposals.editing(session, "library", idea + 1, author),
        lambda: proposals.picture(session, "none"),
    ):
        with pytest.raises(Refused, match="not_found"):
            look()


def test_best_are_three_and_no_tie_is_broken_by_chance(
    session: Session, board: int, author: int
) -> None:
    people = [given.person(session, f"p{n}") for n in range(12)]
    for name, count in (("a", 12), ("b", 11), ("c", 10), ("d", 10), ("e", 9)):
        idea = given.proposal(session, board, author, name)
        for person in people[:count]:
            stored.give(session, "sympathy", idea, person, NOON)
    found = proposals.listing(session, "library", Wish(sort="sympathy"), None, NOON, SEOUL)
    assert {row["title"]: row["best"] for row in found["proposals"]} == {
        "a": True,
        "b": True,
        "c": False,
        "d": False,
        "e": False,
    }
    assert len(boards.liked(session, board, NOON, 10)) == 4
