"""The published rule of a selection: weights, criteria, rounds, the window of sympathies.

Belongs here: setting it while it is free, and giving it a new version with a reason once it is
locked. Does not belong here: what a rule may say (`domain.selections`). May call domain, storage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from townhall.actions.selections import SCORE, change_one, check_rounds, require_open, scale_of
from townhall.domain import selections as rules
from townhall.domain import text
from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.domain.selections import RuleDraft
from townhall.hall import Change, Hall
from townhall.storage import selections as stored
from townhall.storage.schema import Question, Selection


@dataclass(frozen=True)
class Window:
    """From when until when sympathies count: epoch ms, `until` not included; None is no limit."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class Terms:
    """All that is published with a rule: the draft, the questions of both rounds, the window."""

    rule: RuleDraft
    first: int | None = None
    final: int | None = None
    window: Window = Window()


async def set_rule(hall: Hall, actor: Actor, selection: int, terms: Terms, reason: str = "") -> int:
    """Set rule, rounds and window: the rule's version.

    Once data is open it needs a `reason` (at most REASON_LIMIT graphemes) and becomes a new
    version; the old one stays in the history. What changes nothing may be repeated. Refuses
    `selection_closed`, `reason_missing`, `round_mismatch` (field), `window_invalid`,
    `panel_full` (seats), `criteria_in_use`, and what `domain.selections.revised` does.
    """

    def change(session: Session, row: Selection, now: int) -> Change[int]:
        require_open(row)
        bound = _bind(session, row, terms)
        scores = scale_of(bound[-1]) if bound else None
        rule = rules.revised(row.rule, terms.rule, scores)
        _check_panel(session, row, rule)
        if _published(row) == (rule, terms.first, terms.final, terms.window):
            return Change(row.rule_version)
        held = stored.locked_at(row, now)
        if held is not None or any(question.state != "draft" for question in bound):
            if not reason.strip():
                raise Refused("reason_missing", field="reason")
            _keep_version(row, held, text.clean(reason, rules.REASON_LIMIT, lines=True), now)
            rule = {**rule, "version": row.rule_version}
            row.locked_at = None
        row.rule = rule
        row.first_question_id, row.final_question_id = terms.first, terms.final
        row.sympathy_from, row.sympathy_until = terms.window.since, terms.window.until
        if held is not None or _data_open(bound, terms.window, now):
            stored.lock(session, row, now)
        session.add(row)
        body = {"selection": selection, "hash": stored.rule_hash(row.rule), "rule": row.rule}
        return Change(row.rule_version, SCORE, ("selection_rule", body))

    return await change_one(hall, actor, selection, change)


def _published(row: Selection) -> tuple[Any, ...]:
    window = Window(row.sympathy_from, row.sympathy_until)
    return row.rule, row.first_question_id, row.final_question_id, window


def _keep_version(row: Selection, held: int | None, why: str, now: int) -> None:
    """Put the rule that stops counting into the history, and count one up."""
    row.history = [
        *row.history,
        {
            "version": row.rule_version,
            "rule": row.rule,
            "hash": stored.rule_hash(row.rule),
            "first": row.first_question_id,
            "final": row.final_question_id,
            "from": row.sympathy_from,
            "until": row.sympathy_until,
            "locked_at": held,
            "reason": why,
            "at": now,
        },
    ]
    row.rule_version += 1


def _data_open(bound: Sequence[Question], window: Window, now: int) -> bool:
    begun = window.since is not None and window.since <= now
    return begun or any(question.state != "draft" for question in bound)


def _bind(session: Session, row: Selection, terms: Terms) -> list[Question]:
    """The questions of the terms, first round first, checked against each other."""
    since, until = terms.window.since, terms.window.until
    if since is not None and until is not None and since >= until:
        raise Refused("window_invalid", field="until")
    if terms.first is not None and terms.first == terms.final:
        raise Refused("round_mismatch", field="first")
    asked = Selection(
        id=row.id,
        title=row.title,
        forum_id=row.forum_id,
        first_question_id=terms.first,
        final_question_id=terms.final,
    )
    found = stored.rounds(session, asked)
    if len(found) < sum(each is not None for each in (terms.first, terms.final)):
        raise Refused("round_mismatch", field="final")
    assert row.id is not None
    check_rounds(found, asked, stored.lined_up(session, row.id))
    return found


def _check_panel(session: Session, row: Selection, rule: Mapping[str, Any]) -> None:
    assert row.id is not None
    panel = stored.panel(session, row.id)
    if len(panel) > rule["panel"]["seats"]:
        raise Refused("panel_full", field="seats", seats=rule["panel"]["seats"])
    begun = any(each.state == "final" for each in panel)
    if begun and not rules.same_sheets(row.rule, rule):
        raise Refused("criteria_in_use", field="criteria")
