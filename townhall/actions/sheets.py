"""The panel of a selection: invitations, recusals, and the score sheets it fills in.

Belongs here: who sits on a panel, and one panelist's sheet as draft and final. Does not belong
here: what a sheet may hold (`domain.selections.sheet`) and closing (`actions.selections`). May
call domain and storage.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from townhall.actions import cards, standing
from townhall.actions.selections import SCORE, change_one, require_open
from townhall.domain import scoring, text
from townhall.domain import selections as rules
from townhall.domain.audience import Actor, require
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.storage import selections as stored
from townhall.storage.schema import Panelist, Selection, Sheet
from townhall.storage.selections import Member


@dataclass(frozen=True)
class Invited:
    """A panelist with a link just made; its token is known only now."""

    panelist: int
    number: int
    name: str
    token: str


async def invite(hall: Hall, actor: Actor, selection: int, names: Sequence[str]) -> list[Invited]:
    """Add people (1 or more names of at most NAME_LIMIT graphemes) to the panel, with a link each.

    Refuses `panel_needs_forum`, `panel_full` (seats), `panelist_known` (name, so that sending the
    form again adds nobody twice), `selection_closed`, `text_empty`.
    """
    cleaned = [text.clean(name, rules.NAME_LIMIT, field="names") for name in names]
    if not cleaned:
        raise Refused("text_empty", field="names")

    def add(session: Session, row: Selection, now: int) -> Change[list[Seated]]:
        require_open(row)
        if row.forum_id is None:
            raise Refused("panel_needs_forum", field="names")
        panel = [each.panelist for each in stored.panel(session, selection)]
        known = {text.fold(each.name) for each in panel}
        for name in cleaned:
            if text.fold(name) in known:
                raise Refused("panelist_known", field="names", name=name)
            known.add(text.fold(name))
        seats = row.rule["panel"]["seats"]
        if len(panel) + len(cleaned) > seats:
            raise Refused("panel_full", field="names", seats=seats)
        first = 1 + max((each.number for each in panel), default=0)
        made = [
            _seated(stored.add_panelist(session, selection, number, name))
            for number, name in enumerate(cleaned, first)
        ]
        body = {"selection": selection, "panelists": [number for _, number, _ in made]}
        return Change(made, SCORE, ("panel_invited", body))

    return [
        await _link(hall, actor, selection, each)
        for each in await change_one(hall, actor, selection, add)
    ]


async def renew(hall: Hall, actor: Actor, selection: int, panelist: int) -> Invited:
    """A new link for a panelist; the old one and whoever entered with it are cut.

    Refuses `not_found`, `selection_closed`.
    """

    def find(session: Session, row: Selection, now: int) -> Change[Seated]:
        require_open(row)
        return Change(_seated(_on_panel(session, selection, panelist).panelist))

    found = await change_one(hall, actor, selection, find)
    return await _link(hall, actor, selection, found)


Seated = tuple[int, int, str]  # id, number, name


def _seated(panelist: Panelist) -> Seated:
    assert panelist.id is not None
    return panelist.id, panelist.number, panelist.name


async def _link(hall: Hall, actor: Actor, selection: int, seated: Seated) -> Invited:
    forum = await hall.read(stored.forum_of, selection)
    assert forum is not None
    panelist, number, name = seated
    token = await cards.card(hall, actor, forum, "panelist", panelist=panelist)
    return Invited(panelist, number, name, token)


async def recuse(
    hall: Hall, actor: Actor, selection: int, panelist: int, candidate: str, on: bool
) -> None:
    """Keep a panelist out of one candidate, for instance their own proposal, or take that back.

    Scores given to the candidate vanish from the sheet. Taken back, a sheet that was handed in
    becomes a draft again, because it has a gap. May be repeated. Refuses `not_found`,
    `selection_closed`.
    """

    def change(session: Session, row: Selection, now: int) -> Change[None]:
        require_open(row)
        found = _on_panel(session, selection, panelist)
        if candidate not in {each.letter for each in stored.candidates(session, selection)}:
            raise Refused("not_found")
        out = found.panelist.recused
        if (candidate in out) == on:
            return Change(None)
        found.panelist.recused = (
            sorted([*out, candidate]) if on else [each for each in out if each != candidate]
        )
        session.add(found.panelist)
        body = {"selection": selection, "candidate": candidate, "on": on}
        if found.sheet is not None:
            _step_aside(session, found.sheet, candidate, on)
            body |= _record(found, found.sheet)
        body["panelist"] = found.panelist.number
        return Change(None, SCORE, ("panel_recused", body))

    await change_one(hall, actor, selection, change)


def _step_aside(session: Session, sheet: Sheet, candidate: str, on: bool) -> None:
    """The sheet after an organiser set or lifted a recusal; its rev moves, so open forms notice."""
    others = [each for each in sheet.recused if each != candidate]
    sheet.recused = sorted([*others, candidate]) if on else others
    sheet.scores = {letter: own for letter, own in sheet.scores.items() if letter != candidate}
    if not on:
        sheet.final_at = None
    sheet.rev += 1
    session.add(sheet)


async def save(
    hall: Hall,
    actor: Actor,
    *,
    rev: int,
    scores: Mapping[str, Mapping[str, int]],
    recused: Collection[str] = (),
    comment: str = "",
    final: bool = False,
) -> dict[str, Any]:
    """Keep the actor's own sheet: {"status": "ok", "rev", "final_at"}. The first locks the rule.

    `scores` is {candidate: {criterion: score}}; a draft may have gaps, a final one may not and
    cannot be changed. `rev` is the one last seen (0 without a sheet); the same content may be sent
    again. Refuses `sheet_superseded` (another window was faster), `sheet_is_final`,
    `selection_closed`, `session_over`, and what `domain.selections.sheet` does.
    """
    require(actor, "sheet.write", forum=actor.forum)
    if actor.panelist is None:
        raise Refused("not_allowed", action="sheet.write")
    panelist = actor.panelist
    said = text.clean(comment, rules.COMMENT_LIMIT, lines=True, required=False, field="comment")

    def decide(session: Session, now: int) -> Change[dict[str, Any]]:
        standing.confirm(session, actor, now)
        found = stored.member(session, panelist)
        row = stored.get(session, found.panelist.selection_id, lock=True)
        letters = [each.letter for each in stored.candidates(session, row.id or 0)]
        out = sorted({*recused, *found.panelist.recused})
        kept = rules.sheet(row.rule, letters, scores, out, final=final)
        sheet = found.sheet or Sheet(panelist_id=panelist, saved_at=now)
        if _same(sheet, kept, out, said, final) and rev in (sheet.rev, sheet.rev - 1):
            return Change(_answer(sheet))
        require_open(row)
        if sheet.final_at is not None:
            raise Refused("sheet_is_final")
        if rev != sheet.rev:
            raise Refused("sheet_superseded")
        stored.lock(session, row, stored.locked_at(row, now) or now)
        sheet.scores, sheet.recused, sheet.comment = kept, out, said
        sheet.rev, sheet.saved_at, sheet.final_at = rev + 1, now, now if final else None
        session.add(sheet)
        session.flush()
        body = {**_record(found, sheet), "rule": row.rule_hash}
        return Change(_answer(sheet), SCORE, ("sheet_saved", body))

    return await hall.change(actor.forum, decide)


def _same(sheet: Sheet, kept: rules.Scores, out: list[str], said: str, final: bool) -> bool:
    held = (sheet.scores, sheet.recused, sheet.comment, sheet.final_at is not None)
    return sheet.rev > 0 and held == (kept, out, said, final)


def _answer(sheet: Sheet) -> dict[str, Any]:
    return {"status": "ok", "rev": sheet.rev, "final_at": sheet.final_at}


def _record(found: Member, sheet: Sheet) -> dict[str, Any]:
    """A sheet in the chain: that it was saved, and once it is final what it binds to."""
    body = {
        "selection": found.panelist.selection_id,
        "panelist": found.panelist.number,
        "rev": sheet.rev,
        "final": sheet.final_at is not None,
    }
    if sheet.final_at is None:
        return body
    return body | {"digest": scoring.digest({"scores": sheet.scores, "recused": sheet.recused})}


def _on_panel(session: Session, selection: int, panelist: int) -> Member:
    found = stored.member(session, panelist)
    if found.panelist.selection_id != selection:
        raise Refused("not_found")
    return found
