"""Signed in as an organiser, with a forum to set up: what tests of the organiser's pages share."""

import html
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.web.client import Browser
from townhall.actions import accounts, people
from townhall.hall import Hall
from townhall.screens import organise as screen

PASSWORD = "한 문장이면 좋아요"
FORUM: dict[str, Any] = {
    "title": "작은도서관 열린토론회",
    "host": "구민회관",
    "starts_at": "2026-11-28T14:00",
    "template": "small-library",
    "candidates": "밤 도서관\n나무 그늘\n",
    "tables": "2",
    "tickets": "9",
    "entry": "seats",
    "language": "ko",
    "board": "",
}

Press = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def organiser(browser: Browser, hall: Hall) -> Browser:
    """A browser signed in as an organiser."""
    await accounts.add_organiser(hall, "haneul", PASSWORD)
    await browser.submit("/login", login="haneul", password=PASSWORD)
    return browser


@pytest.fixture
async def code(organiser: Browser) -> str:
    """The code of a forum of the small-library template."""
    return made_code(await organiser.submit("/organise/forums/new", **once(1), **FORUM))


@pytest.fixture
def press(organiser: Browser, code: str) -> Press:
    """Send a form of the set-up page."""

    async def send(part: str, **fields: Any) -> httpx.Response:
        at = f"/organise/f/{code}"
        return await organiser.submit(f"{at}{part}", at, **fields)

    return send


def once(n: int) -> dict[str, str]:
    return {"once": f"{n:032x}"}


def made_code(answer: httpx.Response) -> str:
    found = re.search(r'href="/organise/f/(\d{6})"', answer.text)
    assert found, answer.text[:300]
    return found[1]


def tokens(answer: httpx.Response) -> list[str]:
    """Every token that a page shows, tickets first."""
    return re.findall(r"#k=([0-9a-f]{32})", answer.text)


def beside(answer: httpx.Response) -> list[str]:
    """The sentences beside fields."""
    return [html.unescape(each) for each in re.findall(r'class="wrong"[^>]*>([^<]+)<', answer.text)]


async def setup(hall: Hall, code: str) -> dict[str, Any]:
    forum = (await people.gate(hall, code)).id
    return await hall.read(screen.setup, forum, hall.now())
