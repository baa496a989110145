"""Files of rows: encodings, quoting, broken lines, and the physical line of each."""

import pytest

from townhall.domain import records
from townhall.domain.errors import Refused
from townhall.domain.records import Record

CSV = "title,content\r\n가,나\r\n"


def told(raw: bytes) -> list[tuple[int, object]]:
    """Line and cells of each row, or the code of why it is broken."""
    return [
        (row.line, list(row.cells.values()) if isinstance(row, Record) else row.reason.code)
        for row in records.read(raw).rows
    ]


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        pytest.param(CSV.encode(), "utf-8", id="utf-8"),
        pytest.param(CSV.encode("utf-8-sig"), "utf-8", id="utf-8 with BOM"),
        pytest.param(CSV.encode("cp949"), "cp949", id="Korean Excel"),
        pytest.param(CSV.encode("utf-16"), "utf-16", id="Unicode text of Excel"),
        pytest.param(CSV.replace("\r\n", "\n").encode(), "utf-8", id="LF"),
        pytest.param(CSV.replace("\r\n", "\r").encode(), "utf-8", id="CR alone"),
        pytest.param(CSV.replace(",", "\t").encode(), "utf-8", id="tabs"),
        pytest.param(CSV.replace(",", ";").encode(), "utf-8", id="semicolons"),
        pytest.param(CSV.rstrip().encode(), "utf-8", id="no end of line at the end"),
    ],
)
def test_a_file_is_read_whoever_saved_it(raw: bytes, encoding: str) -> None:
    table = records.read(raw)
    assert (table.form, table.encoding, table.columns) == ("csv", encoding, ("title", "content"))
    assert table.rows == [Record(2, {"title": "가", "content": "나"})]


def test_quotes_commas_and_line_breaks_stay_inside_a_field() -> None:
    raw = 'title,content\n"말했다 ""아니""","첫 줄\r\n둘째, 줄\n셋째"\n\n  ,\n다,라\n'.encode()
    assert told(raw) == [
        (2, ['말했다 "아니"', "첫 줄\r\n둘째, 줄\n셋째"]),
        (7, ["다", "라"]),
    ]


def test_a_lone_carriage_return_inside_a_field_is_no_line() -> None:
    assert told(b'title,content\n"a\rb",c\nd,e\n') == [(2, ["a\rb", "c"]), (3, ["d", "e"])]


def test_a_quote_that_is_never_closed_breaks_its_row_alone() -> None:
    raw = 'title,content\n가,나\n"다,라\n마,바\n사,아\n'.encode()
    assert told(raw) == [
        (2, ["가", "나"]),
        (3, "row_quote"),
        (4, ["마", "바"]),
        (5, ["사", "아"]),
    ]


def test_a_quote_in_the_last_line_breaks_that_line() -> None:
    assert told(b'title,content\na,b\n"c,d\n') == [(2, ["a", "b"]), (3, "row_quote")]


def test_a_quote_closed_by_a_later_row_breaks_its_row_alone() -> None:
    raw = 'title,content\n가,"나\n다,"라"\n마,바\n'.encode()
    assert told(raw) == [(2, "row_quote"), (3, ["다", "라"]), (4, ["마", "바"])]


def test_a_row_with_too_few_or_too_many_cells_is_broken() -> None:
    raw = "title,content\n가\n가,나,다\n가,나,,\n".encode()
    assert told(raw) == [(2, "row_cells"), (3, "row_cells"), (4, ["가", "나"])]


def test_bytes_in_another_encoding_break_their_row_alone() -> None:
    lines = [b"title,content", "가,나".encode(), "다,라".encode("cp949"), "마,바".encode()]
    assert told(b"\n".join(lines)) == [(2, ["가", "나"]), (3, "row_bytes"), (4, ["마", "바"])]
    objects = [f'{{"title": "{word}"}}'.encode() for word in ("가", "나")]
    objects.insert(1, '{"title": "다"}'.encode("cp949"))
    assert told(b"\n".join(objects)) == [(1, ["가"]), (2, "row_bytes"), (3, ["나"])]


def test_jsonl_is_told_by_its_content_and_breaks_line_by_line() -> None:
    raw = (
        '\n{"Title ": "가", "content": "나\\n다", "num": 3}\r\n'
        '{"title": \n[1]\n"글"\n'
        '{"extra": null, "title": "\u2028"}\n' + "[" * 100_000
    ).encode()
    table = records.read(raw)
    assert (table.form, table.columns) == ("jsonl", ("title", "content", "num", "extra"))
    assert told(raw) == [
        (2, ["가", "나\n다", 3]),
        (3, "row_json"),
        (4, "row_json"),
        (5, "row_json"),
        (6, [None, "\u2028"]),
        (7, "row_json"),
    ]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(b"", "file_empty", id="nothing"),
        pytest.param(b"\xef\xbb\xbf \n\n", "file_empty", id="white space"),
        pytest.param(b"title,content\n", "file_empty", id="a header alone"),
        pytest.param(b"PK\x03\x04\x00\x00", "file_binary", id="a workbook"),
        pytest.param(b"\xff\xfe\x00", "file_binary", id="half a character of UTF-16"),
        pytest.param(b"\xff\xfd\xfc\xfb\xfa", "file_binary", id="bytes of no encoding"),
        pytest.param(b"title,Title\na,b\n", "file_columns_doubled", id="a column twice"),
    ],
)
def test_a_file_that_is_no_table_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(Refused, match=code):
        records.read(raw)


def test_a_file_whose_header_cannot_be_read_has_no_columns() -> None:
    table = records.read(b'"title,content\na,b\n')
    assert (table.columns, told(b'"title,content\na,b\n')) == ((), [(1, "row_quote")])


def test_an_overlong_cell_breaks_its_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_CELL", 100)
    long = "가, 나\n" * 50
    raw = f'title,content\n하나,"{long}"\n둘,둘\n'.encode()
    assert told(raw) == [(2, "row_long"), (53, ["둘", "둘"])]


def test_a_quote_without_end_does_not_pass_for_a_long_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_CELL", 100)
    rest = "나,나\n" * 60
    found = told(f'title,content\n하나,"가\n{rest}'.encode())
    assert found[0] == (2, "row_quote")
    assert found[1:] == [(line, ["나", "나"]) for line in range(3, 63)]


@pytest.mark.parametrize("first", ["[1, 2]", "null", '"title,content"', "{broken"])
def test_lines_of_json_are_known_by_any_object(first: str) -> None:
    raw = f'{first}\n{{"title": "가"}}\n'.encode()
    assert records.read(raw).form == "jsonl"
    assert told(raw) == [(1, "row_json"), (2, ["가"])]


@pytest.mark.parametrize("again", ["title", "Title", " title"])
def test_a_name_that_stands_twice_breaks_its_row(again: str) -> None:
    raw = f'{{"title": "다"}}\n{{"title": "가", "{again}": "나"}}\n'.encode()
    assert told(raw) == [(1, ["다"]), (2, "row_doubled")]
