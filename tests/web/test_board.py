"""The board as pages and forms, without scripts: what people see, send, and are told."""

import io
import re
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from sqlmodel import Session, SQLModel, select
from starlette.applications import Starlette

from tests import boards as given
from tests.facts import NOON, Clock
from tests.web.client import Browser, browsing
from townhall.domain.proposals import DAY_MS
from townhall.hall import Hall
from townhall.storage import schema, sessions
from townhall.storage.database import writing

TYPED = {
    "title": "밤에 여는 도서관",
    "background": "낮에는 *못* 가요.",
    "content": "요일을 정해 열어요.\n\n- 월\n- 화",
    "category": "돌봄",
    "tags": "밤, 도서관",
    "deadline": "",
}
NEW = "/b/library/new"


def sign_in(hall: Hall, browser: Browser, login: str) -> int:
    """Sign a member in on this browser; the person's id."""
    with writing(hall.database) as session:
        person = given.person(session, login)
        opened = sessions.open_session(session, "member", NOON, NOON + DAY_MS, person=person)
    browser.cookies.set("townhall", opened.token)
    return person


@pytest.fixture
def board(hall: Hall) -> int:
    with writing(hall.database) as session:
        return given.board(session, about="작은도서관을 함께 바꿔요.")


@pytest.fixture
def author(hall: Hall, board: int, browser: Browser) -> int:
    """The signed-in person of `browser`."""
    return sign_in(hall, browser, "haru")


@pytest.fixture
async def other(app: Starlette, hall: Hall, board: int) -> AsyncIterator[Browser]:
    """The browser of another member."""
    async with browsing(app) as opened:
        sign_in(hall, opened, "dandi")
        yield opened


@pytest.fixture
def idea(hall: Hall, board: int, author: int) -> str:
    """The address of the author's proposal."""
    with writing(hall.database) as session:
        return f"/b/library/p/{given.proposal(session, board, author, tags=('밤',))}"


def rows(hall: Hall, table: type[SQLModel]) -> list[SQLModel]:
    def every(session: Session) -> list[SQLModel]:
        return list(session.exec(select(table)))

    return hall.database.read_here(every)


def photo(shape: str = "JPEG", size: tuple[int, int] = (64, 32), **saved: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "green").save(out, shape, **saved)
    return out.getvalue()


async def test_the_home_page_names_boards_and_a_visitor_may_read(
    browser: Browser, hall: Hall, board: int
) -> None:
    answer = await browser.get("/")
    assert answer.status_code == 200
    assert '<a href="/b/library">작은도서관</a>' in answer.text


async def test_an_empty_house_says_so(browser: Browser) -> None:
    answer = await browser.get("/")
    assert (answer.status_code, "아직 게시판이 없어요" in answer.text) == (200, True)


async def test_a_visitor_who_wants_to_write_is_led_to_the_sign_in(
    browser: Browser, board: int
) -> None:
    answer = await browser.get(NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={NEW}")
    refused = await browser.submit(f"{NEW}", "/login", **TYPED)
    assert refused.status_code == 401


async def test_a_proposal_is_written_and_shown(browser: Browser, hall: Hall, author: int) -> None:
    answer = await browser.submit(NEW, **TYPED)
    assert answer.status_code == 303
    page = await browser.get(answer.headers["location"])
    assert page.status_code == 200
    for shown in (
        "밤에 여는 도서관",
        "낮에는 <em>못</em> 가요.",
        "<li>월</li>",
        "#도서관",
        "제안을 올렸어요.",
        "D-30",
    ):
        assert shown in page.text
    assert len(rows(hall, schema.Proposal)) == 1


async def test_a_form_sent_twice_makes_one_proposal(
    browser: Browser, hall: Hall, author: int
) -> None:
    loaded = await browser.get(NEW)
    found = re.search(r'name="csrf" value="([^"]+)"', loaded.text)
    assert found
    first = await browser.send_form(NEW, csrf=found[1], **TYPED)
    second = await browser.send_form(NEW, csrf=found[1], **TYPED)
    assert first.headers["location"] == second.headers["location"]
    third = await browser.send_form(NEW, csrf=found[1], **(TYPED | {"title": "다른 제안"}))
    assert third.headers["location"] != first.headers["location"]
    assert len(rows(hall, schema.Proposal)) == 2


async def test_a_refused_form_keeps_what_was_typed(
    browser: Browser, hall: Hall, author: int
) -> None:
    typed = TYPED | {"title": " ", "content": "가" * 10_001, "tags": "하나 둘"}
    answer = await browser.submit(NEW, **typed)
    assert answer.status_code == 422
    assert 'id="title-error"' in answer.text
    assert 'id="content-error"' in answer.text
    assert "하나 둘" in answer.text
    assert "낮에는 *못* 가요." in answer.text
    assert rows(hall, schema.Proposal) == []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("tags", "1 2 3 4 5 6 7 8 9", "태그는 8개까지"),
        ("deadline", "2001-01-01", "마감일은 오늘 뒤로"),
        ("deadline", "내일", "마감일은 오늘 뒤로"),
    ],
)
async def test_a_wrong_field_is_named(
    browser: Browser, author: int, name: str, value: str, sentence: str
) -> None:
    answer = await browser.submit(NEW, **(TYPED | {name: value}))
    assert answer.status_code == 422
    assert f'id="{name}-error"' in answer.text
    assert sentence in answer.text


async def test_an_unknown_field_or_a_foreign_form_is_refused(
    browser: Browser, hall: Hall, author: int
) -> None:
    assert (await browser.submit(NEW, **TYPED, status="concluded")).status_code == 400
    assert (await browser.send_form(NEW, csrf="forged", **TYPED)).status_code == 403
    assert rows(hall, schema.Proposal) == []


async def test_a_picture_is_made_anew_and_served(browser: Browser, hall: Hall, author: int) -> None:
    loaded = await browser.get(NEW)
    found = re.search(r'name="csrf" value="([^"]+)"', loaded.text)
    assert found
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    answer = await browser.post(
        NEW,
        data=TYPED | {"csrf": found[1]},
        files={"image": ("x.png", photo("PNG", (3200, 1000), exif=exif), "text/html")},
        headers={"Origin": "http://hall.test"},
    )
    page = await browser.get(answer.headers["location"])
    source = re.search(r'src="(/uploads/\w+)" width="1600" height="500"', page.text)
    assert source
    picture = await browser.get(source[1])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert b"secret" not in picture.content
    assert len(picture.content) <= 300 * 1024
    assert (await browser.get("/uploads/none")).status_code == 404


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"GIF89a", id="half a gif"),
        pytest.param(photo()[:300], id="cut off"),
        pytest.param(photo("BMP"), id="another kind"),
    ],
)
async def test_what_is_no_picture_is_refused_beside_its_field(
    browser: Browser, hall: Hall, author: int, data: bytes
) -> None:
    loaded = await browser.get(NEW)
    found = re.search(r'name="csrf" value="([^"]+)"', loaded.text)
    assert found
    answer = await browser.post(
        NEW,
        data=TYPED | {"csrf": found[1]},
        files={"image": ("x.jpg", data, "image/jpeg")},
        headers={"Origin": "http://hall.test"},
    )
    assert answer.status_code == 422
    assert "그림을 읽을 수 없어요" in answer.text
    assert "밤에 여는 도서관" in answer.text
    assert rows(hall, schema.Upload) == []


async def test_sympathy_and_agreement_toggle(other: Browser, hall: Hall, idea: str) -> None:
    for path, table in (("/sympathy", schema.Sympathy), ("/agree", schema.Agreement)):
        given_ = await other.submit(idea + path, idea, on="1")
        assert (given_.status_code, given_.headers["location"]) == (303, idea)
        assert [row.withdrawn_at for row in rows(hall, table)] == [None]  # type: ignore[attr-defined]
        page = await other.get(idea)
        assert page.text.count('value="0" aria-pressed="true"') >= 1
        await other.submit(idea + path, idea, on="0")
        assert [row.withdrawn_at for row in rows(hall, table)] == [NOON]  # type: ignore[attr-defined]


async def test_agreement_after_the_deadline_is_refused_in_words(
    other: Browser, hall: Hall, idea: str, clock: Clock
) -> None:
    clock.at = NOON + 30 * DAY_MS
    with writing(hall.database) as session:
        person = session.exec(select(schema.Person).where(schema.Person.login == "dandi")).one()
        opened = sessions.open_session(
            session, "member", clock.at, clock.at + DAY_MS, person=person.id
        )
    other.cookies.set("townhall", opened.token)
    answer = await other.submit(f"{idea}/agree", NEW, on="1")
    assert (answer.status_code, "동의 기간이 끝나서" in answer.text) == (400, True)
    page = await other.get(idea)
    assert f'action="{idea}/agree"' not in page.text


async def test_comments_are_written_liked_and_removed(
    browser: Browser, other: Browser, hall: Hall, idea: str
) -> None:
    sent = await other.submit(f"{idea}/comments", idea, text="두 사람씩\n짝을 지어요 <b>")
    assert sent.status_code == 303
    said = sent.headers["location"].removeprefix(f"{idea}#c")
    page = await browser.get(idea)
    assert "두 사람씩\n짝을 지어요 &lt;b&gt;" in page.text
    await browser.submit(f"{idea}/comments/{said}/sympathy", idea, on="1")
    assert len(rows(hall, schema.CommentSympathy)) == 1
    refused = await browser.submit(f"{idea}/comments/{said}/remove", idea)
    assert (refused.status_code, len(rows(hall, schema.Comment))) == (403, 1)
    await other.submit(f"{idea}/comments/{said}/remove", idea)
    assert "짝을 지어요" not in (await browser.get(idea)).text


async def test_a_refused_comment_stays_in_its_form(other: Browser, idea: str) -> None:
    answer = await other.submit(f"{idea}/comments", idea, text="가나다" * 400)
    assert answer.status_code == 422
    assert "가나다" * 400 in answer.text
    assert 'id="text-error"' in answer.text


async def test_an_author_edits_until_somebody_supports(
    browser: Browser, other: Browser, hall: Hall, idea: str
) -> None:
    form = await browser.get(f"{idea}/edit")
    assert 'value="저녁 9시까지 여는 작은도서관"' in form.text
    changed = TYPED | {"title": "고친 제목", "rev": "1"}
    saved = await browser.submit(f"{idea}/edit", **changed)
    assert (saved.status_code, saved.headers["location"]) == (303, idea)
    assert "고친 제목" in (await browser.get(idea)).text
    stale = await browser.submit(f"{idea}/edit", **changed)
    assert (stale.status_code, "다른 창에서 고친 글" in stale.text) == (422, True)
    await other.submit(f"{idea}/sympathy", idea, on="1")
    late = await browser.submit(f"{idea}/edit", **(changed | {"rev": "2"}))
    assert (late.status_code, "이미 1명이" in late.text) == (422, True)
    assert (await other.get(f"{idea}/edit")).status_code == 403


async def test_a_list_filters_sorts_and_searches(
    browser: Browser, hall: Hall, board: int, author: int
) -> None:
    with writing(hall.database) as session:
        given.proposal(session, board, author, "도서관 돌봄", tags=("밤",))
        given.proposal(session, board, author, "공원 그늘막", at=NOON - 1)
        given.proposal(session, board, author, "끝난 제안", closes_at=NOON)

    async def titles(query: str) -> list[str]:
        page = await browser.get(f"/b/library{query}")
        assert page.status_code == 200
        section = page.text.split('class="ideas"')[-1] if 'class="ideas"' in page.text else ""
        return re.findall(r'<a href="/b/library/p/\d+">([^<]+)</a>', section)

    assert await titles("") == ["도서관 돌봄", "공원 그늘막"]
    assert await titles("?state=done") == ["끝난 제안"]
    assert await titles("?q=그늘") == ["공원 그늘막"]
    assert await titles("?tag=밤") == ["도서관 돌봄"]
    assert await titles("?q=없는말") == []
    assert await titles("?sort=sideways&state=x&page=999999999999") == [
        "도서관 돌봄",
        "공원 그늘막",
    ]
    assert await titles("?q=%00&page=-1&tag=%00") == ["도서관 돌봄", "공원 그늘막"]


async def test_pages_of_a_list_are_linked(
    browser: Browser, hall: Hall, board: int, author: int
) -> None:
    with writing(hall.database) as session:
        for n in range(21):
            given.proposal(session, board, author, f"제안 {n}")
    first = await browser.get("/b/library")
    assert "page=2" in first.text
    assert "제안 20" in first.text
    last = await browser.get("/b/library?page=2")
    assert re.findall(r'<a href="/b/library/p/\d+">([^<]+)</a>', last.text)[-1] == "제안 0"


@pytest.mark.parametrize(
    "path",
    [
        "/b/nowhere",
        "/b/%00",
        "/b/library/p/999",
        "/b/library/p/99999999999999999999",
        "/b/nowhere/p/1",
        "/uploads/%00",
    ],
)
async def test_what_is_not_there_is_not_found(browser: Browser, board: int, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


async def test_a_title_that_is_a_program_is_text(
    browser: Browser, hall: Hall, board: int, author: int
) -> None:
    with writing(hall.database) as session:
        made = given.proposal(
            session,
            board,
            author,
            "<script>alert(1)</script>",
            content="<img src=x onerror=alert(1)> [x](javascript:alert(1))",
            tags=("<b>",),
        )
    for path in ("/", "/b/library", f"/b/library/p/{made}", "/b/library?q=<script>"):
        page = (await browser.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page


async def test_the_board_reads_in_english(browser: Browser, board: int, idea: str) -> None:
    for path in ("/", "/b/library", idea, NEW, f"{idea}/edit"):
        page = await browser.get(path, params={"lang": "en"})
        assert page.status_code == 200
        assert '<html lang="en">' in page.text
        shown = re.sub(r"<[^>]*>", " ", page.text)
        assert re.findall(r"\b(?:board|proposals|base|refused)\.[a-z_]+", shown) == []
