"""The console under a hasty hand, without a line, and in very large type."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_every_screen import House

pytestmark = pytest.mark.timeout(300)

DESK, REMOTE = (1920, 1080), (390, 844)
HERE = ".run [aria-current] span:not(.fact)"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = House(tmp_path)
    yield opened
    opened.server.stop()


def console(browser: Browser, house: House, size: tuple[int, int]) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="ko-KR", reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(house.addresses["console"])
    expect(page.locator(".mast .conn")).to_have_text("연결됨")
    return page


def test_a_double_press_of_the_big_button_does_one_step(
    browser: Browser, house: House, pictures: Path
) -> None:
    page = console(browser, house, DESK)
    big, here = page.locator("#big"), page.locator(HERE)
    for pause, item in ((0, "여는 말"), (30, "자기소개"), (160, "공론장이란"), (350, "후보 소개")):
        expect(big).to_have_attribute("aria-disabled", "false")
        spot = big.bounding_box()
        assert spot
        at = (spot["x"] + 200, spot["y"] + 40)
        page.mouse.click(*at)
        page.wait_for_timeout(pause)
        page.mouse.click(*at)
        if pause == 160:
            page.screenshot(path=pictures / "console-resting.png")
        page.wait_for_timeout(400)
        page.mouse.click(*at) if not pause else None
        expect(big).to_have_attribute("aria-disabled", "false")
        expect(here).to_have_text(item)
        expect(page.locator(".said")).to_have_count(0)
    big.focus()
    page.keyboard.down("Enter")
    for _ in range(12):
        page.wait_for_timeout(150)
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(here).to_have_text("사전 투표")
    assert {question["state"] for question in house.questions()} == {"draft"}


def test_asking_again_is_held_for_its_second(browser: Browser, house: House) -> None:
    first = house.questions()[0]["id"]
    house.lead("agenda_start")
    for _ in range(4):
        house.lead("agenda_next")
    house.lead("question_open", question=first)
    house.close_question(first)
    page = console(browser, house, DESK)
    page.get_by_role("button", name="다시 묻기").hover()
    page.mouse.down()
    page.wait_for_timeout(1_400)
    page.mouse.up()
    expect(page.locator(".states [aria-current]")).to_have_text("준비")
    assert first in {question["reopens"] for question in house.questions()}


def test_a_result_comes_back_and_a_scene_without_content_says_why(
    browser: Browser, house: House, pictures: Path
) -> None:
    first = house.questions()[0]["id"]
    page = console(browser, house, DESK)
    chip = page.locator(".chips").get_by_role("button", name="결과", exact=True)
    expect(chip).to_have_attribute("aria-disabled", "true")
    chip.click(force=True)
    expect(page.locator(".lacking")).to_contain_text("아직 공개한 결과가 없어요")
    page.screenshot(path=pictures / "console-lacking.png")
    house.lead("agenda_start")
    for _ in range(4):
        house.lead("agenda_next")
    put_on = page.get_by_role("button", name="무대에 올리기")
    expect(page.locator(".view-next .stage")).to_contain_text("점수를 매겨 주세요")
    expect(put_on).to_have_attribute("aria-disabled", "true")
    put_on.click(force=True)
    expect(page.locator(".lacking")).to_contain_text("아직 열지 않은 질문이에요")
    house.lead("question_open", question=first)
    house.close_question(first)
    house.lead("question_reveal", question=first)
    house.lead("agenda_next")
    expect(page.locator(HERE)).to_have_text("모둠 이야기")
    expect(page.locator(".lacking")).to_have_count(0)
    expect(page.locator(".room .sum small").last).to_have_text(re.compile("점수"))
    chip.click()
    put_on.click()
    live = page.locator(".view-live .stage")
    expect(live).to_have_class(re.compile("scene-reveal"))
    house.lead("agenda_end")
    expect(live).to_have_class(re.compile("scene-say"))
    page.locator("summary", has_text="질문 3개").click()
    page.locator(".question-list").get_by_role("button", name="무대로").click()
    expect(live).to_have_class(re.compile("scene-reveal"))
    page.screenshot(path=pictures / "console-result.png")


def test_the_remote_says_that_it_is_cut_off_and_goes_back(
    browser: Browser, house: House, pictures: Path
) -> None:
    house.lead("agenda_start")
    house.lead("agenda_next")
    page = console(browser, house, REMOTE)
    conn, steps = page.locator(".mast .conn"), page.locator(".steps-row")
    page.screenshot(path=pictures / "remote.png", full_page=True)
    expect(page.locator(".run li")).to_have_count(12)
    steps.get_by_role("button", name="이전").click()
    expect(page.locator(HERE)).to_have_text("여는 말")
    steps.get_by_role("button", name="+1분").click()
    expect(page.locator(".run [aria-current]")).to_contain_text("+1분")
    page.context.set_offline(True)
    expect(conn).to_have_text("다시 연결 중")
    expect(conn).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0)")
    page.locator("#big").click()
    expect(page.locator(".said")).to_contain_text("다시 눌러 주세요")
    page.screenshot(path=pictures / "remote-cut.png")
    page.context.set_offline(False)
    expect(conn).to_have_text("연결됨", timeout=40_000)
    expect(page.locator(".said")).to_have_count(0)


def test_words_hold_together_in_very_large_type(
    browser: Browser, house: House, pictures: Path
) -> None:
    house.lead("agenda_start")
    for size in (DESK, (1440, 900), REMOTE):
        page = console(browser, house, size)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        page.screenshot(path=pictures / f"console-large-{size[0]}.png")
        narrow = page.evaluate(
            """() => [...document.querySelectorAll(".run li > span:not(.fact), .facts dt")]
              .filter((e) => e.clientWidth < 4 * parseFloat(getComputedStyle(e).fontSize)
                || e.scrollWidth > e.clientWidth + 1)
              .map((e) => e.textContent)"""
        )
        assert narrow == [], size
        page.context.close()


def test_a_preview_keeps_every_change_inside_its_row(
    browser: Browser, house: House, pictures: Path
) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    phone.goto(house.addresses["phone"])
    page = console(browser, house, (1920, 1080))
    page.goto(f"{page.url.partition('?')[0]}?lang=en")
    house.lead("agenda_start")
    rounds = [one["id"] for one in house.questions() if one["kind"] == "score"]
    for place, question in enumerate(rounds):
        house.lead("question_open", question=question)
        for row in range(3):
            phone.locator(".ballot-row").nth(row).locator(".rate label").nth(2 + place).click()
        phone.locator("button[form=ballot]").click()
        expect(phone.locator(".light-done")).to_be_visible()
        house.close_question(question)
        house.lead("question_reveal", question=question)
    changes = page.locator(".results .mean small")
    expect(changes).to_have_count(3)
    expect(page.locator(".results .heads .end")).to_contain_text("since first")
    page.screenshot(path=pictures / "preview-changes.png")
    over = changes.evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().bottom"
        " - one.closest('li').getBoundingClientRect().bottom)"
    )
    assert max(over) <= 0, over
