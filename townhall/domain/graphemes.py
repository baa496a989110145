"""Where one written character ends and the next begins. Text in, pieces out; no cleaning.

Follows the extended grapheme clusters of Unicode Standard Annex 29 as far as the standard
library's tables reach: Indic conjuncts (GB9c) count as several, and pictographs are told by block.
"""

import unicodedata
from collections.abc import Iterator

PICTOGRAPHS = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u2300-\u23ff\u24c2\u25aa-\u25fe"
    "\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff"
)
"""Characters that may join into an emoji sequence, as the inside of a regular expression class."""

ZWJ = "\u200d"


def _spans(pattern: str) -> frozenset[str]:
    """Every character of a class such as "a-fx"."""
    found: set[str] = set()
    index = 0
    while index < len(pattern):
        ranged = pattern[index + 1 : index + 2] == "-"
        last = pattern[index + 2] if ranged else pattern[index]
        found.update(map(chr, range(ord(pattern[index]), ord(last) + 1)))
        index += 3 if ranged else 1
    return frozenset(found)


_PICTOGRAPHS = _spans(PICTOGRAPHS)
_REGIONAL = _spans("\U0001f1e6-\U0001f1ff")
_EXTENDS = _spans("\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\u0e33\u0eb3\u200c\u200d\uff9e\uff9f")
_PREPENDS = _spans("\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2")
_LEADING = _spans("\u1100-\u115f\ua960-\ua97c")
_VOWELS = _spans("\u1160-\u11a7\ud7b0-\ud7c6")
_TRAILING = _spans("\u11a8-\u11ff\ud7cb-\ud7fb")
_MARKS = frozenset({"Mn", "Me", "Mc"})
_CONTROLS = frozenset({"Cc", "Zl", "Zp"})


def _kind(char: str) -> str:
    """The break class of a character, in one letter (see `_joins`)."""
    if char < "\u0300":
        return "C" if unicodedata.category(char) == "Cc" else "P" if char in _PICTOGRAPHS else "x"
    if "\uac00" <= char <= "\ud7a3":
        return "S" if (ord(char) - 0xAC00) % 28 == 0 else "T"
    for letter, members in _CLASSES:
        if char in members:
            return letter
    category = unicodedata.category(char)
    return "E" if category in _MARKS else "C" if category in _CONTROLS else "x"


_CLASSES = (
    ("E", _EXTENDS),
    ("P", _PICTOGRAPHS),
    ("R", _REGIONAL),
    ("L", _LEADING),
    ("V", _VOWELS),
    ("t", _TRAILING),
    ("p", _PREPENDS),
)

# Hangul: leading + leading, vowel or syllable; vowel + vowel or trailing; trailing + trailing.
# S is a syllable without a final, T one with a final.
_HANGUL = frozenset({"LL", "LV", "LS", "LT", "SV", "St", "VV", "Vt", "Tt", "tt"})


def split(text: str) -> Iterator[str]:
    """The graphemes of a text, in order; joined again they are the text."""
    start, before, regional, emoji = 0, "", 0, False
    for index, char in enumerate(text):
        kind = _kind(char)
        joins = index > 0 and (
            (before == "R" and kind == "R" and regional % 2 == 1)
            or (emoji and kind == "P" and text[index - 1] == ZWJ)
            or _joins(before, kind)
            or (char == "\n" and text[index - 1] == "\r")
        )
        if index and not joins:
            yield text[start:index]
            start = index
        regional = regional + 1 if kind == "R" and joins else int(kind == "R")
        emoji = kind == "P" or (emoji and joins and kind == "E")
        before = kind
    if text:
        yield text[start:]


def _joins(before: str, kind: str) -> bool:
    if "C" in (before, kind):
        return False
    return kind == "E" or before == "p" or before + kind in _HANGUL


def length(text: str) -> int:
    """How many characters a reader counts."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    return sum(1 for _ in split(text))
