"""A server that lies and then makes every hash in its export fit.

What its lies are found by is then no hash but the check of what the file says.
"""

import hashlib
import json
from typing import Any

from townhall.domain import audit, scoring

Document = dict[str, Any]


def question(document: Document, kind: str, *, secret: bool = False, **wanted: Any) -> Any:
    """The first question of a kind, with these facts in its definition or config."""
    for each in document["questions"]:
        facts = {**each["definition"]["config"], **each["definition"]}
        right = {"kind": kind, "secret": secret, **wanted}.items()
        if all(facts.get(name) == value for name, value in right):
            return each
    raise AssertionError(kind)


def counting(asked: Document) -> list[Document]:
    """The ballots of a recorded question that count."""
    return [each for each in asked["ballots"] if "choice" in each]


def resealed(document: Document, **closing: Any) -> Document:
    """The document with all its hashes made anew; `closing` goes into every record of a close."""
    for asked in document["questions"]:
        _seal_question(asked)
    for selection in document["selections"]:
        selection["rule_hash"] = audit.digest([audit.canonical(selection["rule"])])
        selection["digest"] = scoring.digest(selection["snapshot"])
    moved: dict[str, str] = {}
    for writer in sorted(document["chains"], key=int, reverse=True):
        prev = ""
        for link in document["chains"][writer]:
            body = _body(document, writer, link, moved, closing)
            made = audit.link(prev, link["kind"], body)
            moved[link["hash"]] = made.hash
            link.update(prev=made.prev, body=made.body, hash=made.hash)
            prev = made.hash
        document["heads"][writer] = prev
    return document


def _seal_question(asked: Document) -> None:
    asked["definition_hash"] = hashlib.sha256(
        audit.canonical(asked["definition"]).encode()
    ).hexdigest()
    certificate = asked["certificate"]
    if "choices" in asked:
        certificate["root"] = audit.merkle_root(each["commitment"] for each in asked["commitments"])
        certificate["digest"] = audit.digest(map(audit.canonical, asked["choices"]))
        return
    certificate["root"] = audit.merkle_root(each["commitment"] for each in counting(asked))
    certificate["digest"] = audit.digest(
        f"{each['commitment']}:{audit.canonical(each['choice'])}" for each in counting(asked)
    )


def _list(asked: Document) -> str:
    if "choices" in asked:
        pairs = ([each["commitment"], each["id"]] for each in asked["commitments"])
        return audit.digest(map(audit.canonical, pairs))
    names = ("seat", "rev", "id", "commitment", "channel", "table")
    return audit.digest(
        audit.canonical([each[name] for name in names if name in each]) for each in asked["ballots"]
    )


def _body(
    document: Document, writer: str, link: Document, moved: dict[str, str], closing: Any
) -> Any:
    body = json.loads(link["body"])
    by_id = {each["id"]: each for each in document["questions"]}
    if writer != "0":
        return {key: _part(by_id.get(int(key)), writer, link["n"], body[key]) for key in body}
    asked = by_id.get(body.get("question"))
    if link["kind"] == "question_open" and asked:
        body["definition"] = asked["definition_hash"]
    if link["kind"] == "question_closed" and asked:
        certificate = asked["certificate"]
        heads = certificate["heads"]
        certificate["heads"] = {name: moved.get(head, head) for name, head in heads.items()}
        body |= certificate | {"list": _list(asked)} | closing
    if link["kind"] == "selection_closed" and document["selections"]:
        [selection] = document["selections"]
        body |= {"digest": selection["digest"], "rule": selection["rule_hash"]}
    return body


def _part(asked: Document | None, writer: str, n: int, part: Document) -> Document:
    if asked is None or "choices" in asked:
        return part
    own = [
        each["commitment"]
        for each in asked["ballots"]
        if (str(each["writer"]), each["batch"]) == (writer, n)
    ]
    return {"n": len(own), "root": audit.merkle_root(own)}
