"""Every screen at three sizes in two languages, in every state of a forum.

Nothing overflows sideways, the console stays silent, no catalogue key shows, axe finds nothing
serious. With `--album` a picture of each stays under var/pictures for people to look at.
"""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser
from sqlmodel import Session

from tests.browser.hall import Townhall
from tests.browser.screens import LANGUAGES, Visitor
from townhall import __version__
from townhall.storage import rehearsals, seats
from townhall.storage.database import open_database, writing
from townhall.storage.schema import Question, Seat

pytestmark = pytest.mark.timeout(600)


class House:
    """A quiet demo: every link that it printed, and hands to lead the forum with."""

    def __init__(self, folder: Path) -> None:
        self.server = Townhall(folder)
        self.server.demo()
        printed = self.server.log.read_text()
        self.links = re.findall(r"http://\S+", printed)
        stage, console, desk, phone, opened, panel, board, organise = self.links[:8]
        self.addresses = {
            "stage": stage,
            "console": console,
            "desk": desk,
            "phone": phone,
            "open": opened,
            "panel": panel,
            "board": board,
            "organise": organise,
        }
        login = re.search(r"\((\S+) / (\S+)\)", printed)
        assert login
        self.login, self.password = login[1], login[2]
        code = re.search(r"/f/(\d{6})", console)
        assert code
        self.code = code[1]
        self.moderator = console.partition("#k=")[2]
        self.desk_token = desk.partition("#k=")[2]

    def rehearsed(self) -> None:
        """A rehearsal was held, of which some lines are good, some are not and one is bad."""
        figures = {"phones": 300, "came": 300, "votes": 900, "questions": 3, "lost": 2}
        with self.database() as session:
            forum = seats.gate(session, self.code)
            assert forum is not None
            at = int(time.time() * 1000) - 12 * 60_000
            rehearsals.keep(session, forum.id, rehearsals.Found(at, __version__, figures))

    @contextmanager
    def database(self) -> Iterator[Session]:
        """A hand in the database, beside the server."""
        database = open_database(f"sqlite:///{self.server.log.with_name('d.db')}")
        with writing(database) as session:
            yield session
        database.close()

    def lead(self, event: str, **given: Any) -> dict[str, Any]:
        answer = self.server.send(
            self.code, self.moderator, event, key=secrets.token_hex(16), **given
        )
        assert answer["status"] == "ok", answer
        return answer

    def questions(self) -> list[dict[str, Any]]:
        state = self.server.send(self.code, self.moderator, "hello")
        found: list[dict[str, Any]] = state["slices"]["questions"]
        return found

    def may_vote(self, question: int, eligibility: str) -> None:
        """Say of a draft who may vote."""
        with self.database() as session:
            session.get_one(Question, question).eligibility = eligibility

    def number(self, seat: int) -> int:
        """The number on the paper of a seat's ticket."""
        with self.database() as session:
            return session.get_one(Seat, seat).number

    def turnout(self, question: int) -> dict[str, Any]:
        """Who took part, as the console has it."""
        state = self.server.send(self.code, self.moderator, "hello")
        found: dict[str, Any] = state["slices"]["turnout"][str(question)]
        return found

    def at_desk(self, event: str, **given: Any) -> dict[str, Any]:
        answer = self.server.send(self.code, self.desk_token, event, **given)
        assert answer["status"] == "ok", answer
        return answer

    def close_question(self, question: int) -> None:
        """Close without a countdown and wait for the count."""
        self.lead("question_close", question=question, seconds=0)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            time.sleep(0.5)
            seen = httpx.get(f"{self.server.url}/api/f/{self.code}/state").json()
            states = {q["id"]: q["state"] for q in seen["slices"]["questions"]}
            if states[question] == "closed":
                return
        raise AssertionError("the question was not counted")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = House(tmp_path)
    yield opened
    opened.server.stop()


def test_live_screens_hold_in_every_state(
    browser: Browser, house: House, album: Path | None
) -> None:
    screens = ("stage", "console", "desk", "phone")
    tabs = [
        Visitor(browser, name, lang).open(
            _spoken(house.addresses[name], lang, fresh=name, house=house)
        )
        for lang in LANGUAGES
        for name in screens
    ]

    def look(state: str) -> None:
        for tab in tabs:
            tab.page.wait_for_timeout(150)
            tab.check(state, album)
            tab.check_access(state)

    def look_at_the_rehearsal() -> None:
        for tab in tabs:
            if tab.name.startswith("console"):
                tab.page.reload()
                tab.page.locator(".rehearsal summary").click()
                assert tab.page.locator(".sheet-lines li").count() == 13
                tab.check("rehearsal", album)
                tab.check_access("rehearsal")

    score, points, _ = (question["id"] for question in house.questions())
    look("before")
    house.rehearsed()
    look_at_the_rehearsal()
    house.lead("stage_show", scene="join")
    house.lead("agenda_start")
    house.lead("agenda_speaker", name="A", seconds=180)
    look("talk")
    for _ in range(4):
        house.lead("agenda_next")
    house.lead("question_open", question=score, seconds=120)
    look("open")
    house.close_question(score)
    look("closed")
    house.lead("question_reveal", question=score)
    look("revealed")
    for tab in tabs:
        if tab.name.startswith("console"):
            assert _in_sight(tab) == [], tab.name
    house.lead("agenda_next")
    for n, kind in enumerate(("pro", "con", "idea", "question")):
        house.at_desk("note", key=secrets.token_hex(16), kind=kind, text=f"이야기 {n} " * 8)
    house.at_desk(
        "summary",
        key=secrets.token_hex(16),
        rev=1,
        text="닫힌 날에도 책을 돌려줄 수 있게 해요",
        send=True,
    )
    look("tables")
    house.lead("stage_show", scene="summaries")
    house.lead("question_open", question=points)
    look("points")
    house.lead("stage_show", scene="asks")
    look("asks")
    house.lead("stage_show", scene="score")
    look("score")
    house.lead("agenda_end")
    look("ended")
    faults = [fault for tab in tabs for fault in tab.close()]
    assert faults == []


def _in_sight(tab: Visitor) -> list[str]:
    """What of the console's lower edge is cut off or covered, on two usual screens."""
    wrong = []
    for width, height in ((1920, 1080), (1440, 900)):
        tab.page.set_viewport_size({"width": width, "height": height})
        tab.page.wait_for_timeout(60)
        edge = tab.page.evaluate(
            """() => {
              const box = (name) => document.querySelector(name).getBoundingClientRect();
              return [box(".control").bottom, box(".act").top, box(".keys .btn").bottom];
            }"""
        )
        if edge[0] > edge[1]:
            wrong.append(f"{width}: the button covers what is above it")
        if edge[2] > height:
            wrong.append(f"{width}: the key that blanks the stage is cut off")
    return wrong


def _above_the_foot(tab: Visitor) -> float:
    """How far the page's last line is from the rule of its foot, on a phone."""
    tab.page.set_viewport_size({"width": 390, "height": 844})
    gap: float = tab.page.evaluate(
        """() => {
          const box = (name) => document.querySelector(name).getBoundingClientRect();
          return box(".foot").top - box("main").bottom;
        }"""
    )
    return gap


def _spoken(url: str, lang: str, *, fresh: str, house: House) -> str:
    """The same address in a language. A ticket opens one phone; the second is one by code."""
    if fresh == "phone" and lang == "en":
        url = house.addresses["open"]
    address, _, fragment = url.partition("#")
    return f"{address}?lang={lang}" + (f"#{fragment}" if fragment else "")


def test_pages_hold_at_every_size(browser: Browser, house: House, album: Path | None) -> None:
    base = house.server.url
    faults: list[str] = []
    for lang in LANGUAGES:
        tab = Visitor(browser, "pages", lang)
        tab.open(f"{base}/login?lang={lang}")
        tab.check("login", album)
        tab.page.fill("input[name=login]", house.login)
        tab.page.fill("input[name=password]", house.password)
        tab.page.locator("form:has(input[name=password]) button[type=submit]").click()
        tab.page.wait_for_url(lambda url: "/login" not in url)
        for name, path in {
            "home": "/",
            "board": "/b/library",
            "search": "/b/library?q=없는말",
            "proposal": "/b/library/p/1",
            "write": "/b/library/new",
            "join": "/join",
            "enter": f"/f/{house.code}/enter",
            "signup": "/signup",
            "organise": "/organise",
            "board_new": "/organise/boards/new",
            "forum_new": "/organise/forums/new",
            "forum": f"/organise/f/{house.code}",
            "people": "/organise/people",
            "selection": "/organise/s/1",
            "selection_new": "/organise/selections/new",
            "score": "/s/1",
        }.items():
            answer = tab.page.goto(f"{base}{path}")
            assert answer is not None
            assert answer.status == 200, (path, answer.status)
            tab.check(name, album)
            tab.check_access(name)
            if name in ("signup", "write", "score"):
                assert _above_the_foot(tab) >= 24, name
        faults += tab.close()
        panel = Visitor(browser, "panel", lang)
        panel.open(house.addresses["panel"].replace("/enter", f"/enter?lang={lang}"))
        panel.page.wait_for_url("**/panel")
        panel.check("sheet", album)
        panel.check_access("sheet")
        faults += panel.close()
    assert faults == []


def test_page_that_is_not_there_says_what_to_do(
    browser: Browser, house: House, album: Path | None
) -> None:
    for lang in LANGUAGES:
        tab = Visitor(browser, "missing", lang)
        answer = tab.page.goto(f"{house.server.url}/no/such/page?lang={lang}")
        assert answer is not None
        assert answer.status == 404
        tab.faults.clear()  # the browser itself reports the 404
        tab.check("missing", album)
        tab.check_access("missing")
        assert tab.close() == []
