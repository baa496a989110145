"""The form of a file: strict JSON, every field there and none besides, each of its type."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from townhall.verify.counting import KINDS
from townhall.verify.hashes import canonical

FORMAT = "townhall-forum/1"


class Unreadable(Exception):  # noqa: N818 (it is an answer about a file, not an error of ours)
    """The file is no export at all; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Finding:
    """Something that does not hold: a stable code, and what its sentence is filled with."""

    code: str
    details: Mapping[str, object] = field(default_factory=dict)


def finding(code: str, **details: object) -> Finding:
    """A finding with its details."""
    return Finding(code, details)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable("not_strict")
    return found


def _inexact(text: str) -> Any:
    raise Unreadable("not_strict")


def read(raw: bytes) -> dict[str, Any]:
    """The document in a file.

    Raises Unreadable: `not_json`, `not_export`, or `not_strict` where an object names a field
    twice, a number is not whole, or a text is no Unicode.
    """
    try:
        found = json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_float=_inexact,
            parse_constant=_inexact,
        )
        canonical(found).encode()
    except UnicodeEncodeError:
        raise Unreadable("not_strict") from None
    except (ValueError, RecursionError):
        raise Unreadable("not_json") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Unreadable("not_export")
    return found


@dataclass(frozen=True)
class Maybe:
    """What it says, or null."""

    spec: Any


@dataclass(frozen=True)
class Each:
    """An object with any keys that match, each holding what it says."""

    spec: Any
    key: "re.Pattern[str]" = re.compile(".*", re.DOTALL)


HASH = re.compile("[0-9a-f]{64}")
SEALED = re.compile("sha256:[0-9a-f]{64}")
WRITER = re.compile("0|[1-9][0-9]{0,9}")
ANY = object()

CERTIFICATE = {
    "counted": int,
    "eligible": int,
    "present": int,
    "channels": Each(int),
    "digest": HASH,
    "root": HASH,
    "heads": Each(HASH, WRITER),
    "cells": Each(int),
    "differs": bool,
    "closed_at": int,
}
DEFINITION = {
    "kind": re.compile("|".join(KINDS)),
    "round": Maybe(re.compile("first|final")),
    "first": Maybe(int),
    "reopens": Maybe(int),
    "title": str,
    "help": str,
    "options": [Each(ANY)],
    "config": Each(ANY),
    "secret": bool,
    "changeable": bool,
    "results": str,
    "base": re.compile("voted|valid|entitled"),
    "eligibility": str,
}
QUESTION = {
    "id": int,
    "definition": DEFINITION,
    "definition_hash": HASH,
    "opened_at": int,
    "revealed_at": int,
    "certificate": CERTIFICATE,
    "result": Each(ANY),
}
BALLOT = {
    "seat": int,
    "rev": int,
    "id": HASH,
    "commitment": HASH,
    "writer": int,
    "batch": int,
}
COUNTING = {**BALLOT, "channel": Maybe(str), "table": Maybe(int), "choice": ANY}
RECORDED = {**QUESTION, "ballots": [ANY]}
SECRET = {**QUESTION, "commitments": [{"commitment": HASH, "id": HASH}], "choices": [ANY]}
POINTS = {"exact": re.compile("[0-9]+(/[0-9]+)?"), "display": re.compile(r"[0-9]+\.[0-9]{2}")}
SELECTION = {
    "id": int,
    "rule": Each(ANY),
    "rule_hash": HASH,
    "first": Maybe(int),
    "final": Maybe(int),
    "snapshot": Each(ANY),
    "digest": SEALED,
    "score": {
        "candidates": [
            {
                "id": str,
                "sympathy": POINTS,
                "live": POINTS,
                "panel": POINTS,
                "total": POINTS,
                "rank": Maybe(int),
            }
        ],
        "decided_by": str,
    },
    "decision": Maybe(
        {"decision": re.compile("confirms|departs"), "candidate": str, "reason": str}
    ),
}
LINK = {"n": int, "prev": re.compile("|[0-9a-f]{64}"), "kind": str, "body": str, "hash": HASH}
DOCUMENT = {
    "format": re.compile(re.escape(FORMAT)),
    "forum": Each(ANY),
    "questions": [ANY],
    "selections": [SELECTION],
    "chains": Each([LINK], WRITER),
    "heads": Each(HASH, WRITER),
}


def shape(document: Any) -> Iterator[Finding]:
    """What is missing in a document, too much in it, or not of its type."""
    found = list(_wrong(document, DOCUMENT, "file"))
    yield from found
    if found:
        return
    for n, question in enumerate(document["questions"]):
        yield from _question(question, f"questions[{n}]")


def _question(question: Any, at: str) -> Iterator[Finding]:
    definition = question.get("definition") if isinstance(question, dict) else None
    secret = isinstance(definition, dict) and definition.get("secret") is True
    found = list(_wrong(question, SECRET if secret else RECORDED, at))
    yield from found
    if found or secret:
        return
    for n, ballot in enumerate(question["ballots"]):
        counts = isinstance(ballot, dict) and "choice" in ballot
        yield from _wrong(ballot, COUNTING if counts else BALLOT, f"{at}.ballots[{n}]")


def _wrong(value: Any, spec: Any, at: str) -> Iterator[Finding]:
    if isinstance(spec, Maybe):
        if value is None:
            return
        spec = spec.spec
    if isinstance(spec, list):
        yield from _wrong_list(value, spec[0], at)
    elif isinstance(spec, dict | Each):
        yield from _wrong_object(value, spec, at)
    elif isinstance(spec, re.Pattern):
        if not isinstance(value, str) or not spec.fullmatch(value):
            yield finding("field_wrong", at=at)
    elif spec is not ANY and type(value) is not spec:
        yield finding("field_wrong", at=at)


def _wrong_list(value: Any, spec: Any, at: str) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield finding("field_wrong", at=at)
        return
    for n, each in enumerate(value):
        yield from _wrong(each, spec, f"{at}[{n}]")


def _wrong_object(value: Any, spec: Any, at: str) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield finding("field_wrong", at=at)
        return
    for key, each in value.items():
        inner = spec.spec if isinstance(spec, Each) else spec.get(key)
        known = spec.key.fullmatch(key) if isinstance(spec, Each) else key in spec
        if not known:
            yield finding("field_unknown", at=_step(at, key))
        elif not _plainly(each, inner):
            yield from _wrong(each, inner, _step(at, key))
    if isinstance(spec, dict):
        for key in spec.keys() - value.keys():
            yield finding("field_missing", at=_step(at, key))


def _plainly(value: Any, spec: Any) -> bool:
    """Whether a value is what a simple spec asks for, as most are; a look that costs nothing."""
    if isinstance(spec, re.Pattern):
        return type(value) is str and spec.fullmatch(value) is not None
    return spec is ANY or type(value) is spec


def _step(at: str, key: str) -> str:
    return key if at == "file" else f"{at}.{key}"
