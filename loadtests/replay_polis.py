"""Replay a real deliberation through real sockets: `python loadtests/replay_polis.py DIR`.

One yes / no / abstain question a statement, all open at once; one seat a voter; every vote in the
order in which it came, revotes as changes. Then everything is closed, and every count must equal
the final state a person. Starts a server of its own, unless one is named.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from loadtests import polis
from loadtests.figures import milliseconds
from loadtests.server import Server, many_files
from townhall.crowd.client import Client, Counters, join, key

MOST_TICKETS = 5_000
"""How many tickets a forum is printed for; further voters come in by the open code."""

AT_ONCE = 400
ONE_VOTER_AT_ONCE = 8
DOORS = 10


@dataclass
class Report:
    """What came of a replay. `differences` must be empty; `inherent` explains the data."""

    differences: list[str] = field(default_factory=list)
    inherent: list[str] = field(default_factory=list)
    seconds: float = 0.0
    counters: Counters = field(default_factory=Counters)


class Voter:
    """One seat: joins at its first vote, leaves after its last."""

    def __init__(self, replay: "Replay", left: int, **entry: str) -> None:
        self._replay = replay
        self._entry = entry
        self._left = left
        self._revs: Counter[int] = Counter()
        self._last: dict[int, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(ONE_VOTER_AT_ONCE)
        self._client: Client | None = None
        self._arriving = asyncio.Lock()
        self.told: dict[int, str] = {}

    async def cast(self, question: int, choice: str, before: asyncio.Task[None] | None) -> None:
        """One vote, after the same voter's vote before on the same question."""
        if before is not None:
            await before
        async with self._places:
            client = await self._arrive()
            self._revs[question] += 1
            vote = {"question": question, "key": key(), "rev": self._revs[question]}
            answer = await client.settle("vote", vote | {"nonce": key(), "choice": choice})
        self.told[question] = str(answer.get("choice", answer["status"]))
        self._left -= 1
        if not self._left:
            await client.close()

    def schedule(self, question: int, choice: str) -> asyncio.Task[None]:
        """Put a vote in this voter's order."""
        before = self._last.get(question)
        task = asyncio.create_task(self.cast(question, choice, before))
        self._last[question] = task
        return task

    async def _arrive(self) -> Client:
        async with self._arriving:
            if self._client is None:
                self._client = await self._replay.arrive(**self._entry)
        return self._client


class Replay:
    """One deliberation in one forum."""

    def __init__(self, url: str, made: dict[str, Any], data: polis.Deliberation) -> None:
        self._url, self._made, self._data = url, made, data
        self.report = Report()
        self._doors = asyncio.Semaphore(DOORS)
        self._questions = {
            statement: int(question["id"])
            for statement, question in zip(data.statements, made["questions"], strict=True)
        }

    async def run(self) -> Report:
        """Open, vote, close, compare."""
        token = self._made["tokens"]["moderator"]
        async with (
            httpx.AsyncClient(timeout=60) as self._http,
            Client(self._url, self._made["code"], token) as console,
        ):
            await self._steer(console, "question_open")
            voters = await self._vote()
            await self._steer(console, "question_close", seconds=0)
            closed = await console.until(_all_closed, 120)
            if not closed:
                self.report.differences.append("not every question closed")
            self._compare(console.store["tally"], voters)
        return self.report

    async def arrive(self, **entry: str) -> Client:
        """A voter's seat, connected; it need not hear how the turnout grows."""
        async with self._doors:
            seat = await join(self._http, self._url, self._made["code"], **entry)
            client = Client(
                self._url,
                self._made["code"],
                seat.token,
                counters=self.report.counters,
                listens=False,
            )
            await client.connect()
        return client

    async def _steer(self, console: Client, event: str, **given: Any) -> None:
        for question in self._questions.values():
            answer = await console.settle(event, {"key": key(), "question": question, **given})
            if answer["status"] != "ok":
                raise SystemExit(f"{event}: {answer}")

    async def _vote(self) -> dict[str, Voter]:
        """Every vote in time order, so many at a time as a hall would."""
        of_each = Counter(vote.voter for vote in self._data.votes)
        voters = {
            name: Voter(self, of_each[name], **self._entry(n))
            for n, name in enumerate(self._data.voters)
        }
        places, since = asyncio.Semaphore(AT_ONCE), time.perf_counter()
        async with asyncio.TaskGroup() as waiting:
            for vote in self._data.votes:
                await places.acquire()
                task = voters[vote.voter].schedule(self._questions[vote.statement], vote.choice)
                task.add_done_callback(lambda _: places.release())
                waiting.create_task(_finished(task))
        self.report.seconds = time.perf_counter() - since
        return voters

    def _entry(self, n: int) -> dict[str, str]:
        tickets = self._made["tickets"]
        return {"ticket": tickets[n]} if n < len(tickets) else {"nickname": f"voter {n}"}

    def _compare(self, tally: dict[str, Any], voters: dict[str, Voter]) -> None:
        """The server's counts, and what each voter was told, against the final states."""
        final = self._data.final
        ours, theirs = polis.counts(final), polis.counts(self._data.published)
        for statement, question in self._questions.items():
            rows = tally.get(str(question), {}).get("rows", ())
            counted = +Counter({row["id"]: int(row["count"]) for row in rows})
            wanted = +ours.get(statement, Counter())
            if counted != wanted:
                self.report.differences.append(
                    f"statement {statement}: counted {dict(counted)}, votes.csv {dict(wanted)}"
                )
            published = +theirs.get(statement, Counter())
            if self._data.people and published != wanted:
                self._explain(statement, published, wanted)
        for (voter, statement), choice in final.items():
            told = voters[voter].told.get(self._questions[statement])
            if told != choice:
                self.report.differences.append(
                    f"voter {voter} on statement {statement}: told {told}, voted {choice}"
                )

    def _explain(self, statement: str, published: Counter[str], wanted: Counter[str]) -> None:
        """Why participants-votes.csv says something else than votes.csv of the same set."""
        voted = {who: c for (who, on), c in self._data.final.items() if on == statement}
        if statement not in self._data.columns:
            why = "participants-votes.csv has no column for it"
        elif missing := len(voted.keys() - self._data.people):
            why = f"{missing} of its voters are not in participants-votes.csv"
        else:
            state = self._data.published
            other = sum(state.get((who, statement)) != c for who, c in voted.items())
            why = f"it has another final choice for {other} of its voters"
        self.report.inherent.append(
            f"statement {statement}: votes.csv {dict(wanted)}, "
            f"participants-votes.csv {dict(published)}: {why}"
        )


async def _finished(task: asyncio.Task[None]) -> None:
    await task


def _all_closed(console: Client) -> bool:
    questions = console.store["questions"]
    shown = console.store["tally"] or {}
    return all(q["state"] in ("closed", "revealed") and str(q["id"]) in shown for q in questions)


def questions(data: polis.Deliberation) -> list[dict[str, Any]]:
    """One question a statement, as `townhall forum new --questions` takes them."""
    everybody = len(data.voters) > MOST_TICKETS
    terms = {"eligibility": "open"} if everybody else {}
    return [{"kind": "yesno", "title": title, **terms} for title in data.statements.values()]


def show(data: polis.Deliberation, report: Report) -> None:
    """Print what happened; differences last, because they matter most."""
    answers = report.counters.answers
    votes, revotes = len(data.votes), len(data.votes) - len(data.final)
    print(f"{votes} votes, {revotes} of them changes, by {len(data.voters)} voters on "
          f"{len(data.statements)} statements")  # fmt: skip
    for note in data.notes:
        print(f"note: {note}")
    print(f"{votes / report.seconds:.0f} votes/s in {report.seconds:.1f} s; acknowledgements "
          f"p50 / p95 / p99: {milliseconds(report.counters.seconds)}")  # fmt: skip
    print("answers:", ", ".join(f"{s} {n}" for (e, s), n in sorted(answers.items()) if e == "vote"))
    if not data.people:
        print("compared with votes.csv alone")
    for line in report.inherent[:20]:
        print(f"in the data itself: {line}")
    if len(report.inherent) > 20:
        print(f"in the data itself: {len(report.inherent) - 20} more statements")
    for line in report.differences[:50]:
        print(f"DIFFERENCE {line}")
    print(f"differences: {len(report.differences) or 'none'}")


def main() -> int:
    """Exit code 0 when every count is right, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds votes.csv and its companions")
    parser.add_argument("--url", help="a running server, instead of one of our own")
    parser.add_argument("--forum", type=Path, help="what `forum new --json` printed for --url")
    parser.add_argument("--write-questions", type=Path, help="write the file for `forum new`, stop")
    parser.add_argument("--database", help="the database of our own server (default: SQLite)")
    chosen = parser.parse_args()
    try:
        data = polis.read(chosen.folder)
    except OSError as error:
        parser.error(str(error))
    if chosen.write_questions:
        written = json.dumps(questions(data), ensure_ascii=False)
        chosen.write_questions.write_text(written, encoding="utf-8")
        print(f"--tickets {min(MOST_TICKETS, len(data.voters))}")
        return 0
    many_files()
    if chosen.url:
        if chosen.forum is None:
            parser.error("--url needs --forum")
        made = json.loads(chosen.forum.read_text(encoding="utf-8"))
        report = asyncio.run(Replay(chosen.url, made, data).run())
    else:
        with Server(chosen.database) as server:
            made = server.forum(min(MOST_TICKETS, len(data.voters)), questions(data))
            report = asyncio.run(Replay(server.url, made, data).run())
    show(data, report)
    return 1 if report.differences else 0


if __name__ == "__main__":
    sys.exit(main())
