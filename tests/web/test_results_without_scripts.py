"""What was revealed, on a phone without scripts: the same rows that the script draws."""

import re
from typing import Any

import pytest

from tests import facts
from tests.facts import Clock
from tests.web.client import Browser
from townhall.actions import questions
from townhall.domain.audience import Actor
from townhall.hall import Hall
from townhall.storage import forums
from townhall.storage.database import writing
from townhall.storage.schema import Segment

CANDIDATES = [{"id": "A", "title": "나무 그늘"}, {"id": "B", "title": "밤 도서관"}]
TABLES = [
    {"id": "t1", "title": "쉬는 자리", "table": 1},
    {"id": "t2", "title": "책 버스", "table": 2},
]
SCORE = {"min": 1, "max": 3, "low_label": "", "high_label": ""}


@pytest.fixture
def forum(hall: Hall) -> int:
    with writing(hall.database) as session:
        made = facts.forum(session)
        facts.segment(session, made)
    return made


async def shown(
    browser: Browser, hall: Hall, clock: Clock, forum: int, cast: dict[str, Any], **columns: Any
) -> str:
    """The part of the page with the results, after one vote, the close and the reveal."""
    with writing(hall.database) as session:
        question = facts.question(session, forum, **({"eligibility": "open"} | columns))
    await browser.submit("/f/123456/vote", "/f/123456", question=question, **cast)
    moderator = Actor(role="moderator", session=1, forum=forum)
    await questions.close(hall, moderator, key="c" * 32, question=question, seconds=0)
    clock.pass_seconds(60)
    await questions.finish_due(hall)
    assert 'id="results"' not in (await browser.get("/f/123456")).text
    await questions.reveal(hall, moderator, key="r" * 32, question=question)
    page = (await browser.get("/f/123456")).text
    found = re.search(r'<section class="part" id="results">.*?</section>', page, re.DOTALL)
    assert found
    # What sets the bars' lengths weighs nothing where a script does it.
    noscript = re.findall(r"<noscript>.*?</noscript>", page, re.DOTALL)
    assert [one for one in noscript if found[0] in one and "/css/steps.css" in one]
    assert "/css/steps.css" not in re.sub(r"<noscript>.*?</noscript>", "", page, flags=re.DOTALL)
    return found[0]


def rows(part: str) -> list[tuple[str, str, str]]:
    """Class, what stands before the title, and figure of each row."""
    found = re.findall(
        r'<li class="([^"]*)">(.*?)<h4>.*?<p class="figure">(.*?)</p>', part, re.DOTALL
    )
    return [(drawn, bare(mark), bare(figure)) for drawn, mark, figure in found]


def bare(html: str) -> str:
    """The text alone."""
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


async def test_scores_are_read_with_their_spread(
    browser: Browser, hall: Hall, clock: Clock, forum: int
) -> None:
    cast = {"score-A": "3", "score-B": "abstain"}
    part = await shown(
        browser, hall, clock, forum, cast, kind="score", options=CANDIDATES, config=SCORE
    )
    assert rows(part) == [("cand-a", "A", "3.00 점"), ("cand-b", "B", "–")]
    first, second = re.findall(r'<p class="dist-axis">(.*?)</div>', part, re.DOTALL)
    assert bare(first.replace("</span>", ", ")) == "1점 0, 2점 0, 3점 1,"
    assert "기권 1" in bare(second)
    assert "내 표: A 3점, B 기권" in bare(part)
    assert "1명이 투표했어요" in bare(part)


async def test_yes_and_no_have_no_marks(
    browser: Browser, hall: Hall, clock: Clock, forum: int
) -> None:
    part = await shown(browser, hall, clock, forum, {"choice": "yes"})
    assert [(drawn, mark) for drawn, mark, _ in rows(part)] == [("bare", "")] * len(rows(part))
    assert rows(part)[0] == ("bare", "", "1 표 · 100.0%")
    assert "내 표: 찬성" in bare(part)


async def test_points_over_tables_have_their_tables_and_no_marks(
    browser: Browser, hall: Hall, clock: Clock, forum: int
) -> None:
    config = {"budget": 5, "per_option_max": 5, "over": "summaries", "not_own_table": False}
    part = await shown(
        browser, hall, clock, forum, {"dots-t2": "3"}, kind="dots", options=TABLES, config=config
    )
    assert [(drawn, mark) for drawn, mark, _ in rows(part)] == [("bare", "")] * 2
    assert [bare(each) for each in re.findall(r"<h4>(.*?)</h4>", part)] == [
        "2모둠 책 버스",
        "1모둠 쉬는 자리",
    ]
    assert "내 표: 스티커 3개" in bare(part)


async def test_points_over_options_of_their_own_keep_the_marks(
    browser: Browser, hall: Hall, clock: Clock, forum: int
) -> None:
    config = {"budget": 5, "per_option_max": 5, "over": "options", "not_own_table": False}
    part = await shown(
        browser, hall, clock, forum, {"dots-B": "3"}, kind="dots", options=CANDIDATES, config=config
    )
    assert [(drawn, mark) for drawn, mark, _ in rows(part)] == [("cand-b", "B"), ("cand-a", "A")]


async def test_what_was_written_in_has_an_empty_mark_and_is_read(
    browser: Browser, hall: Hall, clock: Clock, forum: int
) -> None:
    config = {"max": 2, "write_in": True}
    cast = {"picks": "A", "other": "둘 다요"}
    part = await shown(
        browser, hall, clock, forum, cast, kind="multiple", options=CANDIDATES, config=config
    )
    assert [(drawn, mark) for drawn, mark, _ in rows(part)] == [
        ("cand-a", "A"),
        ("cand-x", ""),
        ("cand-b", "B"),
    ]
    assert part.count('class="mark ') == 3
    assert '<ul class="write-ins"><li>둘 다요</li></ul>' in part
    assert "내 표: 2개 선택" in bare(part)


async def test_the_headings_of_a_result_go_down_step_by_step(
    browser: Browser, hall: Hall, clock: Clock, forum: int
) -> None:
    part = await shown(browser, hall, clock, forum, {"choice": "yes"}, title="도서관을 열까요?")
    assert "".join(re.findall(r"<h(\d)", part)).startswith("234")
    assert re.search(r"<summary><h3>도서관을 열까요\?", part)


@pytest.mark.parametrize(
    ("kind", "cast", "own"),
    [
        ("single", {"choice": "B"}, "내 표: 밤 도서관"),
        ("single", {"choice": "abstain"}, "내 표: 기권"),
        ("ranking", {"rank-A": "2", "rank-B": "1"}, "내 표: B → A"),
    ],
)
async def test_ones_own_vote_stands_beside_the_result(
    browser: Browser, hall: Hall, clock: Clock, forum: int, kind: str, cast: Any, own: str
) -> None:
    config = {"abstain": True} if kind == "single" else {"method": "borda"}
    part = await shown(
        browser, hall, clock, forum, cast, kind=kind, options=CANDIDATES, config=config
    )
    assert own in bare(part)


async def test_a_title_in_ones_own_vote_is_escaped_once(
    browser: Browser, hall: Hall, clock: Clock, forum: int
) -> None:
    options = [{"id": "A", "title": "나무 & '그늘' <b>"}, CANDIDATES[1]]
    cast = {"choice": "A"}
    part = await shown(browser, hall, clock, forum, cast, kind="single", options=options)
    assert part.count("나무 &amp; &#39;그늘&#39; &lt;b&gt;") == 2


async def test_a_vote_that_is_over_is_not_said_to_come(
    browser: Browser, hall: Hall, clock: Clock, forum: int
) -> None:
    with writing(hall.database) as session:
        item = forums.get(session, forum).current_segment
        session.get_one(Segment, item).kind = "question"
    first = (await browser.get("/f/123456")).text
    assert "곧 투표해요" in first
    await shown(browser, hall, clock, forum, {"choice": "yes"})
    with writing(hall.database) as session:
        session.get_one(Segment, item).question_id = 1
    clock.pass_seconds(2)  # what was read before serves for a second
    over = (await browser.get("/f/123456")).text
    assert "곧 투표해요" not in over.partition('<script type="application/json"')[0]
    assert over.index('id="results"') < over.index('id="agenda"')


async def test_a_secret_vote_is_not_told_beside_its_result(
    browser: Browser, hall: Hall, clock: Clock, forum: int
) -> None:
    part = await shown(browser, hall, clock, forum, {"choice": "yes"}, secret=True)
    assert rows(part)
    assert "내 표" not in part
