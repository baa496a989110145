"""The JSON door: joining, the twins of the socket's events, the cacheable state."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests import facts
from tests.web.client import HOST, Browser
from townhall.actions import cards, people
from townhall.counts import COUNTS
from townhall.domain.audience import Actor
from townhall.events import EVENTS, VOTES
from townhall.hall import Hall
from townhall.screens import slices
from townhall.storage.database import writing
from townhall.storage.schema import Question

ORGANISER = Actor(role="organiser", session=1, person=1)
KEY, NONCE = "a" * 32, "b" * 32
JOIN = "/api/f/123456/join"


@pytest.fixture
def forum(hall: Hall) -> int:
    """A running forum with one table and one open question (id 1)."""
    with writing(hall.database) as session:
        made = facts.forum(session)
        facts.table(session, made)
        facts.question(session, made, eligibility="open")
    return made


async def joined(browser: Browser, **body: Any) -> dict[str, str]:
    """Headers that speak for a new seat."""
    token = (await browser.post(JOIN, json=body)).json()["token"]
    browser.cookies.clear()
    return {"Authorization": f"Bearer {token}"}


def vote(choice: object = "yes", **more: object) -> dict[str, object]:
    return {"question": 1, "key": KEY, "nonce": NONCE, "rev": 1, "choice": choice} | more


async def test_joining_gives_a_token_and_no_cookie_to_scripts(
    browser: Browser, hall: Hall, forum: int
) -> None:
    answer = await browser.post(JOIN, json={"nickname": "달", "table": 1})
    body = answer.json()
    assert (answer.status_code, sorted(body)) == (200, ["expires", "seat", "status", "token"])
    assert "set-cookie" not in answer.headers
    actor = await people.recognise(hall, body["token"])
    assert (actor.role, actor.seat, actor.nickname, actor.table) == ("open", body["seat"], "달", 1)


async def test_joining_from_a_page_keeps_the_seat_on_reload(browser: Browser, forum: int) -> None:
    answer = await browser.post(JOIN, json={}, headers={"Origin": f"http://{HOST}"})
    assert answer.cookies["townhall-123456-phone"] == answer.json()["token"]


async def test_a_ticket_joins_once(browser: Browser, hall: Hall, forum: int) -> None:
    ticket = (await cards.mint(hall, ORGANISER, forum, 1))[0].token
    assert (await browser.post(JOIN, json={"ticket": ticket})).status_code == 200
    again = await browser.post(JOIN, json={"ticket": ticket})
    assert (again.status_code, again.json()["code"]) == (409, "ticket_used")
    assert "진행자에게" in again.json()["message"]


async def test_a_phone_that_shows_its_key_again_gets_its_seat_again(
    browser: Browser, hall: Hall, forum: int
) -> None:
    ticket = (await cards.mint(hall, ORGANISER, forum, 1))[0].token
    shown = {"ticket": ticket, "key": KEY}
    seats = [(await browser.post(JOIN, json=shown)).json()["seat"] for _ in range(2)]
    assert seats[0] == seats[1]
    other = await browser.post(JOIN, json={"ticket": ticket, "key": NONCE})
    assert other.json()["code"] == "ticket_used"


async def test_a_phone_with_a_seat_is_asked_before_another_ticket(
    browser: Browser, hall: Hall, forum: int
) -> None:
    mine, other = [ticket.token for ticket in await cards.mint(hall, ORGANISER, forum, 2)]
    headers = await joined(browser, ticket=mine)
    asked = await browser.post(JOIN, json={"ticket": other}, headers=headers)
    assert (asked.status_code, asked.json()["code"]) == (409, "seat_held")
    assert "1번 자리" in asked.json()["message"]
    swapped = await browser.post(JOIN, json={"ticket": other, "swap": True}, headers=headers)
    assert swapped.json()["status"] == "ok"


@pytest.mark.parametrize(
    "body",
    [
        {"role": "moderator"},
        {"ticket": 5},
        {"nickname": None},
        {"table": True},
        {"swap": "yes"},
        {"key": "a"},
    ],
)
async def test_joining_takes_no_unknown_or_mistyped_field(
    browser: Browser, forum: int, body: dict[str, Any]
) -> None:
    answer = await browser.post(JOIN, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "payload_invalid")


async def test_a_vote_over_http_is_the_sockets_vote(browser: Browser, forum: int) -> None:
    headers = await joined(browser)
    first = await browser.post("/api/f/123456/vote", json=vote(), headers=headers)
    again = await browser.post("/api/f/123456/vote", json=vote(), headers=headers)
    assert (first.json()["status"], again.json()["status"]) == ("counted", "counted_before")
    assert first.json()["receipt"] == again.json()["receipt"]


async def test_a_refused_event_speaks_the_readers_language(browser: Browser, forum: int) -> None:
    headers = await joined(browser) | {"Accept-Language": "en"}
    answer = await browser.post("/api/f/123456/agenda_next", json={"key": KEY}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert answer.json()["message"].startswith("You may not do this")


async def test_without_a_token_no_event_runs(browser: Browser, forum: int) -> None:
    answer = await browser.post("/api/f/123456/vote", json=vote())
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in")


async def test_a_token_of_another_forum_opens_nothing_here(
    browser: Browser, hall: Hall, forum: int
) -> None:
    with writing(hall.database) as session:
        other = facts.forum(session, code="654321")
        facts.question(session, other, eligibility="open")
    headers = await joined(browser)
    answer = await browser.post("/api/f/654321/vote", json=vote(question=2), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


async def test_a_refused_vote_is_counted_as_one(browser: Browser, forum: int) -> None:
    headers = await joined(browser)
    before = COUNTS.votes["refused"]
    sent = vote() | {"paper": 1}
    answer = await browser.post("/api/f/123456/proxy_vote", json=sent, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert COUNTS.votes["refused"] == before + 1


@pytest.mark.parametrize("raw", [b"{", b"[" * 4000, b"\xff\xfe"])
async def test_what_is_not_json_is_refused(browser: Browser, forum: int, raw: bytes) -> None:
    headers = await joined(browser)
    answer = await browser.post("/api/f/123456/ask", content=raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "json_invalid")


@pytest.mark.parametrize("raw", [b"[1]", b'"x"', b"5"])
async def test_what_is_no_object_is_answered_as_the_socket_answers_it(
    browser: Browser, forum: int, raw: bytes
) -> None:
    headers = await joined(browser)
    ask = await browser.post("/api/f/123456/ask", content=raw, headers=headers)
    ballot = await browser.post("/api/f/123456/vote", content=raw, headers=headers)
    assert (ask.status_code, ask.json()["code"]) == (400, "payload_invalid")
    assert ballot.json() == {"status": "invalid", "reason": "-"}


async def test_an_undeclared_event_does_not_exist(browser: Browser, forum: int) -> None:
    answer = await browser.post("/api/f/123456/connect", json={}, headers=await joined(browser))
    assert (answer.status_code, answer.json()["code"]) == (404, "event_unknown")


async def test_the_public_state_is_kept_for_a_second(
    browser: Browser, hall: Hall, forum: int, clock: facts.Clock
) -> None:
    first = await browser.get("/api/f/123456/state")
    assert first.headers["cache-control"] == "public, max-age=1"
    assert first.json()["version"][0] == hall.database.epoch
    same = await browser.get(
        "/api/f/123456/state", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (same.status_code, same.content) == (304, b"")
    with writing(hall.database) as session:
        facts.question(session, forum, title="나중 질문")
    assert "나중 질문" not in (await browser.get("/api/f/123456/state")).text
    clock.pass_seconds(2)
    assert "나중 질문" in (await browser.get("/api/f/123456/state")).text


async def test_who_has_the_version_that_stands_costs_no_reading(
    browser: Browser, hall: Hall, forum: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await joined(browser)
    first = await browser.get("/api/f/123456/state", headers=headers)
    monkeypatch.setattr(slices, "read", lambda *_, **__: pytest.fail("read"))
    headers["If-None-Match"] = first.headers["etag"]
    assert (await browser.get("/api/f/123456/state", headers=headers)).status_code == 304


async def test_a_polling_console_hears_who_came_though_no_version_tells(
    browser: Browser, hall: Hall, forum: int
) -> None:
    token = await cards.card(hall, ORGANISER, forum, "moderator")
    headers = {"Authorization": f"Bearer {token}"}
    first = await browser.get("/api/f/123456/state", headers=headers)
    headers["If-None-Match"] = first.headers["etag"]
    await joined(browser)
    again = await browser.get("/api/f/123456/state", headers=headers)
    assert again.status_code == 200
    assert again.json()["version"] == first.json()["version"]
    assert again.json()["slices"]["room"]["open"] == first.json()["slices"]["room"]["open"] + 1


async def test_what_changed_is_in_the_state_at_once(
    browser: Browser, hall: Hall, forum: int
) -> None:
    first = await browser.get("/api/f/123456/state")
    headers = await joined(browser)
    await browser.post("/api/f/123456/ask", json={"key": KEY, "text": "왜요?"}, headers=headers)
    again = await browser.get(
        "/api/f/123456/state", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, "왜요?" in again.text) == (200, True)


@pytest.mark.parametrize("event", sorted(VOTES))
async def test_whatever_belongs_to_a_vote_is_told_busy_beyond_the_rate(
    browser: Browser, hall: Hall, forum: int, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    headers = await joined(browser)
    slow = replace(EVENTS[event], burst=0)
    monkeypatch.setattr("townhall.events.EVENTS", dict(EVENTS) | {event: slow})
    before = COUNTS.votes["busy"]
    answer = await browser.post(f"/api/f/123456/{event}", json={}, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (429, "busy")
    assert COUNTS.votes["busy"] == before + 1


async def test_a_facilitators_state_is_its_own_and_private(
    browser: Browser, hall: Hall, forum: int
) -> None:
    token = await cards.card(hall, ORGANISER, forum, "facilitator", table=1)
    answer = await browser.get("/api/f/123456/state", headers={"Authorization": f"Bearer {token}"})
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "notes" in answer.json()["slices"]
    assert "notes" not in (await browser.get("/api/f/123456/state")).json()["slices"]


async def test_a_page_renews_its_token_with_its_own_cookie(
    browser: Browser, hall: Hall, forum: int, clock: facts.Clock
) -> None:
    origin = {"Origin": f"http://{HOST}"}
    await browser.post(JOIN, json={}, headers=origin)
    stage = await cards.card(hall, ORGANISER, forum, "stage")
    await browser.submit("/f/123456/enter", k=stage)
    actor = await people.recognise(hall, browser.cookies["townhall-123456-stage"], forum)
    old, _ = people.page_token(hall, actor, forum, "stage")
    clock.pass_seconds(7200)
    renewed = await browser.post(
        "/api/f/123456/token", headers=origin | {"Authorization": f"Bearer {old}"}
    )
    fresh = await people.recognise(hall, renewed.json()["token"], forum)
    assert (fresh.role, fresh.session) == ("stage", actor.session)
    browser.cookies.clear()
    alone = await browser.post(
        "/api/f/123456/token", headers=origin | {"Authorization": f"Bearer {old}"}
    )
    assert alone.status_code == 401


async def test_a_revoked_token_speaks_for_nobody(browser: Browser, hall: Hall, forum: int) -> None:
    headers = await joined(browser)
    actor = await people.recognise(hall, headers["Authorization"][7:], forum)
    await people.leave(hall, actor)
    answer = await browser.post("/api/f/123456/vote", json=vote(), headers=headers)
    assert answer.status_code == 401


async def test_health_answers_any_probe(browser: Browser) -> None:
    answer: httpx.Response = await browser.get("/healthz", headers={"Host": "10.0.0.7:8000"})
    assert answer.json() == {"status": "ok", "waiting": 0}


async def test_commitments_are_told_whole_and_sorted_from_the_close_on(
    browser: Browser, hall: Hall, forum: int
) -> None:
    told = []
    for n in (0, 1, 2):
        seat = await joined(browser)
        sent = vote(key=f"{n:032x}")
        told.append((await browser.post("/api/f/123456/vote", json=sent, headers=seat)).json())
    changed = vote("no", key="c" * 32, rev=2)
    last = (await browser.post("/api/f/123456/vote", json=changed, headers=seat)).json()
    early = await browser.get("/api/f/123456/commitments/1")
    assert early.json()["code"] == "question_not_closed"
    with writing(hall.database) as session:
        session.get_one(Question, 1).state = "closed"
    answer = await browser.get("/api/f/123456/commitments/1")
    assert answer.json() == {
        "status": "ok",
        "question": 1,
        "commitments": sorted(each["receipt"]["commitment"] for each in [*told[:2], last]),
    }
    unknown = await browser.get("/api/f/123456/commitments/9")
    assert unknown.json()["code"] == "question_unknown"
