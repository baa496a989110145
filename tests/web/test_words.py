"""Words, times, Markdown and typed fields: what goes in and out of a page."""

import pytest
from starlette.datastructures import FormData

from townhall.domain.errors import Refused
from townhall.web.forms import Form
from townhall.web.i18n import Words, catalogue, choose, when
from townhall.web.markdown import render
from townhall.web.templating import qr

NOON = 1_760_000_400_000  # 18:00 in Seoul, 9 October 2025
DAY = 86_400_000


@pytest.mark.parametrize(
    ("style", "korean", "english"),
    [
        ("date", "2025년 10월 9일 (목)", "Thu, Oct 9, 2025"),
        ("time", "오후 6:00", "6:00 PM"),
        ("clock", "18:00", "18:00"),
        ("datetime", "2025년 10월 9일 (목) 오후 6:00", "Thu, Oct 9, 2025 6:00 PM"),
        ("ago", "3일 전", "3 days ago"),
        ("dday", "D+3", "D+3"),
    ],
)
def test_a_moment_is_said_as_people_read_it(style: str, korean: str, english: str) -> None:
    said = [
        when(NOON, style, lang, "Asia/Seoul", NOON + 3 * DAY)  # type: ignore[arg-type]
        for lang in ("ko", "en")
    ]
    assert said == [korean, english]


def test_d_days_count_calendar_days_of_the_zone() -> None:
    assert [when(NOON + days * DAY, "dday", "ko", "Asia/Seoul", NOON) for days in (0, 1, -1)] == [
        "D-DAY",
        "D-1",
        "D+1",
    ]
    late = NOON + 6 * 3_600_000 + 1
    assert when(late, "dday", "ko", "Asia/Seoul", NOON) == "D-1"
    assert when(late, "dday", "ko", "UTC", NOON) == "D-DAY"


def test_words_fill_places_and_choose_plurals() -> None:
    words = Words("en", {"a.b": {"one": "{n} vote by {who}", "other": "{n} votes by {who}"}})
    assert [words("a.b", n=n, who="us") for n in (1, 2)] == ["1 vote by us", "2 votes by us"]
    assert words("a.b", n=2) == "2 votes by {who}"
    assert words("a.missing") == "a.missing"
    assert catalogue("ko")("refused.too_many", seconds=3).startswith("너무 여러 번")


def test_the_top_of_a_scale_never_stands_alone_on_a_line() -> None:
    assert catalogue("en")("stage.measure.mean", max=5).endswith("out\u00a0of\u00a05")


@pytest.mark.parametrize(
    ("wanted", "cookie", "accepted", "chosen"),
    [
        ("en", "ko", "ko", "en"),
        (None, "en", "ko", "en"),
        ("fr", None, "fr,en;q=0.8,ko;q=0.9", "ko"),
        (None, None, "fr, de;q=x", "ko"),
        (None, None, "", "ko"),
        (None, "<script>", "en", "en"),
    ],
)
def test_the_language_is_asked_for_remembered_or_accepted(
    wanted: str | None, cookie: str | None, accepted: str, chosen: str
) -> None:
    assert choose(wanted, cookie, accepted, "ko") == chosen


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("**굵게** *기울여*", "<p><strong>굵게</strong> <em>기울여</em></p>\n"),
        ("# 제목", "<h3>제목</h3>\n"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("[x](data:text/html,1)", "<p>[x](data:text/html,1)</p>\n"),
        ("![x](/y.png)", '<p>!<a href="/y.png" rel="nofollow noopener noreferrer ugc">x</a></p>\n'),
        ("`<svg onload=1>`", "<p><code>&lt;svg onload=1&gt;</code></p>\n"),
    ],
)
def test_markdown_gives_allowed_markup_only(typed: str, shown: str) -> None:
    assert str(render(typed)) == shown


def test_a_qr_code_is_markup_without_style_or_script() -> None:
    svg = str(qr("http://hall.test/f/123456"))
    assert svg.startswith("<svg viewBox=")
    assert "style" not in svg
    assert "http" not in svg


def form(**fields: str) -> Form:
    return Form(FormData(list(fields.items())), catalogue("en"), "Asia/Seoul")


def test_a_form_gives_typed_values() -> None:
    given = form(title=" A\u202e  b ", n="7", on="1", kind="x", day="2025-10-09")
    assert given.text("title", 10) == "A b"
    assert given.integer("n", 1, 9) == 7
    assert given.flag("on")
    assert given.choice("kind", ("x", "y")) == "x"
    assert given.moment("day") == NOON - 18 * 3_600_000
    assert given.moment("day", end_of_day=True) == NOON + 6 * 3_600_000 - 1
    assert given.errors == {}


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong() -> None:
    given = form(title="x" * 11, n="seven", kind="z", day="tomorrow", password="secret", csrf="t")
    given.text("title", 10)
    given.integer("n", 1, 9)
    given.choice("kind", ("x", "y"))
    given.moment("day")
    given.text("missing", 10)
    assert sorted(given.errors) == ["day", "kind", "missing", "n", "title"]
    assert given.errors["n"] == "Enter a number from 1 to 9."
    assert sorted(given.typed) == ["day", "kind", "n", "title"]
    assert given.typed["title"] == "x" * 11


def test_a_form_has_no_field_it_does_not_declare() -> None:
    with pytest.raises(Refused, match="field_unknown"):
        form(title="x", role="organiser", csrf="t").expect(("title",))


def test_a_refusal_about_no_field_that_came_stands_above_the_form() -> None:
    given = form(title="x")
    given.blame("title", "Shorten it.")
    given.blame("candidate", "It is there twice.")
    given.blame("weights", "They make 90.", shown=("weights",))
    assert given.errors == {
        "title": "Shorten it.",
        "": "It is there twice.",
        "weights": "They make 90.",
    }
