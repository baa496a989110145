"""`townhall score FILE [--json]`: the table, the JSON, and one line with exit code 2."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from tests.domain.selections import EXAMPLE, example, made
from townhall.cli.lines import width
from townhall.cli.score import command
from townhall.domain.scoring import compute, parse, to_json

TABLE = """\
rank  id  title                        sympathy /25  live /25  panel /50  total
1     A   어린이 횡단보도 신호 늘리기         25.00     17.75      38.00  80.75
2     B   동네 책수레                         18.75     20.25      40.20  79.20
3     C   골목 쉼터                            9.38     19.00      36.60  64.98

decided_by        total
margin            1.55
effective_weight  sympathy 71.9 %, live 11.5 %, panel 16.6 %
votes_to_flip     sympathy 2, live 2, panel 3
flags             -
"""


def score(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, list(arguments))


def written(folder: Path, value: Any) -> str:
    path = folder / "selection.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def test_the_table_shows_points_and_how_close_it_was() -> None:
    result = score(str(EXAMPLE))
    assert (result.exit_code, result.stderr) == (0, "")
    digest = compute(parse(example())).digest
    assert result.stdout == f"{TABLE}digest            {digest}\n"


def test_json_is_the_whole_result() -> None:
    result = score(str(EXAMPLE), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == to_json(compute(parse(example())))


def refusal(folder: Path, value: Any) -> str:
    path = written(folder, value)
    result = score(path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{path}: ")
    return result.stderr.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("rule__weights__panel", 49, "rule.weights: weights do not sum to 100 (got 99)\n"),
        (
            "rule__weights__panel",
            50.0,
            "rule.weights.panel: a float (expected integer or decimal string)\n",
        ),
        ("live__final__3__B", 6, "live.final[3].B: out of range (got 6, expected 1 to 5)\n"),
        ("live__final__3__Z", 5, "live.final[3].Z: unknown candidate\n"),
        ("panel__sheets__0__scores__C", {}, "panel.sheets[0].scores.C.reach: sheet incomplete\n"),
        ("a\nb\u202e", 5, "a\\nb\\u202e: unknown field\n"),
    ],
)
def test_a_refused_file_is_one_line_and_exit_code_2(
    tmp_path: Path, field: str, value: Any, line: str
) -> None:
    assert refusal(tmp_path, example(**{field: value})) == line


def test_a_file_that_is_not_there_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    path = str(tmp_path / "none.json")
    result = score(path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{path}: No such file or directory\n"


def test_a_folder_and_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    assert score(str(tmp_path)).stderr == f"{tmp_path}: Is a directory\n"
    path = tmp_path / "selection.json"
    path.write_bytes(b'{"a": "\xff"}')
    result = score(str(path))
    assert (result.exit_code, result.stderr) == (2, f"{path}: not utf8 (at byte 7)\n")


def test_text_that_is_not_json_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "selection.json"
    path.write_text('{"format":\n}', encoding="utf-8")
    assert score(str(path)).stderr == f"{path}: selection: not json (at line 2 column 1)\n"


def test_titles_cannot_move_the_cursor_and_long_ones_are_cut(tmp_path: Path) -> None:
    file = made([1, 1], candidates__0__title="\x1b[2J\u202e", candidates__1__title="가" * 30)
    lines = score(written(tmp_path, file)).stdout.splitlines()
    assert "\\x1b[2J\\u202e" in lines[1]
    assert f"{'가' * 19}…" in lines[2]
    assert "\x1b" not in "".join(lines)


def test_a_candidate_without_rank_and_an_impossible_flip_are_dashes(tmp_path: Path) -> None:
    file = made([1, 1], rule__floor={"sympathy": 2, "panel": 1})
    lines = score(written(tmp_path, file)).stdout.splitlines()
    assert lines[1].startswith("-     A ")
    assert "votes_to_flip     sympathy -, live -, panel -" in lines
    assert "margin            -" in lines


def test_a_number_that_is_only_enough_is_marked(tmp_path: Path) -> None:
    ratio = {"aggregate": "median", "score_min": 1, "score_max": 3, "normalise": "top"}
    ballots = [[1, 1, 2], [1, 3, 1], [1, 1, 1], [2, 2, 2], [1, 1, 1]]
    file = made([4, 5, 2], ballots, rule__live=ratio, weights=(60, 40, 0))
    assert to_json(compute(parse(file)))["sensitivity"]["at_most"] == ["live"]
    assert "live <=3" in score(written(tmp_path, file)).stdout


def test_width_counts_what_a_terminal_shows() -> None:
    assert [width(text) for text in ("abc", "가나", "e\u0301", "\x1b")] == [3, 4, 1, 4]
