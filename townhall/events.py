"""Every event a client may send: its right, its payload, its rate, and what it runs.

Deny by default: what is not in EVENTS does not exist. Both doors speak this registry, the socket
and the HTTP twins (`POST /api/f/{code}/{event}`), so it belongs to neither: it stands between the
doors and the rooms behind them. A payload model forbids unknown fields and does not coerce.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Session

from townhall.actions import agenda, asks, ballots, cards, forums, notes, people, questions
from townhall.counts import COUNTS
from townhall.domain.audience import Actor, Audience, audience_of, require
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.screens import people as people_screen
from townhall.screens import slices

Answer = dict[str, Any]
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Rev = Annotated[int, Field(ge=1, le=1_000)]
Text = Annotated[str, Field(max_length=32_768)]
"""No longer than a frame. Each action has a limit of its own and says how far over it is."""


class Payload(BaseModel):
    """What every payload has in common: nothing unknown, nothing coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Keyed(Payload):
    """A change that may be sent again: the key names the one intention behind all tries."""

    key: Hex


class Hello(Payload):
    version: list[str | int] | None = None


class Vote(Keyed):
    question: Id
    rev: Rev
    nonce: Hex
    choice: Any


class VoteStatus(Keyed):
    question: Id


class ProxyVote(Vote):
    paper: Annotated[int, Field(ge=1, le=9_999)]


class Sit(Payload):
    table: Annotated[int, Field(ge=1, le=999)] | None


class Note(Keyed):
    kind: str
    text: Text
    seat: Annotated[int, Field(ge=1, le=99)] | None = None


class NoteEdit(Note):
    id: Id
    rev: Rev


class NoteRemove(Keyed):
    id: Id
    rev: Rev


class Summary(Keyed):
    segment: Id | None = None
    rev: Rev
    text: Text
    send: bool


class HeadCount(Payload):
    count: Annotated[int, Field(ge=0, le=99)]


class Call(Payload):
    reason: Text | None


class Ask(Keyed):
    text: Text


class Upvote(Payload):
    ask: Id
    on: bool


class AskState(Payload):
    ask: Id
    state: str


class Step(Keyed):
    current: Id | None = None


class Extend(Keyed):
    segment: Id | None = None
    minutes: Annotated[int, Field(ge=-60, le=60)]


class Speaker(Keyed):
    name: Text
    seconds: Annotated[int, Field(ge=0, le=3_600)]


class QuestionOnly(Keyed):
    question: Id


class QuestionTimed(QuestionOnly):
    seconds: Annotated[int, Field(ge=0, le=86_400)] | None = None


class QuestionExtend(QuestionOnly):
    seconds: Annotated[int, Field(ge=1, le=3_600)]


class Show(Keyed):
    scene: str
    question: Id | None = None


class Blank(Keyed):
    on: bool


class Seat(Payload):
    seat: Id


class Table(Payload):
    table: Annotated[int, Field(ge=1, le=999)]


Run = Callable[..., Awaitable[Answer]]


@dataclass(frozen=True)
class Event:
    """One event: the right it needs, its payload, tokens a second and burst, what it runs."""

    action: str
    payload: type[Payload]
    run: Run
    rate: float = 2.0
    burst: int = 5


@dataclass(frozen=True)
class _Hello:
    """One hello: whose, what they know already, and what the look needs of the hall."""

    actor: Actor
    version: list[str | int] | None
    epoch: str
    now: int


async def hello(hall: Hall, actor: Actor, *, version: list[str | int] | None) -> Answer:
    """Everything this actor's screen shows, and who I am.

    Who already has this version gets nothing again, but for console and stage: they may have missed
    who is here, or that trouble is over, and no version tells.
    """
    asked = _Hello(actor, version, hall.database.epoch, hall.now())
    return await hall.read_together(_hellos, asked)


def _hellos(session: Session, asked: Sequence[_Hello]) -> list[Answer]:
    """A hall that comes in at once is answered from one look: who sees the same, once."""
    answers = []
    seen: dict[tuple[int, Audience, int | None], tuple[slices.Version, dict[str, Any]]] = {}
    for hello, me in zip(asked, people_screen.me(session, [h.actor for h in asked]), strict=True):
        audience = audience_of(hello.actor.role)
        room = (hello.actor.forum or 0, audience, hello.actor.table if audience == "desk" else None)
        if room not in seen:
            seen[room] = slices.recent(session, *room, epoch=hello.epoch, now=hello.now)
        found, values = seen[room]
        known = slices.counted(audience) and list(found) == hello.version
        answers.append(
            {
                "status": "ok",
                "version": list(found),
                "slices": {} if known else values,
                "me": me,
                "now": hello.now,
            }
        )
    return answers


EVENTS: Mapping[str, Event] = {
    "hello": Event("state.follow", Hello, hello, rate=1, burst=5),
    "vote": Event("ballot.cast", Vote, ballots.cast, rate=20, burst=200),
    "vote_status": Event("ballot.cast", VoteStatus, ballots.status, rate=5, burst=50),
    "sit": Event("table.sit", Sit, people.sit),
    "note": Event("note.write", Note, notes.write, rate=5, burst=200),
    "note_edit": Event("note.write", NoteEdit, notes.edit, rate=5, burst=200),
    "note_remove": Event("note.write", NoteRemove, notes.remove, rate=5, burst=50),
    "summary": Event("summary.write", Summary, notes.summarise, rate=5, burst=50),
    "head_count": Event("table.report", HeadCount, notes.count_heads, rate=5, burst=20),
    "call": Event("table.report", Call, notes.call),
    "proxy_vote": Event("ballot.proxy", ProxyVote, ballots.cast_by_proxy, rate=5, burst=50),
    "ask": Event("ask.write", Ask, asks.write, rate=0.5, burst=5),
    "upvote": Event("ask.write", Upvote, asks.upvote, rate=3, burst=20),
    "ask_state": Event("ask.steer", AskState, asks.steer, rate=5, burst=20),
    "agenda_start": Event("agenda.steer", Keyed, agenda.start),
    "agenda_next": Event("agenda.steer", Step, agenda.next_),
    "agenda_back": Event("agenda.steer", Step, agenda.back),
    "agenda_extend": Event("agenda.steer", Extend, agenda.extend),
    "agenda_speaker": Event("agenda.steer", Speaker, agenda.speaker),
    "agenda_end": Event("agenda.steer", Keyed, agenda.end),
    "question_open": Event("question.steer", QuestionTimed, questions.open_, rate=20, burst=500),
    "question_extend": Event("question.steer", QuestionExtend, questions.extend),
    "question_close": Event("question.steer", QuestionTimed, questions.close, rate=20, burst=500),
    "question_reveal": Event("question.steer", QuestionOnly, questions.reveal, rate=20, burst=500),
    "question_reopen": Event("question.steer", QuestionOnly, questions.reopen),
    "stage_show": Event("stage.steer", Show, forums.show),
    "stage_blank": Event("stage.steer", Blank, forums.blank),
    "seat_reset": Event("seat.manage", Seat, cards.seat_reset),
    "card_revoke": Event("seat.manage", Table, cards.card_revoke),
}

VOTES = frozenset(("vote", "proxy_vote", "vote_status"))
"""Under pressure these are told `busy` and are sent again, whichever door they came through."""


def counted(name: str, status: str) -> None:
    """Count the answer to a vote as it leaves a door; anything else is no answer to a vote."""
    if name in VOTES:
        COUNTS.votes[status] += 1


async def dispatch_counted(hall: Hall, actor: Actor, name: str, raw: object) -> Answer:
    """`dispatch`, with its answer counted: for a door that waits for it."""
    try:
        answer = await dispatch(hall, actor, name, raw)
    except Refused:
        counted(name, "refused")
        raise
    counted(name, answer.get("status", ""))
    return answer


def vote_now(hall: Hall, actor: Actor, raw: object, reply: Callable[[Answer], None]) -> bool:
    """The hot path of a good vote, without a task: `reply` is called once, after the commit.

    False, with nothing done, for everything that is not so simple: then `dispatch` it.
    """
    try:
        said = Vote.model_validate(raw).__dict__
    except ValidationError:
        return False
    return ballots.cast_now(hall, actor, ballots.Vote(**said), reply)


async def dispatch(hall: Hall, actor: Actor, name: str, raw: object) -> Answer:
    """Check and run one event. Raises Refused; the door turns it into words.

    `raw` is what came over the wire; only a JSON object is a payload.
    """
    event = EVENTS.get(name)
    if event is None:
        raise Refused("event_unknown", event=name[:40].encode(errors="replace").decode())
    require(actor, event.action, forum=actor.forum)
    try:
        payload = event.payload.model_validate({} if raw is None else raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "-"
        if issubclass(event.payload, Vote):
            return {"status": "invalid", "reason": field[:60]}
        raise Refused("payload_invalid", field=field[:60], reason=first["type"]) from None
    return await event.run(hall, actor, **payload.__dict__)
