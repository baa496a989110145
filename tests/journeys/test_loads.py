"""The loads run as an operator runs them, here with a handful of phones, and count truly."""

import re
import subprocess
import sys

import pytest

from loadtests.__main__ import LOADS
from loadtests.costs import ballot
from loadtests.drawing import chart
from loadtests.figures import at_most, percentile, verdicts
from loadtests.peers import PACKET, PEERS
from loadtests.server import Peer
from tests.servers.townhall import ROOT
from townhall.crowd.many import Many


def loaded(*arguments: str) -> tuple[int, list[list[str]], str]:
    """`python -m loadtests …`: how it ended, its table without the head, its last error line."""
    command = [sys.executable, "-m", "loadtests", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    rows = [[cell for cell in line.split("  ") if cell] for line in done.stdout.splitlines()[2:]]
    cells = [[cell.strip() for cell in row] for row in rows]
    return done.returncode, cells, done.stderr.rstrip().rpartition("\n")[2]


@pytest.mark.parametrize("name", PEERS)
def test_peer_counts_a_vote_and_tells_everybody_a_packet_of_the_agreed_size(name: str) -> None:
    async def visit() -> tuple[str, int, int]:
        many = Many(peer.url)
        first, *_ = await many.bring([{}] * 3)
        answer = await first.emit("vote", ballot(1, "yes"))
        asked = await first.emit("ask", {})
        await first.emit("ask_state", {"ask": asked["id"], "state": "on_stage"})
        # A packet that was sent to one before its answer was sent to all before theirs.
        for phone in many.phones:
            await phone.emit("hello", {})
        many.leave()
        return answer["status"], many.events, many.event_bytes

    with Peer(name) as peer:
        assert peer.under(visit(), 30) == ("counted", 3, 3 * PACKET)


def test_votes_load_counts_every_vote_of_every_phone() -> None:
    code, rows, error = loaded("votes", "--phones", "25")
    assert (code, error) == (0, "")
    assert ["answers", "counted 250"] in rows


def test_cut_load_finds_everybody_back_and_counted() -> None:
    code, rows, error = loaded("cut", "--phones", "25", "--seconds", "1")
    assert (code, error) == (0, "")
    assert rows[0] == ["not back and counted", "0", "0", "yes"]
    assert rows[1] == ["turned away for good", "0", "0", "yes"]


def test_load_of_too_many_phones_is_refused_in_one_line() -> None:
    code, rows, error = loaded("cut", "--phones", "10001")
    assert (code, rows) == (2, [])
    assert error == "loadtests: error: --phones: 1 to 10,000"


def test_page_about_measuring_names_every_load() -> None:
    page = (ROOT / "docs" / "measuring.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(LOADS)


def test_figure_over_its_bar_is_marked() -> None:
    figures = [at_most("a vote", 46.04, 45, "{:.1f} µs"), at_most("lost", 0, 0)]
    assert verdicts("bars", figures).splitlines()[2:] == [
        "a vote  46.0 µs  45.0 µs  no",
        "lost    0        0        yes",
    ]


@pytest.mark.parametrize(("percent", "value"), [(50, 2), (95, 4), (99, 4), (25, 1)])
def test_percentile_is_the_nearest_rank(percent: float, value: float) -> None:
    assert percentile([3, 1, 4, 2], percent) == value


def test_chart_places_sizes_by_powers_of_ten_and_costs_from_zero() -> None:
    drawn = chart("Cost", "phones", {"µs a vote": [(10, 0), (100, 20), (1_000, 40)]})
    assert '<polyline class="line s0" points="60.0,270.0 255.0,175.0 450.0,80.0"/>' in drawn
