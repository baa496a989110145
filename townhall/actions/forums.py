"""Making a forum from a template, and choosing what its stage shows."""

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from townhall.actions import people
from townhall.actions.steering import steer
from townhall.domain import templates, text
from townhall.domain.audience import Actor, require
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.storage import agenda, forums, questions, selections
from townhall.storage.schema import Forum, Question, Segment, Selection, SelectionCandidate

SCENES = frozenset(
    ("waiting", "join", "agenda", "question", "reveal", "summaries", "points", "asks", "score")
)
MOST_TABLES = 200
"""More tables than a hall of ten thousand has facilitators for are a slip of the hand."""


@dataclass(frozen=True)
class Candidate:
    """A candidate of a forum's score vote, and the proposal it comes from."""

    title: str
    proposal: int | None = None


@dataclass(frozen=True)
class NewForum:
    """What an organiser decides about a forum before it exists."""

    title: str
    template: str = "blank"
    host: str = ""
    language: str = "ko"
    entry: str = "seats"  # seats | open
    starts_at: int | None = None
    tables: int = 0
    tickets: int = 0
    candidates: tuple[Candidate, ...] = ()
    board: int | None = None


@dataclass(frozen=True)
class MadeForum:
    """A new forum with everything that lets people in; the tokens are shown this once."""

    id: int
    code: str
    tickets: list[str]
    moderator: str
    stage: str
    tables: list[tuple[int, str]] = field(default_factory=list)


async def make(hall: Hall, actor: Actor, new: NewForum, words: templates.Words) -> MadeForum:
    """Make a forum of a template with its questions, tables, tickets, cards and links.

    `words` turns a template's catalogue keys into the forum's language. Refuses with
    `template_unknown`, `tables_invalid`, and what `text.clean` and the ballot kinds refuse.
    """
    require(actor, "house.manage")
    plan = templates.plan(new.template, [c.title for c in new.candidates])
    title = text.clean(new.title, limit=80, field="title")
    if not 0 <= new.tables <= MOST_TABLES:
        raise Refused("tables_invalid", most=MOST_TABLES)

    def decide(session: Session, now: int) -> Change[tuple[int, str]]:
        forum = Forum(
            code="",
            title=title,
            host=text.clean(new.host, limit=80, required=False, field="host"),
            language=new.language,
            entry=new.entry,
            template=new.template,
            board_id=new.board,
            starts_at=new.starts_at or now,
            stage={"scene": "waiting"},
            created_at=now,
        )
        forum_id = forums.add(session, forum)
        forums.add_tables(session, forum_id, new.tables)
        _fill(session, forum_id, plan, new, words)
        return Change((forum_id, forum.code))

    forum_id, code = await hall.change(None, decide)
    return await _let_in(hall, actor, forum_id, code, new)


async def _let_in(hall: Hall, actor: Actor, forum: int, code: str, new: NewForum) -> MadeForum:
    """Tickets, table cards and links of a new forum."""
    tickets = await people.mint(hall, actor, forum, new.tickets) if new.tickets else []
    cards = [
        (n, (await people.card(hall, actor, forum, "facilitator", table=n)))
        for n in range(1, new.tables + 1)
    ]
    return MadeForum(
        id=forum,
        code=code,
        tickets=[ticket.token for ticket in tickets],
        moderator=await people.card(hall, actor, forum, "moderator"),
        stage=await people.card(hall, actor, forum, "stage"),
        tables=cards,
    )


def _fill(
    session: Session, forum: int, plan: templates.Plan, new: NewForum, words: templates.Words
) -> None:
    """The questions and segments of a plan, in order, and the selection its rounds go into."""
    made: list[int] = []
    for position, planned in enumerate(plan.questions):
        options = [dict(o) for o in planned.options]
        for option, candidate in zip(options, new.candidates, strict=False):
            if candidate.proposal is not None and option.get("title") == candidate.title:
                option["proposal"] = candidate.proposal
        row = Question(
            forum_id=forum,
            position=position,
            kind=planned.kind,
            round=planned.round,
            first_id=made[planned.first] if planned.first is not None else None,
            title=words(planned.title),
            options=options,
            config=dict(planned.config),
            secret=planned.secret,
            eligibility=planned.eligibility if new.entry == "seats" else "open",
        )
        made.append(questions.add(session, row))
    for position, segment in enumerate(plan.segments):
        agenda.add(
            session,
            Segment(
                forum_id=forum,
                position=position,
                kind=segment.kind,
                title=words(segment.title),
                prompt=words(segment.prompt) if segment.prompt else "",
                minutes=segment.minutes,
                question_id=made[segment.question] if segment.question is not None else None,
                facts=dict(segment.facts),
            ),
        )
