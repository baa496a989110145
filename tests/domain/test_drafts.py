"""What a person writes on a board: cleaning, tags, deadlines, editing, what search compares."""

import unicodedata
from zoneinfo import ZoneInfo

import pytest

from townhall.domain import drafts
from townhall.domain.drafts import Draft
from townhall.domain.errors import Refused
from townhall.domain.proposals import DAY_MS

SEOUL = ZoneInfo("Asia/Seoul")
NOON = 1_760_000_400_000  # 2025-10-09 18:00 in Seoul
END = 1_760_972_399_999  # the last millisecond of 2025-10-20 in Seoul


def refusal(code: str, field: str) -> object:
    return pytest.raises(Refused, match=f"{code}.*field={field}")


def test_a_draft_is_cleaned_field_by_field() -> None:
    made = drafts.draft(
        "  밤에 여는\u200b 도서관 \n",
        "",
        unicodedata.normalize("NFD", "요일을 정해\r\n열어요"),
        " 돌봄 ",
        "#도서관, 밤 도서관，DOORS doors",
    )
    assert made == Draft(
        "밤에 여는 도서관", "", "요일을 정해\n열어요", "돌봄", ("도서관", "밤", "DOORS")
    )


@pytest.mark.parametrize(
    ("typed", "code", "field"),
    [
        pytest.param(("", "", "내용", "", ""), "text_empty", "title", id="no title"),
        pytest.param(("제목", "", "\u200b", "", ""), "text_empty", "content", id="no content"),
        pytest.param(("가" * 201, "", "내용", "", ""), "text_too_long", "title", id="title"),
        pytest.param(
            ("제목", "가" * 5001, "내용", "", ""), "text_too_long", "background", id="back"
        ),
        pytest.param(("제목", "", "가" * 10_001, "", ""), "text_too_long", "content", id="content"),
        pytest.param(
            ("제목", "", "내용", "가" * 41, ""), "text_too_long", "category", id="category"
        ),
        pytest.param(("제목", "", "내용", "", "가" * 21), "text_too_long", "tags", id="tag"),
        pytest.param(
            ("제목", "", "내용", "", "1 2 3 4 5 6 7 8 9"), "too_many_tags", "tags", id="tags"
        ),
    ],
)
def test_a_draft_that_breaks_a_limit_names_the_field(
    typed: tuple[str, str, str, str, str], code: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        drafts.draft(*typed)
    assert (refused.value.code, refused.value.details["field"]) == (code, field)


@pytest.mark.parametrize(
    ("typed", "standing", "expected"),
    [
        pytest.param("", None, NOON + 30 * DAY_MS, id="the board's days"),
        pytest.param(" 2025-10-20 ", None, END, id="a day means its last moment"),
        pytest.param("", NOON + 5, NOON + 5, id="nothing typed keeps what stands"),
        pytest.param("2025-10-20", END - 7, END - 7, id="the same day keeps what stands"),
        pytest.param("2025-10-20", NOON + 5, END, id="another day moves it"),
        pytest.param("2025-10-09", None, 1_760_021_999_999, id="today is still ahead"),
    ],
)
def test_a_deadline_is_a_day_or_a_number_of_days(
    typed: str, standing: int | None, expected: int
) -> None:
    assert drafts.deadline(typed, NOON, 30, SEOUL, standing) == expected


@pytest.mark.parametrize("typed", ["2025-10-08", "2026-10-11", "내일", "2025-13-01", "9999-12-31"])
def test_a_deadline_out_of_reach_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="deadline_invalid"):
        drafts.deadline(typed, NOON, 30, SEOUL)


def test_an_unsupported_proposal_at_its_newest_rev_may_be_edited() -> None:
    drafts.require_editable(rev=3, seen_rev=3, supporters=0)


@pytest.mark.parametrize(
    ("seen_rev", "supporters", "code"), [(3, 1, "proposal_supported"), (2, 0, "changed_meanwhile")]
)
def test_a_supported_or_changed_proposal_may_not_be_edited(
    seen_rev: int, supporters: int, code: str
) -> None:
    with pytest.raises(Refused, match=code):
        drafts.require_editable(rev=3, seen_rev=seen_rev, supporters=supporters)


def test_a_query_becomes_a_few_folded_words() -> None:
    decomposed = unicodedata.normalize("NFD", "돌봄 교실")
    assert drafts.search_words(f" {decomposed}  ＣＣＴＶ 돌봄 ") == ("돌봄", "교실", "cctv")
    assert drafts.search_words("  ") == ()
    assert len(drafts.search_words(" ".join(map(str, range(50))))) == 8
    assert drafts.search_words("가" * 500) == ("가" * 100,)


def test_search_text_holds_every_part_folded() -> None:
    written = Draft("제목 A", "배경", "내용\n둘째 줄", "행정/안전", ("밤", "낮"))
    assert drafts.search_text(written) == "제목 a\n배경\n내용 둘째 줄\n행정/안전\n밤\n낮"
