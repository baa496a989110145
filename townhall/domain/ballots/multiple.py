"""Several options, and 기타 (a text of one's own) where the question allows it.

The choice is `{"picks": ["A", "C"], "other": "text"}`; `other` is left out when nothing is written.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from townhall.domain import text
from townhall.domain.ballots import figures
from townhall.domain.ballots.definition import (
    BALLOTS_CELL,
    OTHER,
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
from townhall.domain.errors import Refused

OTHER_LIMIT = 100


class Multiple:
    """Config: `max` answers a ballot (default: no limit but the options), `write_in` (bool)."""

    name = "multiple"
    needs_ballots = False
    least = 2
    most = 40

    def define(self, options: Sequence[Option], config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Checks options, `max` (at most as many as there are answers) and `write_in`."""
        check_fields(config, "max", "write_in")
        check_options(options, self.most)
        write_in = flag(config, "write_in", False)
        answers = len(options) + write_in
        most = whole(config, "max", max(1, answers), 1, self.most + 1)
        if options and most > answers:
            raise definition_invalid("max", "range")
        return {"max": most, "write_in": write_in}

    def clean(self, definition: Definition, choice: object, table: int | None) -> Choice:
        """Picks in options' order, without repeats; at least one answer, at most `max`."""
        if type(choice) is not dict or not choice.keys() <= {"picks", OTHER}:
            raise choice_invalid("type")
        picks = choice.get("picks", [])
        if type(picks) is not list or not all(type(pick) is str for pick in picks):
            raise choice_invalid("type")
        chosen = set(picks)
        if not chosen <= definition.ids:
            raise choice_invalid("option")
        if len(chosen) != len(picks):
            raise choice_invalid("repeated")
        written = _written(choice.get(OTHER, ""), definition.config["write_in"])
        answers = len(picks) + bool(written)
        if not 1 <= answers <= definition.config["max"]:
            raise choice_invalid("too_many" if answers else "too_few")
        cleaned: dict[str, Any] = {"picks": [each for each in definition.order if each in chosen]}
        return cleaned | ({OTHER: written} if written else {})

    def cells(self, definition: Definition, choice: Choice) -> dict[str, int]:
        """One for the ballot, one for each pick, one for a text of one's own."""
        cells = dict.fromkeys(choice["picks"], 1)
        cells[BALLOTS_CELL] = 1
        if OTHER in choice:
            cells[OTHER] = 1
        return cells

    def tally(
        self,
        definition: Definition,
        cells: Mapping[str, int],
        *,
        ballots: Iterable[Choice] | None = None,
        entitled: int = 0,
    ) -> Result:
        """Votes of each option, most first; shares are of ballots and may add up to more than 100.

        With a text of one's own there is a row "other". Given the ballots, `others` lists the
        texts, most frequent first, then by text: `[{"text", "count"}]`.
        """
        order = [*definition.order, OTHER] if definition.config["write_in"] else definition.order
        n = cells.get(BALLOTS_CELL, 0)
        base = figures.base_of(definition, n, 0, entitled)
        counts = [cells.get(option, 0) for option in order]
        rows = [
            {
                "id": option,
                "figure": str(count),
                "unit": "votes",
                "count": count,
                "bar": figures.bar(count, base),
                "place": place,
            }
            for option, count, place in zip(order, counts, figures.places(counts), strict=True)
        ]
        extras: dict[str, Any] = {} if ballots is None else {"others": _others(ballots)}
        return figures.result(definition, n=n, entitled=entitled, rows=rows, **extras)

    def shift(
        self, definition: Definition, pairs: Iterable[tuple[Choice, Choice]]
    ) -> dict[str, Any]:
        """Votes of each option in both rounds, and how many took it up (`gained`) or dropped it."""
        both = list(pairs)
        rows = []
        for option in definition.order:
            before = [option in first["picks"] for first, _ in both]
            after = [option in final["picks"] for _, final in both]
            row = figures.moved(option, "votes", sum(before), sum(after))
            row["gained"] = sum(now > then for then, now in zip(before, after, strict=True))
            row["lost"] = sum(now < then for then, now in zip(before, after, strict=True))
            rows.append(row)
        return figures.shift(both, rows)


def _written(value: object, allowed: bool) -> str:
    """The cleaned text of one's own, or "" when nothing was written."""
    if type(value) is not str:
        raise choice_invalid("type")
    try:
        written = text.clean(value, limit=OTHER_LIMIT, required=False)
    except Refused as refusal:
        raise choice_invalid("other_too_long", **refusal.details) from refusal
    if written and not allowed:
        raise choice_invalid("option")
    return written


def _others(ballots: Iterable[Choice]) -> list[dict[str, Any]]:
    counts = Counter(choice[OTHER] for choice in ballots if OTHER in choice)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"text": written, "count": count} for written, count in ranked]
