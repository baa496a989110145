"""Cost against size as two pictures in docs/images: phones, and stored ballots."""

from loadtests import growth
from loadtests.costs import Costs, least, measure
from loadtests.drawing import chart
from loadtests.figures import table
from loadtests.server import ROOT, Server

IMAGES = ROOT / "docs" / "images"
SIZES = (100, 300, 1_000, 3_000, 10_000)
ACTS = 6
ROUNDS = 2
LEAST_VOTES = 5_000
GROWING_PHONES = 400


def plot(phones: int, ballots: int) -> str:
    """Draw cost against size, up to so many phones and so many stored ballots."""
    seen = {n: _measured(n) for n in SIZES if n <= phones}
    stored = growth.costs(GROWING_PHONES, ballots)
    by_phones = {
        "µs a recipient": [(n, costs.reach.cpu * 1e6) for n, costs in seen.items()],
        "µs a vote": [(n, costs.votes.cpu * 1e6) for n, costs in seen.items()],
    }
    by_ballots = {"µs a vote": [(n, cpu * 1e6) for n, cpu in stored.items()]}
    for name, title, across, series in (
        ("cost-by-phones", "Processor time by phones", "phones connected", by_phones),
        ("cost-by-ballots", "Processor time by stored ballots", "ballots stored", by_ballots),
    ):
        (IMAGES / f"{name}.svg").write_text(chart(title, across, series), encoding="utf-8")
    rows = [
        (f"{size:,.0f} {across}", f"{cost:.1f} {name}")
        for across, series in (("phones", by_phones), ("stored ballots", by_ballots))
        for name, points in series.items()
        for size, cost in points
    ]
    return table([("size", "server CPU"), *rows])


def _measured(phones: int) -> Costs:
    return least([_once(phones) for _ in range(ROUNDS)])


def _once(phones: int) -> Costs:
    with Server() as server:
        forum = server.forum(phones, max(1, LEAST_VOTES // phones))
        return server.under(measure(server, forum, ACTS))
