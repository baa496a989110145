"""`python -m loadtests NAME` runs one load; without a name, the list of them."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from loadtests import bench, growth, hall, plot, single, storms
from loadtests.server import ServerFailed
from townhall.crowd.client import NotLetIn

MOST: Mapping[str, float] = {
    "phones": 10_000,
    "seconds": 600,
    "ballots": 2_000_000,
    "questions": 50,
    "acts": 100,
    "rounds": 5,
    "tickets": 10_000,
    "workers": 8,
}

Load = tuple[Callable[..., str], Mapping[str, Any]]
"""What runs, and its options with their defaults."""

LOADS: Mapping[str, Load] = {
    "bench": (
        bench.run,
        {"phones": 2_000, "questions": 10, "acts": 20, "rounds": 2, "quick": False},
    ),
    "fanout": (single.fanout, {"phones": 2_000}),
    "votes": (single.votes, {"phones": 2_000}),
    "memory": (single.memory, {"phones": 2_000}),
    "joins": (single.joins, {"phones": 2_000, "tickets": 500}),
    "hall": (hall.hall, {"phones": 1_000, "seconds": 10.0, "workers": 1, "seed": 1}),
    "wave": (storms.wave, {"phones": 5_000, "seconds": 60.0, "seed": 1}),
    "cut": (storms.cut, {"phones": 5_000, "seconds": 10.0, "seed": 1}),
    "slow": (storms.slow, {"phones": 2_000, "seconds": 30.0, "seed": 1}),
    "growth": (growth.growth, {"phones": 400, "ballots": 1_000_000}),
    "plot": (plot.plot, {"phones": 10_000, "ballots": 1_000_000}),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 and one line when something cannot be run."""
    parser = argparse.ArgumentParser(prog="loadtests", description=__doc__)
    names = parser.add_subparsers(dest="name", metavar="NAME")
    for name, (run, options) in LOADS.items():
        said = (run.__doc__ or "").partition("\n")[0]
        one = names.add_parser(name, help=said, description=said)
        for option, usual in options.items():
            if isinstance(usual, bool):
                one.add_argument(f"--{option}", action="store_true")
            else:
                most = f"1 to {MOST[option]:,}, " if option in MOST else ""
                said = f"{most}usually {usual:,}"
                one.add_argument(f"--{option}", type=type(usual), default=usual, help=said)
    asked = vars(parser.parse_args(arguments))
    name = asked.pop("name")
    if name is None:
        parser.print_help()
        return 0
    for option, value in asked.items():
        if option in MOST and not 1 <= value <= MOST[option]:
            parser.error(f"--{option}: 1 to {MOST[option]:,}")
    try:
        print(LOADS[name][0](**asked))
    except (ServerFailed, NotLetIn, OSError, httpx.HTTPError, ExceptionGroup) as error:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        print(str(error) or type(error).__name__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
