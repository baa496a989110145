"""Reading one field strictly: its type and its range, or a refusal that names its path.

Here belong the small readers that `parse` is made of.
Here belongs nothing that knows a field by name.
May call: the standard library and `canonical`.
"""

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, cast

from townhall.domain.scoring.canonical import invalid, step

MOST = 1_000_000_000
_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,12})?")
_QUOTIENT = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


def fields(
    value: object, path: str, required: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, Any]:
    """An object that has all required fields and no unknown one."""
    found = mapping(value, path)
    for name in found:
        if name not in required and name not in optional:
            raise invalid(step(path, name), "unknown_field")
    for name in required:
        if name not in found:
            raise invalid(step(path, name), "missing_field")
    return found


def mapping(value: object, path: str) -> dict[str, Any]:
    """An object with any fields."""
    if not isinstance(value, dict):
        raise invalid(path, "not_an_object")
    return cast("dict[str, Any]", value)


def listing(value: object, path: str, least: int = 0) -> list[Any]:
    """A list of at least so many items."""
    if not isinstance(value, list):
        raise invalid(path, "not_a_list")
    if len(value) < least:
        raise invalid(path, "too_few", got=len(value), expected=f"at least {least}")
    return value


def whole(value: object, path: str, low: int = 0, high: int = MOST) -> int:
    """An integer from low to high; true and false are none."""
    if type(value) is not int:
        raise invalid(path, "not_an_integer")
    if not low <= value <= high:
        raise invalid(path, "out_of_range", got=value, expected=f"{low} to {high}")
    return value


def number(value: object, path: str, low: int = 0, high: int = 100) -> Fraction:
    """An integer or a decimal string such as "0.3", exactly, from low to high."""
    if type(value) is int or (isinstance(value, str) and _DECIMAL.fullmatch(value)):
        exact = Fraction(value)
    else:
        raise invalid(path, "not_a_number", expected="integer or decimal string")
    if not low <= exact <= high:
        raise invalid(path, "out_of_range", got=value, expected=f"{low} to {high}")
    return exact


def quotient(value: object, path: str) -> Fraction:
    """A share written as "2/3", above 0 and at most 1."""
    found = _QUOTIENT.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[2]) == 0:
        raise invalid(path, "not_a_quotient", expected='such as "2/3"')
    exact = Fraction(int(found[1]), int(found[2]))
    if not 0 < exact <= 1:
        raise invalid(path, "out_of_range", got=value, expected="above 0 to 1")
    return exact


def text(value: object, path: str) -> str:
    """Text that is not empty."""
    if not isinstance(value, str):
        raise invalid(path, "not_text")
    if not value.strip():
        raise invalid(path, "empty")
    return value


def one_of(value: object, path: str, choices: Sequence[str]) -> Any:
    """One of the words listed."""
    if value not in choices:
        raise invalid(path, "not_one_of", expected=" ".join(choices))
    return value


def distinct(names: Iterable[str], paths: Iterable[str]) -> None:
    """Refuses the first name that was there before."""
    seen: set[str] = set()
    for name, path in zip(names, paths, strict=True):
        if name in seen:
            raise invalid(path, "duplicate", got=name)
        seen.add(name)
