"""What a phone loads before the first vote: everything at once, and not too much of it."""

import gzip
import posixpath
import re

from starlette.applications import Starlette

from tests import facts
from tests.web.client import Browser, browsing
from townhall.hall import Hall
from townhall.storage.database import writing

BUDGET = 60 * 1024
SCORE = {"min": 1, "max": 5, "low_label": "지금은 아니에요", "high_label": "꼭 해 봐요"}
CANDIDATES = [{"id": letter, "title": f"후보 {letter}"} for letter in "ABC"]

_IMPORT = re.compile(r'(?:\bfrom|^import)\s*["\'](\.[^"\']+)["\']', re.MULTILINE)
_LINKED = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"')


async def _load(browser: Browser, path: str) -> tuple[int, str]:
    """Bytes over the wire, and the text."""
    answer = await browser.get(path, headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200, path
    return len(gzip.compress(answer.content, 9, mtime=0)), answer.text


async def _everything(browser: Browser, page: str, *extra: str) -> dict[str, int]:
    """Every file that the page's own links and the modules' imports name, with its weight."""
    found: dict[str, int] = {}
    waiting = [*_LINKED.findall(page), *extra]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path], text = await _load(browser, path)
        if path.endswith(".js"):
            base = posixpath.dirname(path)
            waiting += [posixpath.normpath(f"{base}/{name}") for name in _IMPORT.findall(text)]
    return found


def _asked(hall: Hall) -> None:
    with writing(hall.database) as session:
        forum = facts.forum(session)
        facts.segment(session, forum)
        facts.question(session, forum, kind="score", config=SCORE, options=CANDIDATES)


async def test_the_phone_page_with_an_open_score_question_keeps_its_budget(
    app: Starlette, hall: Hall
) -> None:
    _asked(hall)
    async with browsing(app) as browser:
        weight, page = await _load(browser, "/f/123456")
        root = page.partition('"/static/')[2].partition("/")[0]
        files = await _everything(browser, page, f"/static/{root}/js/ballots/score.js")
    heaviest = sorted(files.items(), key=lambda item: -item[1])[:8]
    assert weight + sum(files.values()) <= BUDGET, (weight, heaviest)


async def test_every_module_of_the_phone_is_named_by_the_page_itself(
    browser: Browser, hall: Hall
) -> None:
    _asked(hall)
    _, page = await _load(browser, "/f/123456")
    linked = set(_LINKED.findall(page))
    assert set(await _everything(browser, page)) - linked == set()
