"""Setting up a forum that exists: its basics, run of show, questions and tables.

Belongs here: what an organiser changes before people come. Does not belong here: making a forum
(`actions.forums`), tickets and cards (`actions.people`), steering a running one (`actions.agenda`,
`actions.questions`). The actor's forum is the one that is set up. May call domain and storage.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlmodel import Session

from townhall.actions.forums import MOST_TABLES, NewQuestion, drafted
from townhall.actions.selections import follow
from townhall.actions.steering import scope, steer
from townhall.domain import text
from townhall.domain.agenda import LONGEST
from townhall.domain.audience import Actor
from townhall.domain.ballots import require_ready
from townhall.domain.errors import Refused
from townhall.domain.segments import SEGMENTS
from townhall.domain.segments.kind import segment_invalid
from townhall.domain.selections import carried
from townhall.hall import Change, Hall
from townhall.storage import agenda, forums, questions, seats, selections, sessions
from townhall.storage.schema import Forum, Question, Segment

T = TypeVar("T")

TITLE, PROMPT = 80, 200
_RUN = frozenset({"agenda"})
_ASKED = frozenset({"questions", "agenda"})
_ROOM = frozenset({"forum", "tables", "room"})
_ASKS_THE_SAME = ("kind", "options", "config")
_EDITED = (
    *_ASKS_THE_SAME,
    "round",
    "first_id",
    "title",
    "help",
    "secret",
    "changeable",
    "results",
    "base",
    "eligibility",
    "seconds",
)


@dataclass(frozen=True)
class Basics:
    """What a forum is called and how people come in; `starts_at` in epoch milliseconds."""

    title: str
    host: str
    starts_at: int
    language: str
    entry: str


@dataclass(frozen=True)
class Item:
    """An item of the run of show; `question` is an id, `facts` are the kind's own."""

    title: str
    minutes: int
    prompt: str = ""
    question: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


async def set_basics(hall: Hall, actor: Actor, new: Basics) -> None:
    """Replace what a forum says of itself; its start moves only while it has not begun.

    Refuses what `text.clean` refuses of `title` and `host` (80 graphemes).
    """

    def decide(session: Session, forum: Forum, now: int) -> Change[None]:
        forum.title = text.clean(new.title, limit=TITLE, field="title")
        forum.host = text.clean(new.host, limit=TITLE, required=False, field="host")
        forum.language, forum.entry = new.language, new.entry
        if forum.state == "before":
            forum.starts_at = new.starts_at
        session.add(forum)
        return Change(None, frozenset({"forum", "agenda"}), ("forum_edited", forums.facts(forum)))

    await _set(hall, actor, decide)


async def add_segment(hall: Hall, actor: Actor, kind: str, new: Item, *, key: str) -> None:
    """Add an item at the end of the run of show; the same `key` again changes nothing.

    Refuses `run_fixed` once the forum has begun, `segment_invalid` (field, reason),
    `minutes_invalid`, `question_unknown`, and what `text.clean` refuses.
    """

    def decide(session: Session, forum: Forum, now: int) -> Change[dict[str, Any]]:
        rows = _plan(session, forum)
        row = Segment(
            forum_id=_id(forum),
            position=rows[-1].position + 1 if rows else 0,
            kind=kind,
            title="",
            minutes=1,
        )
        _write(session, row, new)
        body = {"segment": agenda.add(session, row)}
        return Change(body, _RUN, ("segment_added", body))

    await steer(hall, actor, "house.manage", key, decide)


async def edit_segment(hall: Hall, actor: Actor, segment: int, new: Item) -> None:
    """Replace what an item says; its kind stays. Refuses as `add_segment`, and `not_found`."""

    def decide(session: Session, forum: Forum, now: int) -> Change[None]:
        _plan(session, forum)
        row = agenda.get(session, segment, _id(forum))
        _write(session, row, new)
        session.add(row)
        return Change(None, _RUN, ("segment_edited", {"segment": segment}))

    await _set(hall, actor, decide)


async def move_segment(hall: Hall, actor: Actor, segment: int, by: int) -> None:
    """Move an item one place up (-1) or down (1); at the end of the list it stays.

    Refuses `run_fixed`, `not_found`.
    """

    def decide(session: Session, forum: Forum, now: int) -> Change[None]:
        rows = _plan(session, forum)
        here = rows.index(agenda.get(session, segment, _id(forum)))
        there = here + by
        if 0 <= there < len(rows):
            rows.insert(there, rows.pop(here))
        for position, row in enumerate(rows):
            row.position = position
            session.add(row)
        return Change(None, _RUN, ("segment_moved", {"segment": segment, "to": there}))

    await _set(hall, actor, decide)


async def remove_segment(hall: Hall, actor: Actor, segment: int) -> None:
    """Take an item out of the run of show. Refuses `run_fixed`, `not_found`."""

    def decide(session: Session, forum: Forum, now: int) -> Change[None]:
        _plan(session, forum)
        agenda.remove(session, agenda.get(session, segment, _id(forum)))
        return Change(None, _RUN, ("segment_removed", {"segment": segment}))

    await _set(hall, actor, decide)


async def add_question(
    hall: Hall, actor: Actor, new: NewQuestion, *, key: str, first: int | None = None
) -> None:
    """Add a draft; the same `key` again changes nothing.

    A final round whose `first` is named asks what its first round asks, whatever else is given.
    Refuses `definition_invalid` (field, reason), `round_pair_invalid`, `seconds_invalid`, and what
    `text.clean` refuses.
    """

    def decide(session: Session, forum: Forum, now: int) -> Change[dict[str, Any]]:
        rows = questions.of_forum(session, _id(forum))
        position = max((row.position for row in rows), default=-1) + 1
        made = _drafted(session, _id(forum), position, new, first)
        body = {"question": questions.add(session, made)}
        return Change(body, _ASKED, ("question_added", body))

    await steer(hall, actor, "house.manage", key, decide)


async def edit_question(
    hall: Hall, actor: Actor, question: int, new: NewQuestion, *, first: int | None = None
) -> None:
    """Replace a draft; the drafts of final rounds that name it go along.

    Options keep the proposal they stand for, and the candidates of a score that the votes go into
    follow. Refuses as `add_question`, `question_unknown`, `question_already_open`, `question_used`
    (a final round is paired with it), and as `selections.follow` does.
    """

    def decide(session: Session, forum: Forum, now: int) -> Change[None]:
        row = _draft(session, forum, question)
        finals = questions.paired(session, question)
        if finals and new.round != "first":
            raise Refused("question_used")
        made = _drafted(session, _id(forum), row.position, new, first)
        titles = [each["title"] for each in made.options]
        origins = carried([(each["title"], each.get("proposal")) for each in row.options], titles)
        made.options = [
            each if origin is None else each | {"proposal": origin}
            for each, origin in zip(made.options, origins, strict=True)
        ]
        _copy(session, made, row, _EDITED)
        for final in finals:
            _copy(session, row, final, _ASKS_THE_SAME)
        for each in (row, *finals):
            follow(session, each, now)
        return Change(None, _ASKED | {"score"}, ("question_edited", {"question": question}))

    await _set(hall, actor, decide)


async def remove_question(hall: Hall, actor: Actor, question: int) -> None:
    """Take a draft out, and off the items that named it.

    Refuses `question_unknown`, `question_already_open`, `question_used` (by a final round or by
    the selection).
    """

    def decide(session: Session, forum: Forum, now: int) -> Change[None]:
        row = _draft(session, forum, question)
        chosen = selections.of_forum(session, _id(forum))
        rounds = (chosen.first_question_id, chosen.final_question_id) if chosen else ()
        if question in rounds or questions.paired(session, question):
            raise Refused("question_used")
        questions.remove(session, row)
        return Change(None, _ASKED, ("question_removed", {"question": question}))

    await _set(hall, actor, decide)


async def set_tables(hall: Hall, actor: Actor, count: int) -> None:
    """So many tables (0 to 200), numbered from 1; the last ones go first and lose their cards.

    May be repeated. Refuses `tables_invalid`, `table_in_use` (table).
    """
    if not 0 <= count <= MOST_TABLES:
        raise Refused("tables_invalid", most=MOST_TABLES)

    def decide(session: Session, forum: Forum, now: int) -> Change[None]:
        known = seats.tables_of(session, _id(forum))
        forums.add_tables(session, _id(forum), count - len(known), len(known) + 1)
        for number in reversed(known[count:]):
            if not forums.remove_table(session, _id(forum), number):
                raise Refused("table_in_use", table=number)
            sessions.revoke_cards(session, _id(forum), "facilitator", number, now)
        return Change(None, _ROOM, ("tables_set", {"count": count}))

    await _set(hall, actor, decide)


async def _set(hall: Hall, actor: Actor, decide: Callable[[Session, Forum, int], Change[T]]) -> T:
    """A change to the actor's forum, which only an organiser may make."""
    forum = scope(actor, "house.manage")
    return await hall.change(
        forum, lambda session, now: decide(session, forums.get(session, forum), now)
    )


def _plan(session: Session, forum: Forum) -> list[Segment]:
    """The run of show in order, while it may still be rearranged."""
    if forum.state != "before":
        raise Refused("run_fixed")
    return list(agenda.of_forum(session, _id(forum)))


def _write(session: Session, row: Segment, new: Item) -> None:
    if row.kind not in SEGMENTS:
        raise segment_invalid("kind", "unknown")
    kind = SEGMENTS[row.kind]
    if not 1 <= new.minutes <= LONGEST:
        raise Refused("minutes_invalid", most=LONGEST)
    asked = new.question if kind.asks else None
    if asked is not None:
        question = questions.get(session, asked, row.forum_id)
        if row.kind == "points" and question.kind != "dots":
            raise segment_invalid("question", "kind")
    row.title = text.clean(new.title, limit=TITLE, field="title")
    row.prompt = text.clean(new.prompt, limit=PROMPT, required=False, field="prompt")
    row.minutes, row.question_id = new.minutes, asked
    row.facts = kind.facts(new.facts)


def _drafted(
    session: Session, forum: int, position: int, new: NewQuestion, first: int | None
) -> Question:
    """A draft that could open as it is, paired with its first round where one is named."""
    if first is None or new.round != "final":
        made = drafted(forum, position, new)
        if made.config.get("over") != "summaries":
            require_ready(questions.definition(made))
        return made
    rounds = {row.id: row for row in questions.of_forum(session, forum) if row.round == "first"}
    pair = rounds.get(first)
    if pair is None:
        raise Refused("round_pair_invalid")
    made = drafted(forum, position, replace(new, kind="yesno", options=(), config={}))
    made.first_id = pair.id
    for name in _ASKS_THE_SAME:
        setattr(made, name, getattr(pair, name))
    return made


def _draft(session: Session, forum: Forum, question: int) -> Question:
    row = questions.get(session, question, _id(forum))
    if row.state != "draft":
        raise Refused("question_already_open", state=row.state)
    return row


def _copy(session: Session, source: Question, target: Question, names: tuple[str, ...]) -> None:
    for name in names:
        setattr(target, name, getattr(source, name))
    session.add(target)
    session.flush()


def _id(forum: Forum) -> int:
    if forum.id is None:
        raise Refused("not_found")
    return forum.id
