"""The audit chains: every link, their heads, and what the forum's own line of changes says."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from townhall.verify.hashes import canonical, link_hash, same
from townhall.verify.reading import Finding, finding


@dataclass(frozen=True)
class Record:
    """A link of writer 0: its number, its kind, its body as JSON."""

    n: int
    kind: str
    body: dict[str, Any]


def chains(document: dict[str, Any]) -> Iterator[Finding]:
    """Numbers, predecessors and hashes of all links, and the heads they lead to."""
    for writer, links in document["chains"].items():
        prev = ""
        for n, link in enumerate(links, 1):
            if link["n"] != n:
                yield finding("link_number", writer=writer, n=n)
            if link["prev"] != prev:
                yield finding("link_prev", writer=writer, n=n)
            if link["hash"] != link_hash(link["prev"], link["kind"], link["body"]):
                yield finding("link_hash", writer=writer, n=n)
            elif writer != "0" and link["kind"] != "ballots":
                yield finding("link_kind", writer=writer, n=n)
            if _body(link["body"]) is None:
                yield finding("link_body", writer=writer, n=n)
            prev = link["hash"]
        if document["heads"].get(writer) != prev:
            yield finding("head", writer=writer)
    for writer in document["heads"].keys() - document["chains"].keys():
        yield finding("head", writer=writer)


@lru_cache(maxsize=100_000)
def _body(text: str) -> dict[str, Any] | None:
    """The body of a link, if it is an object in canonical form."""
    try:
        found = json.loads(text)
        fits = isinstance(found, dict) and canonical(found) == text
    except (ValueError, RecursionError):
        return None
    return found if fits else None


def records(document: dict[str, Any]) -> list[Record]:
    """The forum's line of changes; links that cannot be read are left out."""
    return [
        Record(n, link["kind"], body)
        for n, link in enumerate(document["chains"].get("0", []), 1)
        if (body := _body(link["body"])) is not None
    ]


def batches(document: dict[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """(writer, number, body) of every batch of ballots."""
    for writer, links in document["chains"].items():
        if writer == "0":
            continue
        for n, link in enumerate(links, 1):
            body = _body(link["body"])
            if body is not None:
                yield writer, n, body


def question_of(key: str) -> int:
    """The question that a batch names by this key; -1, which none has, where it is no number."""
    return int(key) if re.fullmatch(r"[1-9][0-9]{0,9}", key) else -1


def places(document: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Where in its chain a hash stands: writer -> hash -> number."""
    return {
        writer: {link["hash"]: n for n, link in enumerate(links, 1)}
        for writer, links in document["chains"].items()
    }


def forum(document: dict[str, Any], written: list[Record]) -> Iterator[Finding]:
    """The forum's own facts are what its chain said last."""
    said: dict[str, Any] = {}
    for record in written:
        if record.kind in ("forum_made", "forum_edited"):
            said |= record.body
    for name in sorted(said.keys() | document["forum"].keys()):
        known = name in said and name in document["forum"]
        if not known or not same(said[name], document["forum"][name]):
            yield finding("forum_fact", field=name)
