"""What every kind of ballot shares: options, a definition, the Protocol, and refusals.

No kind lives here and nothing is counted here. May call domain text and errors only.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from townhall.domain import text
from townhall.domain.errors import Refused

Choice: TypeAlias = Any
"""A cleaned choice in its canonical form: JSON data of the shape that the kind documents."""

Result: TypeAlias = dict[str, Any]
"""What a tally says, as JSON data without floats."""

ABSTAIN = "abstain"
OTHER = "other"
BALLOTS_CELL = "#"
ABSTAINED_CELL = "#abstain"

_RESERVED = frozenset({ABSTAIN, OTHER, "yes", "no"})
_OPTION_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,15}", re.ASCII)
_LABEL_LIMIT = 30


@dataclass(frozen=True)
class Option:
    """One answer that can be chosen; `table` where it is a table's summary."""

    id: str
    title: str
    table: int | None = None
    proposal: int | None = None


@dataclass(frozen=True)
class Definition:
    """What a question asks, frozen: `config` is what the kind's `define` returned.

    `base` is what a percentage is of: `voted` (every ballot), `valid` (ballots without those that
    abstain as a whole) or `entitled` (seats that may vote). Keep one Definition per open question:
    its look-up tables are made once.
    """

    kind: str
    options: tuple[Option, ...]
    config: Mapping[str, Any]
    base: str = "voted"

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The options' ids as they are listed."""
        return tuple(option.id for option in self.options)

    @cached_property
    def ids(self) -> frozenset[str]:
        """The options' ids, for quick look-up."""
        return frozenset(self.order)

    @cached_property
    def tables(self) -> Mapping[str, int]:
        """Which table an option speaks for, where it speaks for one."""
        return {option.id: option.table for option in self.options if option.table is not None}


class BallotKind(Protocol):
    """One way of voting: what may be chosen, what it adds to the count, what the count says.

    All methods are pure and may be repeated. `least` and `most` bound the number of options of a
    question that opens; `needs_ballots` says that cells alone cannot give the rows of the result.
    """

    name: str
    needs_ballots: bool
    least: int
    most: int

    def define(self, options: Sequence[Option], config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The config with defaults filled in.

        Too few options are accepted here, since a draft may get its options later; see
        `require_ready`. Refuses with `definition_invalid` (field, reason).
        """
        ...

    def clean(self, definition: Definition, choice: object, table: int | None) -> Choice:
        """The choice in canonical form; cleaning it again changes nothing.

        `table` is the table number of the voter. Refuses with `choice_invalid` (reason).
        """
        ...

    def cells(self, definition: Definition, choice: Choice) -> dict[str, int]:
        """What a cleaned choice adds to the tally: cell -> positive integer."""
        ...

    def tally(
        self,
        definition: Definition,
        cells: Mapping[str, int],
        *,
        ballots: Iterable[Choice] | None = None,
        entitled: int = 0,
    ) -> Result:
        """The result of summed cells (and of the choices themselves where given).

        `entitled` is the number of seats that may vote: the base where `definition.base` says so.
        """
        ...

    def shift(
        self, definition: Definition, pairs: Iterable[tuple[Choice, Choice]]
    ) -> dict[str, Any]:
        """From first to final round, over the seats that voted in both: (first, final) pairs.

        `{"n", "changed", "rows": [{"id", "unit", "first", "final", "change", ...}]}`, with
        `flows` where one choice moves to one other.
        """
        ...


def option_ids(count: int) -> tuple[str, ...]:
    """Ids for candidates in order: "A" to "Z", then "o27", "o28" and so on."""
    return tuple(chr(ord("A") + index) if index < 26 else f"o{index + 1}" for index in range(count))


def choice_invalid(reason: str, **details: Any) -> Refused:
    """The refusal of a choice; `reason` is a code for logs and protocols, not a sentence."""
    return Refused("choice_invalid", reason=reason, **details)


def definition_invalid(field: str, reason: str) -> Refused:
    """The refusal of a question's settings; the form marks `field`."""
    return Refused("definition_invalid", field=field, reason=reason)


def check_options(options: Sequence[Option], most: int) -> None:
    """Refuse options that are too many, repeated, or whose id is malformed or reserved."""
    if len(options) > most:
        raise definition_invalid("options", "too_many")
    ids = [option.id for option in options]
    if len(set(ids)) != len(ids):
        raise definition_invalid("options", "repeated")
    if any(each in _RESERVED or not _OPTION_ID.fullmatch(each) for each in ids):
        raise definition_invalid("options", "id")


def check_fields(config: Mapping[str, Any], *fields: str) -> None:
    """Refuse settings that the kind does not know."""
    for field in config:
        if field not in fields:
            raise definition_invalid(field, "unknown")


def whole(config: Mapping[str, Any], field: str, default: int, least: int, most: int) -> int:
    """A whole number between `least` and `most`, or a refusal."""
    value = config.get(field, default)
    if type(value) is not int:
        raise definition_invalid(field, "type")
    if not least <= value <= most:
        raise definition_invalid(field, "range")
    return value


def flag(config: Mapping[str, Any], field: str, default: bool) -> bool:
    """A yes or no, or a refusal."""
    value = config.get(field, default)
    if type(value) is not bool:
        raise definition_invalid(field, "type")
    return value


def label(config: Mapping[str, Any], field: str) -> str:
    """A short text for the end of a scale, at most 30 graphemes; "" where none is given."""
    value = config.get(field, "")
    if type(value) is not str:
        raise definition_invalid(field, "type")
    try:
        return text.clean(value, limit=_LABEL_LIMIT, required=False)
    except Refused as refusal:
        raise definition_invalid(field, "too_long") from refusal
