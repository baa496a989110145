"""One ballot looked up by its receipt: whether it is in the published tree, and as what."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from townhall.verify.chains import batches
from townhall.verify.hashes import climbed, commitment, path, receipt_code


@dataclass(frozen=True)
class Seen:
    """A ballot that fits a receipt.

    `status` is `counted` or `replaced` (by a later one of the same seat); `index` from 0 of `size`
    leaves, `steps` hashes lead to `root`, and `holds` says whether they do; `opened` whether choice
    and nonce give the commitment, or None where they were not told.
    """

    question: int
    id: str
    commitment: str
    status: str
    index: int
    size: int
    steps: int
    root: str
    holds: bool
    opened: bool | None = None


def look_up(
    document: dict[str, Any], receipt: str, nonce: str | None = None, choice: Any = None
) -> list[Seen]:
    """The ballots whose id, commitment or four-letter code is this receipt; several may share a
    code. With a nonce (32 hex digits) and a choice as JSON each is opened, too.
    """
    wanted = receipt.strip()
    found: list[Seen] = []
    for question in document["questions"]:
        for ballot in question.get("ballots", question.get("commitments", ())):
            names = (ballot["id"], ballot["commitment"])
            if wanted.lower() in names or wanted.upper() == receipt_code(ballot["id"]):
                found += _seen(document, question, ballot, nonce, choice)
    return found


def _seen(
    document: dict[str, Any],
    question: dict[str, Any],
    ballot: dict[str, Any],
    nonce: str | None,
    choice: Any,
) -> Iterator[Seen]:
    own = ballot["commitment"]
    counts = "choices" in question or "choice" in ballot
    leaves, root = _tree(question) if counts else _batch(document, question, ballot)
    if own not in leaves:
        return
    index, size, beside = path(leaves, own)
    opened = None
    if nonce is not None:
        opened = own == commitment(question["id"], ballot["id"], choice, nonce.lower())
    yield Seen(
        question=question["id"],
        id=ballot["id"],
        commitment=own,
        status="counted" if counts else "replaced",
        index=index,
        size=size,
        steps=len(beside),
        root=root,
        holds=climbed(own, index, size, beside) == root,
        opened=opened,
    )


def _tree(question: dict[str, Any]) -> tuple[list[str], str]:
    """The commitments that count, and the root that was published at the close."""
    listed = question.get("commitments") or [
        each for each in question.get("ballots", ()) if "choice" in each
    ]
    return [each["commitment"] for each in listed], question["certificate"]["root"]


def _batch(
    document: dict[str, Any], question: dict[str, Any], ballot: dict[str, Any]
) -> tuple[list[str], str]:
    """The commitments of the batch that a replaced ballot came in, and its root in the chain."""
    name, n = str(ballot["writer"]), ballot["batch"]
    parts = [body for writer, at, body in batches(document) if (writer, at) == (name, n)]
    part = parts[0].get(str(question["id"]), {}) if parts else {}
    same = [each for each in question["ballots"] if each["writer"] == ballot["writer"]]
    leaves = [each["commitment"] for each in same if each["batch"] == n]
    return leaves, str(part.get("root", ""))
