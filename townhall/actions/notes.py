"""What a desk does: notes with their history, the table's summary, its head count, its calls.

Whatever carries a key may be sent again for ever and gets the same answer, so a tablet that was
two hours without network empties its outbox in order and loses nothing. Two tablets at one table
never overwrite each other unseen: the later one is answered `superseded` with what is stored.
"""

from typing import Any, Literal, get_args

from sqlmodel import Session

from townhall.actions import standing
from townhall.domain.audience import Actor, require
from townhall.domain.errors import Refused
from townhall.domain.text import clean
from townhall.hall import Change, Hall
from townhall.storage import forums
from townhall.storage import notes as stored
from townhall.storage.schema import Note, Segment, Summary

Answer = dict[str, Any]
Kind = Literal["pro", "con", "idea", "question"]

KINDS: tuple[str, ...] = get_args(Kind)
NOTE_LIMIT = 300
CALL_LIMIT = 80
LARGEST_TABLE = 99


async def write(
    hall: Hall, actor: Actor, *, key: str, kind: str, text: str, seat: int | None = None
) -> Answer:
    """Write a note of the actor's table, at any time: {"status": "ok", "id", "rev": 1}.

    `key` is 32 hexadecimal digits, `text` at most NOTE_LIMIT graphemes, `seat` the speaker's place
    at the table (1..99). May be repeated. Refuses `text_empty`, `text_too_long`,
    `payload_invalid`, and `key_used` when the key names something else.
    """
    forum, table = _desk(actor, "note.write")
    text = _note_text(kind, text, seat)

    def decide(session: Session, now: int) -> Change[Answer]:
        standing.confirm(session, actor, now)
        known = stored.by_key(session, forum, key)
        if known is not None:
            if known.table_no != table:
                raise Refused("key_used")
            return Change(_ok(known.id, 1))
        note = Note(
            forum_id=forum,
            table_no=table,
            segment_id=forums.get(session, forum).current_segment,
            key=key,
            kind=kind,
            text=text,
            seat=seat,
            created_at=now,
        )
        made = stored.add(session, note)
        body = {"note": made, "table": table, "rev": 1}
        return Change(_ok(made, 1), frozenset({"notes", "tables"}), ("note.written", body))

    return await hall.change(forum, decide)


async def edit(
    hall: Hall,
    actor: Actor,
    *,
    id: int,
    rev: int,
    key: str,
    kind: str,
    text: str,
    seat: int | None = None,
) -> Answer:
    """Give a note of the actor's table its next version: {"status": "ok", "id", "rev"}.

    `rev` is the last known one plus one; another is answered {"status": "superseded", "note"}
    with the note as it is. Each edit has a key of its own and may be repeated. Refuses what
    `write` does, `not_found`, `wrong_table`, and `note_removed` when another tablet took it away.
    """
    forum, _ = _desk(actor, "note.write")
    text = _note_text(kind, text, seat)

    def decide(session: Session, now: int) -> Change[Answer]:
        standing.confirm(session, actor, now)
        note = _own(session, actor, forum, id)
        if _done_before(stored.rev_of_key(session, id, key), rev):
            return Change(_ok(id, rev))
        if note.removed_at is not None:
            raise Refused("note_removed")
        if rev != note.rev + 1:
            return Change(_superseded(session, id))
        stored.edit(session, note, key=key, kind=kind, text=text, seat=seat, now=now)
        body = {"note": id, "table": note.table_no, "rev": rev}
        return Change(_ok(id, rev), frozenset({"notes"}), ("note.edited", body))

    return await hall.change(forum, decide)


async def remove(
    hall: Hall,
    actor: Actor,
    *,
    id: int,
    rev: int,
    key: str,
) -> Answer:
    """Take a note of the actor's table away; its history stays: {"status": "ok", "id", "rev"}.

    Answers and refusals as in `edit`, save that removing what is gone is already done.
    """
    forum, _ = _desk(actor, "note.write")

    def decide(session: Session, now: int) -> Change[Answer]:
        standing.confirm(session, actor, now)
        note = _own(session, actor, forum, id)
        if _done_before(stored.rev_of_key(session, id, key), rev):
            return Change(_ok(id, rev))
        if note.removed_at is not None:
            return Change(_ok(id, note.rev))
        if rev != note.rev + 1:
            return Change(_superseded(session, id))
        stored.remove(session, note, key=key, now=now)
        body = {"note": id, "table": note.table_no, "rev": rev}
        return Change(_ok(id, rev), frozenset({"notes", "tables"}), ("note.removed", body))

    return await hall.change(forum, decide)


async def summarise(
    hall: Hall,
    actor: Actor,
    *,
    key: str,
    rev: int,
    text: str,
    send: bool,
    segment: int | None = None,
) -> Answer:
    """Save the table's summary of the running segment: {"status": "ok", "id", "rev"}.

    `text` has at most as many graphemes as the segment's fact `limit` says, because the stage
    shows it verbatim; `send` puts it there and its absence takes it back. `segment` is the table
    talk that the text is about. `rev` and `key` work as in `edit`; `superseded` carries
    {"draft"}. Refuses `text_empty`, `text_too_long`, `key_used`, and `segment_over` (with `text`)
    unless that talk is running; without `segment`, unless any is.
    """
    forum, table = _desk(actor, "summary.write")

    def decide(session: Session, now: int) -> Change[Answer]:
        standing.confirm(session, actor, now)
        before = stored.summary_by_key(session, forum, table, key)
        if before is not None and _done_before(before.rev, rev):
            return Change(_ok(before.summary_id, rev))
        here, limit = _talking(session, forum, segment, text)
        cleaned = clean(text, limit, required=send)
        summary = stored.summary_of(session, here, table)
        if rev != (summary.rev if summary else 0) + 1:
            return Change({"status": "superseded", "draft": stored.summary_facts(summary)})
        summary = summary or Summary(forum_id=forum, segment_id=here, table_no=table)
        was = stored.summary_state(summary)
        made = stored.save_summary(session, summary, key=key, text=cleaned, send=send, now=now)
        moved = _moved(was, stored.summary_state(summary))
        body = {"segment": here, "table": table, "rev": rev, "sent": send}
        return Change(_ok(made, rev), moved, ("summary.saved", body))

    return await hall.change(forum, decide)


async def count_heads(hall: Hall, actor: Actor, *, count: int) -> Answer:
    """Say how many people sit at the actor's table (0..99). The last word counts."""
    forum, number = _desk(actor, "table.report")
    _within("count", count, 0)

    def decide(session: Session, now: int) -> Change[Answer]:
        standing.confirm(session, actor, now)
        table = stored.table(session, forum, number)
        if table.head_count == count:
            return Change({"status": "ok"})
        table.head_count = count
        session.add(table)
        body = {"table": number, "count": count}
        return Change({"status": "ok"}, frozenset({"tables", "room"}), ("table.counted", body))

    return await hall.change(forum, decide)


async def call(hall: Hall, actor: Actor, *, reason: str | None) -> Answer:
    """Call staff to the actor's table, saying why (at most CALL_LIMIT graphemes), or end the call.

    Calling again keeps the time since when the table has been waiting. Refuses `text_empty` and
    `text_too_long`.
    """
    forum, number = _desk(actor, "table.report")
    why = None if reason is None else clean(reason, CALL_LIMIT, field="reason")

    def decide(session: Session, now: int) -> Change[Answer]:
        standing.confirm(session, actor, now)
        table = stored.table(session, forum, number)
        if table.calling == why:
            return Change({"status": "ok"})
        since = table.called_at or now
        table.calling, table.called_at = why, None if why is None else since
        session.add(table)
        body = {"table": number, "calling": why is not None}
        return Change({"status": "ok"}, frozenset({"tables"}), ("table.called", body))

    return await hall.change(forum, decide)


def _desk(actor: Actor, right: str) -> tuple[int, int]:
    """Forum and table of a facilitator; a card always has both."""
    require(actor, right, forum=actor.forum)
    assert actor.forum is not None
    assert actor.table is not None
    return actor.forum, actor.table


def _own(session: Session, actor: Actor, forum: int, note: int) -> Note:
    found = stored.get(session, forum, note)
    require(actor, "note.write", forum=forum, table=found.table_no)
    return found


def _note_text(kind: str, text: str, seat: int | None) -> str:
    if kind not in KINDS:
        raise Refused("payload_invalid", field="kind", reason="unknown")
    if seat is not None:
        _within("seat", seat, 1)
    return clean(text, NOTE_LIMIT)


def _within(field: str, number: int, lowest: int) -> None:
    if not lowest <= number <= LARGEST_TABLE:
        raise Refused("payload_invalid", field=field, reason="out_of_range")


def _done_before(written: int | None, rev: int) -> bool:
    """Whether a key already wrote this very rev; a key that wrote another one is misused."""
    if written is not None and written != rev:
        raise Refused("key_used")
    return written is not None


def _talking(session: Session, forum: int, about: int | None, text: str) -> tuple[int, int]:
    """The running segment, if tables sum up in it and `about` is no other, and how long a summary
    may be there."""
    now_running = forums.get(session, forum).current_segment
    segment = session.get(Segment, now_running) if now_running is not None else None
    if segment is None or segment.id is None or segment.kind != stored.SUMMARISED:
        raise Refused("segment_over", text=text)
    if about not in (None, segment.id):
        raise Refused("segment_over", text=text)
    return segment.id, int(segment.facts["limit"])


def _moved(was: str, now: str) -> frozenset[str]:
    """Which parts of screens a summary moves on its way between none, draft and sent."""
    slices = {"draft"}
    if was != now:
        slices.add("tables")
    if "sent" in {was, now}:
        slices.add("summaries")
        if was != now:
            slices.add("room")
    return frozenset(slices)


def _ok(id: int | None, rev: int) -> Answer:
    return {"status": "ok", "id": id, "rev": rev}


def _superseded(session: Session, note: int) -> Answer:
    return {"status": "superseded", "note": stored.current(session, note)}
