"""The catalogues: complete in both languages, every key known, every key used."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.sources import ROOT, files, line_of, listed, relative, without_comments

LOCALE = ROOT / "townhall" / "locale"
LANGUAGES = ("ko", "en")
PLURALS = {"ko": {"other"}, "en": {"one", "other"}}
"""The plural forms that CLDR gives these languages for whole numbers."""

COMPOSED = ("refused.",)
"""Prefixes of keys that are put together from a code at run time, wherever that happens."""

KEY = r"[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)+"
BEGINNING = r"[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)*[._]"
CALL = re.compile(rf"\b(?:t|words|say)\(\s*[\"'](?P<key>{KEY})[\"'](?!\s*[~+])")
"""A call of the catalogue with the whole key: `t("a.b", n=3)`."""
COMPOSED_CALL = re.compile(
    rf"\b(?:t|words|say)\(\s*f?[\"'`](?P<key>{BEGINNING})(?:[\"']\s*[~+]|\$?\{{)"
)
"""One whose key goes on with something: `t("a." ~ kind)`, t(`a.${kind}`), words(f"a.{kind}")."""
LITERAL = re.compile(rf"[\"'`](?P<key>{KEY})[\"'`]")
COMPOSED_LITERAL = re.compile(rf"[\"'`](?P<key>{BEGINNING})(?:[\"'`]|\$?\{{)")
"""Any string in a source that has the form of a key or a beginning, for keys kept in tables."""

KOREAN = re.compile(r"[가-힣]")
OWN_NAME = "한국어"
"""A language is named in itself."""
SAID_BY_PEOPLE = ("townhall/crowd/", "townhall/cli/demo")
"""What simulated people say is content, as a person's own words are; it has no translation."""
READ_NOT_SHOWN = {
    # Patterns of dates carry the words for year, month and day.
    "townhall/web/i18n.py",
    "townhall/domain/graphemes.py",
    # Words found in the files of other petition sites.
    "townhall/domain/importing.py",
}
"""Where Korean stands for what a computer reads, not for what it says."""


def catalogue(language: str) -> dict[str, str | dict[str, str]]:
    merged: dict[str, str | dict[str, str]] = {}
    for file in sorted((LOCALE / language).glob("*.json")):
        words = json.loads(file.read_text(encoding="utf-8"))
        assert not merged.keys() & words.keys(), f"{relative(file)} repeats a key of another file"
        merged |= words
    return merged


CATALOGUES = {language: catalogue(language) for language in LANGUAGES}


def forms(entry: str | dict[str, str]) -> dict[str, str]:
    return entry if isinstance(entry, dict) else {"other": entry}


def placeholders(entry: str | dict[str, str]) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", " ".join(forms(entry).values())))


def sources() -> Iterator[tuple[Path, str]]:
    for file in files(".html", ".js", ".py", ".typ", under=("templates", "static", "townhall")):
        yield file, file.read_text(encoding="utf-8")


def asked(pattern: re.Pattern[str]) -> dict[str, str]:
    """Keys that calls ask for, and one place of each."""
    return {
        found["key"]: f"{relative(file)}:{line_of(text, found.start())}"
        for file, text in sources()
        for found in pattern.finditer(text)
    }


def strings_of(file: Path, text: str) -> Iterator[tuple[int, str]]:
    """What a source may show to people: everything but comments and docstrings."""
    if file.suffix == ".py":
        tree = ast.parse(text)
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            text_node = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if text_node and id(node) not in docs:
                yield node.lineno, node.value
        return
    yield from enumerate(without_comments(text).splitlines(), 1)


def test_both_languages_have_the_same_files_and_keys() -> None:
    names = {lang: {file.name for file in (LOCALE / lang).glob("*.json")} for lang in LANGUAGES}
    assert names["ko"] == names["en"]
    korean, english = (CATALOGUES[language].keys() for language in LANGUAGES)
    assert sorted(korean - english) == [], "missing in English"
    assert sorted(english - korean) == [], "missing in Korean"


def test_translations_use_the_same_placeholders() -> None:
    # `n` chooses a plural form; a language may leave the number itself unsaid.
    differing = {
        key: (placeholders(korean), placeholders(english))
        for key, korean in CATALOGUES["ko"].items()
        if key in CATALOGUES["en"]
        for english in [CATALOGUES["en"][key]]
        if placeholders(korean) - {"n"} != placeholders(english) - {"n"}
    }
    assert not differing, listed(differing)


def test_plural_entries_have_the_forms_of_their_language() -> None:
    wrong = {
        (language, key): sorted(entry)
        for language, words in CATALOGUES.items()
        for key, entry in words.items()
        if isinstance(entry, dict)
        and not {"other"} <= entry.keys() <= PLURALS[language] | {"other", "one", "zero"}
    }
    assert not wrong, listed(wrong)


def test_no_entry_carries_markup() -> None:
    wrong = {
        (language, key): text
        for language, words in CATALOGUES.items()
        for key, entry in words.items()
        for text in forms(entry).values()
        if re.search(r"<\w|&\w+;", text)
    }
    assert not wrong, listed(wrong)


def test_no_entry_is_empty_in_both_languages() -> None:
    # One language may leave out a unit that the other puts after a number.
    empty = [
        key
        for key, korean in CATALOGUES["ko"].items()
        if not any(forms(korean).values()) and not any(forms(CATALOGUES["en"][key]).values())
    ]
    assert not empty, listed(empty)


def test_english_entries_hold_no_korean() -> None:
    found = {
        key: entry
        for key, entry in CATALOGUES["en"].items()
        if any(KOREAN.search(text.replace(OWN_NAME, "")) for text in forms(entry).values())
    }
    assert not found, listed(found)


def test_every_key_that_a_source_asks_for_exists() -> None:
    known = CATALOGUES["ko"].keys()
    unknown = {key: at for key, at in asked(CALL).items() if key not in known}
    assert not unknown, listed(unknown)


def test_every_beginning_of_a_composed_key_leads_somewhere() -> None:
    known = CATALOGUES["ko"].keys()
    unknown = {
        key: at
        for key, at in asked(COMPOSED_CALL).items()
        if not any(whole.startswith(key) for whole in known)
    }
    assert not unknown, listed(unknown)


def test_every_refusal_code_has_words() -> None:
    raised = {
        code: f"{relative(file)}:{line_of(text, found.start())}"
        for file, text in sources()
        for found in re.finditer(r"Refused\(\s*\"(?P<code>\w+)\"", text)
        for code in [found["code"]]
    }
    # A row of a file is refused in the report of an import; `townhall score` has no catalogue.
    words = ("refused.{}", "import.reason.{}")
    missing = {
        code: at
        for code, at in raised.items()
        if not any(form.format(code) in CATALOGUES["ko"] for form in words)
        and not at.startswith("townhall/cli/score.py")
    }
    assert not missing, listed(missing)


def test_every_key_is_used() -> None:
    texts = [text for _, text in sources()]
    keys = {found["key"] for text in texts for found in LITERAL.finditer(text)}
    beginnings = {found["key"] for text in texts for found in COMPOSED_LITERAL.finditer(text)}
    # `at = "template.blank"` stands before f"{at}.name".
    used = tuple(beginnings | {f"{key}." for key in keys} | set(COMPOSED))
    unused = [key for key in CATALOGUES["ko"] if key not in keys and not key.startswith(used)]
    assert not unused, listed(unused)


def test_no_korean_stands_outside_the_catalogues() -> None:
    found = [
        f"{relative(file)}:{line}: {shown.strip()}"
        for file, text in sources()
        if relative(file) not in READ_NOT_SHOWN and not relative(file).startswith(SAID_BY_PEOPLE)
        for line, shown in strings_of(file, text)
        if KOREAN.search(shown.replace(OWN_NAME, ""))
    ]
    assert not found, listed(found)


def test_abstaining_has_one_word_in_each_language() -> None:
    keys = ("live.passed", "live.scored_pass", "live.base_abstained")
    for language, word in (("ko", "기권"), ("en", "abstain")):
        said = catalogue(language)
        assert str(said["live.option.abstain"]).lower() == word
        assert [key for key in keys if word not in str(said[key])] == []
