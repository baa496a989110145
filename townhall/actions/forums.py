"""Making a forum from a template, and choosing what its stage shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlmodel import Session

from townhall.actions import cards, people, tokens
from townhall.actions.steering import steer
from townhall.domain import questions as rules
from townhall.domain import templates, text
from townhall.domain.audience import Actor, require
from townhall.domain.ballots import Option, kind_of, option_ids
from townhall.domain.errors import Refused
from townhall.domain.selections import default_rule
from townhall.hall import Change, Hall
from townhall.storage import agenda, audit, boards, forums, questions, selections, sessions
from townhall.storage.people import new_token
from townhall.storage.schema import Forum, Proposal, Question, Segment, Selection

Words = Callable[[str], str]

SCENES = frozenset(
    ("waiting", "join", "agenda", "question", "reveal", "summaries", "points", "asks", "score")
)
MOST_TABLES = 200
"""More tables than a hall of ten thousand has facilitators for are a slip of the hand."""


@dataclass(frozen=True)
class Candidate:
    """A candidate of a forum's score vote: a title, or a proposal whose title it takes."""

    title: str = ""
    proposal: int | None = None


@dataclass(frozen=True)
class NewQuestion:
    """A question beside those of the template; options are titles, lettered in order."""

    kind: str
    title: str
    help: str = ""
    options: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    secret: bool = False
    changeable: bool = True
    results: str = "hidden"
    base: str = "voted"
    eligibility: str = "seats"
    round: str | None = None
    seconds: int | None = None  # how long it stays open, 5 to 3,600; None: until it is closed


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
    questions: tuple[NewQuestion, ...] = ()
    board: str | None = None  # the key of the board that its candidates come from


@dataclass(frozen=True)
class MadeForum:
    """A new forum with everything that lets people in; the tokens are shown this once."""

    id: int
    code: str
    key: str  # what the tickets and cards were drawn with; asking again gives the same
    moderator: str
    stage: str = ""
    tickets: list[str] = field(default_factory=list)
    tables: list[tuple[int, str]] = field(default_factory=list)


async def make(
    hall: Hall, actor: Actor, new: NewForum, words: Words, *, key: str | None = None
) -> MadeForum:
    """Make a forum of a template with its questions, tables, tickets, cards and links.

    `words` turns a template's catalogue keys into the forum's language. With the `key` of a form
    it may be repeated: the same key and wishes give the same forum. Refuses with
    `template_unknown`, `tables_invalid`, `tickets_number`, `form_used`, and what `text.clean` and
    the ballot kinds refuse.
    """
    require(actor, "house.manage")
    draws = partial(tokens.draw, people.secret_of(hall), key or new_token(), actor.person)
    same, moderator = draws("form", new), draws("moderator", new)
    new, board = await hall.read(_resolved, new)
    plan = templates.plan(new.template, [c.title for c in new.candidates])
    title = text.clean(new.title, limit=80, field="title")
    if not 0 <= new.tables <= MOST_TABLES:
        raise Refused("tables_invalid", most=MOST_TABLES)
    if not 0 <= new.tickets <= cards.MOST_TICKETS:
        raise Refused("tickets_number", most=cards.MOST_TICKETS)

    def decide(session: Session, now: int) -> Change[tuple[int, str]]:
        again = sessions.opened_before(session, moderator)
        if again is not None and again.forum_id is not None:
            return Change((again.forum_id, forums.get(session, again.forum_id).code))
        forum = Forum(
            code="",
            title=title,
            host=text.clean(new.host, limit=80, required=False, field="host"),
            language=new.language,
            entry=new.entry,
            template=new.template,
            board_id=board,
            starts_at=new.starts_at or now,
            stage={"scene": "waiting"},
            created_at=now,
        )
        forum_id = forums.add(session, forum)
        forums.add_tables(session, forum_id, new.tables)
        _fill(session, forum_id, plan, new, words, board)
        # In one transaction with the forum, so that a form sent twice finds it.
        body = cards.issue(session, hall, forum_id, "moderator", moderator, now)
        audit.record(session, forum_id, "forum_made", forums.facts(forum))
        audit.record(session, forum_id, "card_issued", body)
        return Change((forum_id, forum.code))

    forum_id, code = await hall.change(None, decide)
    return await _let_in(hall, actor, MadeForum(forum_id, code, same, moderator), new)


def _resolved(session: Session, new: NewForum) -> tuple[NewForum, int | None]:
    """Candidates with the titles of their proposals, and the board's id."""
    board = boards.get(session, new.board) if new.board else None
    if new.board and board is None:
        raise Refused("board_unknown", board=new.board)
    found = []
    for candidate in new.candidates:
        row = session.get(Proposal, candidate.proposal) if candidate.proposal else None
        if candidate.proposal and row is None:
            raise Refused("proposal_unknown", number=candidate.proposal)
        found.append(replace(candidate, title=candidate.title or (row.title if row else "")))
    return replace(new, candidates=tuple(found)), board.id if board else None


async def _let_in(hall: Hall, actor: Actor, made: MadeForum, new: NewForum) -> MadeForum:
    """Tickets, table cards and the stage's link of a new forum."""
    mint = partial(cards.mint, hall, actor, made.id, key=made.key)
    card = partial(cards.card, hall, actor, made.id, key=made.key)
    return replace(
        made,
        tickets=[ticket.token for ticket in await mint(new.tickets)] if new.tickets else [],
        stage=await card("stage"),
        tables=[(n, await card("facilitator", table=n)) for n in range(1, new.tables + 1)],
    )


def _fill(
    session: Session,
    forum: int,
    plan: templates.Plan,
    new: NewForum,
    words: Words,
    board: int | None,
) -> None:
    """The questions and segments of a plan in order, and the selection its rounds go into."""
    made: list[int] = []
    for position, planned in enumerate(plan.questions):
        row = Question(
            forum_id=forum,
            position=position,
            kind=planned.kind,
            round=planned.round,
            first_id=made[planned.first] if planned.first is not None else None,
            title=words(planned.title),
            help=words(planned.help) if planned.help else "",
            options=[_option(option, new) for option in planned.options],
            config=dict(planned.config),
            secret=planned.secret,
            changeable=planned.changeable,
            results=planned.results,
            base=planned.base,
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
    _select(session, forum, plan, new, made, board)
    for position, extra in enumerate(new.questions, start=len(made)):
        questions.add(session, drafted(forum, position, extra))


def drafted(forum: int, position: int, new: NewQuestion) -> Question:
    """A draft from an organiser's words, checked as its kind demands; not stored yet.

    Refuses `definition_invalid`, `seconds_invalid`, and what `text.clean` refuses.
    """
    options = tuple(
        Option(letter, text.clean(str(title), limit=120, field="option"))
        for letter, title in zip(option_ids(len(new.options)), new.options, strict=True)
    )
    terms = rules.terms(
        secret=new.secret,
        changeable=new.changeable,
        results=new.results,
        base=new.base,
        eligibility=new.eligibility,
        round=new.round,
    )
    if new.seconds is not None and new.seconds not in rules.SECONDS:
        raise Refused("seconds_invalid", least=rules.SECONDS[0], most=rules.SECONDS[-1])
    return Question(
        forum_id=forum,
        position=position,
        kind=new.kind,
        round=terms.round,
        title=text.clean(str(new.title), limit=300, field="title"),
        help=text.clean(str(new.help), limit=300, required=False, field="help"),
        options=[{"id": option.id, "title": option.title} for option in options],
        config=dict(kind_of(new.kind).define(options, new.config)),
        secret=terms.secret,
        changeable=terms.changeable,
        results=terms.results,
        base=terms.base,
        eligibility=terms.eligibility,
        seconds=new.seconds,
    )


def _option(option: Option, new: NewForum) -> dict[str, Any]:
    """An option as it is stored; a candidate keeps the proposal it comes from."""
    stored: dict[str, Any] = {"id": option.id, "title": option.title}
    letters = option_ids(len(new.candidates))
    origin = dict(zip(letters, new.candidates, strict=True)).get(option.id)
    if origin is not None and origin.proposal is not None:
        stored["proposal"] = origin.proposal
    return stored


def _select(
    session: Session,
    forum: int,
    plan: templates.Plan,
    new: NewForum,
    made: list[int],
    board: int | None,
) -> None:
    """A score vote in two rounds feeds a selection with the default rule."""
    rounds = {q.round: made[i] for i, q in enumerate(plan.questions) if q.kind == "score"}
    if "final" not in rounds:
        return
    final = next(q for q in plan.questions if q.round == "final")
    selections.add(
        session,
        Selection(
            forum_id=forum,
            board_id=board,
            title=new.title,
            rule=default_rule(final.config["min"], final.config["max"]),
            first_question_id=rounds.get("first"),
            final_question_id=rounds["final"],
        ),
        [(c.id, c.title, _option(c, new).get("proposal")) for c in plan.candidates],
    )


async def show(
    hall: Hall, actor: Actor, *, key: str, scene: str, question: int | None = None
) -> dict[str, Any]:
    """Put a scene on the stage. Refuses `scene_unknown`, and `question_unknown` if it is named.

    A result of no named question is the last revealed one, so that stage and phones show the same.
    """

    def decide(session: Session, forum: Forum, now: int) -> Change[dict[str, Any]]:
        if scene not in SCENES:
            raise Refused("scene_unknown", known=", ".join(sorted(SCENES)))
        about = question
        if about is not None:
            questions.get(session, about, forum.id or 0)
        elif scene == "reveal":
            about = questions.last_revealed(session, forum.id or 0)
        forum.stage = {"scene": scene, "question": about, "blank": False}
        return Change({"scene": scene}, frozenset({"stage"}), ("stage", dict(forum.stage)))

    return await steer(hall, actor, "stage.steer", key, decide)


async def blank(hall: Hall, actor: Actor, *, key: str, on: bool) -> dict[str, Any]:
    """Blank the stage or bring its scene back."""

    def decide(session: Session, forum: Forum, now: int) -> Change[dict[str, Any]]:
        forum.stage = {**forum.stage, "blank": on}
        return Change({"blank": on}, frozenset({"stage"}), ("stage", dict(forum.stage)))

    return await steer(hall, actor, "stage.steer", key, decide)
