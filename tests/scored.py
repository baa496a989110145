"""The worked example of scoring as a real forum: proposals, sympathies, ballots, sheets.

Everything but accounts, proposals, seats and draft questions is made by the actions themselves;
the numbers come from `tests/data/selection_example.json`. `held` stops before the score is closed.
"""

import asyncio
import copy
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import facts
from tests.facts import NOON, Clock
from townhall.actions import ballots, questions, score_rules, selections, sheets
from townhall.actions.score_rules import Terms, Window
from townhall.actions.selections import NewSelection
from townhall.domain.audience import Actor
from townhall.domain.selections import CRITERIA, RuleDraft
from townhall.hall import Hall
from townhall.storage.database import writing
from townhall.storage.schema import Board, Person, Proposal, Sympathy

FILE = json.loads((Path(__file__).parent / "data" / "selection_example.json").read_text("utf-8"))
ORGANISER = Actor(role="organiser")
NAMES = ("가람", "나래", "다솜", "라온", "마루")
DRAFT = RuleDraft(weights=("25", "25", "50"), criteria=tuple(CRITERIA.items()))
ALWAYS = Window()
TOTALS = {"A": ("80.75", 1), "B": ("79.20", 2), "C": ("64.98", 3)}
EXACT = {"A": "323/4", "B": "396/5", "C": "2599/40"}


@dataclass
class Example:
    """Where the example's rows are."""

    forum: int
    code: str
    first: int
    final: int
    seats: list[int]
    proposals: list[int]
    selection: int = 0
    panel: tuple[int, ...] = ()
    links: tuple[str, ...] = ()

    def panelist(self, number: int) -> Actor:
        """The actor who entered with a panelist's link."""
        return Actor(role="panelist", forum=self.forum, panelist=self.panel[number - 1])


def key() -> str:
    return secrets.token_hex(16)


def room(
    hall: Hall, *, code: str = "123456", titles: list[str] | None = None, **asked: Any
) -> Example:
    """A forum with proposals on a board, their sympathies, twenty seats and two draft rounds."""
    titles = titles or [each["title"] for each in FILE["candidates"]]
    with writing(hall.database) as session:
        board = Board(key=f"board-{code}", title="우리 동네", created_at=NOON)
        people = [
            Person(login=f"{code}-{n}", nickname=f"이웃 {n}", created_at=NOON) for n in range(25)
        ]
        session.add_all([board, *people])
        session.flush()
        made = [_proposal(board.id or 0, people[24].id or 0, title) for title in titles]
        session.add_all(made)
        session.flush()
        for proposal, candidate in zip(made, FILE["candidates"], strict=True):
            for person in people[: candidate["sympathy"]]:
                given = {"proposal_id": proposal.id, "person_id": person.id}
                session.add(Sympathy(**given, given_at=NOON - 1000))
        forum = facts.forum(session, code=code, board_id=board.id)
        options = [{"id": "ABC"[n], "title": title} for n, title in enumerate(titles)]
        round_ = {"kind": "score", "state": "draft", "opened_at": None, "options": options}
        round_ |= {"config": {"min": 1, "max": 5}, **asked}
        first = facts.question(session, forum, round="first", **round_)
        final = facts.question(session, forum, round="final", first_id=first, **round_)
        seats = [facts.seat(session, forum, n + 1) for n in range(20)]
        return Example(forum, code, first, final, seats, [each.id or 0 for each in made])


def _proposal(board: int, person: int, title: str) -> Proposal:
    return Proposal(
        board_id=board,
        person_id=person,
        author="이웃 24",
        title=title,
        content="이렇게 바꿔요.",
        submitted_at=NOON - 5000,
    )


async def begun(hall: Hall, **given: Any) -> Example:
    """The example with its selection, rule and panel, before anything is voted on."""
    made = room(hall, **given)
    made.selection = await selections.create(
        hall,
        ORGANISER,
        NewSelection("의제 선정", tuple(made.proposals), forum=made.forum),
    )
    await score_rules.set_rule(hall, ORGANISER, made.selection, terms(made))
    invited = await sheets.invite(hall, ORGANISER, made.selection, NAMES)
    made.panel = tuple(each.panelist for each in invited)
    made.links = tuple(each.token for each in invited)
    return made


def terms(made: Example, draft: RuleDraft = DRAFT, window: Window = ALWAYS) -> Terms:
    return Terms(rule=draft, first=made.first, final=made.final, window=window)


async def vote(hall: Hall, clock: Clock, made: Example, round_: str, cast: list[Any]) -> None:
    """Open a round, cast its ballots at once, close it and let it be counted."""
    moderator = Actor(role="moderator", forum=made.forum)
    question = made.first if round_ == "first" else made.final
    await questions.open_(hall, moderator, key=key(), question=question)
    seats = zip(made.seats, cast, strict=True)
    answers = await asyncio.gather(*(_cast(hall, made, question, *each) for each in seats))
    assert {answer["status"] for answer in answers} == {"counted"}
    await questions.close(hall, moderator, key=key(), question=question, seconds=0)
    clock.pass_seconds(5)
    assert await questions.finish_due(hall) == 1


async def _cast(hall: Hall, made: Example, question: int, seat: int, choice: Any) -> dict[str, Any]:
    who = Actor(role="seated", forum=made.forum, seat=seat, seat_kind="ticket")
    sent = {"key": key(), "rev": 1, "nonce": key()}
    return await ballots.cast(hall, who, question=question, choice=choice, **sent)


async def reveal(hall: Hall, made: Example) -> None:
    """Show the results of both rounds."""
    moderator = Actor(role="moderator", forum=made.forum)
    for question in (made.first, made.final):
        await questions.reveal(hall, moderator, key=key(), question=question)


async def hand_in(hall: Hall, made: Example, number: int, scores: Any = None) -> dict[str, Any]:
    """The final sheet of one panelist, by default the example's."""
    own = copy.deepcopy(scores or FILE["panel"]["sheets"][number - 1]["scores"])
    return await sheets.save(hall, made.panelist(number), rev=0, scores=own, final=True)


async def held(hall: Hall, clock: Clock, **given: Any) -> Example:
    """The example with every input in, both rounds closed and nothing revealed."""
    final = given.pop("ballots", FILE["live"]["final"])
    made = await begun(hall, **given)
    await vote(hall, clock, made, "first", FILE["live"]["first"])
    await vote(hall, clock, made, "final", final)
    await asyncio.gather(*(hand_in(hall, made, number) for number in range(1, 6)))
    return made


def totals(result: Any) -> dict[str, tuple[str, int]]:
    """What a result prints: {candidate: (total, rank)}."""
    return {each["id"]: (each["total"]["display"], each["rank"]) for each in result["candidates"]}
