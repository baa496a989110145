"""What one visitor meets: how soon the server answers, what it weighs, what a page costs.

The weight of the phone page is every byte that a phone fetches before its first vote, as sent over
the wire to a browser that takes gzip: the page, its styles, and its scripts with all they import.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx

from loadtests.figures import Row
from loadtests.server import ROOT, Server

VISITS = 60
QUESTION = {"kind": "yesno", "title": "찬성하세요?"}
SELECTION = ROOT / "tests" / "data" / "selection_example.json"

_FETCHED = (
    re.compile(r"<script[^>]+src=\"([^\"]+)\""),
    re.compile(
        r"<link[^>]+rel=\"(?:stylesheet|modulepreload|icon|manifest)\"[^>]*href=\"([^\"]+)\""
    ),
    re.compile(
        r"<link[^>]+href=\"([^\"]+)\"[^>]*rel=\"(?:stylesheet|modulepreload|icon|manifest)\""
    ),
    re.compile(r"<img[^>]+src=\"([^\"]+)\""),
)
_IMPORTED = re.compile(r"(?:\bfrom|\bimport)\s*\(?[\"'](\.[^\"']+|/[^\"']+)[\"']")
_STYLED = re.compile(r"@import\s+(?:url\()?[\"']?([^\"')]+)")


def measure() -> list[Row]:
    """Start a server, visit it, and print what it took."""
    since = time.perf_counter()
    with (
        Server() as server,
        httpx.Client(base_url=server.url, follow_redirects=True) as visitor,
    ):
        visitor.get("/").raise_for_status()
        first = time.perf_counter() - since
        idle = server.memory()
        made = server.forum(1, [QUESTION])
        page = f"/f/{made['code']}"
        joined = visitor.post(
            f"/api{page}/join",
            json={"ticket": made["tickets"][0]},
            headers={"Origin": server.url},
        )
        joined.raise_for_status()
        cost = _cost(server, visitor, page)
        weights = dict(_weights(visitor, page))
    heaviest = sorted(weights.items(), key=lambda item: -item[1])[:3]
    listed = ", ".join(f"{Path(path).name} {size / 1000:.1f}" for path, size in heaviest)
    return [
        ("start to first page", f"{first:.1f} s", "under 3 s"),
        ("idle server memory", f"{idle / 1e6:.0f} MB", "under 120 MB"),
        ("forum page, processor time", f"{cost * 1000:.1f} ms", "under 30 ms"),
        ("phone page before the first vote", f"{sum(weights.values()) / 1000:.1f} KB",
         "under 60 KB"),
        ("  its files, and the heaviest", f"{len(weights)}: {listed}", ""),
        ("townhall score", f"{_score():.2f} s", "under 0.5 s"),
    ]  # fmt: skip


def _cost(server: Server, visitor: httpx.Client, page: str) -> float:
    """Seconds of processor time that one rendered page takes."""
    for _ in range(5):
        visitor.get(page).raise_for_status()
    before = server.cpu()
    for _ in range(VISITS):
        visitor.get(page)
    return (server.cpu() - before) / VISITS


def _weights(visitor: httpx.Client, page: str) -> Iterator[tuple[str, int]]:
    """Every file that the page fetches, with its bytes on the wire."""
    waiting, seen = [page], {page}
    while waiting:
        address = waiting.pop()
        with visitor.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
            answer.raise_for_status()
            answer.read()
            kind = answer.headers["content-type"]
            yield address, answer.num_bytes_downloaded
        for found in _references(kind, answer.text):
            target = str(httpx.URL(urljoin(str(answer.url), found)).raw_path, "ascii")
            if target not in seen and not found.startswith("data:"):
                seen.add(target)
                waiting.append(target)


def _references(kind: str, text: str) -> list[str]:
    if "html" in kind:
        return [found for pattern in _FETCHED for found in pattern.findall(text)]
    if "javascript" in kind:
        return _IMPORTED.findall(text)
    return _STYLED.findall(text) if "css" in kind else []


def _score() -> float:
    """Seconds of `townhall score` on the worked example, the median of five."""
    taken = []
    for _ in range(5):
        since = time.perf_counter()
        command = [sys.executable, "-m", "townhall", "score", str(SELECTION)]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        taken.append(time.perf_counter() - since)
    return sorted(taken)[2]
