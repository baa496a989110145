"""The console under a hasty hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_every_screen import House

pytestmark = pytest.mark.timeout(300)

DESK = (1920, 1080)
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
