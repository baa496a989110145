"""The loads run as an operator runs them, here with a handful of phones, and count truly."""

import asyncio
import random
import re
import subprocess
import sys

import pytest

from loadtests.__main__ import LOADS
from loadtests.costs import ballot
from loadtests.drawing import chart
from loadtests.figures import at_most, percentile, verdicts
from loadtests.hall import Crowd, differences
from loadtests.peers import BARE, PACKET, PEERS
from loadtests.server import Peer
from tests.servers.townhall import ROOT
from townhall.crowd.client import Client
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


def test_client_that_is_one_of_many_comes_back_and_votes() -> None:
    async def visit() -> tuple[str, int, int]:
        many = Many(peer.url)
        async with Client(peer.url, "", "", listens=False, opens=many.open) as client:
            client.cut()
            await many.phones[0].closed
            answer = await client.vote(1, "yes")
            return answer["status"], client.counters.reconnects, len(many.phones)

    with Peer(BARE) as peer:
        assert peer.under(visit(), 30) == ("counted", 1, 2)


def test_hall_load_counts_every_acknowledged_vote_once() -> None:
    code, rows, error = loaded("hall", "--phones", "25", "--seconds", "1")
    assert (code, error) == (0, "")
    assert [row[:2] for row in rows[:6]] == [
        ["votes acknowledged and lost", "0"],
        ["votes counted beyond those", "0"],
        ["scores counted otherwise than cast", "0"],
        ["phones without an acknowledged vote", "0"],
        ["phones that could not come in", "0"],
        ["connections lost", "0"],
    ]


def test_phone_that_cannot_come_in_stays_outside_and_is_counted() -> None:
    with Peer(BARE) as gone:
        pass
    crowd = Crowd(gone.url, "123456", random.Random(1))
    asyncio.run(crowd.arrive(["one", "two"]))
    assert (crowd.outside.total(), crowd.voters, crowd.joins) == (2, [], [])


@pytest.mark.parametrize(
    ("counted", "spread", "found"),
    [
        (2, {"1": 1, "5": 1}, (0, 0, 0)),
        (1, {"1": 1}, (1, 0, 1)),
        (3, {"1": 1, "5": 2}, (0, 1, 1)),
        (2, {"1": 1, "4": 1}, (0, 0, 2)),
    ],
)
def test_hall_load_finds_what_was_lost_doubled_or_counted_otherwise(
    counted: int, spread: dict[str, int], found: tuple[int, int, int]
) -> None:
    held = [{"A": 1, "B": None}, {"A": 5, "B": None}]
    rows = [{"id": "A", "spread": spread}, {"id": "B", "spread": {}}]
    tally = {"certificate": {"counted": counted}, "rows": rows}
    assert differences(held, tally) == found


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
