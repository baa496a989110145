"""`townhall import proposals` and `townhall export proposals`, as an operator calls them."""

import csv
import json
from pathlib import Path

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from townhall.cli import export_, import_
from townhall.domain.text import clean
from townhall.storage import schema
from townhall.storage.database import open_database

HERE = Path(__file__).resolve()
SAMPLE = HERE.parents[1] / "data" / "petitions_sample.jsonl"
WHOLE = HERE.parents[3] / "shared" / "data" / "petitions" / "petitions_2017-08.jsonl"
FILES = [SAMPLE, *([WHOLE] if WHOLE.is_file() else [])]
"""The sample always; the whole month too where it lies beside the checkout."""


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database that every command of a test works on."""
    found = f"sqlite:///{tmp_path / 'hall.db'}"
    monkeypatch.setenv("TOWNHALL_DATABASE_URL", found)
    return found


def take(*arguments: object) -> Result:
    return CliRunner().invoke(import_.app, ["proposals", *map(str, arguments)])


def give(*arguments: object) -> Result:
    return CliRunner().invoke(export_.app, ["proposals", *map(str, arguments)])


def stored(url: str) -> list[schema.Proposal]:
    database = open_database(url)

    def every(session: Session) -> list[schema.Proposal]:
        return list(session.exec(select(schema.Proposal)))

    found = database.read_here(every)
    database.close()
    return found


def csv_file(tmp_path: Path, text: str, name: str = "rows.csv", encoding: str = "utf-8") -> Path:
    file = tmp_path / name
    file.write_bytes(text.encode(encoding))
    return file


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_petitions_are_taken_in_whole_and_only_once(file: Path, url: str) -> None:
    petitions = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]
    all_of_them = len(petitions)
    first = take(file, "--create-board", "국민청원", "--board", "old")
    assert (first.exit_code, first.output) == (
        0,
        f"받은 제안 {all_of_them}건 · 받지 않은 행 0건 · 이미 있던 제안 0건 (게시판 old)\n",
    )
    found = {row.source_key: row for row in stored(url)}
    assert len(found) == len(petitions)
    for petition in petitions:
        row = found[f"id:{petition['petition_idx']}"]
        assert row.title == clean(petition["title"], limit=500)
        assert row.content == clean(petition["content"], limit=100_000, lines=True)
        assert (row.imported_agreements, row.category, row.status, row.person_id) == (
            petition["num_agree"],
            petition["category"],
            "closed",
            None,
        )
    again = take(file)
    assert again.output == (
        f"받은 제안 0건 · 받지 않은 행 0건 · 이미 있던 제안 {all_of_them}건 (게시판 old)\n"
    )
    assert len(stored(url)) == len(petitions)


def test_long_and_odd_text_is_stored_as_it_was_written(url: str) -> None:
    take(SAMPLE, "--create-board", "국민청원")
    said = {
        petition["petition_idx"]: petition["content"]
        for petition in map(json.loads, SAMPLE.read_text("utf-8").splitlines())
    }
    kept = {(row.source_key or "").removeprefix("id:"): row.content for row in stored(url)}
    # One petition holds a zero-width space, which is all that is taken away.
    assert kept == said | {"570": said["570"].replace("\u200b", "")}
    assert "\u200b" in said["570"]


@pytest.mark.parametrize(
    ("encoding", "ends"), [("utf-8", "\n"), ("utf-8-sig", "\r\n"), ("cp949", "\r\n")]
)
def test_a_csv_of_petitions_is_taken_in(tmp_path: Path, url: str, encoding: str, ends: str) -> None:
    rows = ["category,begin,end,title,content,num_agree,status"]
    rows.append('행정,2017-08-25,2017-09-24,제목,"첫 줄\n""둘째"", 줄",88,청원종료')
    file = csv_file(tmp_path, ends.join(rows) + ends, "petitions.txt", encoding)
    assert take(file, "--create-board", "국민청원").exit_code == 0
    (row,) = stored(url)
    assert (row.title, row.content, row.source) == ("제목", '첫 줄\n"둘째", 줄', "petitions.txt")


BAD = (
    "title,content,num_agree\n"
    '하나,"여러\n줄",1\n'
    ",제목이 없어요,2\n"
    "셋,내용,많이\n"
    "넷,내용\n"
    '다섯,"닫지 않음,5\n'
    "여섯,내용,6\n"
)


def test_refused_rows_are_listed_with_line_and_reason(tmp_path: Path, url: str) -> None:
    found = take(csv_file(tmp_path, BAD), "--create-board", "Board")
    assert found.exit_code == 0
    assert found.output.splitlines() == [
        "받은 제안 2건 · 받지 않은 행 4건 · 이미 있던 제안 0건 (게시판 board)",
        "4행: 제목 칸이 비어 있어요.",
        "5행: 동의 수 칸의 많이는 0 이상의 수가 아니에요.",
        "6행: 칸이 3개여야 하는데 2개예요.",
        "7행: 따옴표가 닫히지 않았거나 엉뚱한 곳에 있어요.",
    ]
    assert [row.title for row in stored(url)] == ["하나", "여섯"]


def test_strict_stores_nothing_when_a_row_is_refused(tmp_path: Path, url: str) -> None:
    found = take(csv_file(tmp_path, BAD), "--create-board", "Board", "--strict")
    assert found.exit_code == 2
    assert found.stdout.splitlines()[0].startswith("받은 제안 0건 · 받지 않은 행 4건")
    assert found.stderr == "받지 않은 행이 있어서 아무것도 저장하지 않았어요 (--strict).\n"
    assert stored(url) == []


def test_strict_stores_everything_when_no_row_is_refused(tmp_path: Path, url: str) -> None:
    good = csv_file(tmp_path, "title,content\n가,나\n다,라\n")
    assert take(good, "--create-board", "Board", "--strict").exit_code == 0
    assert len(stored(url)) == 2


def test_strict_refuses_a_number_that_another_proposal_has(tmp_path: Path, url: str) -> None:
    good = csv_file(tmp_path, "key,title,content\n1,가,나\n")
    take(good, "--create-board", "Board", "--map", "key=key")
    bad = csv_file(tmp_path, "key,title,content\n1,다른 제목,나\n2,다,라\n")
    found = take(bad, "--strict")
    assert found.exit_code == 2
    assert "2행: 같은 번호를 제목이 다른 제안이 쓰고 있어요." in found.stdout
    assert len(stored(url)) == 1
    assert take(bad).exit_code == 0
    assert [row.title for row in stored(url)] == ["가", "다"]


def test_a_dry_run_reports_and_stores_nothing(tmp_path: Path, url: str) -> None:
    found = take(csv_file(tmp_path, BAD), "--create-board", "Board", "--dry-run")
    assert found.exit_code == 0
    assert found.output.splitlines()[:2] == [
        "받은 제안 2건 · 받지 않은 행 4건 · 이미 있던 제안 0건 (게시판 board)",
        "시험으로 읽기만 했어요. 아무것도 저장하지 않았어요.",
    ]
    assert stored(url) == []
    assert give(tmp_path / "board.csv").exit_code == 2  # not even the board was made


def test_other_columns_are_mapped_and_the_rest_is_named(tmp_path: Path, url: str) -> None:
    file = csv_file(tmp_path, '제목,본문,추천수,비고\n가,나,"1,204",x\n')
    found = take(
        *(file, "--create-board", "Board", "--source", "구청 게시판"),
        *("--map", "제목=title", "--map", "본문=content", "--map", "추천수=imported_agreements"),
    )
    assert found.output.splitlines()[1:] == ["쓰지 않은 열: 비고"]
    (row,) = stored(url)
    assert (row.title, row.content, row.imported_agreements, row.source) == (
        "가",
        "나",
        1204,
        "구청 게시판",
    )


def test_the_report_speaks_english_where_the_house_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWNHALL_LANGUAGE", "en")
    found = take(csv_file(tmp_path, BAD), "--create-board", "Board", "--dry-run")
    assert found.output.splitlines()[:3] == [
        "Taken 2 · refused 4 · already there 0 (board board)",
        "This was a trial. Nothing was stored.",
        "line 4: Title is empty.",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(None, "그런 파일이 없어요.", id="missing"),
        pytest.param(b"", "읽을 행이 없는 파일이에요.", id="empty"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0", "글로 된 파일이 아니에요", id="binary"),
        pytest.param("가,나\n다,라\n".encode(), "제목(title)과 내용(content) 열을", id="columns"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "petitions.csv"
    if content is not None:
        file.write_bytes(content)
    found = take(file)
    assert (found.exit_code, found.stdout) == (2, "")
    assert sentence in found.stderr
    assert found.stderr.count("\n") == 1


def test_the_board_is_the_only_one_or_the_one_that_is_named(tmp_path: Path, url: str) -> None:
    file = csv_file(tmp_path, "title,content\n가,나\n")
    assert "아직 게시판이 없어요." in give(tmp_path / "board.csv").stderr
    take(file, "--create-board", "Old Petitions")
    take(file, "--create-board", "새 게시판")
    assert "old-petitions, board" in take(file).stderr
    again = take(file, "--create-board", "새 게시판")
    assert "이미 있던 제안 1건 (게시판 board)" in again.output
    assert take(file, "--board", "old-petitions").exit_code == 0
    assert take(file, "--board", "Old!", "--create-board", "x").exit_code == 2
    assert len(stored(url)) == 2


def test_first_import_makes_the_first_board_and_a_slip_makes_none(tmp_path: Path, url: str) -> None:
    file = csv_file(tmp_path, "title,content\n가,나\n", "우리동네 petitions.csv")
    tried = take(file, "--dry-run")
    assert "만들었어요" not in tried.output
    assert stored(url) == []
    first = take(file)
    assert first.exit_code == 0
    assert (
        first.output.splitlines()[1] == "새 게시판 ‘우리동네 petitions’를 만들었어요 (petitions)."
    )
    slip = take(file, "--board", "petition")
    assert (slip.exit_code, len(stored(url))) == (2, 1)
    assert slip.stderr.strip().startswith("petition 게시판이 없어요. 있는 게시판: petitions.")


def test_first_board_takes_the_key_that_was_named(tmp_path: Path, url: str) -> None:
    file = csv_file(tmp_path, "title,content\n가,나\n")
    assert take(file, "--board", "old").exit_code == 0
    assert "게시판 old" in take(file).output


@pytest.mark.parametrize("name", ["board.csv", "board.jsonl"])
def test_an_export_comes_back_as_it_went(tmp_path: Path, url: str, name: str) -> None:
    take(SAMPLE, "--create-board", "국민청원", "--board", "one")
    odd = csv_file(tmp_path, 'title,content\n=1+1,"\'@나\n-다"\n')
    take(odd)
    first, second = tmp_path / name, tmp_path / f"again-{name}"
    assert give(first).exit_code == 0
    assert take(first).output.startswith("받은 제안 0건 · 받지 않은 행 0건 · 이미 있던 제안 14건")
    assert take(first, "--board", "two", "--create-board", "둘째").exit_code == 0
    assert give(second, "--board", "two").exit_code == 0
    assert first.read_bytes() == second.read_bytes()
    titles = [row.title for row in stored(url)]
    assert titles.count("=1+1") == 2


def test_no_cell_of_an_export_begins_like_a_formula(tmp_path: Path) -> None:
    take(csv_file(tmp_path, "title,content\n=1+1,@나\n"), "--create-board", "Board")
    rows = list(csv.reader(give().stdout.splitlines()))
    assert [cell for row in rows for cell in row if cell[:1] in tuple("=+-@")] == []
    assert rows[1][1] == "'=1+1"


def test_an_export_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    take(csv_file(tmp_path, "title,content\n가,나\n"), "--create-board", "Board")
    found = give(tmp_path / "no" / "such" / "folder.csv")
    assert (found.exit_code, found.stdout, found.stderr.count("\n")) == (2, "", 1)
