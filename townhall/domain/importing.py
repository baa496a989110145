"""Rows of a file as proposals: which column means what, and what a row must have.

Belongs here: the columns of petition archives and of our own export, mappings for others, and
the checks of a row. Does not belong here: reading the file (`records`), storing (`actions`).
Pure.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from townhall.domain.drafts import CATEGORY, TAG, Draft, end_of_day
from townhall.domain.errors import Refused
from townhall.domain.proposals import Status, closes_at
from townhall.domain.records import Broken, Record, Table, name
from townhall.domain.text import clean, fold

TITLE, TEXT, AUTHOR, SOURCE, KEY = 500, 100_000, 40, 200, 200
"""Limits in graphemes. What was written under other rules is taken whole or not at all."""

MOST_TAGS = 40
FIRST_YEAR, LAST_YEAR = 1900, 2200
MOST_AGREEMENTS = 2_000_000_000
EXPORTED = (
    "key",
    "title",
    "background",
    "content",
    "category",
    "tags",
    "author",
    "status",
    "submitted_at",
    "agreement_closes_at",
    "agreements",
    "sympathies",
    "comments",
    "imported_agreements",
    "source",
)
"""The columns of our own export, in order."""

FIELDS = frozenset(EXPORTED) - {"sympathies", "comments"}
"""What a column may be mapped to."""

_PETITIONS: Mapping[str, str] = {
    "petition_idx": "key",
    "begin": "submitted_at",
    "end": "agreement_closes_at",
    "num_agree": "imported_agreements",
}
_STATUS: Mapping[str, Status] = {
    "open": "open",
    "closed": "closed",
    "concluded": "concluded",
    "청원진행중": "open",
    "청원종료": "closed",
    "답변대기": "closed",
    "답변완료": "concluded",
    "브리핑": "concluded",
    "진행중": "open",
    "완료": "closed",
    "종료": "closed",
    "마감": "closed",
}
_OWN = {"key", "submitted_at", "agreement_closes_at", "imported_agreements"}
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True)
class Row:
    """A checked row. Times in epoch ms; `agreements` is None where the file has no count."""

    line: int
    key: str
    draft: Draft
    author: str
    status: Status
    submitted_at: int
    agreement_closes_at: int
    agreements: int | None
    source: str


@dataclass(frozen=True)
class Columns:
    """Which column holds which field; `ignored` are columns nobody asked for."""

    column: Mapping[str, str]
    ignored: tuple[str, ...]
    own: bool


@dataclass(frozen=True)
class Context:
    """What a row does not say itself: the moment, the house's zone, the board's days, the file."""

    now: int
    zone: tzinfo
    days: int
    source: str


def columns_of(table: Table, mapping: Sequence[str]) -> Columns:
    """The meaning of each column. `mapping` holds `column=field`, which beats what is known.

    Refuses `map_invalid` (given), `map_field` (field, known), `map_column` (column, known),
    `map_twice` (field) and `file_columns` (found) where no column is a title or none a content.
    """
    chosen: dict[str, str] = {}
    for given in mapping:
        column, equals, wanted = (part.strip() for part in given.rpartition("="))
        if not equals or not column:
            raise Refused("map_invalid", given=given)
        if wanted not in FIELDS:
            raise Refused("map_field", field=wanted, known=", ".join(sorted(FIELDS)))
        if name(column) not in table.columns:
            raise Refused("map_column", column=column, known=_listed(table.columns))
        if wanted in chosen:
            raise Refused("map_twice", field=wanted)
        chosen[wanted] = name(column)
    own = table.columns and set(table.columns) >= _OWN
    for column in table.columns:
        meaning = _PETITIONS.get(column, column)
        if meaning in FIELDS and column not in chosen.values():
            chosen.setdefault(meaning, column)
    if not {"title", "content"} <= set(chosen):
        raise Refused("file_columns", found=_listed(table.columns))
    known = {*chosen.values(), "sympathies", "comments"}
    ignored = tuple(column for column in table.columns if column and column not in known)
    return Columns(chosen, ignored, bool(own))


def rows_of(table: Table, columns: Columns, context: Context) -> list[Row | Broken]:
    """Every row checked, in the order of the file.

    A row is refused with `text_empty` and `text_too_long` (field), `row_type` (field),
    `row_number` (field, found), `row_date` (field, found), `row_end` (it ends before it begins),
    or with what `records` found.
    """
    seen: Counter[str] = Counter()
    checked: list[Row | Broken] = []
    for record in table.rows:
        if isinstance(record, Broken):
            checked.append(record)
            continue
        cells = _Cells(record, columns, csv=table.form == "csv")
        try:
            checked.append(_row(cells, context, seen))
        except Refused as refused:
            checked.append(Broken(record.line, refused))
    return checked


def _row(cells: "_Cells", context: Context, seen: Counter[str]) -> Row:
    draft = Draft(
        title=cells.text("title", TITLE, required=True),
        background=cells.text("background", TEXT, lines=True),
        content=cells.text("content", TEXT, lines=True, required=True),
        category=cells.text("category", 2 * CATEGORY),
        tags=cells.tags(),
    )
    submitted = cells.moment("submitted_at", context.zone, last=False)
    begins = context.now if submitted is None else submitted
    ends = cells.moment("agreement_closes_at", context.zone, last=True)
    if ends is not None and ends < begins:
        raise Refused("row_end")
    closes = closes_at(begins, context.days) if ends is None else ends
    standing: Status = "open" if closes > context.now else "closed"
    return Row(
        line=cells.line,
        key=_key(cells, draft, submitted, seen),
        draft=draft,
        author=cells.text("author", AUTHOR),
        status=_STATUS.get(fold(cells.text("status", 40)), standing),
        submitted_at=begins,
        agreement_closes_at=closes,
        agreements=cells.agreements(),
        source=cells.text("source", SOURCE) or context.source,
    )


def _key(cells: "_Cells", draft: Draft, submitted: int | None, seen: Counter[str]) -> str:
    """What a row is known by when the file comes again.

    Our own export's key, else the file's own number, else what it says; of several rows that say
    the very same the second is the second on every import.
    """
    given = cells.text("key", KEY)
    if given:
        return given if cells.own else f"id:{given}"
    said = "\x1f".join((draft.title, draft.background, draft.content, str(submitted)))
    digest = hashlib.sha256(said.encode()).hexdigest()[:32]
    seen[digest] += 1
    return f"row:{digest}" if seen[digest] == 1 else f"row:{digest}:{seen[digest]}"


class _Cells:
    """The cells of one row by field, typed."""

    def __init__(self, record: Record, columns: Columns, *, csv: bool) -> None:
        self.line = record.line
        self.own = columns.own
        self._unescape = csv and columns.own
        self._cells = {field: record.cells.get(column) for field, column in columns.column.items()}

    def text(self, field: str, limit: int, *, lines: bool = False, required: bool = False) -> str:
        """Clean text of a cell."""
        typed = self._string(field)
        return clean(typed, limit=limit, lines=lines, required=required, field=field)

    def tags(self) -> tuple[str, ...]:
        """The tags of a cell: a list, or a text with commas."""
        found = self._cells.get("tags")
        listed: Iterable[Any] = found if isinstance(found, list) else self._parts("tags")
        kept: dict[str, str] = {}
        for one in listed:
            if not isinstance(one, str):
                raise Refused("row_type", field="tags")
            if tag := clean(one, limit=2 * TAG, required=False, field="tags"):
                kept.setdefault(fold(tag), tag)
        return tuple(kept.values())[:MOST_TAGS]

    def moment(self, field: str, zone: tzinfo, *, last: bool) -> int | None:
        """A day or a moment as epoch milliseconds; a day means its first or `last` millisecond."""
        typed = self._string(field).strip().rstrip(".")
        if not typed:
            return None
        iso = re.sub(r"^(\d{4})\s*[./]\s*(\d{1,2})\s*[./]\s*(\d{1,2})(?!\d)", _dashed, typed)
        try:
            at = datetime.fromisoformat(iso)
            if not FIRST_YEAR <= at.year <= LAST_YEAR:
                raise ValueError
        except ValueError:
            raise Refused("row_date", field=field, found=typed[:40]) from None
        if last and len(iso) == len("2017-08-25"):
            return end_of_day(at.date(), zone)
        return round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)

    def agreements(self) -> int | None:
        """Agreements given elsewhere: an old count, and in our own export what came on top."""
        counts = [self._count("imported_agreements"), self._count("agreements")]
        given = [count for count in counts if count is not None]
        return sum(given) if any(given) or counts[0] is not None else None

    def _count(self, field: str) -> int | None:
        typed = self._string(field).strip()
        if not typed:
            return None
        digits = re.sub(r"(?<=\d),(?=\d{3})", "", typed)
        if not re.fullmatch(r"\d{1,10}", digits, re.ASCII) or int(digits) > MOST_AGREEMENTS:
            raise Refused("row_number", field=field, found=typed[:40])
        return int(digits)

    def _parts(self, field: str) -> list[str]:
        return re.split(r"[,#，、]", self._string(field))

    def _string(self, field: str) -> str:
        """A cell as text; numbers of JSON are text too, what has parts is not."""
        found = self._cells.get(field)
        if found is None:
            return ""
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            raise Refused("row_type", field=field)
        typed = str(found)
        return typed[1:] if self._unescape and _ESCAPED.match(typed) else typed


def escaped(cell: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula; `_Cells` takes the quote off again."""
    return f"'{cell}" if re.match(r"'*[=+\-@\t\r]", cell) else cell


def _dashed(found: "re.Match[str]") -> str:
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(column[:40] for column in columns[:20]) or "-"
