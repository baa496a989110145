"""`townhall rehearse`: every line of a sheet in words, and figures that are what was measured."""

import asyncio
import re
import socket
from contextlib import closing
from dataclasses import replace

import pytest

from tests.domain.test_rehearsal import CASES, WELL
from townhall.cli import vitals
from townhall.cli.recounts import Recount, recount
from townhall.cli.rehearse import lines
from townhall.cli.vitals import Numbers, commit_ms
from townhall.crowd.handshake import deflates
from townhall.crowd.rehearsal import Asked, Kept
from townhall.domain.ballots import BALLOTS, Definition
from townhall.domain.rehearsal import verdict
from townhall.verify.hashes import commitment, merkle_root, sha256
from townhall.web.i18n import catalogue


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_line_has_words_and_fills_them(language: str) -> None:
    words = catalogue(language)
    for *_, changed in CASES:
        shown = lines(verdict(replace(WELL, **changed)), words)
        assert not re.search(r"rehearsal\.|[{}]", "\n".join(shown)), shown


def test_sheet_is_printed_with_its_verdict_first() -> None:
    shown = lines(verdict(replace(WELL, lost=2, descriptors=5_200)), catalogue("en"))
    assert shown[0] == "NO-GO · do not begin yet"
    assert shown[2].startswith("  [stop] Lost receipts: 2 of 900 acknowledged votes")
    assert "  [ok]   The server may open enough files: room for 5,000 phones." in shown


def asked(*choices: str, counted: int | None = None) -> Asked:
    """A yes-or-no question whose phones keep these choices, of which so many were counted."""
    question = {"id": 7, "kind": "yesno", "options": [], "config": {}, "base": "voted"}
    found = Asked(question)
    for n, choice in enumerate(choices):
        ballot, nonce = sha256(f"7:{n:032x}"), f"{n:032x}"
        bound = commitment(7, ballot, choice, nonce)
        found.ballots[n] = Kept({"id": ballot, "commitment": bound}, choice, nonce)
    kept = [each.receipt["commitment"] for each in found.ballots.values()][:counted]
    yes, no = choices[:counted].count("yes"), choices[:counted].count("no")
    n = len(kept)
    found.tally = {
        "n": n,
        "abstained": 0,
        "base": n,
        "rows": rows(yes, no, n),
        "certificate": {"counted": n, "eligible": n, "root": merkle_root(kept)},
    }
    return found


def rows(yes: int, no: int, base: int) -> list[dict[str, object]]:
    cells = {name: n for name, n in (("yes", yes), ("no", no)) if n}
    told = BALLOTS["yesno"].tally(Definition("yesno", (), {}, "voted"), cells, entitled=base)
    found: list[dict[str, object]] = told["rows"]
    return found


def test_recount_finds_everything_in_its_place() -> None:
    assert recount(asked("yes", "no", "yes")) == Recount(0, true=True)


def test_recount_finds_a_lost_vote() -> None:
    assert recount(asked("yes", "no", "yes", counted=2)) == Recount(1, true=False)


def test_recount_finds_a_vote_that_was_exchanged() -> None:
    found = asked("yes", "no")
    found.tally["rows"] = rows(2, 0, 2)
    assert recount(found) == Recount(0, true=False)


def test_recount_finds_a_ballot_that_nobody_cast() -> None:
    found = asked("yes", "no")
    found.tally["certificate"]["root"] = merkle_root(["f" * 64, "e" * 64])
    assert recount(found) == Recount(0, true=False)


def test_recount_finds_a_receipt_for_another_choice() -> None:
    found = asked("yes", "no")
    found.ballots[0] = replace(found.ballots[0], nonce="0" * 31 + "9")
    assert recount(found) == Recount(0, true=False)


def test_commits_are_those_between_two_looks() -> None:
    infinite = float("inf")
    before = Numbers(None, ((0.001, 90.0), (0.01, 90.0), (infinite, 90.0)))
    after = Numbers(None, ((0.001, 180.0), (0.01, 190.0), (infinite, 190.0)))
    slow = Numbers(None, ((0.001, 90.0), (0.01, 91.0), (infinite, 190.0)))
    assert commit_ms(before, after) == 10
    assert commit_ms(before, slow) == 20
    assert commit_ms(before, before) is None
    assert commit_ms(Numbers(), after) is None  # nobody looked before, so nobody knows


@pytest.mark.parametrize(("extension", "compressed"), [("", False), ("permessage-deflate", True)])
async def test_handshake_tells_whether_messages_are_compressed(
    extension: str, compressed: bool
) -> None:
    head = "HTTP/1.1 101 Switching Protocols\r\n"
    head += f"Sec-WebSocket-Extensions: {extension}\r\n" if extension else ""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"{head}\r\n".encode())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await deflates(f"http://127.0.0.1:{port}") is compressed


async def test_handshake_that_nobody_answers_is_not_known() -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert await vitals.compressed(f"http://127.0.0.1:{port}") is None


def test_clock_is_asked_without_a_failure() -> None:
    assert vitals.synchronised() in (True, False, None)
