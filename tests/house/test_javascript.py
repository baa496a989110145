"""Runs the tests of `tests/js` under Node, so that one command runs every test."""

import subprocess
from pathlib import Path

from tests.house.sources import ROOT


def test_javascript_tests_pass(node: Path) -> None:
    scripts = sorted(str(file) for file in (ROOT / "tests" / "js").glob("**/*.test.js"))
    done = subprocess.run(
        [str(node), "--test", "--test-reporter=tap", *scripts],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# skipped 0\n" in done.stdout
    assert "\n# todo 0\n" in done.stdout
