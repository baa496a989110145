"""Bad strings read back in a real browser, in every view: shown as text, and nothing else happens.

Zero dialogs, zero scripts of theirs, zero policy reports, no request to another host, no line on
the console, no sideways overflow; and where a view has room for all strings, each is there as text.
"""

import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from anyio import run
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, sync_playwright

from tests.security.shown import CODE, TITLES, WORST, Shown, build, key
from tests.security.strings import STRINGS, accepted
from tests.servers.chromium import Chromium
from tests.servers.townhall import TownhallServer

PHONE, HALL = (390, 844), (1920, 1080)

_WATCH = """
window.reports = [];
addEventListener("securitypolicyviolation", (e) => reports.push(e.violatedDirective + e.sample));
"""
_SEEN = """() => {
  document.querySelectorAll("details").forEach((e) => (e.open = true));
  const typed = [...document.querySelectorAll("input, textarea")].map((e) => e.value);
  return [document.body.innerText, document.title, ...typed].join("\\n");
}"""
_WIDE = """() => {
  const doc = document.documentElement;
  if (doc.scrollWidth <= doc.clientWidth) return "";
  const worst = [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > doc.clientWidth + 1)
    .slice(0, 4).map((e) => e.tagName + "." + e.className + " " + e.innerText.slice(0, 30));
  return doc.scrollWidth - doc.clientWidth + " px: " + worst.join(" | ");
}"""
_FOREIGN = """() => [...document.querySelectorAll(
  "[onload], [onerror], [onfocus], [onmouseover], [onbegin], plaintext, base, iframe, object, embed"
)].map((e) => e.outerHTML.slice(0, 100)).concat(
  [...document.querySelectorAll("a[href], form[action]")]
    .map((e) => e.getAttribute("href") || e.getAttribute("action"))
    .filter((to) => /^\\s*(javascript|data|vbscript):/i.test(to))).concat(
  [...document.querySelectorAll("img[src], script[src], link[href], use[href], image[href]")]
    .map((e) => e.getAttribute("src") || e.getAttribute("href"))
    .filter((from) => !/^[/#](?!\\/)/.test(from)))"""


def bare(text: str) -> str:
    """A text without its white space, which a page may break anywhere."""
    return "".join(text.split())


@dataclass
class Eye:
    """A tab with every key of the house, and whatever it saw go wrong."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.page.add_init_script(_WATCH)
        self.page.on("dialog", self._dialog)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error.stack}"))
        self.page.on("request", self._request)

    def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if not any(known in message.text for known in self.expected):
            self.faults.append(f"console: {message.text[:200]}")

    def _request(self, request: Request) -> None:
        to = urlsplit(request.url)
        ours = urlsplit(self.url).netloc
        if to.scheme != "data" and (to.netloc != ours or to.path == "/csp"):
            self.faults.append(f"asked for {request.url[:100]}")

    def look(self, view: str, texts: Iterable[str] = (), size: tuple[int, int] = PHONE) -> None:
        """Everything that must hold of what the tab shows now."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.wait_for_timeout(50)
        found = [f"broken: {self.page.evaluate('window.broken')}"]
        found += [f"report: {each}" for each in self.page.evaluate("window.reports")]
        found += [f"live markup: {each}" for each in self.page.evaluate(_FOREIGN)]
        seen = bare(self.page.evaluate(_SEEN))
        found += [f"not shown: {text!r}" for text in texts if bare(text) not in seen]
        if wide := self.page.evaluate(_WIDE):
            found.append(f"overflows by {wide}")
        self.faults += [f"{view}: {each}" for each in found if each != "broken: None"]

    def go(self, path: str, texts: Iterable[str] = (), size: tuple[int, int] = PHONE) -> None:
        """Open an address of the house and look."""
        self.page.goto(f"{self.url}{path}")
        self.look(path, texts, size)

    def until(self, text: str) -> None:
        """Wait for a live screen to show a text, then give it a moment to settle."""
        self.page.wait_for_function(
            "(text) => document.body.innerText.replace(/\\s/g, '').includes(text)", arg=bare(text)
        )


@pytest.fixture(scope="module")
def browser(chromium: Chromium) -> Iterator[Browser]:
    """A running Chromium; elsewhere in this folder a browser is one without scripts."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium.path, env=dict(chromium.env), args=list(chromium.args)
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """The house of strings behind a running server."""
    folder = tmp_path_factory.mktemp("shown")
    with ThreadPoolExecutor(1) as aside:  # The browser's own loop occupies this thread.
        made = aside.submit(run, build, folder).result()
    server = TownhallServer(folder, f"sqlite:///{made.file}")
    server.start()
    made.url = server.url
    yield made
    server.stop()
    lines = server.log.read_text()
    assert "Traceback" not in lines
    assert "csp" not in lines


@pytest.fixture
def eye(browser: Browser, shown: Shown) -> Iterator[Eye]:
    context = browser.new_context(locale="ko-KR", timezone_id="Asia/Seoul")
    context.add_cookies(
        [{"name": name, "value": value, "url": shown.url} for name, value in shown.cookies.items()]
    )
    opened = Eye(context.new_page(), shown.url)
    yield opened
    context.close()
    assert not opened.faults, "\n".join(opened.faults)


def lead(shown: Shown, event: str, **given: Any) -> None:
    """Steer the forum as its moderator, no faster than one may."""
    token = shown.cookies[f"townhall-{CODE}-console"]
    payload = given if event == "ask_state" else {"key": key()} | given
    while True:
        answer = httpx.post(
            f"{shown.url}/api/f/{CODE}/{event}",
            json=payload,
            headers={"Authorization": f"Bearer {token}"},
        )
        if answer.status_code != 429:
            break
        time.sleep(0.3)
    assert answer.json()["status"] == "ok", answer.text


def rewrite(shown: Shown, statement: str, *values: Any) -> None:
    """Change a row behind the server's back, as far as it can tell by a command."""
    with sqlite3.connect(shown.file) as database:
        database.execute(statement, values)
        database.execute("UPDATE forum SET revision = revision + 1")
    database.close()


def test_the_eye_sees_what_would_be_wrong(browser: Browser, shown: Shown) -> None:
    """The control: a string that became markup is noticed, though the policy stops its script."""
    context = browser.new_context()
    eye = Eye(context.new_page(), shown.url)
    eye.page.goto(f"{shown.url}/login")
    context.set_offline(True)  # The server shall hear of no report but real ones.
    eye.page.evaluate(
        "(text) => document.body.insertAdjacentHTML('beforeend', text)", STRINGS["img"]
    )
    eye.look("control", ["nowhere on this page"])
    context.close()
    said = " ".join(eye.faults)
    for sign in ("live markup", "report: script-src", "report: img-src", "not shown", "asked for"):
        assert sign in said, sign


def test_the_board_shows_them_as_text(eye: Eye, shown: Shown) -> None:
    eye.go("/", accepted(80).values())
    pages = -(-len(shown.proposals) // 20)
    titles = set(map(bare, accepted(200).values()))
    seen = ""
    for number in range(1, pages + 1):
        eye.go(f"/b/library?page={number}")
        seen += bare(eye.page.evaluate(_SEEN))
    assert {title for title in titles if title not in seen} == set()
    comments = [text for text in accepted(1_000, lines=True).values() if not text.startswith("#")]
    eye.go(f"/b/library/p/{shown.proposals['html']}", comments)
    for name in WORST:
        eye.go(f"/b/library/p/{shown.proposals[name]}", [accepted(200)[name]])


def test_what_is_typed_comes_back_as_text(eye: Eye, shown: Shown) -> None:
    eye.expected = ("status of 4",)
    for name in ("script", "img", "attribute", "unclosed", "long_latin"):
        text = STRINGS[name]
        eye.go(f"/b/library?q={quote(text)}", [text])
        eye.go(f"/b/library?tag={quote(text)}")
        eye.go(f"/{quote(text, safe='')}")
        eye.go(f"/join?code={quote(text)}")
    eye.page.context.clear_cookies()
    for path, name in (("/login", "login"), ("/signup", "login"), ("/join", "code")):
        eye.page.goto(f"{shown.url}{path}")
        form = eye.page.locator(f"form:has(input[name={name}])")
        for typed in form.locator("input:not([type=hidden])").all():
            typed.evaluate("(e) => e.removeAttribute('maxlength')")
            typed.evaluate("(e) => e.removeAttribute('pattern')")
            typed.fill(STRINGS["img"])
        with eye.page.expect_navigation(wait_until="networkidle"):
            form.evaluate("(e) => { e.noValidate = true; e.requestSubmit(); }")
        eye.look(f"{path} refused", [STRINGS["img"]])


def test_the_organisers_pages_show_them_as_text(eye: Eye, shown: Shown) -> None:
    eye.go("/organise", [accepted(80)[name] for name in WORST])
    eye.go("/organise/people", accepted(20).values())
    eye.go("/organise/boards/new")
    eye.go("/organise/forums/new?board=library")
    eye.go(f"/organise/f/{CODE}", [*accepted(80).values(), *accepted(300).values()])
    eye.go("/organise/selections/new")
    for selection in shown.selections:
        eye.go(f"/organise/s/{selection}")
    for code in shown.forums.values():
        eye.go(f"/organise/f/{code}")


def test_tickets_show_the_forum_as_text(eye: Eye, shown: Shown) -> None:
    for form in ("page", "sheet"):
        eye.page.goto(f"{shown.url}/organise/f/{shown.forums['img']}")
        eye.page.evaluate(
            """(as) => {
              document.querySelectorAll("details").forEach((e) => (e.open = true));
              const form = document.querySelector("form[action$='/tickets']");
              form.querySelector("[name=count]").value = "2";
              const made = document.createElement("input");
              Object.assign(made, { type: "hidden", name: "as", value: as });
              form.querySelectorAll("[name=as]").forEach((e) => e.remove());
              form.append(made);
              form.submit();
            }""",
            form,
        )
        eye.page.wait_for_load_state("networkidle")
        # A sheet of paper is wider than a phone.
        texts = [accepted(80)["img"]] if form == "sheet" else []
        eye.look(f"tickets as {form}", texts, PHONE if form == "page" else HALL)


def test_the_score_shows_them_as_text(eye: Eye, shown: Shown) -> None:
    for selection, names in zip(shown.selections, TITLES, strict=True):
        eye.go(f"/s/{selection}", [accepted(80)[name] for name in names])
        eye.look(f"/s/{selection} wide", size=HALL)
    for name, code in shown.forums.items():
        if name.startswith("panel"):
            eye.go(f"/f/{code}/panel")


def test_the_phone_shows_them_as_text(eye: Eye, shown: Shown) -> None:
    eye.go(f"/f/{CODE}")
    for tab in ("agenda", "table", "asks", "votes"):
        eye.page.evaluate("(tab) => { location.hash = tab; }", tab)
        eye.page.wait_for_timeout(150)
        eye.look(f"phone {tab}", accepted(200).values() if tab == "asks" else ())
    alone = "UPDATE question SET state = iif(id = ?, 'open', 'draft') WHERE kind = 'yesno'"
    for name in WORST:
        rewrite(shown, alone, shown.questions[name])
        eye.page.goto(f"{shown.url}/f/{CODE}")
        eye.until(accepted(300)[name])
        eye.look(f"phone asked {name}", [accepted(300)[name]])
    rewrite(shown, "UPDATE question SET state = 'open' WHERE kind = 'yesno'")
    for name in WORST:
        eye.go(f"/f/{shown.forums[name]}")
        eye.go(f"/f/{shown.forums[name]}/enter")


def test_a_phone_without_scripts_shows_them_as_text(browser: Browser, shown: Shown) -> None:
    context = browser.new_context(java_script_enabled=False, locale="ko-KR")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{shown.url}/f/{CODE}")
    seen = bare(page.inner_text("body"))
    assert [text for text in accepted(300).values() if bare(text) not in seen] == []
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(shown.url).netloc}
    context.close()


def test_desk_and_console_show_them_as_text(eye: Eye, shown: Shown) -> None:
    eye.go(f"/f/{CODE}/desk")
    notes = accepted(300, lines=True).values()
    eye.until(next(iter(notes)))
    eye.look("desk", notes)
    eye.look("desk wide", size=HALL)
    eye.go(f"/f/{CODE}/console")
    eye.page.wait_for_timeout(400)
    eye.look("console", accepted(200).values())
    eye.look("console wide", size=HALL)


def test_every_scene_of_the_stage_shows_them_as_text(eye: Eye, shown: Shown) -> None:
    lead(shown, "stage_show", scene="waiting")
    eye.go(f"/f/{CODE}/stage", [accepted(80)["img"]], HALL)
    for scene in ("join", "agenda", "summaries", "points", "asks"):
        given = {"question": shown.points} if scene == "points" else {}
        lead(shown, "stage_show", scene=scene, **given)
        eye.page.wait_for_timeout(400)
        eye.look(f"stage {scene}", size=HALL)
        eye.look(f"stage {scene}")
    for name in WORST[:5]:
        lead(shown, "stage_show", scene="question", question=shown.questions[name])
        eye.until(accepted(300)[name])
        eye.look(f"stage question {name}", size=HALL)
        lead(shown, "ask_state", ask=shown.asks[name], state="on_stage")
        lead(shown, "stage_show", scene="asks")
        eye.until(accepted(200)[name])
        eye.look(f"stage ask {name}", size=HALL)
    lead(shown, "stage_show", scene="reveal", question=shown.choice)
    eye.until(accepted(300)["json_break"])
    eye.look("stage reveal", size=HALL)
    lead(shown, "agenda_speaker", name=accepted(40)["wide"], seconds=60)
    lead(shown, "stage_show", scene="agenda")
    eye.page.wait_for_timeout(400)
    eye.look("stage speaker", size=HALL)


def test_the_stage_shows_a_score_of_them_as_text(eye: Eye, shown: Shown) -> None:
    codes = [code for name, code in shown.forums.items() if name.startswith("panel")]
    for code, names in zip(codes, TITLES, strict=True):
        score = '{"scene": "score"}'
        rewrite(shown, "UPDATE forum SET stage = ? WHERE code = ?", score, code)
        eye.go(f"/f/{code}/stage", size=HALL)
        eye.until(accepted(80)[names[0]])
        eye.look("stage score", [accepted(80)[name] for name in names], size=HALL)


def test_the_state_as_json_is_inert(shown: Shown) -> None:
    answer = httpx.get(f"{shown.url}/api/f/{CODE}/state")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    state = answer.json()["slices"]
    assert [one["text"] for one in state["asks"]] == list(accepted(200).values())
    page = httpx.get(f"{shown.url}/f/{CODE}").text
    block = re.search(
        r'<script type="application/json" id="boot"[^>]*>(.*?)</script>', page, re.DOTALL
    )
    assert block
    assert "<" not in block[1]


def test_sealed_file_is_inert(shown: Shown) -> None:
    for selection, names in zip(shown.selections, TITLES, strict=True):
        answer = httpx.get(f"{shown.url}/s/{selection}.json")
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        titles = [each["title"] for each in answer.json()["candidates"]]
        assert titles == [accepted(80)[name] for name in names]
