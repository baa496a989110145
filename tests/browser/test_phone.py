"""A phone at its hardest moments: at the door, and while it changes its mind."""

import json
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.test_every_screen import House

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = House(tmp_path)
    yield opened
    opened.server.stop()


def phone(browser: Browser) -> Page:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale="ko-KR", reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


def seat(page: Page) -> int:
    """The seat that the page's cookie holds, once it does: a link's first page comes before it."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        answer = page.request.get(page.url.partition("#")[0].partition("/enter")[0])
        found = re.search(r'id="boot"[^>]*>(.*?)</script>', answer.text(), re.DOTALL)
        assert found
        held: int | None = json.loads(found[1])["me"]["seat"]
        if held is not None:
            return held
        time.sleep(0.1)
    raise AssertionError("nobody sits here")


def first_vote(browser: Browser, house: House) -> tuple[Page, int, Locator]:
    """A phone with its seat, the question that has just been opened, and the rows of its ballot."""
    page = phone(browser)
    page.goto(house.addresses["phone"])
    score = house.questions()[0]["id"]
    house.lead("agenda_start")
    house.lead("question_open", question=score)
    rows = page.locator(".ballot-row")
    expect(rows).to_have_count(3)
    return page, score, rows


def test_a_ticket_whose_answer_is_lost_opens_its_seat(
    browser: Browser, house: House, pictures: Path
) -> None:
    page, answers = phone(browser), []

    def lose_the_first(route: Route) -> None:
        answers.append(route.fetch().json())
        route.abort() if len(answers) == 1 else route.continue_()

    page.route("**/api/f/*/join", lose_the_first)
    page.goto(house.addresses["phone"])
    expect(page.locator("main")).to_contain_text("자리표는 이 휴대폰에 있어요")
    page.screenshot(path=pictures / "phone-ticket-again.png")
    expect(page.locator(".now")).to_be_visible()
    assert len(answers) > 1
    assert seat(page) == answers[0]["seat"]
    assert (
        page.evaluate("localStorage.getItem('th:' + location.pathname.slice(3) + ':ticket')")
        is None
    )


def test_a_link_takes_no_seat_away_unasked(browser: Browser, house: House, pictures: Path) -> None:
    page = phone(browser)
    page.goto(house.addresses["phone"])
    expect(page.locator(".tabs")).to_be_visible()
    expect(page.locator(".now")).to_be_visible()
    mine = seat(page)
    at = f"{house.server.url}/f/{house.code}"
    other = httpx.post(f"{house.server.url}/api/f/{house.code}/join", json={}).json()
    page.goto(f"{at}/enter#k={other['token']}")
    expect(page.locator("main")).to_contain_text("다른 자리로 바꿀까요?")
    page.screenshot(path=pictures / "phone-swap-page.png")
    page.get_by_role("link", name="그대로 두기").click()
    expect(page.locator(".now")).to_be_visible()
    assert seat(page) == mine
    for fragment in ("r", "k"):
        page.goto("about:blank")
        page.goto(f"{at}#{fragment}={other['token']}")
        expect(page.locator("main")).to_contain_text("다른 자리로 바꿀까요?")
        page.screenshot(path=pictures / "phone-swap.png")
        page.get_by_role("button", name="그대로 두기").click()
        expect(page.locator(".now")).to_be_visible()
        assert seat(page) == mine
    page.goto("about:blank")
    page.goto(f"{at}#r={other['token']}")
    page.get_by_role("button", name="바꾸기").click()
    expect(page.locator(".now")).to_be_visible()
    assert seat(page) == other["seat"]


def test_a_change_that_was_not_sent_leaves_the_earlier_vote_and_says_so(
    browser: Browser, house: House, pictures: Path
) -> None:
    page, guest = phone(browser), phone(browser)
    page.goto(house.addresses["phone"])
    guest.goto(house.addresses["open"])
    score = house.questions()[0]["id"]
    house.lead("agenda_start")
    house.lead("question_open", question=score)
    expect(page.locator(".help")).to_be_visible()

    guest.get_by_role("link", name="자리표에 적힌 번호 적기").click()
    expect(guest.locator("input[name=k]")).to_be_visible()

    rows = page.locator(".ballot-row")
    expect(rows).to_have_count(3)
    for n in range(3):
        rows.nth(n).locator(".rate label").nth(3).click()
    page.locator("button[form=ballot]").click()
    expect(page.locator(".light-done")).to_be_visible()
    page.get_by_role("button", name="바꾸기").click()
    rows.nth(0).locator(".rate label").nth(1).click()
    expect(page.locator(".deed")).to_contain_text("아직 앞의 표(A 4점, B 4점, C 4점)가 세어져요")
    page.screenshot(path=pictures / "phone-still-counted.png")
    page.get_by_role("button", name="그대로 두기").click()
    expect(page.locator(".light-done")).to_be_visible()
    page.get_by_role("button", name="바꾸기").click()
    rows.nth(0).locator(".rate label").nth(1).click()

    page.goto(page.url.partition("#")[0] + "#agenda")
    expect(page.locator(".now")).to_be_visible()
    expect(page.locator(".now")).not_to_contain_text("투표가 열리면")
    page.screenshot(path=pictures / "phone-agenda-open.png")
    page.goto(page.url.partition("#")[0] + "#")

    house.close_question(score)
    expect(page.locator(".light-done")).to_contain_text("센 표: A 4점, B 4점, C 4점")
    expect(page.locator(".help")).to_have_count(0)
    page.screenshot(path=pictures / "phone-closed.png")


def test_a_keyboard_sees_what_has_focus_and_keeps_it_when_the_vote_is_cast(
    browser: Browser, house: House, pictures: Path
) -> None:
    page, _, rows = first_vote(browser, house)

    switch = page.locator(".switches .btn").first
    for _ in range(30):
        page.keyboard.press("Tab")
        if switch.evaluate("one => one === document.activeElement"):
            break
    page.screenshot(path=pictures / "phone-focus.png")
    lowest = switch.evaluate("one => one.getBoundingClientRect().bottom")
    assert lowest < page.locator(".deed").evaluate("one => one.getBoundingClientRect().top")

    for n in range(3):
        rows.nth(n).locator(".rate input").nth(3).focus()
        page.keyboard.press("Space")
    page.locator("button[form=ballot]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".light-done")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="바꾸기")).to_be_focused()
    page.screenshot(path=pictures / "phone-focus-cast.png")


def test_results_stay_on_the_phone_when_the_moderator_goes_on(
    browser: Browser, house: House, pictures: Path
) -> None:
    page, score, rows = first_vote(browser, house)
    for n in range(3):
        rows.nth(n).locator(".rate label").nth(3).click()
    page.locator("button[form=ballot]").click()
    expect(page.locator(".light-done")).to_be_visible()
    house.close_question(score)
    house.lead("question_reveal", question=score)
    expect(page.locator("main > .part .outcome")).to_be_visible()

    house.lead("agenda_next")
    expect(page.locator(".now")).to_be_visible()
    page.locator(".found summary").click()
    expect(page.locator(".found .outcome")).to_be_visible()
    page.screenshot(path=pictures / "phone-went-on.png", full_page=True)
    house.lead("agenda_end")
    expect(page.locator(".now")).to_contain_text("토론회가 끝났어요")
    expect(page.locator(".found .outcome")).to_be_visible()
    expect(page.locator(".found summary")).to_contain_text("내 표: A 4점, B 4점, C 4점")
    page.screenshot(path=pictures / "phone-ended.png", full_page=True)
    page.get_by_role("link", name="점수표 보기").click()
    expect(page).to_have_url(re.compile(r"/s/\d+$"))


def test_what_waits_for_a_seat_that_was_given_back_is_not_cast_by_the_next(
    browser: Browser, house: House, pictures: Path
) -> None:
    house.may_vote(house.questions()[0]["id"], "open")
    page, question, rows = first_vote(browser, house)
    mine = seat(page)
    page.context.set_offline(True)
    for n in range(3):
        rows.nth(n).locator(".rate label").nth(3).click()
    page.locator("button[form=ballot]").click()
    expect(page.locator(".deed .light")).to_be_visible()
    house.server.send(house.code, house.moderator, "seat_reset", seat=house.number(mine))
    page.context.set_offline(False)
    expect(page.locator(".deed .light")).to_have_count(0, timeout=60_000)
    expect(rows).to_have_count(3, timeout=60_000)
    page.screenshot(path=pictures / "phone-next-seat.png")
    assert seat(page) != mine
    page.wait_for_timeout(3_000)
    assert house.turnout(question)["voted"] == 0


def test_a_table_that_cannot_be_changed_now_says_why_where_it_was_chosen(
    browser: Browser, house: House, pictures: Path
) -> None:
    page = phone(browser)
    page.goto(house.addresses["phone"])
    house.lead("agenda_start")
    for _ in range(5):
        house.lead("agenda_next")
    said = "조용한 시간을 따로 두어요"
    house.at_desk("summary", key=secrets.token_hex(16), rev=1, text=said, send=True)
    page.locator("a[href='#table']").click()
    expect(page.locator(".stories")).to_contain_text(said)
    if not page.locator(".sit").count():
        page.get_by_role("button", name="모둠 바꾸기").click()
    first, second = (page.locator(".sit .pick label").nth(n) for n in (0, 1))
    held = first.locator("input").is_checked()
    if not held and not second.locator("input").is_checked():
        first.click()
        expect(page.locator(".sit")).to_have_count(0)
        page.get_by_role("button", name="모둠 바꾸기").click()
        held = True
    (second if held else first).click()
    why = page.locator("main").get_by_text("스티커가 끝날 때까지 모둠을 바꿀 수 없어요")
    expect(why).to_be_in_viewport()
    page.screenshot(path=pictures / "phone-table-kept.png")


def test_whoever_comes_after_the_end_finds_the_results_and_no_alarm(
    browser: Browser, house: House, pictures: Path
) -> None:
    score = house.questions()[0]["id"]
    house.lead("agenda_start")
    house.lead("question_open", question=score)
    house.close_question(score)
    house.lead("question_reveal", question=score)
    house.lead("agenda_end")
    page = phone(browser)
    with page.expect_response(re.compile(r"/api/f/\d+/join$")):
        page.goto(f"{house.server.url}/f/{house.code}")
    expect(page.locator("#top .conn")).to_have_count(0)
    # Twice refused is when a line would have been given up, with the alarm.
    page.wait_for_timeout(6000)
    expect(page.locator(".now")).to_contain_text("토론회가 끝났어요")
    expect(page.locator(".found .outcome")).to_be_visible()
    expect(page.locator("[role=alert]")).to_have_count(0)
    expect(page.locator("#top .conn")).to_have_count(0)
    page.screenshot(path=pictures / "phone-late.png")
