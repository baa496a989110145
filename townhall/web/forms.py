"""Forms in: urlencoded or multipart fields as strict typed values, with what was typed kept.

Belongs here: reading fields and saying what is wrong with one. Does not belong here: rules of a
noun (its action refuses) and markup of forms (templates). May call domain.
"""

import re
from collections.abc import Callable, Collection
from datetime import datetime, time
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.types import Message, Receive

from townhall.domain import text
from townhall.domain.errors import Refused

MOST_FIELDS = 500
Say = Callable[..., str]


class Fields(dict[str, str]):
    """Field -> words; a field without any reads as empty, which is what templates want."""

    def __missing__(self, key: str) -> str:
        return ""


class Form:
    """One posted form. Getters give typed values and collect `errors` in the reader's language."""

    def __init__(self, data: FormData, say: Say, zone: str = "UTC") -> None:
        self._data = data
        self._say = say
        self._zone = ZoneInfo(zone)
        self.errors = Fields()
        self.typed = Fields(
            (name, value)
            for name, value in data.multi_items()
            if isinstance(value, str) and "password" not in name and name != "csrf"
        )

    @classmethod
    def empty(cls) -> "Form":
        """What a page has before anything was posted."""
        return cls(FormData(), lambda key, **_: key)

    @property
    def names(self) -> set[str]:
        """Every field that came."""
        return set(self._data)

    def expect(self, known: Collection[str]) -> None:
        """Refuse `field_unknown` when a field came that the form does not have."""
        if unknown := self.names - {"csrf", *known}:
            raise Refused("field_unknown", field=min(unknown)[:40])

    def raw(self, name: str) -> str:
        """A field as it came, or nothing."""
        value = self._data.get(name, "")
        return value if isinstance(value, str) else ""

    def many(self, name: str) -> list[str]:
        """Every value of a field that may come more than once."""
        return [value for value in self._data.getlist(name) if isinstance(value, str)]

    def text(self, name: str, limit: int, *, lines: bool = False, required: bool = True) -> str:
        """Cleaned text of at most `limit` graphemes."""
        try:
            return text.clean(
                self.raw(name), limit=limit, lines=lines, required=required, field=name
            )
        except Refused as refused:
            self.wrong(name, refused)
            return ""

    def integer(self, name: str, low: int, high: int, *, required: bool = True) -> int | None:
        """A whole number within bounds; nothing when it may be left empty and is."""
        raw = self.raw(name).strip()
        if not raw and not required:
            return None
        if re.fullmatch(r"-?\d{1,12}", raw) and low <= int(raw) <= high:
            return int(raw)
        self.wrong(name, Refused("number_wrong", low=low, high=high))
        return None

    def choice(self, name: str, known: Collection[str], otherwise: str | None = None) -> str:
        """One of the known values."""
        raw = self.raw(name)
        if not raw and otherwise is not None:
            return otherwise
        if raw not in known:
            self.wrong(name, Refused("choice_wrong"))
        return raw

    def flag(self, name: str) -> bool:
        """A tick."""
        return self.raw(name) in {"1", "on", "true", "yes"}

    def moment(self, name: str, *, required: bool = True, end_of_day: bool = False) -> int | None:
        """A date or a date with time in the house's zone, as epoch milliseconds.

        A date alone means its beginning, or with `end_of_day` its last millisecond.
        """
        raw = self.raw(name).strip()
        if not raw and not required:
            return None
        try:
            at = datetime.fromisoformat(raw)
        except ValueError:
            self.wrong(name, Refused("moment_wrong"))
            return None
        if end_of_day and len(raw) == len("2026-01-01"):
            at = datetime.combine(at.date(), time.max)
        return int(at.replace(tzinfo=self._zone).timestamp() * 1000)

    async def upload(self, name: str) -> bytes | None:
        """The bytes of a file, or nothing when none was chosen."""
        found = self._data.get(name)
        if not isinstance(found, UploadFile) or not found.filename:
            return None
        return await found.read()

    def wrong(self, name: str, refused: Refused) -> None:
        """Say what is wrong with a field; the first thing said stays."""
        self.errors.setdefault(name, self._say(f"refused.{refused.code}", **refused.details))

    def blame(self, name: str, said: str, shown: Collection[str] = ()) -> None:
        """A refusal's sentence beside the field that came by this name, or above the form.

        An action names fields its own way, and a sentence beside none would be seen by nobody.
        `shown` are places for a sentence that are no fields. The first thing said stays.
        """
        here = name in self.names or name in shown
        self.errors.setdefault(name if here else "", said)


async def read_form(request: Request, say: Say, zone: str, limit: int) -> Form:
    """The form of a request, at most `limit` bytes long. Refuses `too_large`, `form_unreadable`."""
    data = await request.form(max_files=4, max_fields=MOST_FIELDS, max_part_size=limit)
    for value in data.values():
        if isinstance(value, str) and "\ufffd" in value:
            raise Refused("form_unreadable")
    return Form(data, say, zone)


def capped(receive: Receive, limit: int) -> Receive:
    """A body that ends with `too_large` (limit in KiB) as soon as it is longer than allowed."""
    read = 0

    async def within() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise Refused("too_large", limit=limit // 1024)
        return message

    return within
