"""What is served is what was written, without its comments."""

import gzip
import subprocess
from pathlib import Path

import pytest

from tests.servers.node import node
from townhall import resources
from townhall.web.assets import Assets
from townhall.web.lean import lean

SCRIPT = b"""/**
 * A door sign.
 * @module
 */

import { a } from "./a.js";

// Why this is so.
/** @type {number} */
let b = 0;
const address = "https://example.org/*not a comment*/";
const pick = (/** @type {any} */ event) => event.target; // behind code
"""

LEAN = b"""
import { a } from "./a.js";

let b = 0;
const address = "https://example.org/*not a comment*/";
const pick = (event) => event.target; // behind code
"""


def test_a_script_loses_its_comments_and_keeps_its_code() -> None:
    assert lean("js/x.js", SCRIPT) == LEAN


def test_leaving_out_again_changes_nothing() -> None:
    assert lean("js/x.js", LEAN) == LEAN


def test_code_behind_a_comment_stays_with_all_that_follows_it() -> None:
    script = b"f(\n  /** @type {Part|null} */ (null),\n);\n/** Next. */\ng();\n"
    assert lean("js/x.js", script) == b"f(\n(null),\n);\ng();\n"


def test_a_style_loses_its_comments_and_indentation() -> None:
    style = b"/* Two\n   lines. */\n.a {\n  color: red; /* behind */\n}\n"
    assert lean("css/x.css", style) == b".a {\ncolor: red; /* behind */\n}\n"


@pytest.mark.parametrize("name", ["vendor/x.js", "fonts/x.css", "data.json"])
def test_what_others_wrote_is_served_as_it_is(name: str) -> None:
    assert lean(name, SCRIPT) == SCRIPT


def test_every_script_still_parses_as_it_is_served(tmp_path: Path) -> None:
    written = sorted((resources.static() / "js").rglob("*.js"))
    assert written
    for number, path in enumerate(written):
        served = lean(f"js/{path.name}", path.read_bytes())
        (tmp_path / f"{number}-{path.name}").write_bytes(served)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    check = [str(node()), "--check"]
    for path in sorted(tmp_path.glob("*.js")):
        done = subprocess.run([*check, str(path)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), path.name


def test_assets_hold_the_lean_text(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "x.js").write_bytes(SCRIPT)
    packed = Assets(tmp_path).files["js/x.js"].packed
    assert packed is not None
    assert gzip.decompress(packed) == LEAN


def test_script_changed_under_a_server_is_sent_as_it_was_at_its_start(tmp_path: Path) -> None:
    """It is kept for ever under the fingerprint of what was read."""
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "x.js").write_bytes(SCRIPT)
    assets = Assets(tmp_path)
    (tmp_path / "js" / "x.js").write_bytes(b"later")
    packed = assets.files["js/x.js"].packed
    assert packed is not None
    assert gzip.decompress(packed) == LEAN
