"""A file of rows, whoever saved it: CSV or JSONL, told apart by content, with exact line numbers.

Belongs here: encodings, quoting, line numbers. Does not belong here: what a row means
(`importing`). Pure: bytes in, records and broken lines out.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from townhall.domain.errors import Refused

LONGEST_CELL = 4_000_000
"""Characters. It also ends the search for the end of a quote that is never closed."""

TELLING = 20
"""In so many lines a file of JSON shows one object at least."""

_UNREADABLE = re.compile("[\udc80-\udcff]")
_ENCODINGS = ("utf-8", "cp949")


@dataclass(frozen=True)
class Record:
    """One row: the physical line it begins on (from 1), and its cells by column."""

    line: int
    cells: dict[str, Any]


@dataclass(frozen=True)
class Broken:
    """A row that cannot be read, and why."""

    line: int
    reason: Refused


@dataclass(frozen=True)
class Table:
    """A file as read. `columns` are folded names in the order in which they come."""

    form: Literal["csv", "jsonl"]
    encoding: str
    columns: tuple[str, ...]
    rows: list[Record | Broken] = field(default_factory=list)


def read(raw: bytes) -> Table:
    """Every row of a file in UTF-8 (with or without BOM), UTF-16 with BOM or CP949 (Korean Excel).

    A line whose bytes are not in the file's encoding, a quote that is never closed, an overlong
    cell, a name that stands twice or a line that is no JSON object breaks that row alone. Refuses
    `file_empty` (also a header without rows), `file_binary` and `file_columns_doubled` (column).
    """
    text, encoding = _decoded(raw)
    if not text.strip():
        raise Refused("file_empty")
    lines = _lines(text)
    objects = any(isinstance(_object(n, line), Record) for n, line in enumerate(lines[:TELLING]))
    table = (_jsonl if objects or text.lstrip()[0] == "{" else _csv)(lines, encoding)
    if not table.rows:
        raise Refused("file_empty")
    return table


def name(column: str) -> str:
    """A column's name as it is compared: NFC, no case, no white space around it."""
    return unicodedata.normalize("NFC", column.strip().strip("\ufeff")).casefold()


def _decoded(raw: bytes) -> tuple[str, str]:
    """The text and its encoding; bytes that do not fit become lone surrogates."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16"), "utf-16"
        except UnicodeDecodeError:
            raise Refused("file_binary") from None
    if b"\0" in raw:
        raise Refused("file_binary")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    for encoding in _ENCODINGS:
        if _mostly(raw, encoding):
            return raw.decode(encoding, "surrogateescape"), encoding
    raise Refused("file_binary")


def _mostly(raw: bytes, encoding: str) -> bool:
    """Whether at least half of the lines that say something about the encoding are in it."""
    telling = [line for line in raw.split(b"\n") if not line.isascii()]
    return 2 * sum(_fits(line, encoding) for line in telling) >= len(telling)


def _fits(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _lines(text: str) -> list[str]:
    """The physical lines with their ends; a lone CR ends a line only where no LF does."""
    end = "\n" if "\n" in text else "\r"
    lines = [line + end for line in text.split(end)]
    return lines if lines[-1] != end else lines[:-1]


def _jsonl(lines: list[str], encoding: str) -> Table:
    rows = [_object(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    columns: dict[str, None] = {}
    for row in rows:
        if isinstance(row, Record):
            columns.update(dict.fromkeys(row.cells))
    return Table("jsonl", encoding, tuple(columns), rows)


def _object(number: int, line: str) -> Record | Broken:
    if _UNREADABLE.search(line):
        return Broken(number, Refused("row_bytes"))
    try:
        found = json.loads(line, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return Broken(number, Refused("row_json"))
    if not isinstance(found, _Pairs):
        return Broken(number, Refused("row_json"))
    cells = {name(key): value for key, value in found}
    if len(cells) < len(found):
        return Broken(number, Refused("row_doubled"))
    return Record(number, cells)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written, so that a name that stands twice is seen."""


def _csv(lines: list[str], encoding: str) -> Table:
    rows = list(_csv_rows(lines))
    header = rows[0][1]
    if isinstance(header, Refused):
        return Table("csv", encoding, (), [Broken(rows[0][0], header)])
    columns = tuple(name(cell) for cell in header)
    named = [column for column in columns if column]
    if doubled := next((column for column in named if named.count(column) > 1), None):
        raise Refused("file_columns_doubled", column=doubled)
    return Table("csv", encoding, columns, [_record(n, row, columns) for n, row in rows[1:]])


def _csv_rows(lines: list[str]) -> Iterator[tuple[int, list[str] | Refused]]:
    """Rows that are not blank, each with the line it begins on.

    After a row that cannot be read the next line is taken for a new row, so that one stray quote
    does not swallow the rest of the file.
    """
    delimiter = _delimiter(lines)
    start = 0
    while start < len(lines):
        done = 0
        try:
            with _cells_up_to(LONGEST_CELL):
                for row, line in _read(lines, start, delimiter):
                    if any(cell.strip() for cell in row):
                        yield start + done + 1, row
                    done = line
            return
        except csv.Error as error:
            start += done
            long = _long_row(lines, start, delimiter) if "limit" in str(error) else 0
            why = Refused("row_long", limit=LONGEST_CELL) if long else Refused("row_quote")
            yield start + 1, why
            start += long or 1


def _read(lines: list[str], start: int, delimiter: str) -> Iterator[tuple[list[str], int]]:
    """Rows from a line on, each with how many lines have been read. Raises csv.Error."""
    rest = (lines[n] for n in range(start, len(lines)))
    reader = csv.reader(rest, delimiter=delimiter, strict=True)
    for row in reader:
        yield row, reader.line_num


def _long_row(lines: list[str], start: int, delimiter: str) -> int:
    """How many lines a row with an overlong cell takes; 0 when its quote is never closed."""
    try:
        with _cells_up_to(sum(map(len, lines[start:]))):
            return next(_read(lines, start, delimiter))[1]
    except csv.Error:
        return 0


@contextmanager
def _cells_up_to(limit: int) -> Iterator[None]:
    """The library's limit is the whole process's; it is put back."""
    before = csv.field_size_limit(limit)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _delimiter(lines: list[str]) -> str:
    """The comma, unless the first line that is not blank has more of another."""
    header = next(line for line in lines if line.strip())
    return max(",\t;", key=header.count)


def _record(number: int, row: list[str] | Refused, columns: tuple[str, ...]) -> Record | Broken:
    if isinstance(row, Refused):
        return Broken(number, row)
    if any(_UNREADABLE.search(cell) for cell in row):
        return Broken(number, Refused("row_bytes"))
    if len(row) < len(columns) or any(cell.strip() for cell in row[len(columns) :]):
        return Broken(number, Refused("row_cells", found=len(row), wanted=len(columns)))
    return Record(number, dict(zip(columns, row, strict=False)))
