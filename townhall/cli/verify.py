"""`townhall verify FILE`: check an exported forum, or look one receipt up in it.

Here belong opening the file and saying what was found in the operator's language. Here belongs no
check: those are the room `verify`'s, which imports nothing of ours.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from townhall.cli import here
from townhall.cli.lines import printable
from townhall.verify import Finding, Seen, Unreadable, check, look_up, read
from townhall.web.i18n import Words, catalogue

MOST = 50
"""How many findings are printed: one wrong list can make as many as it has lines."""

SHORT = 10
"""How much of a root the stage shows."""


def command(
    file: Annotated[Path, typer.Argument(help="A forum that `townhall export forum` wrote.")],
    receipt: Annotated[
        str | None, typer.Option(help="A receipt's id, check value or four letters.")
    ] = None,
    nonce: Annotated[str | None, typer.Option(help="The 32 hex digits the phone kept.")] = None,
    choice: Annotated[str | None, typer.Option(help="What was chosen, as JSON.")] = None,
    head: Annotated[
        str | None, typer.Option(help="A head of the forum's chain that somebody noted down.")
    ] = None,
) -> None:
    """Check an exported forum: exit code 0 it holds, 1 it does not, 2 it cannot be read."""
    words = catalogue(here.settings().language)
    try:
        document = read(_bytes(file))
        opening = _opening(receipt, nonce, choice)
    except Unreadable as unreadable:
        print(printable(words(f"verify.{unreadable.code}", file=file)), file=sys.stderr)
        raise typer.Exit(2) from None
    wrong = check(document)
    _print(_wrong(wrong, words) if wrong else _holds(document, words))
    good = not wrong
    if head is not None and good:
        good = head.lower() in {link["hash"] for link in document["chains"].get("0", [])}
        print(words("verify.head_known" if good else "verify.head_unknown", head=head))
    if receipt is not None and good:
        seen = look_up(document, receipt, *opening)
        _print(_seen(seen, words))
        good &= any(each.holds and each.opened is not False for each in seen)
    raise typer.Exit(0 if good else 1)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise Unreadable("no_file") from None


def _opening(receipt: str | None, nonce: str | None, choice: str | None) -> tuple[Any, ...]:
    """Nonce and choice, both or none, and only with a receipt. Raises Unreadable."""
    if nonce is None and choice is None:
        return ()
    if receipt is None or nonce is None or choice is None:
        raise Unreadable("half_opening")
    if not re.fullmatch("[0-9a-fA-F]{32}", nonce):
        raise Unreadable("bad_nonce")
    try:
        return nonce, json.loads(choice)
    except (ValueError, RecursionError):
        raise Unreadable("bad_choice") from None


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        print(printable(line))


def _wrong(found: list[Finding], words: Words) -> Iterator[str]:
    yield words("verify.wrong", n=len(found))
    for each in found[:MOST]:
        yield "- " + words(f"verify.finding.{each.code}", **each.details)
    if len(found) > MOST:
        yield words("verify.more", n=len(found) - MOST)


def _holds(document: dict[str, Any], words: Words) -> Iterator[str]:
    """What was checked, with what can be held against the stage and the minutes."""
    chains = document["chains"]
    links = sum(map(len, chains.values()))
    yield words("verify.holds", questions=len(document["questions"]), links=links, n=len(chains))
    for question in document["questions"]:
        certificate = question["certificate"]
        yield words(
            "verify.question",
            question=question["id"],
            title=question["definition"]["title"],
            counted=certificate["counted"],
            root=certificate["root"][:SHORT],
        )
    for selection in document["selections"]:
        points = ", ".join(
            f"{each['id']} {each['total']['display']}" for each in selection["score"]["candidates"]
        )
        yield words("verify.selection", selection=selection["id"], points=points)
    yield words("verify.head", head=document["heads"].get("0", "-"))


def _seen(seen: list[Seen], words: Words) -> Iterator[str]:
    if not seen:
        yield words("verify.receipt_unknown")
    for each in seen:
        yield words(
            f"verify.receipt_{each.status}",
            question=each.question,
            place=each.index + 1,
            size=each.size,
            commitment=each.commitment,
        )
        held = "path" if each.holds else "no_path"
        yield words(f"verify.receipt_{held}", n=each.steps, root=each.root[:SHORT])
        if each.opened is not None:
            yield words("verify.receipt_opens" if each.opened else "verify.receipt_other")
