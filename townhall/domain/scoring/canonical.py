"""The one written form of a selection, and its digest.

Here belongs what JSON a selection may be made of (no floats, no doubled keys, only Unicode
text) and the form over which the digest is taken.
Here belongs nothing that knows the fields of a selection: see `parse`.
May call: the standard library and `domain.errors`.
"""

import hashlib
import json
import unicodedata
from typing import Any

from townhall.domain.errors import Refused

DEEPEST = 16


class _Doubled:
    """Stands where an object named the same key twice, until its path is known."""

    def __init__(self, key: str) -> None:
        self.key = key


def invalid(path: str, reason: str, **details: object) -> Refused:
    """The refusal of a selection: where it is wrong, a stable reason, and what was expected."""
    return Refused("selection_invalid", path=path, reason=reason, **details)


def read(text: str) -> object:
    """JSON text as plain values, for `parse` and `digest`.

    Refuses text that is not JSON. A doubled key or a float is kept until `parse` names its path.
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise invalid("selection", "not_json", at=place) from None
    except RecursionError:
        raise invalid("selection", "too_deep", most=DEEPEST) from None
    except ValueError:
        # Python refuses to read an integer of more than some thousand digits.
        raise invalid("selection", "number_too_long") from None


def _object(pairs: list[tuple[str, Any]]) -> object:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    return _Doubled(next(name for name in names if names.count(name) > 1))


def normal(value: object, path: str = "selection", depth: int = 0) -> Any:
    """The same value with all text in NFC.

    Refuses floats, doubled keys, text that is not Unicode, and anything that JSON does not have.
    """
    if value is None or type(value) in (bool, int):
        return value
    if isinstance(value, str):
        return _text(value, path)
    if depth == DEEPEST:
        raise invalid(path, "too_deep", most=DEEPEST)
    if isinstance(value, list | tuple):
        return [normal(item, f"{path}[{n}]", depth + 1) for n, item in enumerate(value)]
    if isinstance(value, dict):
        return _normal_object(value, path, depth)
    if isinstance(value, _Doubled):
        raise invalid(step(path, value.key), "duplicate_key")
    if isinstance(value, float):
        raise invalid(path, "a_float", expected="integer or decimal string")
    raise invalid(path, "not_json")


def _normal_object(value: dict[Any, Any], path: str, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for raw, item in value.items():
        if not isinstance(raw, str):
            raise invalid(step(path, str(raw)), "not_text")
        key = _text(raw, path)
        if key in found:
            raise invalid(step(path, key), "duplicate_key")
        # Scores are by far the most values; their path is only needed when one is refused.
        plain = item is None or type(item) is int
        found[key] = item if plain else normal(item, step(path, key), depth + 1)
    return found


def step(path: str, key: str) -> str:
    """The path of a field inside an object; fields of the file itself carry no prefix."""
    return key if path == "selection" else f"{path}.{key}"


def _text(value: str, path: str) -> str:
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(path, "not_unicode") from None
    return unicodedata.normalize("NFC", value)


def digest(obj: object) -> str:
    """`sha256:` and 64 hex digits over the canonical form of a selection.

    The form: keys sorted, no spaces, UTF-8, text in NFC. Refuses as `normal` does.
    """
    return sealed(normal(obj))


def sealed(form: object) -> str:
    """The digest of a value that `normal` gave."""
    line = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(line.encode()).hexdigest()}"
