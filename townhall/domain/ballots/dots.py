"""Points to give away: a purse of them, spread over options as one likes.

The choice is `{"t1": 2, "t3": 1}`; an empty one has taken every point back.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from townhall.domain.ballots import figures
from townhall.domain.ballots.definition import (
    ABSTAINED_CELL,
    BALLOTS_CELL,
    Choice,
    Definition,
    Option,
    Result,
    check_fields,
    check_options,
    choice_invalid,
    definition_invalid,
    flag,
    whole,
)

SOURCES = ("options", "summaries")
PILED_CELL = "#piled"
GIVERS_MARK = "#"


class Dots:
    """Config: `budget` points a ballot (1 to 100, default 5), `not_own_table` (bool),
    `per_option_max` (default: the budget), `over`: where options come from, `options` of its own
    or the tables' `summaries` at the time it opens.
    """

    name = "dots"
    needs_ballots = False
    least = 1
    most = 200

    def define(self, options: Sequence[Option], config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Checks options, purse and limits; `per_option_max` cannot exceed the budget."""
        check_fields(config, "budget", "not_own_table", "per_option_max", "over")
        check_options(options, self.most)
        budget = whole(config, "budget", 5, 1, 100)
        per_option = config.get("per_option_max")
        if per_option is not None:
            per_option = whole(config, "per_option_max", budget, 1, budget)
        own = flag(config, "not_own_table", False)
        over = config.get("over", "options")
        if over not in SOURCES:
            raise definition_invalid("over", "range")
        return {
            "budget": budget,
            "not_own_table": own,
            "per_option_max": per_option,
            "over": over,
        }

    def clean(self, definition: Definition, choice: object, table: int | None) -> Choice:
        """Whole positive points on known options, together at most the budget.

        Where `not_own_table` is set, none on an option that speaks for the voter's `table`.
        """
        if type(choice) is not dict:
            raise choice_invalid("type")
        if not choice.keys() <= definition.ids:
            raise choice_invalid("option")
        budget = definition.config["budget"]
        most = definition.config["per_option_max"] or budget
        for points in choice.values():
            if type(points) is not int:
                raise choice_invalid("type")
            if not 1 <= points <= most:
                raise choice_invalid("range")
        if sum(choice.values()) > budget:
            raise choice_invalid("over_budget", budget=budget)
        if definition.config["not_own_table"] and table is not None:
            owners = definition.tables
            if any(owners.get(option) == table for option in choice):
                raise choice_invalid("own_table", table=table)
        return {option: choice[option] for option in definition.order if option in choice}

    def cells(self, definition: Definition, choice: Choice) -> dict[str, int]:
        """The points of each option, its givers ("t1#"), and one for the ballot.

        A ballot that holds nothing, or its whole purse on one option, is counted as such.
        """
        cells = dict(choice)
        for option in choice:
            cells[option + GIVERS_MARK] = 1
        if not choice:
            cells[ABSTAINED_CELL] = 1
        elif len(choice) == 1 and sum(choice.values()) == definition.config["budget"]:
            cells[PILED_CELL] = 1
        cells[BALLOTS_CELL] = 1
        return cells

    def tally(
        self,
        definition: Definition,
        cells: Mapping[str, int],
        *,
        ballots: Iterable[Choice] | None = None,
        entitled: int = 0,
    ) -> Result:
        """Points of each option, most first; `count` (and share) are the people who gave any.

        `bar` is relative to the option with most points. `points` is how many were given in all;
        `concentration` says how much they gather: `top` (percent of all points on the first
        option), `half` (the fewest options that hold half of all points), `reached` (options with
        any), `piled` (people who put their whole purse on one option).
        """
        points = [cells.get(option, 0) for option in definition.order]
        highest = max(points, default=0)
        rows = [
            {
                "id": option,
                "figure": str(given),
                "unit": "points",
                "count": cells.get(option + GIVERS_MARK, 0),
                "bar": figures.bar(given, highest),
                "place": place,
            }
            for option, given, place in zip(
                definition.order, points, figures.places(points), strict=True
            )
        ]
        return figures.result(
            definition,
            n=cells.get(BALLOTS_CELL, 0),
            abstained=cells.get(ABSTAINED_CELL, 0),
            entitled=entitled,
            rows=rows,
            points=sum(points),
            concentration={
                "top": figures.percent(highest, sum(points)),
                "half": _half(points),
                "reached": sum(given > 0 for given in points),
                "piled": cells.get(PILED_CELL, 0),
            },
        )

    def shift(
        self, definition: Definition, pairs: Iterable[tuple[Choice, Choice]]
    ) -> dict[str, Any]:
        """Points of each option in both rounds."""
        both = list(pairs)
        rows = [
            figures.moved(
                option,
                "points",
                sum(first.get(option, 0) for first, _ in both),
                sum(final.get(option, 0) for _, final in both),
            )
            for option in definition.order
        ]
        return figures.shift(both, rows)


def _half(points: Sequence[int]) -> int:
    """The fewest options that together hold at least half of all points; 0 of none."""
    held, total = 0, sum(points)
    for number, given in enumerate(sorted(points, reverse=True)):
        if 2 * held >= total:
            return number
        held += given
    return len(points)
