"""Limited Markdown to safe HTML: the one place that makes markup out of what people wrote.

Paragraphs, emphasis, lists, quotes, code, rules, smaller headings and links; no images, no HTML.
The result goes through an allow-list even though the parser already refuses HTML.
"""

from functools import lru_cache

import nh3
from anyio import to_thread
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

_TAGS = {
    "p", "br", "em", "strong", "s", "ul", "ol", "li", "blockquote", "code", "pre", "hr",
    "h3", "h4", "h5", "h6", "a", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_PARSER = MarkdownIt("js-default", {"html": False, "linkify": False, "breaks": True}).disable(
    ["image"]
)


_MOST_BRACKETS = 300
_KEPT = 256


async def rendered(*texts: str) -> list[Markup]:
    """Safe HTML of some texts, away from the loop that answers votes."""
    return await to_thread.run_sync(lambda: [render(text) for text in texts])


@lru_cache(maxsize=_KEPT)
def render(text: str) -> Markup:
    """Safe HTML of a text. Headings begin at the third level, below a page's own.

    The parser tries every opening bracket against the whole rest, so ten thousand take a second. A
    text with so many is none that anybody marked up, and is shown as it was typed.
    """
    return _plain(text) if text.count("[") > _MOST_BRACKETS else _marked_up(text)


def _plain(text: str) -> Markup:
    paragraphs = (escape(each).replace("\n", Markup("<br>\n")) for each in text.split("\n\n"))
    return Markup("\n").join(Markup("<p>{}</p>").format(each) for each in paragraphs)


def _marked_up(text: str) -> Markup:
    tokens = _PARSER.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1:]) + 2)}"
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer ugc",
    )
    return Markup(clean)  # noqa: S704  # Cleaned by the allow-list in the line above.
