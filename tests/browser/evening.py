"""What people do on an evening, with real pages and real hands: the steps of the journeys.

An organiser makes a board, a forum and its panel; neighbours propose and give sympathy; two desks
write; three phones with tickets and one with the code vote; a moderator leads; three panelists
score; stage, page, export and command show the same numbers.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.hall import Townhall

PASSWORD = "작은도서관은 내게 마당이다"
TITLES = ("도서관 개방 알림판", "방문 예약제", "유아와 함께 쓰는 시간")
CRITERIA = ("reach", "feasible", "fit", "lasting")

# Sympathy 2, 1, 0; final scores A 5 4 3, B 3 5 4, C 1 – 2; sheets A 4 4 5, B 5 4 4, C 3 2 3.
FIRST = ((5, 3, 1), (5, 4, 2), (4, 4, 1))
FINAL = ((5, 3, 1), (4, 5, None), (3, 4, 2))
SHEETS = ((4, 5, 3), (4, 4, 2), (5, 4, 3))
# By hand: A 25 + 25·4/5 + 50·(13/3)/5, B 12.5 + 25·4/5 + 50·(13/3)/5, C 0 + 25·1.5/5 + 50·(8/3)/5.
EXPECTED = {"A": "88.33", "B": "75.83", "C": "34.17"}


class People:
    """Everybody's browsers; a message on any console fails the journey."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.browser, self.base = browser, base
        self.complaints: list[str] = []

    def page(self, width: int, height: int) -> Page:
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            locale="ko-KR",
            timezone_id="Asia/Seoul",
            reduced_motion="reduce",
            ignore_https_errors=True,
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda m: self.complaints.append(f"{page.url}: {m.text}"))
        page.on("pageerror", lambda e: self.complaints.append(f"{page.url}: {e}"))
        return page

    def phone(self, url: str) -> Page:
        page = self.page(390, 844)
        page.goto(url)
        return page


def submit(page: Page, inside: str = "main form") -> None:
    page.locator(f"{inside} button[type=submit]").first.click()


def sign_up(people: People, login: str, nickname: str) -> Page:
    page = people.page(390, 844)
    page.goto(f"{people.base}/signup")
    page.fill("input[name=login]", login)
    page.fill("input[name=nickname]", nickname)
    page.fill("input[name=password]", PASSWORD)
    page.locator("form:has(input[name=password]) button[type=submit]").click()
    page.wait_for_url(lambda url: "/signup" not in url)
    return page


def propose(page: Page, base: str, title: str) -> str:
    page.goto(f"{base}/b/library/new")
    page.fill("input[name=title]", title)
    page.fill("textarea[name=background]", "오늘 문을 여는지 몰라서 헛걸음한 날이 많아요.")
    page.fill("textarea[name=content]", "골목 입구에 알림판을 달고 누구나 뒤집게 해요.")
    page.locator("form:has(textarea[name=content]) button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/b/library/p/\d+"))
    return page.url.partition("?")[0]


def sympathise(page: Page, proposal: str) -> None:
    page.goto(proposal)
    page.locator("form[action$='/sympathy'] button").first.click()
    expect(page.locator("form[action$='/sympathy'] .btn-given")).to_be_visible()


def press(console: Page, word: str) -> None:
    """The one big button, once it says this word; held for a second where it asks for it."""
    big: Locator = console.locator("#big")
    expect(big).to_contain_text(word)
    expect(big).to_have_attribute("aria-disabled", "false")
    if "btn-hold" in (big.get_attribute("class") or ""):
        big.hover()
        console.mouse.down()
        console.wait_for_timeout(1_400)
        console.mouse.up()
    else:
        before = big.text_content() or ""
        big.click()
        expect(big).not_to_have_text(before)


def pass_over(console: Page, items: int) -> None:
    """Go on in the run of show, whatever an item would have held."""
    onward = console.locator(".steps-row").get_by_role("button", name="다음", exact=True)
    for _ in range(items):
        here = console.locator(".run [aria-current]")
        before = here.text_content() or ""
        onward.click()
        expect(here).not_to_have_text(before)


def score(phone: Page, scores: tuple[int | None, ...]) -> None:
    """Fill in a score ballot and send it; comes back with the green light."""
    rows = phone.locator(".ballot-row")
    expect(rows).to_have_count(len(scores))
    for n, given in enumerate(scores):
        if given is None:
            rows.nth(n).locator(".pass").click()
        else:
            rows.nth(n).locator(".rate label").nth(given - 1).click()
    phone.locator("button[form=ballot]").click()
    expect(phone.locator(".light-done")).to_be_visible()


def finish(console: Page) -> None:
    """Close with the countdown, wait for the count, reveal."""
    press(console, "마감")
    expect(console.locator("#big")).to_contain_text("공개", timeout=30_000)
    press(console, "공개")


def link_under(page: Page, heading: str) -> str:
    """The link on the card with this heading."""
    title = page.get_by_role("heading", name=heading, exact=True)
    card = page.locator(".link-cards li").filter(has=title)
    return card.locator("a").first.get_attribute("href") or ""


def digits(url: str) -> str:
    """The six digits of a forum in an address."""
    found = re.search(r"/f/(\d{6})", url)
    assert found
    return found[1]


def open_board(people: People, server: Townhall) -> Page:
    """The organiser signs in with the account made on the command line, and opens a board."""
    made = server.run("user", "organiser", "nara", "--stdin", given=PASSWORD + "\n")
    assert made.returncode == 0, made.stderr
    organiser = people.page(1280, 900)
    organiser.goto(f"{people.base}/organise")
    organiser.fill("input[name=login]", "nara")
    organiser.fill("input[name=password]", PASSWORD)
    organiser.locator("form:has(input[name=password]) button[type=submit]").click()
    organiser.wait_for_url("**/organise")
    organiser.goto(f"{people.base}/organise/boards/new")
    organiser.fill("input[name=title]", "우리동네 작은도서관")
    organiser.fill("input[name=key]", "library")
    organiser.fill("textarea[name=about]", "작은도서관을 더 가깝게 만드는 제안을 모아요.")
    submit(organiser)
    organiser.wait_for_url("**/b/library")
    return organiser


def gather_proposals(people: People) -> list[str]:
    """Neighbours propose, and give sympathy to each other's proposals."""
    neighbours = [sign_up(people, f"neighbour{n}", f"이웃 {n}") for n in (1, 2, 3)]
    proposals = [propose(p, people.base, t) for p, t in zip(neighbours, TITLES, strict=True)]
    for who, what in ((1, 0), (2, 0), (0, 1)):
        sympathise(neighbours[who], proposals[what])
    return [url.rpartition("/")[2] for url in proposals]


def make_forum(
    people: People, organiser: Page, numbers: list[str], pictures: Path
) -> tuple[list[str], dict[str, str]]:
    """The forum with its tickets, cards and links, which are shown this once."""
    organiser.goto(f"{people.base}/organise/forums/new?board=library")
    organiser.fill("input[name=title]", "작은도서관 열린토론회")
    organiser.fill("textarea[name=candidates]", "\n".join(f"#{n}" for n in numbers))
    organiser.fill("input[name=tables]", "2")
    organiser.fill("input[name=tickets]", "6")
    organiser.fill("input[name=starts_at]", "2026-11-28T14:00")
    organiser.locator("form:has(input[name=tickets]) button.btn-main").click()
    organiser.wait_for_selector(".ticket-list", state="attached")
    organiser.screenshot(path=pictures / "made.png", full_page=True)
    tickets = [each.text_content() or "" for each in organiser.locator(".ticket-list code").all()]
    assert len(tickets) == 6
    doors = {
        name: link_under(organiser, words)
        for name, words in {
            "console": "진행자",
            "stage": "무대 화면",
            "1": "1모둠 카드",
            "2": "2모둠 카드",
        }.items()
    }
    return tickets, doors


def seat_panel(people: People, organiser: Page) -> list[str]:
    """The selection's rule: three seats on the panel; three links."""
    organiser.goto(f"{people.base}/organise/s/1")
    organiser.fill("input[name=seats]", "3")
    organiser.locator("form[action$='/rule'] button[type=submit]").click()
    organiser.wait_for_load_state()
    assert organiser.input_value("input[name=seats]") == "3"
    organiser.fill("textarea[name=names]", "하나\n둘\n셋")
    organiser.locator("form[action$='/panel'] button[type=submit]").click()
    organiser.wait_for_selector(".link-cards")
    links = organiser.locator(".link-cards a").all()
    sheets = [link.get_attribute("href") or "" for link in links]
    assert len(sheets) == 3
    return sheets


@dataclass
class Room:
    """Every screen of the evening."""

    console: Page
    stage: Page
    desks: list[Page]
    phones: list[Page]
    guest: Page
    pictures: Path


@dataclass
class Evening:
    """The organiser's page, the panel's links, and the room."""

    organiser: Page
    sheets: list[str]
    room: Room


def enter(people: People, tickets: list[str], doors: dict[str, str], pictures: Path) -> Room:
    """Three come with tickets, one with the six digits alone."""
    console, stage = people.page(1440, 900), people.page(1920, 1080)
    console.goto(doors["console"])
    console.wait_for_url("**/console")
    stage.goto(doors["stage"])
    stage.wait_for_url("**/stage")
    desks = [people.page(1180, 820) for _ in "12"]
    for number, desk in zip("12", desks, strict=True):
        desk.goto(doors[number])
        desk.wait_for_url("**/desk")
    phones = [people.phone(url.strip()) for url in tickets[:3]]
    guest = people.phone(f"{people.base}/f/{digits(tickets[0])}")
    for phone in (*phones, guest):
        expect(phone.locator(".tabs")).to_be_visible()
    return Room(console, stage, desks, phones, guest, pictures)


def first_round(room: Room) -> None:
    """The run of show begins; a first vote, before the tables talk."""
    press(room.console, "시작")
    for _ in range(4):
        press(room.console, "다음")
    press(room.console, "열기")
    expect(room.stage.locator("body")).to_contain_text("6명 가운데 0명")
    for phone, scores in zip(room.phones, FIRST, strict=True):
        score(phone, scores)
    expect(room.stage.locator("body")).to_contain_text("6명 가운데 3명")
    assert "3.67" not in room.stage.inner_text("body")
    room.stage.screenshot(path=room.pictures / "first-open.png")
    finish(room.console)


def talk_at_tables(room: Room) -> None:
    """Two desks write what is said, and send a sentence each."""
    press(room.console, "다음")
    for desk in room.desks:
        expect(desk.locator("body")).to_contain_text("모둠 이야기")
    for number, desk in enumerate(room.desks, start=1):
        for line in ("오늘 여는지 몰라서 헛걸음했어요", "골목에 알림판을 달아요"):
            desk.fill("#note-text", line)
            desk.keyboard.press("Enter")
        expect(desk.locator(".note-list > li")).to_have_count(2)
        desk.locator("textarea.field").first.fill(f"{number}모둠은 알림판이 먼저예요")
        desk.locator(".read").click()
        desk.screenshot(path=room.pictures / "desk-reading.png")
        desk.get_by_role("button", name="무대로 보내기").click()
        expect(desk.locator(".light-done")).to_be_visible()
    room.desks[0].screenshot(path=room.pictures / "desk.png")


def give_stickers(room: Room) -> None:
    """After the break, stickers over what the tables said."""
    press(room.console, "다음")  # the break
    press(room.console, "다음")  # stickers over what the tables said
    press(room.console, "열기")
    for n, phone in enumerate(room.phones):
        phone.locator(".stepper .step").last.click()
        expect(phone.locator(".light-done")).to_be_visible()
        phone.screenshot(path=room.pictures / f"points-{n}.png")
    finish(room.console)


def ask(room: Room) -> None:
    """Someone without a ticket asks, and the console shows it."""
    room.guest.get_by_role("link", name="질문").click()
    room.guest.locator("textarea").fill("언제부터 시작하나요?")
    room.guest.locator("form:has(textarea) button[type=submit]").click()
    expect(room.console.locator("body")).to_contain_text("언제부터 시작하나요?")


def final_round(room: Room) -> None:
    """The final round, from its opening to its result on the stage."""
    press(room.console, "열기")
    for phone, scores in zip(room.phones, FINAL, strict=True):
        score(phone, scores)
    finish(room.console)
    expect(room.stage.locator("body")).to_contain_text("4.00")
    room.stage.screenshot(path=room.pictures / "final-revealed.png")
    room.console.screenshot(path=room.pictures / "console.png")


def score_as_panel(people: People, organiser: Page, sheets: list[str]) -> None:
    """Three panelists score; the rule was locked when the first ballot box opened."""
    for url, given in zip(sheets, SHEETS, strict=True):
        panelist = people.page(820, 1180)
        panelist.goto(url)
        panelist.wait_for_url("**/panel")
        for letter, points in zip("ABC", given, strict=True):
            for criterion in CRITERIA:
                name = f"score-{letter}-{criterion}"
                panelist.locator(f"label:has(input[name='{name}'][value='{points}'])").click()
        panelist.locator("button[name=do][value=final]").click()
        expect(panelist.locator(".light-done").first).to_be_visible()
        panelist.context.close()
    organiser.goto(f"{people.base}/organise/s/1")
    expect(organiser.locator("main")).to_contain_text("잠")
    organiser.locator("form[action$='/close'] button[type=submit]").click()
    organiser.wait_for_load_state()


def begin(people: People, server: Townhall, pictures: Path) -> Evening:
    """All that comes before the run of show begins."""
    organiser = open_board(people, server)
    tickets, doors = make_forum(people, organiser, gather_proposals(people), pictures)
    sheets = seat_panel(people, organiser)
    return Evening(organiser, sheets, enter(people, tickets, doors, pictures))


def publish(people: People, server: Townhall, evening: Evening, export: Path) -> None:
    """The panel scores; page, stage, export and command say the same."""
    organiser, room = evening.organiser, evening.room
    score_as_panel(people, organiser, evening.sheets)
    organiser.goto(f"{people.base}/s/1")
    organiser.screenshot(path=room.pictures / "score-page.png", full_page=True)
    room.console.get_by_role("button", name="점수표").click()
    room.console.get_by_role("button", name="무대에 올리기").click()
    for total in EXPECTED.values():
        expect(organiser.locator("main")).to_contain_text(total)
        expect(room.stage.locator("body")).to_contain_text(total)
    room.stage.screenshot(path=room.pictures / "score-stage.png")
    export.write_text(organiser.request.get(f"{people.base}/s/1.json").text())
    recomputed = json.loads(server.run("score", str(export), "--json").stdout)
    totals = {each["id"]: each["total"]["display"] for each in recomputed["candidates"]}
    assert totals == EXPECTED
    expect(organiser.locator("main")).to_contain_text(recomputed["digest"][7:15])
    assert people.complaints == [], people.complaints
