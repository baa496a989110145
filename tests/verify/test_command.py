"""`townhall export forum` and `townhall verify` as a citizen calls them."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.verify.evening import PLACES, Evening
from townhall import verify as room
from townhall.cli import export_, run, verify
from townhall.verify import look_up
from townhall.verify.hashes import climbed, merkle_root, path, receipt_code, sha256
from townhall.web.i18n import catalogue


@pytest.fixture
def file(evening: Evening, tmp_path: Path) -> Path:
    written = tmp_path / "forum.json"
    written.write_text(json.dumps(evening.file), "utf-8")
    return written


@pytest.fixture(autouse=True)
def house(monkeypatch: pytest.MonkeyPatch, evening: Evening) -> None:
    monkeypatch.setenv("TOWNHALL_LANGUAGE", "en")
    monkeypatch.setenv("TOWNHALL_DATABASE_URL", evening.server.database_url)


def called(monkeypatch: pytest.MonkeyPatch, name: str, *words: object) -> int:
    """The exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["townhall", name, *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        run.command(name, {"verify": verify, "export": export_}[name])
    return int(ended.value.code or 0)


def test_an_export_is_the_same_on_the_terminal_and_in_a_file(
    evening: Evening, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "export", "forum", evening.code) == 0
    assert json.loads(capsys.readouterr().out) == evening.file


def test_an_export_names_nobody(evening: Evening) -> None:
    written = json.dumps(evening.file, ensure_ascii=False)
    assert [name for name in ("가람", "나래", "nickname", "seat_id") if name in written] == []
    keys = {sent["key"] for sent in evening.votes.values()}
    nonces = {sent["nonce"] for sent in evening.votes.values()}
    assert [each for each in keys | nonces if each in written] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("000000",), "no such forum", id="unknown forum"),
        pytest.param(("CODE", "--out", "/nowhere/f.json"), "can't be written", id="no folder"),
    ],
)
def test_what_export_cannot_do_is_one_line(
    evening: Evening,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    named = [evening.code if word == "CODE" else word for word in words]
    assert called(monkeypatch, "export", "forum", *named) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert said in told


def test_a_good_file_is_told_with_roots_scores_and_head(
    file: Path,
    evening: Evening,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert called(monkeypatch, "verify", file, "--head", evening.file["heads"]["0"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Everything holds: 17 questions counted again, 3 chains with")
    roots = [each["certificate"]["root"][:10] for each in evening.file["questions"]]
    assert [root for root in roots if root not in told] == []
    assert evening.file["heads"]["0"] in told


def test_a_head_that_is_no_link_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "verify", file, "--head", "0" * 64) == 1
    assert "no link of this chain" in capsys.readouterr().out


def test_a_bad_file_is_told_sentence_by_sentence(
    file: Path,
    evening: Evening,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = json.loads(file.read_text("utf-8"))
    wrong["questions"][0]["certificate"]["counted"] += 1
    wrong["forum"]["title"] += "!"
    file.write_text(json.dumps(wrong), "utf-8")
    assert called(monkeypatch, "verify", file) == 1
    number = wrong["questions"][0]["id"]
    assert capsys.readouterr().out.splitlines() == [
        "3 things do not hold.",
        "- The forum's title is not what the chain says.",
        f"- Question {number}: counted is not what the chain says.",
        f"- Question {number}: the number of ballots is not the certificate's.",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "can't be opened", id="missing"),
        pytest.param(b"\xff\xfe\x00", "no JSON", id="bytes"),
        pytest.param(b"[" * 100_000, "no JSON", id="deep"),
        pytest.param(b"[]", "no exported forum", id="list"),
        pytest.param(b'{"format": "townhall-selection/1"}', "no exported forum", id="another"),
        pytest.param(b'{"format": 1, "format": 2}', "stands twice", id="doubled"),
        pytest.param(b'{"format": 1.5}', "not whole", id="float"),
        pytest.param(b'{"format": NaN}', "not whole", id="nan"),
        pytest.param(b'{"format": "\\ud800"}', "broken", id="surrogate"),
    ],
)
def test_a_file_that_is_no_export_is_exit_2_and_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    said: str,
) -> None:
    given = tmp_path / "given.json"
    if content is not None:
        given.write_bytes(content)
    assert called(monkeypatch, "verify", given) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert said in told.err


@pytest.mark.parametrize(
    "words",
    [
        ("--nonce", "0" * 32),
        ("--receipt", "ABCD", "--nonce", "0" * 32),
        ("--receipt", "ABCD", "--choice", "1"),
        ("--receipt", "ABCD", "--nonce", "0", "--choice", "1"),
        ("--receipt", "ABCD", "--nonce", "0" * 32, "--choice", "{"),
    ],
)
def test_a_receipt_that_is_half_given_is_exit_2(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: Any
) -> None:
    assert called(monkeypatch, "verify", file, *words) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_every_vote_that_was_answered_is_found_by_its_receipt_and_opens(evening: Evening) -> None:
    assert len(evening.votes) == len(PLACES) * 17
    for (question, _), sent in evening.votes.items():
        choice = sent["choice"]
        if isinstance(choice, dict) and "picks" in choice:
            choice = {**choice, "picks": sorted(choice["picks"])}
        seen = look_up(evening.file, sent["receipt"]["id"], sent["nonce"], choice)
        assert [(each.question, each.status, each.holds, each.opened) for each in seen] == [
            (question, "counted", True, True)
        ]
        assert seen[0].commitment == sent["receipt"]["commitment"]
        assert look_up(evening.file, sent["receipt"]["commitment"])[0].id == seen[0].id


def test_a_code_finds_its_ballots_and_a_replaced_one_is_told(
    file: Path,
    evening: Evening,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    replaced = next(
        each
        for asked in evening.file["questions"]
        for each in asked.get("ballots", ())
        if "choice" not in each
    )
    assert called(monkeypatch, "verify", file, "--receipt", receipt_code(replaced["id"])) == 0
    told = capsys.readouterr().out
    assert "replaced by a later ballot of the same seat" in told
    assert replaced["commitment"] in told


def test_another_choice_does_not_open_a_ballot(
    file: Path,
    evening: Evening,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sent = next(iter(evening.votes.values()))
    opening = ("--nonce", sent["nonce"], "--choice", '{"A":null}')
    assert called(monkeypatch, "verify", file, "--receipt", sent["receipt"]["id"], *opening) == 1
    assert "not those of this ballot" in capsys.readouterr().out
    assert called(monkeypatch, "verify", file, "--receipt", "f" * 64) == 1
    assert "No ballot in this file" in capsys.readouterr().out


@pytest.mark.parametrize("size", range(1, 18))
def test_a_path_leads_from_every_leaf_to_the_root_and_from_no_other(size: int) -> None:
    leaves = [sha256(str(n)) for n in range(size)]
    root = merkle_root(leaves)
    for leaf in leaves:
        index, found, beside = path(leaves, leaf)
        assert (found, sorted(leaves)[index]) == (size, leaf)
        assert climbed(leaf, index, size, beside) == root
        assert climbed(sha256("another"), index, size, beside) != root


def test_every_finding_has_words_and_no_words_lack_their_finding() -> None:
    sources = sorted(Path(room.__file__).parent.glob("*.py"))
    text = "\n".join(source.read_text("utf-8") for source in sources)
    codes = set(re.findall(r'finding\("(\w+)"', text))
    codes |= {f"ballots_{name}" for name in ("root", "digest", "list")}
    at = "verify.finding."
    said = {key.removeprefix(at) for key in catalogue("ko").table if key.startswith(at)}
    assert said == codes
