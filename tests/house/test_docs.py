"""The documents against the code: settings, rooms, links, commands.

A failure prints the lines that the document should hold, ready to be pasted. What clients may
send is held against docs/protocol.md in test_protocol.py.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, listed, relative
from tests.house.test_imports import ROOMS
from townhall.cli import COMMANDS
from townhall.settings import Settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = ("templates", "static", "loadtests", "tests", "docs")
"""The folders beside the package that the tree names."""

LINK = re.compile(r"\]\((?P<to>[^)\s]+)\)|(?:src|href)=\"(?P<too>[^\"]+)\"")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?<![\w/.-])(?:\.venv/bin/)?townhall ([a-z]+)(?![\w.@-])")
CODE = re.compile(r"`([^`\n]+)`")
TARGET = re.compile(r"\bmake ([a-z]+)\b")
LARGEST_PICTURE = 150_000


def settings_rows() -> list[str]:
    """The table of settings as the code has it: name, default, help."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        shown = "" if default in (None, "") else f"`{default}`"
        help_ = (field.description or "").replace("|", "\\|")
        rows.append(f"| `TOWNHALL_{name.upper()}` | {shown} | {help_} |")
    return rows


def tree() -> list[tuple[int, str]]:
    """The entries of README's tree, as depth and name."""
    block = re.search(r"^```\ntownhall/\n.*?^```", README, re.MULTILINE | re.DOTALL)
    assert block, "README has a tree that begins with townhall/"
    found = re.findall(r"^( *)([\w./]+)", block.group().strip("`"), re.MULTILINE)
    return [(len(indent) // 2, name) for indent, name in found]


def links(page: Path) -> Iterator[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for found in LINK.finditer(text):
        to = found["to"] or found["too"]
        if not to.startswith(("http://", "https://")):
            yield to


def anchors(page: Path) -> set[str]:
    """The fragments that a page's headings can be reached by."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def leads(page: Path, to: str) -> bool:
    """Whether a link of a page leads to a file of ours, and to a heading that is there."""
    path, _, fragment = to.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not fragment or target.suffix != ".md" or fragment in anchors(target)


def code_of(page: Path) -> str:
    """Everything of a page that is written as code."""
    text = page.read_text(encoding="utf-8")
    return "\n".join([*FENCE.findall(text), *CODE.findall(FENCE.sub("", text))])


def test_readme_lists_every_setting_with_its_default_and_help() -> None:
    written = [line for line in README.splitlines() if line.startswith("| `TOWNHALL_")]
    assert written == settings_rows(), "README's table should be:" + listed(settings_rows())


def test_readme_has_one_line_for_every_room() -> None:
    rooms = {name.strip("/").removesuffix(".py") for depth, name in tree() if depth == 1}
    there = {
        file.name.removesuffix(".py")
        for file in (ROOT / "townhall").iterdir()
        if (file.is_dir() or file.suffix == ".py") and not file.name.startswith("__")
    }
    assert rooms == there
    assert rooms - {"locale"} <= ROOMS.keys()


def test_readme_tree_names_only_what_is_there() -> None:
    folder = ROOT / "townhall"
    lost = [
        name
        for depth, name in tree()
        if not ((folder if depth else ROOT) / name.strip("/")).exists()
    ]
    assert lost == []
    assert {name.strip("/") for depth, name in tree() if depth == 0} == {"townhall", *FOLDERS}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_of_a_document_leads_somewhere(page: Path) -> None:
    assert [to for to in links(page) if not leads(page, to)] == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_documents_name_commands_that_exist(page: Path) -> None:
    code = code_of(page)
    assert set(CALL.findall(code)) - COMMANDS.keys() == set()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(TARGET.findall(code)) - targets == set()


def test_pictures_are_small_and_used() -> None:
    pictures = {relative(file): file for file in sorted((ROOT / "docs" / "images").glob("*"))}
    heavy = [n for n, file in pictures.items() if file.stat().st_size > LARGEST_PICTURE]
    assert heavy == []
    words = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md")) + README
    assert [name for name in pictures if name.removeprefix("docs/") not in words] == []
