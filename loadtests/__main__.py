"""`python -m loadtests [--phones N]`, which is `make bench`: everything, as one table."""

import argparse

from loadtests import hall, pages
from loadtests.figures import table
from loadtests.server import many_files


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="loadtests", description=__doc__)
    parser.add_argument("--phones", type=int, default=1_000, help="how many phones in the hall")
    chosen = parser.parse_args()
    many_files()
    rows = [("figure", "found", "bar"), *pages.measure(), *hall.measure(chosen.phones)]
    print(table("Townhall, one process, SQLite", rows))


if __name__ == "__main__":
    main()
