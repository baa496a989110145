"""A whole evening at a real server, of which an export is made: every kind of ballot, recorded and
secret, over two runs of the server, with changed votes, a paper vote and a selection.
"""

import asyncio
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.actions.conftest import running
from tests.servers.townhall import TownhallServer
from townhall.actions import selections, sheets
from townhall.crowd.client import Client, join, key
from townhall.domain.audience import Actor
from townhall.hall import Hall, wall_clock
from townhall.storage import selections as stored

THREE = ["개방 알림판", "방문 예약제", "아이와 함께하는 시간"]
TABLES = {1: 6, 2: 5, 3: 2, 4: 1}
"""How many seats sit where; two tables are small groups."""

PLACES = [table for table, n in TABLES.items() for _ in range(n)]

ORGANISER = Actor(role="organiser")
CRITERIA = ("reach", "feasible", "fit", "lasting")

KINDS: list[dict[str, Any]] = [
    {"kind": "yesno", "title": "찬성하세요?", "base": "valid"},
    {"kind": "single", "title": "하나만 고르면?", "options": THREE, "base": "entitled"},
    {"kind": "multiple", "title": "모두 고르면?", "options": THREE, "config": {"write_in": True}},
    {"kind": "score", "title": "점수를 주면?", "options": THREE[:2]},
    {"kind": "ranking", "title": "순서는?", "options": THREE},
    {"kind": "dots", "title": "스티커를 붙이면?", "options": THREE},
]
RANKINGS: list[dict[str, Any]] = [
    {"kind": "ranking", "title": f"순서는? {m}", "options": [*THREE, "책"], "config": {"method": m}}
    for m in ("irv", "pairwise")
]


@dataclass
class Evening:
    """The export, and for each vote that counts what only its phone knew."""

    file: dict[str, Any]
    server: TownhallServer
    code: str
    votes: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    """(question, seat by its place among the joiners) -> sent payload and answer."""


class Hosts:
    """The people of the evening, over HTTP; every choice comes from the dice."""

    def __init__(self, server: TownhallServer, made: dict[str, Any], dice: random.Random) -> None:
        self.server = server
        self.made = made
        self.code: str = made["code"]
        self.dice = dice
        self.tokens: list[str] = []
        self.votes: dict[tuple[int, int], dict[str, Any]] = {}
        self.questions: list[dict[str, Any]] = []

    def console(self) -> Client:
        return Client(self.server.url, self.code, self.made["tokens"]["moderator"])

    async def sit_down(self) -> None:
        """Redeem every ticket and sit at the tables."""
        async with httpx.AsyncClient(timeout=60) as http:
            for ticket, table in zip(self.made["tickets"], PLACES, strict=True):
                seat = await join(http, self.server.url, self.code, ticket=ticket)
                self.tokens.append(seat.token)
                await self.said(http, seat.token, "sit", {"table": table})

    async def said(
        self, http: httpx.AsyncClient, token: str, event: str, payload: dict[str, Any]
    ) -> dict[str, Any]:
        """The answer to an event's HTTP twin."""
        url = f"{self.server.url}/api/f/{self.code}/{event}"
        answer = await http.post(url, json=payload, headers={"Authorization": f"Bearer {token}"})
        told: dict[str, Any] = answer.json()
        assert told["status"] in ("ok", "counted"), (event, told)
        return told

    async def talk(self) -> None:
        """Up to the talk at the tables, where two of them send a summary to the stage."""
        async with self.console() as console, httpx.AsyncClient(timeout=60) as http:
            kinds = {each["id"]: each["kind"] for each in console.store["agenda"]["segments"]}
            now = await console.settle("agenda_start", {"key": key()})
            while kinds[now["current"]] != "tables":
                now = await console.settle("agenda_next", {"key": key()})
            for table in self.made["tables"][:2]:
                summary = {"key": key(), "rev": 1, "text": f"한 문장 {table['number']}"}
                await self.said(http, table["token"], "summary", {**summary, "send": True})

    async def open(self) -> None:
        """Open every question, and read what it asks."""
        async with self.console() as console:
            for question in self.made["questions"]:
                answer = await console.settle(
                    "question_open", {"key": key(), "question": question["id"]}
                )
                assert answer["status"] == "ok", answer
            ids = {question["id"] for question in self.made["questions"]}
            await console.until(lambda c: _states(c, ids) == {"open"}, 20)
            self.questions = [q for q in console.store["questions"] if q["id"] in ids]

    async def vote(self, seats: range, rev: int) -> None:
        """These seats vote on everything; with a second rev on what may be changed."""
        async with httpx.AsyncClient(timeout=60) as http:
            for question in self.questions:
                if rev == 1 or (not question["secret"] and question["changeable"]):
                    await asyncio.gather(*(self._cast(http, question, n, rev) for n in seats))

    async def _cast(
        self, http: httpx.AsyncClient, question: dict[str, Any], place: int, rev: int
    ) -> None:
        sent = {"question": question["id"], "key": key(), "rev": rev, "nonce": key()}
        sent["choice"] = choice(question, self.dice, PLACES[place])
        answer = await self.said(http, self.tokens[place], "vote", sent)
        self.votes[question["id"], place] = {**sent, "receipt": answer["receipt"]}

    async def paper(self) -> None:
        """The facilitator of the first table enters one paper on the first question."""
        yesno = next(q for q in self.questions if q["kind"] == "yesno" and not q["secret"])
        sent = {"question": yesno["id"], "key": key(), "rev": 1, "nonce": key(), "choice": "yes"}
        async with httpx.AsyncClient(timeout=60) as http:
            token = self.made["tables"][0]["token"]
            await self.said(http, token, "proxy_vote", {**sent, "paper": 7})

    async def finish(self) -> None:
        """Close the first rounds, then the rest, then reveal everything."""
        order = sorted(self.questions, key=lambda question: question["round"] == "final")
        async with self.console() as console:
            for each in order:
                asked = {"key": key(), "question": each["id"]}
                await console.settle("question_close", {**asked, "seconds": 0})
                if each["round"] == "first":
                    first = {each["id"]}
                    assert await console.until(lambda c, q=first: _states(c, q) == {"closed"}, 30)
            ids = {each["id"] for each in order}
            assert await console.until(lambda c: _states(c, ids) == {"closed"}, 30)
            for each in order:
                await console.settle("question_reveal", {"key": key(), "question": each["id"]})


def _states(client: Client, ids: set[int]) -> set[str]:
    return {each["state"] for each in client.store["questions"] if each["id"] in ids}


def choice(question: dict[str, Any], dice: random.Random, table: int) -> Any:
    """A choice that this question takes of somebody at a table, abstentions among them."""
    ids = [o["id"] for o in question["options"] if o.get("table") != table]
    some = dice.sample(ids, min(len(ids), dice.randint(1, 4)))
    match question["kind"]:
        case "yesno":
            return dice.choice(("yes", "yes", "no", "abstain"))
        case "single":
            return dice.choice((*ids, "abstain"))
        case "multiple":
            picks = dice.sample(ids, dice.randint(0, len(ids)))
            other = {"other": dice.choice(("정원", "책상"))} if dice.random() < 0.3 else {}
            return {"picks": picks, **(other if picks else {"other": "그늘"})}
        case "score":
            return {each: dice.choice((None, 1, 2, 3, 4, 5)) for each in ids}
        case "ranking":
            return some
    return {some[0]: 5} if dice.random() < 0.3 else dict.fromkeys(some[:2], dice.randint(0, 2) or 1)


async def _selected(hall: Hall, forum: int, dice: random.Random) -> None:
    """The forum's selection with its panel, one of whom is recused, closed and decided."""
    row = await hall.read(stored.of_forum, forum)
    assert row is not None
    assert row.id is not None
    invited = await sheets.invite(hall, ORGANISER, row.id, ("가람", "나래", "다솜", "라온", "마루"))
    letters = [each.letter for each in await hall.read(stored.candidates, row.id)]
    for each in invited:
        own = {letter: {line: dice.randint(1, 5) for line in CRITERIA} for letter in letters}
        who = Actor(role="panelist", forum=forum, panelist=each.panelist)
        await sheets.save(hall, who, rev=0, scores=own, final=True)
    await sheets.recuse(hall, ORGANISER, row.id, invited[0].panelist, letters[0], True)
    await selections.close(hall, ORGANISER, row.id)
    sealed = await hall.read(stored.get, row.id)
    assert sealed.snapshot is not None
    first = selections.rules.outlook(json.loads(sealed.snapshot)).leaders[0]
    how = {"decision": "confirms", "candidate": first, "reason": "점수표대로예요."}
    await selections.decide(hall, ORGANISER, row.id, **how)


async def _spent(server: TownhallServer, made: dict[str, Any], dice: random.Random) -> Hosts:
    hosts = Hosts(server, made, dice)
    server.start()
    await hosts.sit_down()
    await hosts.talk()
    await hosts.open()
    await hosts.vote(range(9), 1)
    await hosts.paper()
    server.stop()
    server.start()
    await hosts.vote(range(9, len(hosts.tokens)), 1)
    await hosts.vote(range(4), 2)
    await hosts.finish()
    server.stop()
    async with running(server.database_url, wall_clock, []) as hall:  # type: ignore[arg-type]
        forum = await hall.read(lambda session: stored.get(session, 1).forum_id)
        assert forum is not None
        await _selected(hall, forum, dice)
    return hosts


def spend(home: Path, dice: random.Random, database_url: str | None = None) -> Evening:
    """The evening from the first ticket to the export."""
    server = TownhallServer(home, database_url)
    asked = [*KINDS, *({**each, "secret": True} for each in KINDS), *RANKINGS]
    made = server.forum(
        "small-library",
        tickets=len(PLACES),
        tables=len(TABLES),
        candidates=",".join(THREE),
        questions=asked,
    )
    try:
        hosts = asyncio.run(_spent(server, made, dice))
    finally:
        server.stop()
    out = home / "forum.json"
    server.command("export", "forum", made["code"], "--out", out)
    return Evening(json.loads(out.read_text("utf-8")), server, made["code"], hosts.votes)
