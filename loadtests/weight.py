"""What a phone downloads before the first vote: the page, and the scripts and styles it loads.

Followed are `<script src>`, `<link rel=stylesheet|modulepreload>`, what scripts import statically
and what styles import. Counted are bytes as they were sent to a browser that takes gzip.
"""

import asyncio
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import httpx

_IMPORTS = re.compile(r"""^\s*(?:import|export)\b[^;'"]*?["']([^"']+)["']""", re.MULTILINE)
_BEHIND = re.compile(r"""[;}]\s*import\s*(?:[\w*{][^;'"()]*?from\s*)?["']([^"']+)["']""")
_STYLES = re.compile(r"""@import\s+(?:url\()?["']?([^"')]+)""")


class _Page(HTMLParser):
    """The addresses of a page's scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        kinds = named.get("rel", "").split()
        if tag == "script" and named.get("src"):
            self.found.append(named["src"])
        if tag == "link" and {"stylesheet", "modulepreload"} & set(kinds):
            self.found.append(named["href"])


async def files_of(http: httpx.AsyncClient, page: str) -> dict[str, int]:
    """Every file a page needs, the page first, with the bytes that were sent for it."""
    wanted, found = [page], dict[str, int]()
    while wanted:
        url = wanted.pop(0)
        if url in found:
            continue
        found[url], body, kind = await _get(http, url)
        wanted += [urldefrag(urljoin(url, each)).url for each in _needs(body, kind)]
    return found


async def _get(http: httpx.AsyncClient, url: str) -> tuple[int, str, str]:
    async with http.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
        answer.raise_for_status()
        body = await answer.aread()
        sent = answer.num_bytes_downloaded
    await asyncio.sleep(0)
    return sent, body.decode(errors="replace"), answer.headers.get("content-type", "")


def _needs(body: str, kind: str) -> Iterator[str]:
    if kind.startswith("text/html"):
        page = _Page()
        page.feed(body)
        yield from page.found
    elif kind.startswith("text/javascript"):
        named = [*_IMPORTS.findall(body), *_BEHIND.findall(body)]
        yield from (each for each in named if each.startswith((".", "/")))
    elif kind.startswith("text/css"):
        yield from _STYLES.findall(body)
