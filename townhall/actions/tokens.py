"""Tokens that a form gets again when it is sent again: a double click, a reload, the PDF after it.

A ticket or a link is shown once and stored as a hash. A browser that sends the same form twice
shows the second answer only, so that answer has to hold the same tokens. They are made of the
form's own key, 128 random bits that only the open page holds, under the house's secret: whoever
lacks either can make none of them, and nothing more than hashes is stored. Pure; may call domain.
"""

import hashlib
import hmac
import re

from townhall.domain.errors import Refused

_KEY = re.compile(r"[0-9a-f]{32}")


def draw(secret: str, key: str, *names: object) -> str:
    """The token of a form's `key` for what the names say: 32 hexadecimal characters.

    Refuses `form_used` when the key is none of ours.
    """
    if not _KEY.fullmatch(key):
        raise Refused("form_used")
    label = "\x1f".join(["token", key, *map(str, names)])
    return hmac.new(secret.encode(), label.encode(), hashlib.sha256).hexdigest()[:32]
