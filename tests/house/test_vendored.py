"""The files brought from npm are the ones that static/vendor/manifest.json lists."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.house.sources import BROUGHT, ROOT, relative

MANIFEST = ROOT / "static" / "vendor" / "manifest.json"
ENTRIES = json.loads(MANIFEST.read_text(encoding="utf-8"))
OWN = {"static/vendor/manifest.json", "static/vendor/socket.io/socket.io.esm.min.d.ts"}
"""Files of ours that stand among the brought ones."""


def test_every_vendored_file_has_the_hash_of_the_manifest() -> None:
    changed = [
        entry["file"]
        for entry in ENTRIES
        if base64.b64encode(hashlib.sha384((ROOT / entry["file"]).read_bytes()).digest()).decode()
        != entry["sha384"]
    ]
    assert not changed, f"Brought files are never edited; see .ci/vendor.py: {changed}"


def test_every_vendored_file_is_in_the_manifest() -> None:
    present = {
        relative(file)
        for folder in BROUGHT
        for file in (ROOT / folder).rglob("*")
        if file.is_file()
    }
    assert present - OWN == {entry["file"] for entry in ENTRIES}


def test_every_vendored_package_names_its_licence_and_carries_its_text() -> None:
    assert all(entry["version"] and entry["licence"] for entry in ENTRIES)
    packages = {entry["package"] for entry in ENTRIES}
    texts = {entry["package"] for entry in ENTRIES if re.search("LICENSE|OFL", entry["file"])}
    assert packages == texts


@pytest.mark.parametrize(
    "script", sorted((ROOT / "static" / "vendor").rglob("*.js")), ids=lambda file: file.name
)
def test_vendored_modules_import_only_their_neighbours(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    named = re.findall(r"(?:\bfrom|\bimport)\s*[\"']([^\"']+)[\"']", text)
    assert [name for name in named if not (script.parent / name).resolve().is_file()] == []


def test_font_css_names_only_fonts_that_lie_beside_it() -> None:
    css = ROOT / "static" / "fonts" / "pretendard" / "pretendardvariable-dynamic-subset.css"
    urls = re.findall(r"url\(([^)]+)\)", css.read_text(encoding="utf-8"))
    assert len(urls) == 92
    assert [url for url in urls if not (css.parent / url).is_file()] == []
