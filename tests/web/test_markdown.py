"""What people wrote, as markup: hostile texts cost the loop nothing."""

import threading

import pytest
from starlette.applications import Starlette

from tests import boards as given
from tests.web.client import browsing
from townhall.hall import Hall
from townhall.storage.database import writing
from townhall.web import markdown


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every text that the parser was given, and the thread that it ran in."""
    found: list[tuple[str, int]] = []
    parse = markdown._PARSER.parse

    def noted(text: str) -> object:
        found.append((text, threading.get_ident()))
        return parse(text)

    monkeypatch.setattr(markdown._PARSER, "parse", noted)
    markdown.render.cache_clear()
    return found


@pytest.mark.parametrize("piece", ["[", "[a", "![", "[\n", "](["])
def test_a_wall_of_brackets_is_shown_as_it_was_typed(
    parsed: list[tuple[str, int]], piece: str
) -> None:
    markdown.render(piece * 3_000)
    assert parsed == []


def test_what_is_shown_as_typed_is_escaped_and_keeps_its_lines() -> None:
    html = markdown.render("<b>하나</b>\n둘\n\n" + "[" * 301)
    assert html == "<p>&lt;b&gt;하나&lt;/b&gt;<br>\n둘</p>\n<p>" + "[" * 301 + "</p>"


def test_a_text_with_many_links_is_still_marked_up() -> None:
    assert markdown.render("[가](https://a.test) " * 300).count("<a ") == 300


async def test_a_proposal_is_rendered_once_and_away_from_the_loop(
    app: Starlette, hall: Hall, parsed: list[tuple[str, int]]
) -> None:
    with writing(hall.database) as session:
        board, person = given.board(session), given.person(session, "haru")
        path = f"/b/library/p/{given.proposal(session, board, person)}"
    async with browsing(app) as browser:
        for _ in range(2):
            assert (await browser.get(path)).status_code == 200
    texts = [text for text, _ in parsed]
    assert texts
    assert len(texts) == len(set(texts))
    assert threading.get_ident() not in {thread for _, thread in parsed}
