"""Lines in a terminal whose words may be anybody's. Loads nothing; for every command."""

import unicodedata


def printable(line: str) -> str:
    """The line with everything escaped that could move a cursor or turn the text around."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in line
    )


def width(text: str) -> int:
    """How many columns of a terminal a text takes: Hangul and the like take two."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in printable(text)
    )
