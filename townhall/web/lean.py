"""Scripts and styles without their comments: a phone in a hall pays for every byte.

Belongs here: leaving out what browsers ignore, line by line, so that what is served is still what
was written. Not a minifier: names, lines of code and their order stay. May call nothing.
"""

import re

_WHOLE_LINES = re.compile(r"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
_CASTS = re.compile(r"/\*\* @[^*\n]*\*/ ?")
_LINE_ENDS = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


def lean(name: str, data: bytes) -> bytes:
    """A file of `js/` or `css/` as it is served; every other file as it is.

    Leaves out comments that stand on lines of their own, types between code, and indentation.
    A comment behind code stays. Repeating it changes nothing.
    """
    if not name.startswith(("js/", "css/")):
        return data
    text = _WHOLE_LINES.sub("", data.decode())
    if name.endswith(".js"):
        text = _LINE_ENDS.sub("", _CASTS.sub("", text))
    return _INDENT.sub("", text).encode()
