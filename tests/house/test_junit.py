"""The reader of the junit file, on which CI relies to notice what did not run."""

import subprocess
import sys
from pathlib import Path

from tests.house.sources import ROOT

ALL = ("postgres", "valkey", "browser")


def verdict(folder: Path, *cases: str) -> tuple[int, list[str]]:
    """What .ci/junit.py says of a run with these test cases."""
    report = written(folder / "junit.xml", *cases)
    return verdict_on(report)


def written(report: Path, *cases: str) -> Path:
    report.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return report


def verdict_on(*reports: Path) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "junit.py"), *map(str, reports)],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout.splitlines()


def case(name: str, marks: tuple[str, ...] = (), outcome: str = "") -> str:
    properties = "".join(f'<property name="mark" value="{mark}"/>' for mark in marks)
    return (
        f'<testcase classname="hall" name="{name}">'
        f"<properties>{properties}</properties>{outcome}</testcase>"
    )


def test_a_run_with_every_kind_counts(tmp_path: Path) -> None:
    cases = [case(mark, (mark,)) for mark in ALL]
    assert verdict(tmp_path, *cases) == (0, ["3 passed, 0 failed"])


def test_a_skipped_test_fails_the_run(tmp_path: Path) -> None:
    code, lines = verdict(tmp_path, case("all", ALL), case("opens", (), "<skipped/>"))
    assert code == 1
    assert lines[0] == "Skipped: hall::opens. A test that cannot run must fail."


def test_a_kind_that_was_never_used_fails_the_run(tmp_path: Path) -> None:
    code, lines = verdict(tmp_path, case("two", ("postgres", "browser")))
    assert (code, lines) == (1, ["No test is marked valkey.", "1 passed, 0 failed"])


def test_a_failed_test_fails_the_run(tmp_path: Path) -> None:
    code, lines = verdict(tmp_path, case("all", ALL), case("opens", (), "<failure/>"))
    assert (code, lines) == (1, ["1 passed, 1 failed"])


def test_an_empty_run_does_not_count(tmp_path: Path) -> None:
    assert verdict(tmp_path)[1][0] == "No test ran."


def test_what_ran_side_by_side_is_one_run(tmp_path: Path) -> None:
    most = written(tmp_path / "most.xml", case("journey", ALL))
    skipped = written(tmp_path / "skipped.xml", case("score"), case("irv", (), "<skipped/>"))
    assert verdict_on(most, written(tmp_path / "domain.xml", case("score"))) == (
        0,
        ["2 passed, 0 failed"],
    )
    assert verdict_on(most, skipped)[0] == 1
