"""What people write, made safe to keep: one normal form, no invisible tricks, a length in letters.

Text stays plain text: nothing is escaped here, that is for whoever shows it. May call graphemes.
"""

import re
import unicodedata

from townhall.domain import graphemes
from townhall.domain.errors import Refused

_MARKS_A_LETTER = 5
"""More combining marks than any living script stacks are cut: they only smear over other lines."""

_POINTS_A_GRAPHEME = 16
"""The longest emoji sequences have 10 code points; a longer average is an attack on storage."""

_NEWLINES = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    # Controls (but not tab and line feed), soft hyphen, combining grapheme joiner.
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\u00ad\u034f"
    # Bidi marks, embeddings, overrides and isolates; zero-width space, joiner, word joiner, BOM.
    "\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    # Hangul fillers, Khmer inherent vowels, Mongolian separators, annotations, shorthand, notes.
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    # Noncharacters of the basic plane, and variation selectors that no font of ours knows.
    "\ufdd0-\ufdef\ufffe\uffff\ufe00-\ufe0d\U000e0100-\U000e01ef]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_PICTOGRAPH = f"[{graphemes.PICTOGRAPHS}][\U0001f3fb-\U0001f3ff]?\ufe0f?"
_TAGS = "\U000e0020-\U000e007e"
_JOINERS = re.compile(
    f"(?P<keep>{_PICTOGRAPH}(?:\u200d{_PICTOGRAPH})+|\U0001f3f4[{_TAGS}]{{1,8}}\U000e007f)"
    f"|[\u200d\U000e0000-\U000e007f]|(?<![{graphemes.PICTOGRAPHS}#*0-9])[\ufe0e\ufe0f]"
)
_MARKS_MAYBE = re.compile(rf"[^\w\s]{{{_MARKS_A_LETTER + 1}}}")
_BLANK = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]")
_SPACES = re.compile("[ \t\n]+")
_LINE_END = re.compile(" +\n")
_EMPTY_LINES = re.compile("\n{3,}")


def clean(
    text: str, limit: int, *, lines: bool = False, required: bool = True, field: str = "text"
) -> str:
    """The text as it is kept: NFC, stripped, visible characters only; cleaning again changes
    nothing.

    Without `lines` every run of white space becomes one space; with them line breaks stay, at most
    one empty line in a row. Zero-width and bidi controls vanish (a joiner stays inside an emoji
    sequence, tags inside a flag), lone surrogates become U+FFFD, and at most five combining marks
    stay on a letter. Refuses with `text_empty` (field) when `required` and nothing is left, and
    with `text_too_long` (field, limit, length) above `limit` graphemes.
    """
    text = _INVISIBLE.sub("", _NEWLINES.sub("\n", text))
    if not text.isascii():
        text = _visible(text)
    text = _line_breaks(text) if lines else _SPACES.sub(" ", text)
    text = text.strip()
    if required and not text:
        raise Refused("text_empty", field=field)
    if len(text) > limit:
        _check_length(text, limit, field)
    return text


def fold(text: str) -> str:
    """The text as searches compare it: compatibility forms and letter case folded, one space
    between words. Folding again changes nothing.
    """
    for _ in range(3):
        text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", text).split())


def excerpt(text: str, limit: int) -> str:
    """The beginning of a text on one line, at most `limit` graphemes, "…" included where it is cut.

    Cuts between words when that keeps at least half of it.
    """
    line = " ".join(text.split())
    letters = list(graphemes.split(line))
    if len(letters) <= limit:
        return line
    kept = "".join(letters[: limit - 1])
    whole_words = kept.rpartition(" ")[0]
    return (whole_words if 2 * len(whole_words) >= len(kept) else kept).rstrip() + "…"


length = graphemes.length


def _visible(text: str) -> str:
    """What only text beyond ASCII needs."""
    text = _SURROGATES.sub("\ufffd", text)
    text = _JOINERS.sub(lambda found: found["keep"] or "", text)
    text = _BLANK.sub(" ", unicodedata.normalize("NFC", text))
    return _fewer_marks(text) if _MARKS_MAYBE.search(text) else text


def _fewer_marks(text: str) -> str:
    kept, run = [], 0
    for char in text:
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if run <= _MARKS_A_LETTER:
            kept.append(char)
    return "".join(kept)


def _line_breaks(text: str) -> str:
    return _EMPTY_LINES.sub("\n\n", _LINE_END.sub("\n", text.replace("\t", " ")))


def _check_length(text: str, limit: int, field: str) -> None:
    letters = graphemes.length(text)
    if letters > limit or len(text) > _POINTS_A_GRAPHEME * limit:
        raise Refused(
            "text_too_long",
            field=field,
            limit=limit,
            length=max(letters, -(-len(text) // _POINTS_A_GRAPHEME)),
        )
