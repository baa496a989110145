"""How numbers are written down in results: exact until here, rounded half up, never a float."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor


def rounded(value: Fraction | int, places: int) -> str:
    """The value with so many decimals, halves away from zero."""
    shifted = floor(abs(Fraction(value)) * 10**places + Fraction(1, 2))
    digits = str(shifted).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if value < 0 and shifted else text


def change(value: Fraction | int, places: int) -> str:
    """A difference, with its sign if it shows as more than nothing."""
    text = rounded(value, places)
    return f"+{text}" if value > 0 and any(digit in "123456789" for digit in text) else text


def percent(part: Fraction | int, whole: Fraction | int) -> str | None:
    """A share in percent with one decimal; nothing of nothing."""
    return None if whole == 0 else rounded(Fraction(part) / Fraction(whole) * 100, 1)


def width(part: Fraction | int, whole: Fraction | int) -> str:
    """How wide a bar is, from 0.0 to 100.0."""
    return "0.0" if whole == 0 else str(percent(min(part, whole), whole))


def places(values: Sequence[Fraction | int | None]) -> list[int]:
    """One more than how many stand higher; what has no value stands below all that have one."""
    worth = [Fraction(-1) if value is None else Fraction(value) for value in values]
    return [1 + sum(other > own for other in worth) for own in worth]
