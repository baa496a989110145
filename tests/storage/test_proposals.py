"""Proposals in storage, one contract on both databases: counts, lists, order, search, imports."""

import unicodedata
from collections.abc import Iterator

import pytest
from sqlmodel import Session, col, select

from tests import boards as given
from tests.facts import NOON
from townhall.domain.drafts import Draft, search_words
from townhall.domain.importing import Row
from townhall.domain.proposals import DAY_MS
from townhall.storage import boards, comments, proposals, schema
from townhall.storage.boards import Filter
from townhall.storage.database import open_database


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session on a writing connection of an empty database, first SQLite, then PostgreSQL."""
    database = open_database(str(request.getfixturevalue(f"{request.param}_url")))
    with Session(database.engine) as opened:
        yield opened
    database.close()


def imported(key: str, title: str = "가져온 제안", **changes: object) -> Row:
    fields: dict[str, object] = {
        "line": 1,
        "key": key,
        "draft": Draft(title, "", "내용", "행정", ("돌봄",)),
        "author": "",
        "status": "closed",
        "submitted_at": NOON - 90 * DAY_MS,
        "agreement_closes_at": NOON - 60 * DAY_MS,
        "agreements": 88,
        "source": "petitions.jsonl",
    }
    return Row(**(fields | changes))  # type: ignore[arg-type]


def titles(session: Session, board: int, query: str = "", tag: str = "") -> list[str]:
    wanted = Filter(board, search_words(query), tag)
    rows = boards.page(session, wanted, running=True, sort="new", now=NOON, skip=0, size=50)
    return [row.title for row in rows]


def test_sympathy_and_agreement_are_counted_apart(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    idea = given.proposal(session, board, author)
    for name in ("dandi", "jang", "seong"):
        proposals.give(session, "sympathy", idea, given.person(session, name), NOON)
    proposals.give(session, "agreement", idea, given.person(session, "maru"), NOON)
    row = boards.listed(session, [idea])[0]
    assert (row.sympathies, row.agreements, row.comments) == (3, 1, 0)


def test_a_mark_given_twice_counts_once_and_keeps_its_time(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    idea, other = given.proposal(session, board, author), given.person(session, "dandi")
    proposals.give(session, "sympathy", idea, other, NOON)
    proposals.give(session, "sympathy", idea, other, NOON + 5)
    assert boards.listed(session, [idea])[0].sympathies == 1
    assert marks(session) == [(NOON, None)]


def marks(session: Session) -> list[tuple[int, int | None]]:
    """When each sympathy was given and withdrawn."""
    rows = session.exec(select(schema.Sympathy).order_by(col(schema.Sympathy.id)))
    return [(row.given_at, row.withdrawn_at) for row in rows]


def test_a_withdrawn_mark_keeps_its_row_and_is_given_anew(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    idea, other = given.proposal(session, board, author), given.person(session, "dandi")
    proposals.give(session, "sympathy", idea, other, NOON)
    proposals.withdraw(session, "sympathy", idea, other, NOON + 1)
    assert marks(session) == [(NOON, NOON + 1)]
    assert boards.listed(session, [idea])[0].sympathies == 0
    assert not proposals.marked(session, "sympathy", idea, other)
    proposals.give(session, "sympathy", idea, other, NOON + 1)
    assert marks(session) == [(NOON, NOON + 1), (NOON + 1, None)]
    assert boards.listed(session, [idea])[0].sympathies == 1


def test_a_selection_counts_what_stood_whatever_its_giver_did_since(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    idea, other = given.proposal(session, board, author), given.person(session, "dandi")
    for moment in range(0, 20, 2):
        proposals.give(session, "sympathy", idea, other, NOON + moment)
        proposals.withdraw(session, "sympathy", idea, other, NOON + moment + 1)
    counted = [proposals.sympathies(session, [idea], NOON, NOON + n)[idea] for n in range(6)]
    assert counted == [0, 1, 0, 1, 0, 1]


def test_a_selection_counts_neither_own_nor_blinded_nor_withdrawn_nor_late(
    session: Session,
) -> None:
    board, author = given.board(session), given.person(session)
    idea = given.proposal(session, board, author)
    unloved = given.proposal(session, board, author, "둘째")
    counted = [given.person(session, f"person-{n}") for n in range(4)]
    blinded = given.person(session, "blind", blinded_at=NOON)
    gone = given.person(session, "gone")
    early, late = given.person(session, "early"), given.person(session, "late")
    for who in (author, *counted, blinded, gone):
        proposals.give(session, "sympathy", idea, who, NOON)
    proposals.give(session, "sympathy", idea, early, NOON - 1)
    proposals.give(session, "sympathy", idea, late, NOON + 10)
    proposals.withdraw(session, "sympathy", idea, gone, NOON + 1)
    proposals.withdraw(session, "sympathy", idea, counted[0], NOON + 10)
    ids = [idea, unloved]
    assert proposals.sympathies(session, ids, NOON, NOON + 10) == {idea: 4, unloved: 0}
    assert proposals.sympathies(session, ids) == {idea: 5, unloved: 0}


def test_young_accounts_are_told_apart_once_each(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    ideas = [given.proposal(session, board, author, f"제안 {n}") for n in range(2)]
    for n in range(3):
        person = given.person(session, f"person-{n}", created_at=NOON + n)
        for idea in ideas:
            proposals.give(session, "sympathy", idea, person, NOON + 5)
    assert proposals.sympathisers(session, ideas, None, NOON + 6, NOON + 1) == (3, 2)
    assert proposals.sympathisers(session, ideas, None, NOON + 5, NOON + 1) == (0, 0)


def test_an_imported_proposal_without_a_person_counts_every_sympathy(session: Session) -> None:
    board = given.board(session)
    proposals.add_imported(session, board, [imported("id:1")])
    idea = proposals.proposal_keyed(session, board, "id:1")
    assert idea is not None
    proposals.give(session, "sympathy", idea, given.person(session), NOON)
    assert proposals.sympathies(session, [idea], None, None) == {idea: 1}
    row = boards.listed(session, [idea])[0]
    assert (row.agreements, row.imported_agreements) == (0, 88)
    assert row.author == "petitions.jsonl"


def test_a_list_is_split_by_deadline_and_status(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    given.proposal(session, board, author, "도는 제안", closes_at=NOON + 1)
    given.proposal(session, board, author, "막 끝난 제안", closes_at=NOON)
    given.proposal(session, board, author, "정리된 제안", status="concluded")
    assert boards.counts(session, Filter(board), NOON) == (1, 2)
    assert titles(session, board) == ["도는 제안"]
    done = boards.page(
        session, Filter(board), running=False, sort="closing", now=NOON, skip=0, size=9
    )
    assert [row.title for row in done] == ["정리된 제안", "막 끝난 제안"]


def test_an_empty_board_counts_nothing(session: Session) -> None:
    board = given.board(session)
    assert boards.counts(session, Filter(board), NOON) == (0, 0)
    assert boards.tags(session, board) == []


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("new", ["c", "b", "a"]),
        ("sympathy", ["a", "c", "b"]),
        ("agree", ["b", "c", "a"]),
        ("closing", ["c", "a", "b"]),
    ],
)
def test_a_list_is_ordered(session: Session, sort: boards.Sort, expected: list[str]) -> None:
    board, author = given.board(session), given.person(session)
    ids = {
        name: given.proposal(session, board, author, name, at=at, closes_at=closes)
        for name, at, closes in (
            ("a", NOON - 3, NOON + 20),
            ("b", NOON - 2, NOON + 30),
            ("c", NOON - 1, NOON + 10),
        )
    }
    proposals.give(session, "sympathy", ids["a"], author, NOON)
    proposals.give(session, "agreement", ids["b"], author, NOON)
    rows = boards.page(session, Filter(board), running=True, sort=sort, now=NOON, skip=0, size=9)
    assert [row.title for row in rows] == expected


def test_pages_follow_each_other_without_gap(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    for n in range(7):
        given.proposal(session, board, author, f"제안 {n}")
    pages = [
        [
            row.title
            for row in boards.page(
                session, Filter(board), running=True, sort="new", now=NOON, skip=skip, size=3
            )
        ]
        for skip in (0, 3, 6)
    ]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [title for page in pages for title in page] == [f"제안 {n}" for n in range(6, -1, -1)]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("돌봄", id="two syllables inside a longer word"),
        pytest.param(unicodedata.normalize("NFD", "돌봄"), id="decomposed, as some systems type"),
        pytest.param("CCTV 돌봄", id="every word, in any order"),
        pytest.param("cctv", id="other case"),
        pytest.param("ＣＣＴＶ", id="full width"),
        pytest.param("돌봄교실에", id="with a particle"),
        pytest.param("  돌봄   교실 ", id="spaces"),
    ],
)
def test_a_search_finds_part_of_a_word(session: Session, query: str) -> None:
    board, author = given.board(session), given.person(session)
    given.proposal(session, board, author, "안전한 밤", content="초등돌봄교실에 cctv를 달아요.")
    given.proposal(session, board, author, "다른 제안", content="아무 상관 없는 글")
    assert titles(session, board, query) == ["안전한 밤"]


def test_a_search_wants_every_word(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    given.proposal(session, board, author, "도서관 밤")
    given.proposal(session, board, author, "도서관 낮")
    assert titles(session, board, "도서관 낮") == ["도서관 낮"]
    assert titles(session, board, "도서관 새벽") == []


@pytest.mark.parametrize("wild", ["%", "_", "!", "\\", "'"])
def test_a_search_takes_wild_cards_literally(session: Session, wild: str) -> None:
    board, author = given.board(session), given.person(session)
    given.proposal(session, board, author, f"할인 50{wild}로")
    given.proposal(session, board, author, "할인 50퍼센트로")
    assert titles(session, board, f"50{wild}") == [f"할인 50{wild}로"]


def test_a_search_looks_into_tags_and_category_but_not_at_other_boards(session: Session) -> None:
    board, other = given.board(session), given.board(session, "other")
    author = given.person(session)
    given.proposal(session, board, author, "하나", tags=("어린이도서관",))
    given.proposal(session, board, author, "둘", category="어린이/청소년")
    given.proposal(session, other, author, "어린이 셋")
    assert titles(session, board, "어린이") == ["둘", "하나"]


def test_a_tag_lists_tagged_and_categorised_proposals(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    given.proposal(session, board, author, "하나", tags=("돌봄", "밤"))
    given.proposal(session, board, author, "둘", category="돌봄")
    given.proposal(session, board, author, "셋", tags=("돌봄교실",))
    assert titles(session, board, tag="돌봄") == ["둘", "하나"]
    assert boards.tags(session, board) == ["돌봄", "돌봄교실", "밤"]
    assert boards.categories(session, board) == ["돌봄"]


def test_an_edited_proposal_is_found_by_its_new_words_alone(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    idea = given.proposal(session, board, author, "옛 제목", tags=("옛날",))
    row = session.get_one(schema.Proposal, idea)
    rev = proposals.rewrite(
        session,
        row,
        Draft("새 제목", "", "새 내용", "", ("요즘",)),
        closes_at=NOON + 5,
        upload=None,
    )
    assert rev == 2
    assert titles(session, board, "요즘") == ["새 제목"]
    assert titles(session, board, "옛날") == []
    assert proposals.tags_of(session, [idea]) == {idea: ["요즘"]}


def test_imported_rows_are_stored_with_tags_and_are_found(session: Session) -> None:
    board = given.board(session)
    rows = [imported(f"id:{n}", f"가져온 {n}") for n in range(1_203)]
    proposals.add_imported(session, board, rows)
    assert proposals.titles_by_key(session, board)["id:1202"] == "가져온 1202"
    assert boards.counts(session, Filter(board, ("돌봄",)), NOON) == (0, 1_203)
    assert boards.counts(session, Filter(board, (), "돌봄"), NOON) == (0, 1_203)
    assert boards.tags(session, board) == ["돌봄", "행정"]


def test_a_rung_is_reached_by_the_agreement_that_makes_it(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    idea = given.proposal(session, board, author)
    for n in range(4):
        proposals.give(session, "agreement", idea, given.person(session, f"p{n}"), NOON + n)
    assert proposals.reached_at(session, idea, 3) == NOON + 2
    assert proposals.reached_at(session, idea, 5) is None


def test_supporters_are_other_people_counted_once(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    idea, other = given.proposal(session, board, author), given.person(session, "dandi")
    for mark in ("sympathy", "agreement"):
        proposals.give(session, mark, idea, author, NOON)  # type: ignore[arg-type]
        proposals.give(session, mark, idea, other, NOON)  # type: ignore[arg-type]
    assert proposals.supporters(session, idea, besides=author) == 1


def test_comments_stand_by_sympathy_and_say_who_agrees(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    idea, reader = given.proposal(session, board, author), given.person(session, "dandi")
    writer = session.get_one(schema.Person, author)
    first = comments.add(session, idea, writer, "먼저 한 말", NOON)
    second = comments.add(session, idea, writer, "나중에 한 말", NOON + 1)
    gone = comments.add(session, idea, writer, "지운 말", NOON + 2)
    comments.mark(session, second, reader, on=True)
    comments.mark(session, second, reader, on=True)
    comments.remove(session, gone, NOON + 3)
    proposals.give(session, "agreement", idea, author, NOON)
    found = comments.of_proposal(session, idea, reader)
    assert [(said.id, said.sympathies, said.sympathised) for said in found] == [
        (second, 1, True),
        (first, 0, False),
    ]
    assert {(said.agreed, said.own) for said in found} == {(True, False)}
    assert boards.listed(session, [idea])[0].comments == 2
    comments.mark(session, second, reader, on=False)
    assert comments.of_proposal(session, idea, reader)[0].id == first


def test_what_a_blinded_person_said_and_gave_vanishes(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    idea, troll = given.proposal(session, board, author), given.person(session, "troll")
    shouting = session.get_one(schema.Person, troll)
    comments.add(session, idea, shouting, "소란", NOON)
    proposals.give(session, "sympathy", idea, troll, NOON)
    proposals.give(session, "agreement", idea, troll, NOON)
    shouting.blinded_at = NOON
    session.flush()
    row = boards.listed(session, [idea])[0]
    assert (row.sympathies, row.agreements, row.comments) == (0, 0, 0)
    assert comments.of_proposal(session, idea, None) == []


def test_a_number_no_key_can_hold_names_nothing(session: Session) -> None:
    given.board(session)
    for number in (-1, 0, 1 << 31, 1 << 80):
        assert proposals.proposal(session, "library", number) is None
        assert comments.get(session, number) is None
    assert boards.get(session, "\0") is None


def test_a_candidate_names_its_newest_selection(session: Session) -> None:
    board, author = given.board(session), given.person(session)
    idea = given.proposal(session, board, author)
    for letter, title in (("C", "옛 선정"), ("A", "새 선정")):
        selection = schema.Selection(title=title, board_id=board)
        session.add(selection)
        session.flush()
        assert selection.id is not None
        session.add(
            schema.SelectionCandidate(
                selection_id=selection.id, letter=letter, title="후보", proposal_id=idea
            )
        )
        session.flush()
    found = boards.candidacies(session, [idea])
    newest = session.exec(
        select(schema.Selection.id).where(col(schema.Selection.title) == "새 선정")
    ).one()
    assert found == {idea: boards.Candidacy("A", newest or 0, "새 선정")}
