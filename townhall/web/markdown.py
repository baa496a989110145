"""Limited Markdown to safe HTML: the one place that makes markup out of what people wrote.

Paragraphs, emphasis, lists, quotes, code, rules, smaller headings and links; no images, no HTML.
The result goes through an allow-list even though the parser already refuses HTML.
"""

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_TAGS = {
    "p", "br", "em", "strong", "s", "ul", "ol", "li", "blockquote", "code", "pre", "hr",
    "h3", "h4", "h5", "h6", "a", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_PARSER = MarkdownIt("js-default", {"html": False, "linkify": False, "breaks": True}).disable(
    ["image"]
)


def render(text: str) -> Markup:
    """Safe HTML of a text. Headings begin at the third level, below a page's own."""
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
