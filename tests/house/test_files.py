"""Rules about our files as text: their length, words that mean unfinished, raw HTML."""

import re

import pytest

from tests.house.sources import ROOT, files, line_of, relative, without_comments

LIMIT = 400
LOCKS = ["requirements.lock", "requirements-dev.lock"]
TEXT = (".py", ".js", ".css", ".html", ".md", ".json", ".typ", ".toml", ".sh", ".csv")
# Written in pieces, so that this file does not contain what it looks for.
FORBIDDEN = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/"]
SAFE_IN = {"templates/_partials/markdown.html"}
"""The one place where cleaned Markdown is put into a page unescaped."""


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = {
        relative(file): lines
        for file in files(".py", ".js", ".css", ".html")
        if "/migrations/versions/" not in relative(file)
        and (lines := file.read_text(encoding="utf-8").count("\n")) > LIMIT
    }
    assert not long, f"Split by noun before it grows further: {long}"


@pytest.mark.parametrize("word", FORBIDDEN + MACHINE_PATHS)
def test_no_file_holds_a_forbidden_word(word: str) -> None:
    tops = [file for file in ROOT.iterdir() if file.is_file() and file.suffix in TEXT]
    found = [
        f"{relative(file)}:{line_of(text, at.start())}"
        for file in [*files(*TEXT), *tops]
        for text in [file.read_text(encoding="utf-8")]
        for at in re.finditer(re.escape(word), text)
    ]
    assert not found, f"{word} stands in {found}"


def test_markup_is_trusted_in_one_template_only() -> None:
    trusted = re.compile(r"\|\s*safe\b|autoescape\s+false")
    found = {
        relative(file)
        for file in files(".html", under=("templates",))
        if trusted.search(without_comments(file.read_text(encoding="utf-8")))
    }
    assert found <= SAFE_IN, f"Autoescape is switched off in {sorted(found - SAFE_IN)}"


def test_no_script_makes_html_from_text() -> None:
    dangerous = re.compile(
        r"\.innerHTML\b|insertAdjacentHTML|document\.write\(|\beval\(|unsafeHTML"
    )
    found = [
        f"{relative(file)}:{line_of(text, at.start())}"
        for file in files(".js", under=("static",))
        for text in [without_comments(file.read_text(encoding="utf-8"))]
        for at in dangerous.finditer(text)
    ]
    assert not found, f"Use lit-html templates, which escape: {found}"


def test_no_template_carries_inline_script_or_style() -> None:
    # A data block is allowed: the content security policy never runs it.
    inline = re.compile(
        r"<script(?![^>]*\b(?:src=|type=\"application/json\"))[^>]*>|<style\b|\sstyle=|\son[a-z]+=\""
    )
    found = [
        f"{relative(file)}:{line_of(text, at.start())}: {at.group()}"
        for file in files(".html", under=("templates",))
        for text in [without_comments(file.read_text(encoding="utf-8"))]
        for at in inline.finditer(text)
    ]
    assert not found, f"The content security policy refuses these: {found}"


@pytest.mark.parametrize("name", [*LOCKS, "package-lock.json"])
def test_lock_files_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    # npm also writes down where a package asks for donations; nothing is fetched from there.
    text = re.sub(r'"funding": \{[^}]*\}', "", text)
    assert re.findall(r"\w+://\S+", text) == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_hash(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    bare = [line for line in text.splitlines() if "==" in line and not line.endswith("\\")]
    assert bare == []
