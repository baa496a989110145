"""The four live screens as pages: who gets which, what they embed, and phones without scripts."""

import json
import re
from typing import Any

import pytest

from tests import facts
from tests.web.client import Browser
from townhall.actions import accounts, cards, people
from townhall.counts import COUNTS
from townhall.domain.audience import Actor
from townhall.hall import Hall
from townhall.storage.database import writing
from townhall.storage.schema import Segment

ORGANISER = Actor(role="organiser", session=1, person=1)
CANDIDATES = [{"id": "A", "title": "나무 그늘"}, {"id": "B", "title": "밤 도서관"}]
SCORE = {"min": 1, "max": 5, "low_label": "", "high_label": ""}


@pytest.fixture
def forum(hall: Hall) -> int:
    """A running forum with three tables and nothing asked."""
    with writing(hall.database) as session:
        made = facts.forum(session)
        facts.segment(session, made)
        for number in (1, 2, 3):
            facts.table(session, made, number)
    return made


def ask(hall: Hall, forum: int, **columns: Any) -> int:
    with writing(hall.database) as session:
        return facts.question(session, forum, **({"eligibility": "open"} | columns))


def block(html: str, name: str) -> Any:
    found = re.search(
        rf'<script type="application/json" id="{name}"[^>]*>(.*?)</script>', html, re.DOTALL
    )
    assert found, html[:400]
    return json.loads(found[1])


def part(html: str, name: str) -> str:
    """A list of the page as the server drew it."""
    found = re.search(rf'<ol class="{name}">.*?</ol>', html, re.DOTALL)
    assert found, html[:400]
    return found[0]


async def card(hall: Hall, forum: int, role: Any, **scope: Any) -> str:
    return await cards.card(hall, ORGANISER, forum, role, **scope)


async def test_a_visitors_phone_page_carries_the_public_slices(
    browser: Browser, forum: int
) -> None:
    answer = await browser.get("/f/123456")
    boot = block(answer.text, "boot")
    assert answer.status_code == 200
    assert (boot["code"], boot["audience"], boot["token"]) == ("123456", "public", "")
    assert boot["me"]["role"] == "visitor"
    assert boot["slices"]["forum"]["title"] == "작은 도서관 열린토론회"
    assert not {"notes", "room", "tables", "draft"} & boot["slices"].keys()
    assert "live." in " ".join(block(answer.text, "words"))


async def test_an_unknown_forum_is_a_page_that_says_what_to_do(browser: Browser) -> None:
    answer = await browser.get("/f/999999")
    assert (answer.status_code, "입장 번호 여섯 자리" in answer.text) == (404, True)


async def test_six_digits_lead_to_the_forum(browser: Browser, forum: int) -> None:
    answer = await browser.submit("/join", code=" 123 456 ")
    assert answer.headers["location"] == "/f/123456"
    wrong = await browser.submit("/join", code="123 457")
    assert (wrong.status_code, 'value="123 457"' in wrong.text) == (422, True)


@pytest.mark.parametrize(
    ("role", "screen", "audience"),
    [("facilitator", "desk", "desk"), ("moderator", "console", "console"), ("stage",) * 3],
)
async def test_a_card_opens_its_screen(
    browser: Browser, hall: Hall, forum: int, role: str, screen: str, audience: str
) -> None:
    token = await card(hall, forum, role, table=2 if role == "facilitator" else None)
    entered = await browser.submit("/f/123456/enter", k=token)
    assert entered.headers["location"] == f"/f/123456/{screen}"
    page = await browser.get(entered.headers["location"])
    boot = block(page.text, "boot")
    assert (page.status_code, boot["audience"]) == (200, audience)
    actor = await people.recognise(hall, boot["token"], forum)
    assert (actor.role, actor.forum) == (role, forum)


async def test_one_browser_may_hold_every_screen_at_once(
    browser: Browser, hall: Hall, forum: int
) -> None:
    ticket = (await cards.mint(hall, ORGANISER, forum, 1))[0].token
    tokens = [
        await card(hall, forum, "facilitator", table=1),
        await card(hall, forum, "moderator"),
        await card(hall, forum, "stage"),
    ]
    for token in (ticket, *tokens):
        await browser.submit("/f/123456/enter", k=token)
    shown = [
        block((await browser.get(f"/f/123456{path}")).text, "boot")["me"]["role"]
        for path in ("", "/desk", "/console", "/stage")
    ]
    assert shown == ["seated", "facilitator", "moderator", "stage"]


async def test_a_moderators_projector_shows_what_a_stage_may(
    browser: Browser, hall: Hall, forum: int
) -> None:
    await browser.submit("/f/123456/enter", k=await card(hall, forum, "moderator"))
    boot = block((await browser.get("/f/123456/stage")).text, "boot")
    assert boot["audience"] == "stage"
    assert "room" not in boot["slices"]
    assert (await people.recognise(hall, boot["token"], forum)).role == "stage"


async def test_screens_without_their_card_say_what_to_scan(browser: Browser, forum: int) -> None:
    for screen in ("desk", "stage"):
        answer = await browser.get(f"/f/123456/{screen}")
        assert (answer.status_code, "QR 코드를 다시" in answer.text) == (401, True)
    console = await browser.get("/f/123456/console")
    assert (console.status_code, console.headers["location"]) == (
        303,
        "/login?next=/f/123456/console",
    )


async def test_a_card_of_another_forum_opens_no_screen_here(
    browser: Browser, hall: Hall, forum: int
) -> None:
    with writing(hall.database) as session:
        other = facts.forum(session, code="654321")
    link = await card(hall, other, "moderator")
    answer = await browser.submit("/f/123456/enter", k=link)
    assert (answer.status_code, "다른 토론회" in answer.text) == (422, True)
    await browser.submit("/f/654321/enter", k=link)
    assert (await browser.get("/f/123456/console")).status_code == 303


async def test_an_invited_moderator_opens_only_their_own_console(
    browser: Browser, hall: Hall, forum: int
) -> None:
    with writing(hall.database) as session:
        facts.forum(session, code="654321")
    token = await accounts.invite(hall, ORGANISER, "moderator", forum)
    answer = await browser.submit(
        "/invite", k=token, login="moder", nickname="달", password="a long sentence"
    )
    assert answer.headers["location"] == "/f/123456/console"
    assert (await browser.get("/f/123456/console")).status_code == 200
    assert (await browser.get("/f/654321/console")).status_code == 403
    await accounts.revoke_role(hall, ORGANISER, "moder", "moderator", forum)
    assert (await browser.get("/f/123456/console")).status_code == 303


async def test_a_used_ticket_says_whom_to_ask(browser: Browser, hall: Hall, forum: int) -> None:
    ticket = (await cards.mint(hall, ORGANISER, forum, 1))[0].token
    await people.enter(hall, "123456", ticket)
    answer = await browser.submit("/f/123456/enter", k=ticket)
    assert (answer.status_code, "진행자에게" in answer.text) == (409, True)
    assert ticket not in answer.text


async def test_a_vote_without_scripts_is_counted_and_prints_its_receipt(
    browser: Browser, hall: Hall, forum: int
) -> None:
    question = ask(hall, forum, kind="score", options=CANDIDATES, config=SCORE)
    fields = {"question": question, "score-A": "4", "score-B": "abstain"}
    counted = COUNTS.votes["counted"]
    answer = await browser.submit("/f/123456/vote", "/f/123456", **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/f/123456")
    assert COUNTS.votes["counted"] == counted + 1
    page = await browser.get("/f/123456")
    vote = block(page.text, "boot")["me"]["votes"][str(question)]
    assert (vote["status"], vote["choice"], vote["rev"]) == ("counted", {"A": 4, "B": None}, 1)
    assert vote["receipt"]["code"] in page.text
    assert "집계됐어요" in page.text
    again = await browser.get("/f/123456")
    assert "집계됐어요" not in again.text


async def test_a_second_plain_vote_changes_the_first(
    browser: Browser, hall: Hall, forum: int
) -> None:
    question = ask(hall, forum)
    for choice in ("yes", "no"):
        await browser.submit("/f/123456/vote", "/f/123456", question=question, choice=choice)
    votes = block((await browser.get("/f/123456")).text, "boot")["me"]["votes"]
    assert (votes[str(question)]["choice"], votes[str(question)]["rev"]) == ("no", 2)


async def test_a_plain_vote_that_cannot_count_says_why(
    browser: Browser, hall: Hall, forum: int
) -> None:
    closed = ask(hall, forum, state="closed", closed_at=facts.NOON)
    binding = ask(hall, forum, eligibility="seats")
    await browser.submit("/f/123456/vote", "/f/123456", question=closed, choice="yes")
    assert "집계되지 않았어요" in (await browser.get("/f/123456")).text
    await browser.submit("/f/123456/vote", "/f/123456", question=binding, choice="yes")
    assert "자리표가 있어야" in (await browser.get("/f/123456")).text


async def test_times_count_what_was_added_before_a_script_runs(
    browser: Browser, hall: Hall, forum: int
) -> None:
    with writing(hall.database) as session:
        session.get_one(Segment, 1).extended = 15
        facts.segment(
            session, forum, kind="talk", current=False, position=1, title="정리", extended=5
        )
        facts.segment(session, forum, kind="talk", current=False, position=2, title="끝인사")
    phone = part((await browser.get("/f/123456")).text, "order")
    assert re.findall(r"<time>(.*?)</time>", phone) == ["18:00", "18:35", "19:00"]
    assert re.findall(r'class="muted">(.*?)<', phone) == ["25분", "20분"]
    await browser.submit("/f/123456/enter", k=await card(hall, forum, "stage"))
    stage = part((await browser.get("/f/123456/stage")).text, "coming")
    assert re.findall(r"<time>(.*?)</time>", stage) == ["18:35", "19:00"]


async def test_sitting_and_asking_work_without_scripts(
    browser: Browser, hall: Hall, forum: int
) -> None:
    await browser.submit("/f/123456/join", "/f/123456", table="2")
    await browser.submit("/f/123456/ask", "/f/123456", text="언제 여나요?")
    boot = block((await browser.get("/f/123456")).text, "boot")
    assert boot["me"]["table"] == 2
    assert [item["text"] for item in boot["slices"]["asks"]] == ["언제 여나요?"]


async def test_a_link_takes_no_seat_away_before_its_holder_was_asked(
    browser: Browser, hall: Hall, forum: int
) -> None:
    mine, other = await cards.mint(hall, ORGANISER, forum, 2)
    await browser.submit("/f/123456/enter", k=mine.token)
    held = browser.cookies["townhall-123456-phone"]
    theirs = await people.enter(hall, "123456", other.token)
    link = await people.my_link(hall, await people.recognise(hall, theirs.token))
    asked = await browser.submit("/f/123456/enter", k=link)
    assert (asked.status_code, "1번 자리가 있어요" in asked.text) == (409, True)
    assert browser.cookies["townhall-123456-phone"] == held
    assert f'name="k" value="{link}"' in asked.text
    assert "data-enter" not in asked.text
    await browser.submit("/f/123456/enter", k=link, swap="yes")
    seat = block((await browser.get("/f/123456")).text, "boot")["me"]["seat"]
    assert seat == theirs.seat


async def test_six_digits_lead_to_the_field_for_a_tickets_number(
    browser: Browser, forum: int
) -> None:
    answer = await browser.submit("/join", code="123456", ticket="yes")
    assert answer.headers["location"] == "/f/123456/enter"
    # The Enter key presses the first button, which leads in without a ticket.
    buttons = re.findall(r'<button[^>]*form="join"[^>]*>', (await browser.get("/join")).text)
    assert ["ticket" in button for button in buttons] == [False, True]


async def test_a_personal_link_opens_the_same_seat(browser: Browser, forum: int) -> None:
    await browser.submit("/f/123456/join", "/f/123456", table="1")
    seat = block((await browser.get("/f/123456")).text, "boot")["me"]["seat"]
    page = await browser.get("/f/123456")
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    await browser.send_form("/f/123456/link", csrf=csrf[1])
    shown = (await browser.get("/f/123456")).text
    token = re.search(r"/enter#k=([\w-]+)", shown)
    assert token
    browser.cookies.clear()
    await browser.submit("/f/123456/enter", k=token[1])
    assert block((await browser.get("/f/123456")).text, "boot")["me"]["seat"] == seat
