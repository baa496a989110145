"""What a person writes on a board: its fields, its deadline, who may still change it, how it is
found.

Belongs here: limits of fields, the day typed as a deadline, editing, and the folding that search
compares. Does not belong here: the life of what was submitted (`proposals`). Pure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from townhall.domain.errors import Refused
from townhall.domain.proposals import DAY_MS, closes_at, day_of
from townhall.domain.text import clean, fold

TITLE, BACKGROUND, CONTENT, COMMENT = 200, 5_000, 10_000, 1_000
CATEGORY, TAG, TAGS = 40, 20, 8

LONGEST_QUERY, MOST_WORDS = 100, 8
LONGEST_DEADLINE = 366
"""Days from now."""


@dataclass(frozen=True)
class Draft:
    """A proposal as written, cleaned. `background` and `category` may be empty, `tags` none."""

    title: str
    background: str
    content: str
    category: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """An image that belongs to a proposal, already re-encoded, at most 300 KB."""

    media_type: str
    width: int
    height: int
    data: bytes


def draft(title: str, background: str, content: str, category: str, tags: str) -> Draft:
    """A clean draft of what was typed; `tags` are separated by spaces, commas or `#`.

    Refuses `text_empty` (title, content), `text_too_long` and `too_many_tags`; the details name
    the `field`, so that a form can say it beside the input.
    """
    return Draft(
        title=clean(title, limit=TITLE, field="title"),
        background=clean(
            background, limit=BACKGROUND, lines=True, required=False, field="background"
        ),
        content=clean(content, limit=CONTENT, lines=True, field="content"),
        category=clean(category, limit=CATEGORY, required=False, field="category"),
        tags=tag_list(re.split(r"[,#，、\s]", tags)),
    )


def tag_list(typed: Iterable[str]) -> tuple[str, ...]:
    """Clean tags in their order, each once whatever its case.

    Refuses `text_too_long` (a tag over 20 graphemes) and `too_many_tags` (over 8).
    """
    kept: dict[str, str] = {}
    for one in typed:
        tag = clean(one, limit=TAG, required=False, field="tags")
        if tag:
            kept.setdefault(fold(tag), tag)
    if len(kept) > TAGS:
        raise Refused("too_many_tags", field="tags", limit=TAGS, count=len(kept))
    return tuple(kept.values())


def deadline(typed: str, now: int, days: int, zone: tzinfo, standing: int | None = None) -> int:
    """When agreement (동의) closes, in epoch milliseconds.

    `typed` is a day (YYYY-MM-DD), meaning its last moment in `zone`; empty means `days` from now.
    The deadline that stands is kept when nothing or its own day is typed. Refuses
    `deadline_invalid` (not a day, not in the future, or more than 366 days away; field, limit).
    """
    typed = typed.strip()
    if standing is not None and typed in ("", day_of(standing, zone).isoformat()):
        return standing
    if not typed:
        return closes_at(now, days)
    try:
        moment = end_of_day(date.fromisoformat(typed), zone)
    except (ValueError, OverflowError):
        moment = 0
    if not now < moment <= now + LONGEST_DEADLINE * DAY_MS:
        raise Refused("deadline_invalid", field="deadline", limit=LONGEST_DEADLINE)
    return moment


def end_of_day(day: date, zone: tzinfo) -> int:
    """The last millisecond of a day."""
    return int(datetime.combine(day, time(23, 59, 59), zone).timestamp()) * 1000 + 999


def require_editable(*, rev: int, seen_rev: int, supporters: int) -> None:
    """An author may edit what nobody else has supported yet: support was for those words.

    Refuses `proposal_supported` (supporters) and `changed_meanwhile` (a newer rev was saved,
    perhaps in another window).
    """
    if supporters:
        raise Refused("proposal_supported", supporters=supporters)
    if rev != seen_rev:
        raise Refused("changed_meanwhile")


def search_words(query: str) -> tuple[str, ...]:
    """The words of a query, folded; a proposal is found when it contains every one.

    At most 8 words out of the first 100 folded characters, so that no query is costly.
    """
    folded = fold(query[: 4 * LONGEST_QUERY])[:LONGEST_QUERY]
    return tuple(dict.fromkeys(folded.split()))[:MOST_WORDS]


def search_text(written: Draft) -> str:
    """The folded text that lists search in: everything a reader sees of a proposal."""
    parts = (written.title, written.background, written.content, written.category, *written.tags)
    return "\n".join(fold(part) for part in parts)
