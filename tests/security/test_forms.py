"""Forged, foreign, stale and oversized posts: nothing changes, and the sentence says what to do."""

import re

import httpx
import pytest
from starlette.applications import Starlette

from tests import facts
from tests.web.client import HOST, Browser, browsing
from townhall.actions import cards, people
from townhall.hall import Hall
from townhall.storage.database import writing
from townhall.web import routes
from townhall.web.cookies import form_token, form_token_fits

OURS = {"Origin": f"http://{HOST}"}
FORMS = sorted({p.path for p in routes.PAGES if "POST" in p.methods and not p.api})


async def csrf(browser: Browser) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', (await browser.get("/login")).text)
    assert found
    return found[1]


@pytest.mark.parametrize("path", FORMS)
async def test_no_form_is_taken_without_its_token(browser: Browser, hall: Hall, path: str) -> None:
    with writing(hall.database) as session:
        facts.forum(session)
    await csrf(browser)
    filled = re.sub(r"\{\w+(:\w+)?\}", "1", path.replace("{code}", "123456"))
    answer = await browser.post(filled, data={"csrf": "x"}, headers=OURS)
    assert (answer.status_code, "새로 고친" in answer.text) == (403, True)


async def test_a_token_of_another_browser_is_refused(browser: Browser, app: Starlette) -> None:
    async with browsing(app) as other:
        token = await csrf(other)
    await csrf(browser)
    answer = await browser.send_form("/login", csrf=token, login="x", password="y")
    assert answer.status_code == 403


async def test_a_token_from_before_the_sign_in_is_refused(browser: Browser) -> None:
    old = await csrf(browser)
    await browser.submit("/signup", nickname="달", login="moon", password="a long sentence")
    assert (await browser.send_form("/logout", csrf=old)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": f"http://{HOST}.evil.test"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Referer": "http://evil.test/hall.test"},
        {},
    ],
)
async def test_a_post_from_elsewhere_is_turned_away(
    browser: Browser, headers: dict[str, str]
) -> None:
    data = {"csrf": await csrf(browser), "login": "x", "password": "y"}
    assert (await browser.post("/login", data=data, headers=headers)).status_code == 403


@pytest.mark.parametrize(
    "headers", [OURS, {"Sec-Fetch-Site": "same-origin"}, {"Referer": f"http://{HOST}/login"}]
)
async def test_a_post_from_our_own_page_is_heard(browser: Browser, headers: dict[str, str]) -> None:
    data = {"csrf": await csrf(browser), "login": "x", "password": "y"}
    assert (await browser.post("/login", data=data, headers=headers)).status_code == 401


async def test_a_cookie_alone_opens_no_event(browser: Browser, hall: Hall) -> None:
    with writing(hall.database) as session:
        facts.forum(session)
    await browser.post("/api/f/123456/join", json={}, headers=OURS)
    assert "townhall-123456-phone" in browser.cookies
    answer = await browser.post("/api/f/123456/ask", json={}, headers=OURS)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in")


async def test_another_site_cannot_fetch_a_page_token(browser: Browser, hall: Hall) -> None:
    with writing(hall.database) as session:
        facts.forum(session)
    await browser.post("/api/f/123456/join", json={}, headers=OURS)
    foreign = await browser.post("/api/f/123456/token", headers={"Origin": "http://evil.test"})
    silent = await browser.post("/api/f/123456/token")
    assert (foreign.status_code, silent.status_code) == (403, 403)


async def test_a_long_body_is_refused_before_it_is_read(browser: Browser) -> None:
    sent = 0

    async def endless() -> "httpx.AsyncByteStream":
        nonlocal sent
        while True:
            sent += 1024
            yield b"a" * 1024

    answer = await browser.post(
        "/login",
        content=endless(),
        headers=OURS | {"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status_code, "64KB" in answer.text) == (413, True)
    assert sent <= 72 * 1024


async def test_too_many_fields_are_refused(browser: Browser) -> None:
    fields = "&".join(f"f{i}=1" for i in range(600))
    answer = await browser.post(
        "/login",
        content=fields,
        headers=OURS | {"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400


async def test_broken_utf8_in_a_form_is_refused_with_a_sentence(browser: Browser) -> None:
    answer = await browser.post(
        "/login",
        content=b"csrf=x&login=%ff%fe&password=y",
        headers=OURS | {"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status_code, "다시 적어 주세요" in answer.text) == (400, True)


async def test_a_body_of_another_kind_is_no_form(browser: Browser) -> None:
    answer = await browser.post("/login", json={"login": "x"}, headers=OURS)
    assert answer.status_code == 400


async def test_a_new_session_comes_with_every_role(browser: Browser, hall: Hall) -> None:
    with writing(hall.database) as session:
        forum = facts.forum(session)
    ticket = (await cards.mint(hall, facts_moderator(forum), forum, 1))[0].token
    browser.cookies.set("townhall-123456-phone", "planted-by-somebody-else", domain=HOST)
    await browser.submit("/f/123456/enter", k=ticket)
    held = [c.value for c in browser.cookies.jar if c.name == "townhall-123456-phone"]
    assert ticket not in held
    assert {len(value or "") for value in held} - {len("planted-by-somebody-else")} == {32}


def facts_moderator(forum: int) -> people.Actor:
    return people.Actor(role="moderator", session=1, forum=forum)


def test_form_tokens_differ_on_every_page_and_fit_one_browser() -> None:
    one, two = form_token("key", "secret"), form_token("key", "secret")
    assert one != two
    assert form_token_fits(one, "key", "secret")
    assert form_token_fits(two, "key", "secret")
    assert not form_token_fits(one, "other", "secret")
    assert not form_token_fits(one, "key", "another")
    assert not form_token_fits("", "key", "secret")
    assert not form_token_fits(one, None, "secret")
