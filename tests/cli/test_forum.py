"""`townhall forum new`, as an organiser with a script calls it, and what it does not take."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from townhall.cli import forum, run

SCORE = {"kind": "score", "title": "점수", "options": ["가", "나"]}


@pytest.fixture(autouse=True)
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNHALL_DATABASE_URL", f"sqlite:///{tmp_path / 'hall.db'}")
    monkeypatch.setenv("TOWNHALL_PUBLIC_URL", "http://hall.test")


def called(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of `townhall forum …`."""
    monkeypatch.setattr(sys, "argv", ["townhall", "forum", *words])
    with pytest.raises(SystemExit) as ended:
        run.command("forum", forum)
    return int(ended.value.code or 0)


def shape(value: Any) -> Any:
    """The keys and kinds of what was printed."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(value[0])] if isinstance(value, list) else type(value).__name__


def test_new_forum_is_printed_in_the_published_shape(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--candidates", "가, 나", "--tickets", "3", "--tables", "2", "--json")
    assert called(monkeypatch, "new", "--template", "small-library", *options) == 0
    made = json.loads(capsys.readouterr().out)
    assert shape(made) == {
        "code": "str",
        "url": "str",
        "tickets": ["str"],
        "tokens": {"moderator": "str", "stage": "str"},
        "tables": [{"number": "int", "token": "str"}],
        "questions": [
            {
                "id": "int",
                "kind": "str",
                "round": "str",
                "options": [{"id": "str", "title": "str"}],
            }
        ],
    }
    assert made["url"] == f"http://hall.test/f/{made['code']}"
    assert (len(made["tickets"]), [t["number"] for t in made["tables"]]) == (3, [1, 2])
    assert [(q["kind"], q["round"]) for q in made["questions"]] == [
        ("score", "first"),
        ("dots", None),
        ("score", "final"),
    ]
    assert made["questions"][2]["options"] == [
        {"id": "A", "title": "가"},
        {"id": "B", "title": "나"},
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("new", "--tickets", "-1"), "--tickets", id="range"),
        pytest.param(("new", "--bogus"), "--bogus", id="unknown option"),
        pytest.param(("new", "extra"), "extra", id="one word more"),
        pytest.param(("new", "--candidates", "가,가"), "후보가 두 번", id="a candidate twice"),
        pytest.param(("new", "--template", "party"), "small-library", id="unknown template"),
    ],
)
def test_what_a_command_does_not_take_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    assert called(monkeypatch, *words) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert said in printed.err


@pytest.mark.parametrize(
    ("questions", "place"),
    [
        pytest.param([SCORE | {"kind": ["a"]}], "0.kind", id="a list for a word"),
        pytest.param([SCORE, SCORE | {"config": []}], "1.config", id="a list for settings"),
        pytest.param([SCORE | {"options": "AB"}], "0.options", id="a word for a list"),
        pytest.param([SCORE | {"title": 5}], "0.title", id="a number for a word"),
        pytest.param([SCORE | {"foo": 1}], "0.foo", id="unknown field"),
        pytest.param([{"kind": "score"}], "0.title", id="missing field"),
        pytest.param("?", "JSON", id="no list"),
    ],
)
def test_wrong_question_is_named_by_its_place(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    questions: Any,
    place: str,
) -> None:
    file = tmp_path / "questions.json"
    file.write_text(json.dumps(questions), encoding="utf-8")
    options = ("--template", "blank", "--questions", str(file))
    assert called(monkeypatch, "new", *options) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert f"{file}: {place} " in printed
