"""A score for every candidate, or abstaining on it. The choice is `{"A": 5, "B": null}`."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
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
    label,
    whole,
)

DECIMALS = 2


class Score:
    """Config: `min` and `max` of the scale (default 1 and 5), `low_label`, `high_label`."""

    name = "score"
    needs_ballots = False
    least = 2
    most = 40

    def define(self, options: Sequence[Option], config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Checks options and the scale: whole numbers, 0 <= min < max <= 10."""
        check_fields(config, "min", "max", "low_label", "high_label")
        check_options(options, self.most)
        low, high = whole(config, "min", 1, 0, 9), whole(config, "max", 5, 1, 10)
        if low >= high:
            raise definition_invalid("max", "range")
        labels = {field: label(config, field) for field in ("low_label", "high_label")}
        return {"min": low, "max": high, **labels}

    def clean(self, definition: Definition, choice: object, table: int | None) -> Choice:
        """Every candidate with a whole number of the scale, or null where one abstains on it."""
        if type(choice) is not dict:
            raise choice_invalid("type")
        if choice.keys() != definition.ids:
            raise choice_invalid("option" if choice.keys() - definition.ids else "missing")
        low, high = definition.config["min"], definition.config["max"]
        for score in choice.values():
            if score is None:
                continue
            if type(score) is not int:
                raise choice_invalid("type")
            if not low <= score <= high:
                raise choice_invalid("range")
        return {option: choice[option] for option in definition.order}

    def cells(self, definition: Definition, choice: Choice) -> dict[str, int]:
        """One for the ballot, one for each candidate's score, such as "A:5"."""
        cells = {f"{option}:{score}": 1 for option, score in choice.items() if score is not None}
        if not cells:
            cells[ABSTAINED_CELL] = 1
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
        """Mean of the scores given to each candidate, highest first.

        mean = sum of scores / number of ballots that scored the candidate; abstaining is not zero
        (Townhall's scoring rule, "live points"). `count` is that number, so `share` is coverage;
        `figure` is the mean with two decimals, or nothing when nobody scored. `bar` is mean / max.
        """
        scale = range(definition.config["min"], definition.config["max"] + 1)
        n = cells.get(BALLOTS_CELL, 0)
        spreads = [
            {score: cells.get(f"{option}:{score}", 0) for score in scale}
            for option in definition.order
        ]
        means = [_mean(spread) for spread in spreads]
        rows = [
            {
                "id": option,
                "figure": None if mean is None else figures.half_up(mean, DECIMALS),
                "unit": "mean",
                "count": sum(spread.values()),
                "bar": figures.bar(mean or 0, scale[-1]),
                "place": place,
                "abstained": n - sum(spread.values()),
                "spread": {str(score): count for score, count in spread.items()},
            }
            for option, mean, spread, place in zip(
                definition.order, means, spreads, figures.places(means), strict=True
            )
        ]
        abstained = cells.get(ABSTAINED_CELL, 0)
        return figures.result(definition, n=n, abstained=abstained, entitled=entitled, rows=rows)

    def shift(
        self, definition: Definition, pairs: Iterable[tuple[Choice, Choice]]
    ) -> dict[str, Any]:
        """Means in both rounds over the `n` seats that scored the candidate in both.

        A row also counts the seats that `raised`, `lowered` or kept (`same`) their score; its
        figures are nothing when no seat scored the candidate twice.
        """
        both = list(pairs)
        return figures.shift(both, [_moved(option, both) for option in definition.order])


def _mean(spread: Mapping[int, int]) -> Fraction | None:
    count = sum(spread.values())
    total = sum(score * number for score, number in spread.items())
    return Fraction(total, count) if count else None


def _moved(option: str, both: Sequence[tuple[Choice, Choice]]) -> dict[str, Any]:
    scores = [
        (first[option], final[option])
        for first, final in both
        if first[option] is not None and final[option] is not None
    ]
    counts = {
        "n": len(scores),
        "raised": sum(final > first for first, final in scores),
        "lowered": sum(final < first for first, final in scores),
        "same": sum(final == first for first, final in scores),
    }
    if not scores:
        nothing = {"first": None, "final": None, "change": None}
        return {"id": option, "unit": "mean", **nothing, **counts}
    before = Fraction(sum(first for first, _ in scores), len(scores))
    after = Fraction(sum(final for _, final in scores), len(scores))
    return figures.moved(option, "mean", before, after, DECIMALS) | counts
