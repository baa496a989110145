"""The formulas of the audit, written down a second time: canonical JSON, digests, Merkle trees."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def sha256(text: str) -> str:
    """SHA-256 of a text in UTF-8, as lower-case hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON with sorted keys, without spaces and needless escapes. True is not 1 here."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON."""
    return canonical(one) == canonical(other)


def digest(lines: Iterable[str]) -> str:
    """SHA-256 over sorted lines, joined by line feeds."""
    return sha256("\n".join(sorted(lines)))


def composed(value: Any) -> Any:
    """The same JSON with all its text in NFC."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [composed(each) for each in value]
    if isinstance(value, dict):
        return {composed(key): composed(each) for key, each in value.items()}
    return value


def sealed(value: Any) -> str:
    """The digest of a selection or a sheet: `sha256:` over its canonical form in NFC."""
    return f"sha256:{sha256(canonical(composed(value)))}"


def link_hash(prev: str, kind: str, body: str) -> str:
    """What a link of a chain is hashed to."""
    return sha256(f"{prev}\n{kind}\n{body}")


def commitment(question: int, ballot: str, choice: Any, nonce: str) -> str:
    """What a ballot is bound to; the nonce is on the phone alone."""
    return sha256(f"{question}:{ballot}:{canonical(choice)}:{nonce}")


def receipt_code(ballot: str) -> str:
    """The four letters on screens: the first 20 bits of the ballot's id."""
    bits = f"{int(ballot[:5], 16):020b}"
    return "".join(LETTERS[int(bits[at : at + 5], 2)] for at in range(0, 20, 5))


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _leaf(text: str) -> bytes:
    return hashlib.sha256(b"\x00" + text.encode()).digest()


def _split(size: int) -> int:
    """The largest power of two below a size of at least two."""
    return 1 << ((size - 1).bit_length() - 1)


def _tree(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    at = _split(len(leaves))
    return _node(_tree(leaves[:at]), _tree(leaves[at:]))


def merkle_root(texts: Iterable[str]) -> str:
    """MTH of RFC 6962 over the sorted texts, as its recursive definition says."""
    leaves = [_leaf(each) for each in sorted(texts)]
    return _tree(leaves).hex() if leaves else hashlib.sha256().hexdigest()


def path(texts: Iterable[str], text: str) -> tuple[int, int, list[str]]:
    """PATH of RFC 6962: the place of a text that is in the tree, the size, the hashes beside."""
    ordered = sorted(texts)
    index = ordered.index(text)
    beside, place, leaves = [], index, [_leaf(each) for each in ordered]
    while len(leaves) > 1:
        at = _split(len(leaves))
        near, far = (leaves[:at], leaves[at:]) if place < at else (leaves[at:], leaves[:at])
        beside.append(_tree(far).hex())
        place -= 0 if place < at else at
        leaves = near
    return index, len(ordered), beside[::-1]


def climbed(text: str, index: int, size: int, beside: Sequence[str]) -> str:
    """The root that a path leads to from a leaf."""
    if size == 1:
        return _leaf(text).hex()
    at = _split(size)
    far = bytes.fromhex(beside[-1])
    if index < at:
        return _node(bytes.fromhex(climbed(text, index, at, beside[:-1])), far).hex()
    return _node(far, bytes.fromhex(climbed(text, index - at, size - at, beside[:-1]))).hex()
