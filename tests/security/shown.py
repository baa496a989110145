"""A house in which every place that shows people's words shows a bad string.

Rows hold what the doors would have stored (`strings.accepted`), in every place where they would
have taken it. Belongs here: making the house and serving it. Does not belong here: looking at it.
"""

import secrets
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session

from tests import boards, facts, scored
from tests.actions.conftest import running
from tests.facts import NOON, Clock
from tests.security.strings import accepted
from townhall.actions import cards, people, questions, selections
from townhall.hall import Hall
from townhall.storage import people as stored_people
from townhall.storage import sessions
from townhall.storage.database import writing
from townhall.storage.schema import (
    Ask,
    Comment,
    Forum,
    Note,
    Panelist,
    Selection,
    Sheet,
    Summary,
    TableGroup,
)

CODE = "123456"
WORST = ("unclosed", "script", "svg", "img", "attribute", "json_break", "markdown", "jinja")
"""Those that every view with room for one string alone is shown with."""

TITLES = (("script", "img", "long_latin"), ("unclosed", "arabic", "json_break"))
"""The candidates of two selections."""


@dataclass
class Shown:
    """Where everything is, and the tokens that open its screens."""

    file: Path
    url: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    proposals: dict[str, int] = field(default_factory=dict)
    questions: dict[str, int] = field(default_factory=dict)
    asks: dict[str, int] = field(default_factory=dict)
    forums: dict[str, str] = field(default_factory=dict)
    selections: list[int] = field(default_factory=list)
    points: int = 0
    choice: int = 0


async def build(folder: Path) -> Shown:
    """The house, with the results counted and the scores sealed by the product itself."""
    made, clock = Shown(folder / "shown.db"), Clock()
    async with running(f"sqlite:///{made.file}", clock, []) as hall:
        with writing(hall.database) as session:
            forum = facts.forum(session, title=accepted(80)["img"], host=accepted(80)["script"])
            _room(session, forum, made)
            _asked(session, forum, made)
            _board(session, made)
            _forums(session, made)
            _accounts(session, forum, made)
        await _results(hall, clock, forum, made)
        for titles in TITLES:
            made.selections.append(await _sealed(hall, clock, titles, made))
        await _tokens(hall, forum, made)
    with sqlite3.connect(made.file) as database:
        database.execute("UPDATE session SET expires = 9999999999999")
    database.close()
    return made


def _room(session: Session, forum: int, made: Shown) -> None:
    """Segments, tables that call, notes and summaries: a string each."""
    current = facts.segment(session, forum, facts={"limit": 500})
    titles, prompts, lines = accepted(80), accepted(200), accepted(300, lines=True)
    for position, (name, title) in enumerate(titles.items(), 1):
        given = {"title": title, "prompt": prompts[name], "position": position}
        facts.segment(session, forum, kind="talk", current=False, **given)
    for number, (name, line) in enumerate(lines.items(), 1):
        calling = titles.get(name)
        session.add(
            TableGroup(
                forum_id=forum,
                number=number,
                title=titles.get(name, ""),
                calling=calling,
                called_at=NOON if calling else None,
            )
        )
        given = {"forum_id": forum, "table_no": number, "segment_id": current, "text": line}
        session.add(Summary(**given, rev=1, sent_at=NOON))
        for table in {1, number}:
            kind = ("pro", "con", "idea", "question")[number % 4]
            note = Note(**(given | {"table_no": table}), key=key(), kind=kind, created_at=NOON)
            session.add(note)
    session.flush()


def _asked(session: Session, forum: int, made: Shown) -> None:
    """An open question each, one choice among all of them, and asks from the floor."""
    titles, helps, options = accepted(300), accepted(300), accepted(120)
    seat = facts.seat(session, forum, 1, table_no=1, nickname=accepted(20)["zalgo"])
    made.cookies[f"townhall-{CODE}-phone"] = sessions.open_session(
        session, "seated", NOON, NOON * 2, forum=forum, seat=seat
    ).token
    for name, title in titles.items():
        made.questions[name] = facts.question(session, forum, title=title, help=helps[name])
    lettered = [{"id": f"o{n}", "title": title} for n, title in enumerate(options.values(), 1)]
    draft: dict[str, Any] = {"state": "draft", "opened_at": None, "config": {"abstain": True}}
    title = titles["json_break"]
    made.choice = facts.question(
        session, forum, kind="single", options=lettered, title=title, **draft
    )
    draft["config"] = {"budget": 5, "over": "summaries", "not_own_table": False}
    made.points = facts.question(session, forum, kind="dots", title=title, **draft)
    for name, text in accepted(200).items():
        ask = Ask(forum_id=forum, seat_id=seat, key=key(), text=text, created_at=NOON)
        session.add(ask)
        session.flush()
        made.asks[name] = ask.id or 0


def _board(session: Session, made: Shown) -> None:
    """A board, a proposal and a comment for each string."""
    titles, abouts, nicknames = accepted(80), accepted(400, lines=True), accepted(20)
    for number, (name, title) in enumerate(titles.items()):
        boards.board(session, f"board-{number}", title=title, about=abouts[name])
    board = boards.board(session, title=titles["svg"], about=abouts["markdown_blocks"])
    author = boards.person(session)
    for name, title in accepted(200).items():
        text = accepted(5_000, lines=True)[name]
        made.proposals[name] = boards.proposal(
            session,
            board,
            author,
            title,
            content=text,
            background=text,
            category=accepted(40).get(name, ""),
            tags=(nicknames[name],) if name in nicknames else (),
            author=nicknames.get(name, "이웃"),
        )
    for name, text in accepted(1_000, lines=True).items():
        for at in {made.proposals[name], made.proposals["html"]}:
            comment = {"author": nicknames.get(name, "이웃"), "text": text, "created_at": NOON}
            session.add(Comment(proposal_id=at, person_id=author, **comment))
    session.flush()


def _forums(session: Session, made: Shown) -> None:
    titles = accepted(80)
    for number, name in enumerate(WORST):
        code = made.forums[name] = str(200_000 + number)
        facts.forum(session, code=code, title=titles[name], host=titles[name], state="before")


def _accounts(session: Session, forum: int, made: Shown) -> None:
    """Moderators whose nicknames are strings, and the organiser who looks at them."""
    for number, name in enumerate(accepted(20).values()):
        person = stored_people.add_person(session, f"login-{number}", name, None, NOON)
        stored_people.grant(session, person, "moderator", forum=forum)
    person = stored_people.add_person(session, "organiser", accepted(20)["number"], None, NOON)
    stored_people.grant(session, person, "organiser")
    made.cookies["townhall"] = sessions.open_session(
        session, "member", NOON, NOON * 2, person=person
    ).token


async def _results(hall: Hall, clock: Clock, forum: int, made: Shown) -> None:
    """A choice among all strings and points over all summaries, closed and revealed."""
    moderator = scored.Actor(role="moderator", forum=forum)
    for question in (made.choice, made.points):
        await questions.open_(hall, moderator, key=key(), question=question)
        await questions.close(hall, moderator, key=key(), question=question, seconds=0)
        clock.pass_seconds(5)
        assert await questions.finish_due(hall) == 1
        await questions.reveal(hall, moderator, key=key(), question=question)


async def _sealed(hall: Hall, clock: Clock, names: tuple[str, ...], made: Shown) -> int:
    """A sealed and decided selection among three strings, its panel and reasons strings too."""
    titles, long = accepted(80), accepted(1_000, lines=True)
    code = str(300_000 + len(made.selections))
    example = await scored.held(hall, clock, code=code, titles=[titles[name] for name in names])
    panel = list(accepted(40).values())
    with writing(hall.database) as session:
        row = session.get_one(Selection, example.selection)
        row.title, row.exception = titles[names[0]], long[names[1]]
        session.get_one(Forum, example.forum).title = titles[names[2]]
        for number, panelist in enumerate(example.panel):
            session.get_one(Panelist, panelist).name = panel[number]
            session.get_one(Sheet, panelist).comment = long[names[number % 3]]
        session.flush()
    await selections.close(hall, scored.ORGANISER, example.selection)
    await scored.reveal(hall, example)
    with writing(hall.database) as session:
        row = session.get_one(Selection, example.selection)
        row.reason, row.decision, row.decided_candidate = long[names[0]], "confirms", "A"
        row.state, row.decided_at = "decided", NOON
    entrance = await people.enter(hall, code, example.links[0])
    made.cookies[f"townhall-{code}-panel"] = entrance.token
    made.forums[f"panel-{len(made.selections)}"] = code
    return example.selection


async def _tokens(hall: Hall, forum: int, made: Shown) -> None:
    for screen, role, table in (
        ("desk", "facilitator", 1),
        ("console", "moderator", None),
        ("stage", "stage", None),
    ):
        card = await cards.card(hall, scored.ORGANISER, forum, role, table=table)  # type: ignore[arg-type]
        entrance = await people.enter(hall, CODE, card)
        made.cookies[f"townhall-{CODE}-{screen}"] = entrance.token


def key() -> str:
    return secrets.token_hex(16)
