"""An independent checker of an exported forum (`townhall-forum/1`, docs/verify.md).

Standard library only. It imports nothing of ours and shares no code with what counts votes, so
that a mistake over there cannot hide over here. Whoever wants to trust neither writes a third one
from the document. `reading` knows the form and `hashes` the formulas; `chains`, `questions` and
`selections` each check one part, and count with `ballots`, `counting` (a class for each `kind`,
with `rankings` and `shifts`), `scores` and `figures`; `receipts` looks up one ballot.
"""

from collections.abc import Iterator
from typing import Any

from townhall.verify.chains import Record, chains, forum, records
from townhall.verify.questions import questions
from townhall.verify.reading import FORMAT, Finding, Unreadable, read, shape
from townhall.verify.receipts import Seen, look_up
from townhall.verify.selections import selections

__all__ = ["FORMAT", "Finding", "Seen", "Unreadable", "check", "findings", "look_up", "read"]


def check(document: dict[str, Any]) -> list[Finding]:
    """Everything that is wrong with an export; nothing when it holds."""
    return list(findings(document))


def findings(document: dict[str, Any]) -> Iterator[Finding]:
    """The same one by one. A file whose form is wrong is not checked further."""
    formed = True
    for each in shape(document):
        formed = False
        yield each
    if formed:
        written: list[Record] = records(document)
        yield from chains(document)
        yield from forum(document, written)
        yield from questions(document, written)
        yield from selections(document, written)
