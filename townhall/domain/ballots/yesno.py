"""Yes, no or abstain. The choice is one of the three words; there are no options."""

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
    choice_invalid,
    definition_invalid,
)

ANSWERS = ("yes", "no", ABSTAIN)


class YesNo:
    """찬성, 반대, 기권. Rows keep this order; abstaining has no place."""

    name = "yesno"
    needs_ballots = False
    least = 0
    most = 0

    def define(self, options: Sequence[Option], config: Mapping[str, Any]) -> Mapping[str, Any]:
        """There is nothing to set."""
        check_fields(config)
        if options:
            raise definition_invalid("options", "too_many")
        return {}

    def clean(self, definition: Definition, choice: object, table: int | None) -> Choice:
        """One of the words yes, no, abstain."""
        if type(choice) is str and choice in ANSWERS:
            return choice
        raise choice_invalid("option" if type(choice) is str else "type")

    def cells(self, definition: Definition, choice: Choice) -> dict[str, int]:
        """One in the cell of the answer."""
        return {choice: 1}

    def tally(
        self,
        definition: Definition,
        cells: Mapping[str, int],
        *,
        ballots: Iterable[Choice] | None = None,
        entitled: int = 0,
    ) -> Result:
        """Votes of each answer; when the base is `valid`, abstaining has no share of it."""
        counts = [cells.get(answer, 0) for answer in ANSWERS]
        n, abstained = sum(counts), counts[-1]
        base = figures.base_of(definition, n, abstained, entitled)
        placed: list[int | None] = [*figures.places(counts[:-1]), None]
        rows = [
            {
                "id": answer,
                "figure": str(count),
                "unit": "votes",
                "count": count,
                "share": figures.percent(count, base),
                "bar": figures.bar(count, base),
                "place": place,
            }
            for answer, count, place in zip(ANSWERS, counts, placed, strict=True)
        ]
        if definition.base == "valid":
            rows[-1] |= {"share": None, "bar": "0.0"}
        return {"n": n, "abstained": abstained, "base": base, "rows": rows}

    def shift(
        self, definition: Definition, pairs: Iterable[tuple[Choice, Choice]]
    ) -> dict[str, Any]:
        """Votes of each answer in both rounds, and who went where."""
        return figures.single_shift(ANSWERS, list(pairs))
