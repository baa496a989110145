"""One option, or abstaining where the question allows it. The choice is the option's id."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from townhall.domain.ballots import figures
from townhall.domain.ballots.definition import (
    ABSTAIN,
    Choice,
    Definition,
    Option,
    Result,
    check_fields,
    check_options,
    choice_invalid,
    flag,
)


class Single:
    """Config: `abstain` (bool, default true) offers abstaining as an answer of its own."""

    name = "single"
    needs_ballots = False
    least = 2
    most = 40

    def define(self, options: Sequence[Option], config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Checks options and `abstain`."""
        check_fields(config, "abstain")
        check_options(options, self.most)
        return {"abstain": flag(config, "abstain", True)}

    def clean(self, definition: Definition, choice: object, table: int | None) -> Choice:
        """An option's id, or "abstain"."""
        if type(choice) is not str:
            raise choice_invalid("type")
        if choice in definition.ids or (choice == ABSTAIN and definition.config["abstain"]):
            return choice
        raise choice_invalid("option")

    def cells(self, definition: Definition, choice: Choice) -> dict[str, int]:
        """One in the cell of the option."""
        return {choice: 1}

    def tally(
        self,
        definition: Definition,
        cells: Mapping[str, int],
        *,
        ballots: Iterable[Choice] | None = None,
        entitled: int = 0,
    ) -> Result:
        """Votes of each option, most first; abstentions are a count beside the rows."""
        counts = [cells.get(option, 0) for option in definition.order]
        abstained = cells.get(ABSTAIN, 0)
        n = sum(counts) + abstained
        base = figures.base_of(definition, n, abstained, entitled)
        rows = [
            {
                "id": option,
                "figure": str(count),
                "unit": "votes",
                "count": count,
                "bar": figures.bar(count, base),
                "place": place,
            }
            for option, count, place in zip(
                definition.order, counts, figures.places(counts), strict=True
            )
        ]
        return figures.result(definition, n=n, abstained=abstained, entitled=entitled, rows=rows)

    def shift(
        self, definition: Definition, pairs: Iterable[tuple[Choice, Choice]]
    ) -> dict[str, Any]:
        """Votes of each option (and of abstaining) in both rounds, and who went where."""
        return figures.single_shift([*definition.order, ABSTAIN], list(pairs))
