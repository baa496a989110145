"""Rows as proposals: columns, mappings, identity, and why a row is refused."""

import json
from zoneinfo import ZoneInfo

import pytest

from townhall.domain import importing, records
from townhall.domain.drafts import Draft
from townhall.domain.errors import Refused
from townhall.domain.importing import Context, Row
from townhall.domain.proposals import DAY_MS
from townhall.domain.records import Broken

NOON = 1_760_000_400_000
CONTEXT = Context(NOON, ZoneInfo("Asia/Seoul"), 30, "file.csv")
PETITION = {
    "category": "행정",
    "begin": "2017-08-25",
    "end": "2017-09-24",
    "title": "제목",
    "content": "내용",
    "num_agree": 88,
    "petition_idx": "510",
    "status": "청원종료",
}


def rows(*objects: object, mapping: tuple[str, ...] = ()) -> list[Row | Broken]:
    raw = "\n".join(json.dumps(each, ensure_ascii=False) for each in objects).encode()
    table = records.read(raw)
    return importing.rows_of(table, importing.columns_of(table, mapping), CONTEXT)


def row(**changes: object) -> Row:
    (made,) = rows(PETITION | changes)
    assert isinstance(made, Row)
    return made


def refused(**changes: object) -> tuple[str, dict[str, object]]:
    (made,) = rows(PETITION | changes)
    assert isinstance(made, Broken)
    return made.reason.code, made.reason.details


def test_a_petition_is_understood() -> None:
    assert rows(PETITION) == [
        Row(
            line=1,
            key="id:510",
            draft=Draft("제목", "", "내용", "행정", ()),
            author="",
            status="closed",
            submitted_at=1_503_586_800_000,
            agreement_closes_at=1_506_265_199_999,
            agreements=88,
            source="file.csv",
        )
    ]


def test_what_a_file_does_not_say_follows_from_the_board() -> None:
    (made,) = rows({"title": "제목", "content": "내용"})
    assert isinstance(made, Row)
    assert (made.submitted_at, made.agreement_closes_at) == (NOON, NOON + 30 * DAY_MS)
    assert (made.status, made.agreements, made.source) == ("open", None, "file.csv")


@pytest.mark.parametrize(
    ("word", "end", "status"),
    [
        ("청원진행중", "2017-09-24", "open"),
        ("답변완료", "2017-09-24", "concluded"),
        ("CLOSED", "2099-01-01", "closed"),
        ("알 수 없음", "2017-09-24", "closed"),
        (None, "2099-01-01", "open"),
    ],
)
def test_a_status_is_known_or_follows_from_the_deadline(
    word: str | None, end: str, status: str
) -> None:
    assert row(status=word, end=end).status == status


@pytest.mark.parametrize(
    "begin",
    ["2017-08-25", "2017.8.25", "2017. 8. 25.", "2017/08/25", "2017-08-25T00:00:00+09:00"],
)
def test_a_day_is_read_in_the_shapes_people_use(begin: str) -> None:
    assert row(begin=begin).submitted_at == 1_503_586_800_000


def test_a_moment_without_a_zone_is_the_houses() -> None:
    assert row(begin="2017-08-25 09:30").submitted_at == 1_503_586_800_000 + 9.5 * 3_600_000


@pytest.mark.parametrize(
    ("found", "agreements"), [(88, 88), ("1,204", 1204), ("0", 0), ("", None), (None, None)]
)
def test_a_count_is_read(found: object, agreements: int | None) -> None:
    assert row(num_agree=found).agreements == agreements


@pytest.mark.parametrize(
    ("changes", "code", "details"),
    [
        ({"title": "  "}, "text_empty", {"field": "title"}),
        ({"title": None}, "text_empty", {"field": "title"}),
        ({"content": "\u200b"}, "text_empty", {"field": "content"}),
        ({"title": "가" * 501}, "text_too_long", {"field": "title", "limit": 500, "length": 501}),
        ({"title": ["글"]}, "row_type", {"field": "title"}),
        ({"content": {"글": 1}}, "row_type", {"field": "content"}),
        ({"title": True}, "row_type", {"field": "title"}),
        ({"tags": [1]}, "row_type", {"field": "tags"}),
        ({"num_agree": -1}, "row_number", {"field": "imported_agreements", "found": "-1"}),
        ({"num_agree": "여덟"}, "row_number", {"field": "imported_agreements", "found": "여덟"}),
        ({"num_agree": 9_999_999_999}, "row_number", None),
        ({"num_agree": 1.5}, "row_number", None),
        ({"begin": "어제"}, "row_date", {"field": "submitted_at", "found": "어제"}),
        ({"end": "2017-02-30"}, "row_date", None),
        ({"begin": "0001-01-01T00:00:00+23:59"}, "row_date", None),
        ({"end": "9999-12-31"}, "row_date", None),
        ({"end": "2017-08-24"}, "row_end", {}),
    ],
)
def test_a_row_is_refused_with_its_reason(
    changes: dict[str, object], code: str, details: dict[str, object] | None
) -> None:
    found = refused(**changes)
    assert found[0] == code
    assert details is None or found[1] == details


def test_numbers_are_titles_too() -> None:
    assert row(title=2017).draft.title == "2017"


def test_tags_come_as_a_list_or_with_commas_each_once() -> None:
    assert row(tags=["밤", "낮", "밤", ""]).draft.tags == ("밤", "낮")
    assert row(tags="밤, #낮, 작은 도서관").draft.tags == ("밤", "낮", "작은 도서관")


def test_a_broken_line_stays_in_its_place() -> None:
    made = rows(PETITION, [1], PETITION)
    assert [(each.line, type(each)) for each in made] == [(1, Row), (2, Broken), (3, Row)]


def test_without_a_number_a_row_is_known_by_what_it_says() -> None:
    plain = {name: PETITION[name] for name in ("title", "content", "begin")}
    first = [each.key for each in rows(plain, plain, plain | {"title": "다른"})]  # type: ignore[union-attr]
    again = [each.key for each in rows(plain | {"num_agree": 9}, plain)]  # type: ignore[union-attr]
    assert first[:2] == again
    assert len(set(first)) == 3


def test_other_columns_are_mapped() -> None:
    objects = {"제목": "가", "본문": "나", "title": "다", "추천": "7", "기타": "라"}
    table = records.read(json.dumps(objects, ensure_ascii=False).encode())
    columns = importing.columns_of(
        table, ["제목=title", " 본문 = content ", "추천=imported_agreements"]
    )
    (made,) = importing.rows_of(table, columns, CONTEXT)
    assert isinstance(made, Row)
    assert (made.draft.title, made.draft.content, made.agreements) == ("가", "나", 7)
    assert columns.ignored == ("title", "기타")


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        (["title"], "map_invalid"),
        (["=title"], "map_invalid"),
        (["title=headline"], "map_field"),
        (["headline=title"], "map_column"),
        (["title=title", "content=title"], "map_twice"),
        (["content=background"], "file_columns"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(mapping: list[str], code: str) -> None:
    table = records.read(b"title,content\na,b\n")
    with pytest.raises(Refused, match=code):
        importing.columns_of(table, mapping)


def test_columns_that_nobody_knows_are_named() -> None:
    table = records.read("제목,내용\n가,나\n".encode())
    with pytest.raises(Refused, match="found=제목, 내용"):
        importing.columns_of(table, [])
    with pytest.raises(Refused, match="found=-"):
        importing.columns_of(records.read(b"{\n"), [])


OWN = "key,title,content,submitted_at,agreement_closes_at,agreements,imported_agreements\n"


@pytest.mark.parametrize("text", ["=1+1", "+가", "-나", "@다", "'=라", "''-마", "'바", "사=1"])
def test_our_own_csv_gives_back_what_looks_like_a_formula(text: str) -> None:
    written = importing.escaped(text)
    assert written[0] not in "=+-@"
    table = records.read(f"{OWN}form:1,{written},내용,,,3,4\n".encode())
    (made,) = importing.rows_of(table, importing.columns_of(table, []), CONTEXT)
    assert isinstance(made, Row)
    assert (made.draft.title, made.key, made.agreements) == (text, "form:1", 7)


def test_a_strangers_csv_keeps_its_quotes() -> None:
    table = records.read("title,content\n'=1,'-나\n".encode())
    (made,) = importing.rows_of(table, importing.columns_of(table, []), CONTEXT)
    assert isinstance(made, Row)
    assert made.draft == Draft("'=1", "", "'-나")


def test_our_own_proposal_without_agreements_has_no_imported_ones() -> None:
    table = records.read(f"{OWN}form:1,제목,내용,,,0,\n".encode())
    (made,) = importing.rows_of(table, importing.columns_of(table, []), CONTEXT)
    assert isinstance(made, Row)
    assert made.agreements is None
