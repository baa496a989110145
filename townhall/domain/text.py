"""What people type, made safe to store: one form, no hidden characters, a length people count.

Belongs here: cleaning and counting text. Does not belong here: markup (`web.markdown`) and the
limits of each field (its action knows them). Pure.
"""

import unicodedata

from townhall.domain.errors import Refused

_ZWJ = "\u200d"
_JOINERS = {_ZWJ, "\ufe0e", "\ufe0f", "\u20e3"}
_NEWLINES = str.maketrans({"\u2028": "\n", "\u2029": "\n", "\x0b": "\n", "\x0c": "\n"})
# Fillers that show as nothing: with them a name could look empty.
_BLANKS = set("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u034f")


def graphemes(text: str) -> int:
    """How many characters a person sees: marks, joined emoji and flags count once.

    The rules of Unicode Annex 29 as far as the standard library knows the properties.
    """
    count = 0
    joined = flag = False
    for char in text:
        if joined or _extends(char):
            joined = char == _ZWJ
            continue
        half_flag = 0x1F1E6 <= ord(char) <= 0x1F1FF
        if half_flag and flag:
            flag = False
            continue
        flag = half_flag
        count += 1
    return count


def clean(text: str, limit: int, *, lines: bool = False, required: bool = True) -> str:
    """The text as it is stored: NFC, trimmed, without control, zero-width and bidi characters.

    `limit` is in graphemes. `lines` keeps line breaks (two empty lines at most); otherwise every
    run of white space becomes one space. Refuses `text_empty` (unless not `required`) and
    `text_too_long` (limit, length).
    """
    if len(text) > limit * 16 + 64:
        raise Refused("text_too_long", limit=limit, length=len(text))
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(_visible(text.translate(_NEWLINES)))
    text = _tidy_lines(text) if lines else " ".join(text.split())
    if not text and required:
        raise Refused("text_empty")
    if (length := graphemes(text)) > limit:
        raise Refused("text_too_long", limit=limit, length=length)
    return text


def fold(login: str) -> str:
    """A login as it is compared: NFC, lower case, no white space around it."""
    return unicodedata.normalize("NFC", login.strip()).casefold()


def _extends(char: str) -> bool:
    return (
        char in _JOINERS
        or unicodedata.category(char) in {"Mn", "Me", "Mc"}
        or 0x1F3FB <= ord(char) <= 0x1F3FF  # skin tones
        or 0xE0020 <= ord(char) <= 0xE007F  # the tags of sub-regional flags
    )


def _visible(text: str) -> list[str]:
    """Drop what cannot be seen; a joiner stays where it joins two symbols."""
    kept: list[str] = []
    for i, char in enumerate(text):
        if char == _ZWJ:
            after = text[i + 1] if i + 1 < len(text) else ""
            if kept and after and _symbol(kept[-1]) and _symbol(after):
                kept.append(char)
        elif char == "\t":
            kept.append(" ")
        elif char == "\n" or not _hidden(char):
            kept.append(char)
    return kept


def _hidden(char: str) -> bool:
    tag = 0xE0020 <= ord(char) <= 0xE007F
    return char in _BLANKS or (unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"} and not tag)


def _symbol(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk", "Mn"}


def _tidy_lines(text: str) -> str:
    kept: list[str] = []
    for line in (line.rstrip() for line in text.split("\n")):
        if line or len(kept) < 2 or kept[-1] or kept[-2]:
            kept.append(line)
    return "\n".join(kept).strip()
