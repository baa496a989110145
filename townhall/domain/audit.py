"""Why a result can be believed: canonical JSON, hash chains, Merkle trees, receipts.

Every function is pure and its formula is public: `verify` and phones compute the same without
sharing this code. All hashes are SHA-256 in lower-case hex; all text is UTF-8.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

GENESIS = ""
"""What the first link of a chain names as its predecessor."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)
_TWO_LETTERS = [first + second for first in _CROCKFORD for second in _CROCKFORD]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> str:
    """The one way to write JSON data down: keys sorted, no spaces, no escapes but the needed ones.

    Takes what JSON can hold, without floats that are not finite (ValueError).
    """
    return _CANONICAL.encode(value)


@dataclass(frozen=True)
class Link:
    """One link of a chain, as it is stored; `body` is canonical JSON."""

    prev: str
    kind: str
    body: str
    hash: str


def link(prev: str, kind: str, body: Any) -> Link:
    """The next link of a chain: hash = SHA-256(prev ‖ LF ‖ kind ‖ LF ‖ canonical body).

    `prev` is the previous link's hash (GENESIS for the first). `kind` holds no line feed
    (ValueError), so the three parts can be told apart.
    """
    if "\n" in kind:
        raise ValueError("a kind is one line")
    written = canonical(body)
    return Link(prev, kind, written, _sha256(f"{prev}\n{kind}\n{written}".encode()))


def digest(lines: Iterable[str]) -> str:
    """SHA-256 of the sorted lines joined by LF: the digest of a list whose order must not tell."""
    return _sha256("\n".join(sorted(lines)).encode())


def ballot_id(question: int, key: str) -> str:
    """SHA-256("question:key"): names a ballot without telling the key that it was cast under."""
    return _sha256(f"{question}:{key}".encode())


def commitment(question: int, ballot: str, choice_json: str, nonce: str) -> str:
    """SHA-256("question:ballot_id:choice_json:nonce"): binds to a choice without showing it.

    `choice_json` is `canonical` of the cleaned choice; the nonce (32 hex digits) stays on the
    phone.
    """
    return _sha256(f"{question}:{ballot}:{choice_json}:{nonce}".encode())


def receipt_code(ballot: str) -> str:
    """The short code on screens: the ballot id's first 20 bits as four Crockford base32 letters."""
    bits = int(ballot[:5], 16)
    return _TWO_LETTERS[bits >> 10] + _TWO_LETTERS[bits & 1023]


def merkle_root(leaves: Iterable[str]) -> str:
    """The root over the sorted leaves, as in RFC 6962, section 2.1.

    leaf = SHA-256(0x00 ‖ text), node = SHA-256(0x01 ‖ left ‖ right) over the raw hashes; the root
    of nothing is SHA-256 of nothing. The leaves are hex strings and are hashed as text.
    """
    sha256 = hashlib.sha256
    level = [sha256(b"\x00" + each.encode()).digest() for each in sorted(leaves)]
    if not level:
        return _sha256(b"")
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return level[0].hex()
