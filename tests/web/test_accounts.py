"""Signing up, in and out, and accepting invitations, as pages."""

import httpx
import pytest
from starlette.applications import Starlette

from tests.facts import Clock
from tests.web.client import Browser, browsing
from townhall.actions import accounts, people
from townhall.hall import Hall

PASSWORD = "한 문장이면 좋아요"
MEMBER = {"nickname": "하늘", "login": "Haneul", "password": PASSWORD}


def account_cookie(browser: Browser) -> str | None:
    return browser.cookies.get("townhall")


async def test_signing_up_opens_a_session(browser: Browser, hall: Hall) -> None:
    answer = await browser.submit("/signup", **MEMBER, next="/b/library")
    assert (answer.status_code, answer.headers["location"]) == (303, "/b/library")
    token = account_cookie(browser)
    assert token is not None
    actor = await people.recognise(hall, token)
    assert (actor.role, actor.nickname) == ("member", "하늘")


async def test_a_refused_form_keeps_what_was_typed_but_no_password(browser: Browser) -> None:
    await browser.submit("/signup", **MEMBER)
    answer = await browser.submit("/signup", **(MEMBER | {"nickname": "구름"}))
    assert answer.status_code == 422
    assert "구름" in answer.text
    assert "이미 있는 아이디예요" in answer.text
    assert PASSWORD not in answer.text


async def test_a_short_password_is_refused_at_its_field(browser: Browser) -> None:
    answer = await browser.submit("/signup", **(MEMBER | {"password": "짧아요"}))
    assert answer.status_code == 422
    assert 'id="password-error"' in answer.text


async def test_signing_in_and_out_changes_session_and_form_key(
    browser: Browser, hall: Hall
) -> None:
    await browser.submit("/signup", **MEMBER)
    first, key = account_cookie(browser), browser.cookies["townhall-form"]
    await browser.submit("/logout", "/login")
    assert account_cookie(browser) is None
    assert browser.cookies["townhall-form"] != key
    assert first is not None
    assert (await people.recognise(hall, first)).role == "visitor"
    answer = await browser.submit("/login", login=" HANEUL ", password=PASSWORD)
    assert answer.status_code == 303
    assert account_cookie(browser) not in {None, first}


async def test_a_wrong_password_and_an_unknown_login_read_the_same(browser: Browser) -> None:
    await browser.submit("/signup", **MEMBER)
    wrong = await browser.submit("/login", login="haneul", password="another one")
    unknown = await browser.submit("/login", login="nobody", password="another one")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    sentence = "아이디나 비밀번호가 맞지 않아요"
    assert sentence in wrong.text
    assert sentence in unknown.text


async def test_five_failures_make_an_account_wait_and_no_other(
    browser: Browser, hall: Hall, clock: Clock
) -> None:
    await accounts.add_organiser(hall, "haneul", PASSWORD)
    await accounts.add_organiser(hall, "gureum", PASSWORD)
    for _ in range(5):
        await browser.submit("/login", login="haneul", password="another one")
    waiting = await browser.submit("/login", login="haneul", password=PASSWORD)
    assert (waiting.status_code, "10초 뒤에" in waiting.text) == (429, True)
    other = await browser.submit("/login", login="gureum", password=PASSWORD)
    assert other.status_code == 303
    clock.pass_seconds(10)
    assert (await browser.submit("/login", login="haneul", password=PASSWORD)).status_code == 303


@pytest.mark.parametrize("path", ["//evil.test/", "https://evil.test/", "/\\evil.test", "evil"])
async def test_signing_in_never_leads_to_another_site(browser: Browser, path: str) -> None:
    answer = await browser.submit("/signup", **MEMBER, next=path)
    assert answer.headers["location"] == "/"


async def test_the_first_organiser_comes_by_the_setup_invitation(
    browser: Browser, hall: Hall, app: Starlette
) -> None:
    token = await accounts.setup_invite(hall)
    answer = await browser.submit("/invite", **MEMBER, k=f"http://hall.test/invite#k={token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/organise")
    held = account_cookie(browser)
    assert held is not None
    assert (await people.recognise(hall, held)).role == "organiser"
    assert await accounts.setup_invite(hall) is None
    async with browsing(app) as second:
        again = await second.submit("/invite", **(MEMBER | {"login": "gureum"}), k=token)
    assert (again.status_code, "새 초대를 받아 주세요" in again.text) == (422, True)


async def test_an_invitation_ends_after_fifteen_minutes(
    browser: Browser, hall: Hall, clock: Clock
) -> None:
    token = await accounts.setup_invite(hall)
    clock.pass_seconds(15 * 60)
    answer = await browser.submit("/invite", **MEMBER, k=token)
    assert answer.status_code == 422


async def test_a_signed_in_member_only_accepts(browser: Browser, hall: Hall) -> None:
    await browser.submit("/signup", **MEMBER)
    before = account_cookie(browser)
    token = await accounts.setup_invite(hall)
    answer = await browser.submit("/invite", k=token)
    assert answer.status_code == 303
    assert account_cookie(browser) != before


async def test_unknown_fields_are_refused(browser: Browser) -> None:
    answer = await browser.submit("/signup", **MEMBER, role="organiser")
    assert (answer.status_code, "role" in answer.text) == (400, True)


async def test_the_language_follows_the_link_then_the_browser(browser: Browser) -> None:
    def language(answer: httpx.Response) -> bool:
        return '<html lang="en">' in answer.text

    assert not language(await browser.get("/login"))
    assert language(await browser.get("/login", headers={"Accept-Language": "en-GB,ko;q=0.5"}))
    assert language(await browser.get("/login?lang=en"))
    assert language(await browser.get("/login", headers={"Accept-Language": "ko"}))
