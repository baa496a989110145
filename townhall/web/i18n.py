"""Words in Korean and English: catalogues, plurals, numbers and times.

Belongs here: loading `townhall/locale/<language>/*.json` and saying a time or a number as people
read it. Does not belong here: any sentence. May call resources.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from markupsafe import Markup

from townhall import resources

LANGUAGES = ("ko", "en")
Style = Literal["date", "time", "clock", "datetime", "ago", "dday"]
Text = str | Mapping[str, str]

_PLACE = re.compile(r"\{(\w+)\}")
# Babel's own Korean times say "PM 7:05".
_TIME = {"ko": "aaaa h:mm", "en": "h:mm a"}
_DATE = {"ko": "y년 M월 d일 (EEE)", "en": "EEE, MMM d, y"}
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Words:
    """One language's catalogue; called with a key and values it gives the sentence."""

    lang: str
    table: Mapping[str, Text]

    def __call__(self, key: str, **values: object) -> str:
        """The words of a key; a key without words is given back as it is, which tests look for."""
        text = self.table.get(key, key)
        if isinstance(text, Mapping):
            form = _locale(self.lang).plural_form(_number(values.get("n")))
            text = text.get(form) or text["other"]
        return _PLACE.sub(lambda place: _shown(values, place), text)

    def __contains__(self, key: str) -> bool:
        return key in self.table

    def under(self, prefixes: Iterable[str]) -> dict[str, Text]:
        """The part of the catalogue whose keys begin with one of these prefixes."""
        wanted = tuple(prefixes)
        return {key: text for key, text in self.table.items() if key.startswith(wanted)}


@cache
def catalogue(lang: str) -> Words:
    """The words of a language, all its files merged; Korean fills what English lacks."""
    table: dict[str, Text] = dict(catalogue("ko").table) if lang != "ko" else {}
    for file in sorted((resources.locale() / lang).glob("*.json")):
        table.update(json.loads(file.read_text("utf-8")))
    return Words(lang, table)


def choose(wanted: str | None, cookie: str | None, accepted: str, otherwise: str) -> str:
    """The page's language: `?lang=`, then the cookie, then what the browser asks for, in order."""
    for named in (wanted, cookie):
        if named in LANGUAGES:
            return named
    for part in sorted(accepted.split(","), key=_quality, reverse=True):
        lang = part.split(";")[0].strip().lower()[:2]
        if lang in LANGUAGES:
            return lang
    return otherwise if otherwise in LANGUAGES else LANGUAGES[0]


def number(value: float, lang: str) -> str:
    """A number with its thousands apart: 1,204."""
    return format_decimal(value, locale=lang)


def when(ms: int | None, style: Style, lang: str, zone: str, now: int) -> str:
    """A moment (epoch ms) in words. `ago` and `dday` count from `now`, the others do not.

    `dday` counts calendar days: D-3, D-DAY, D+2. `clock` is 18:05, as the live screens write.
    """
    if ms is None:
        return ""
    at = _at(ms, zone)
    if style == "ago":
        return _ago(ms - now, lang)
    if style == "dday":
        days = (at.date() - _at(now, zone).date()).days
        return "D-DAY" if days == 0 else f"D{-days:+d}"
    if style == "date":
        return format_date(at, _DATE[lang], locale=lang)
    if style == "clock":
        return f"{at:%H:%M}"
    time = format_datetime(at, _TIME[lang], locale=lang)
    return time if style == "time" else f"{format_date(at, _DATE[lang], locale=lang)} {time}"


def _ago(ms: int, lang: str) -> str:
    seconds = round(ms / 1000)
    granularity: Literal["day", "minute"] = "day" if abs(seconds) >= _DAY_SECONDS else "minute"
    return format_timedelta(
        seconds, granularity=granularity, add_direction=True, threshold=1, locale=lang
    )


def _at(ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone))


def _quality(part: str) -> float:
    found = re.search(r";\s*q=([\d.]+)", part)
    try:
        return float(found[1]) if found else 1.0
    except ValueError:
        return 0.0


def _shown(values: Mapping[str, object], place: "re.Match[str]") -> str:
    """A value in its place; what a macro gave is escaped again with the whole sentence."""
    value = values.get(place[1], place[0])
    return value.unescape() if isinstance(value, Markup) else str(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


@cache
def _locale(lang: str) -> Locale:
    return Locale.parse(lang)
