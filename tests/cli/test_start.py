"""What a command spends before it begins."""

import subprocess
import sys

from tests.servers.townhall import ROOT


def test_loading_a_server_looks_for_rings_seldom() -> None:
    script = (
        "import gc, sys; sys.argv = ['townhall', '--version']; from townhall.cli import main; "
        "main(); import townhall.cli.server; print(sum(n['collections'] for n in gc.get_stats()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert int(done.stdout.split()[-1]) < 30  # of three hundred
