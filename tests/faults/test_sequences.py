"""Any order of opening, voting, sending again, closing, killing and restarting, against a model.

Hypothesis draws the orders and shortens one that fails. The model says what every answer must be;
the server is real, and its clock is stepped over the countdown of a close.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, ClassVar

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.faults.clocks import Clock
from tests.faults.journal import CHOICES, Entry, entry, examine
from tests.faults.test_closes import certified
from tests.faults.voters import Voters
from tests.servers.townhall import TownhallServer
from townhall.crowd.client import Client, key

pytestmark = [pytest.mark.timeout(3_600)]

SEATS, PAIRS = 2, 40
SEQUENCES, MANY_SEQUENCES = 6, 100
SEQUENCES_OF_A_CONTROL = 20
STEPS = 20
Run = Callable[[Coroutine[Any, Any, Any]], Any]
YESNO = {"kind": "yesno", "title": "찬성하세요?"}


class Model:
    """What one question must answer."""

    def __init__(self, question: int, secret: bool) -> None:
        self.question = question
        self.secret = secret
        self.state = "draft"
        self.counted: dict[str, Entry] = {}
        self.current: dict[int, Entry] = {}

    def rev(self, seat: int) -> int:
        """The rev in force of a seat, 0 for none."""
        return int(self.current[seat].payload["rev"]) if seat in self.current else 0

    def answer(self, vote: Entry) -> str:
        """The status that this vote must get now; whatever counts is remembered."""
        if vote.payload["key"] in self.counted:
            return "counted_before"
        if self.state != "open":
            return "closed"
        if self.secret and vote.seat in self.current:
            return "already_voted"
        if not self.secret and vote.payload["rev"] <= self.rev(vote.seat):
            return "superseded"
        self.counted[vote.payload["key"]] = self.current[vote.seat] = vote
        return "counted"

    def cells(self) -> Counter[str]:
        return Counter(vote.payload["choice"] for vote in self.current.values())


class Stage:
    """A server that lives through all sequences, and two fresh questions for each."""

    def __init__(self, clock: Clock, server: TownhallServer, run: Run) -> None:
        self.clock = clock
        self.server = server
        self.run = run
        self.journal: list[Entry] = []
        self._fresh: Iterator[tuple[int, int]] = iter(())
        self._console: Client | None = None

    def questions(self) -> tuple[int, int]:
        """A recorded and a secret one; a new forum when all are used."""
        found = next(self._fresh, None)
        if found is None:
            self.run(self._forum())
            found = next(self._fresh)
        return found

    async def _forum(self) -> None:
        asked = [YESNO, YESNO | {"secret": True}] * PAIRS
        made = self.server.forum(tickets=SEATS, questions=asked)
        ids = [question["id"] for question in made["questions"]]
        self._fresh = iter(list(zip(ids[::2], ids[1::2], strict=True)))
        await self.leave()
        self.voters = Voters(made["code"], made["tokens"]["moderator"])
        await self.voters.join(self.server, made["tickets"])
        await self.voters.connect(self.server)
        self._console = self.voters.console(self.server)
        await self._console.connect()

    async def leave(self) -> None:
        if self._console is not None:
            await self._console.close()
            self.voters.leave()

    async def press(self, event: str, question: int, **given: Any) -> dict[str, Any]:
        assert self._console is not None
        return await self._console.settle(event, {"key": key(), "question": question, **given})

    async def ask(self, event: str, seat: int, payload: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await self.voters.wires[seat].emit(event, payload)
        return answer

    async def closed(self, question: int) -> None:
        """Wait until the console shows it."""
        assert self._console is not None
        assert await self._console.until(
            lambda c: any(q["id"] == question and q["closed_at"] for q in c.store["questions"]), 60
        )

    def restart(self, how: str) -> None:
        self.voters.leave()
        self.server.kill() if how == "kill" else self.server.stop()
        self.server.start()
        self.run(self.voters.connect(self.server))


class Sequence(RuleBasedStateMachine):
    """One evening; `stage` is set by the test."""

    stage: ClassVar[Stage]

    @initialize(opened=st.sampled_from([(0, 1), (0,)]))
    def begin(self, opened: tuple[int, ...]) -> None:
        recorded, secret = self.stage.questions()
        self.models = [Model(recorded, False), Model(secret, True)]
        self.sent: list[Entry] = []
        self.restarted = False
        for which in opened:
            self.open(which)

    @rule(which=st.integers(0, 1))
    def open(self, which: int) -> None:
        model = self.models[which]
        answer = self.stage.run(self.stage.press("question_open", model.question))
        if model.state == "closed":
            assert answer["code"] == "question_already_open"
        else:
            assert (answer["status"], answer["state"]) == ("ok", "open")
            model.state = "open"

    @rule(
        votes=st.lists(
            st.tuples(
                st.sampled_from([0, 0, 1]),
                st.integers(0, SEATS - 1),
                st.sampled_from(CHOICES),
                st.sampled_from([1, 1, 2, 0, -1]),
            ),
            min_size=1,
            max_size=6,
        )
    )
    def vote(self, votes: list[tuple[int, int, str, int]]) -> None:
        for which, n, choice, step in votes:
            model, seat = self.models[which], self.stage.voters.seats[n]
            rev = max(1, model.rev(seat) + step)
            vote = entry(seat, model.question, choice, rev, secret=model.secret)
            self.sent.append(vote)
            self.stage.journal.append(vote)
            self._cast(model, vote)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        vote = data.draw(st.sampled_from(range(len(self.sent))))
        self._cast(self._model(self.sent[vote]), self.sent[vote])

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def ask_what_became_of_it(self, data: st.DataObject) -> None:
        vote = self.sent[data.draw(st.sampled_from(range(len(self.sent))))]
        model, payload = self._model(vote), vote.payload
        if model.secret:
            return
        asked = {"question": payload["question"], "key": payload["key"]}
        answer = self.stage.run(self.stage.ask("vote_status", vote.seat, asked))
        unknown = "unknown" if model.state == "open" else "closed"
        known = payload["key"] in model.counted
        assert answer["status"] == ("counted_before" if known else unknown)

    @rule(which=st.integers(0, 1))
    def close(self, which: int) -> None:
        model, stage = self.models[which], self.stage
        answer = stage.run(stage.press("question_close", model.question, seconds=0))
        if model.state == "draft":
            assert answer["code"] == "question_not_open"
            return
        if model.state == "open":
            stage.clock.set(stage.clock.ahead + 5)
            stage.run(stage.closed(model.question))
            model.state = "closed"
        found = certified(stage.server.database_url)[model.question]
        assert found["counted"] == len(model.current)
        cells = found["cells"] if isinstance(found["cells"], dict) else json.loads(found["cells"])
        assert Counter({cell: n for cell, n in cells.items() if n}) == model.cells()

    @precondition(lambda self: self.sent and not self.restarted)
    @rule(how=st.sampled_from(["kill", "stop"]))
    def restart(self, how: str) -> None:
        self.restarted = True
        self.stage.restart(how)

    def _model(self, vote: Entry) -> Model:
        return next(m for m in self.models if m.question == vote.payload["question"])

    def _cast(self, model: Model, vote: Entry) -> None:
        before = [answer["receipt"] for answer in vote.answers if "receipt" in answer]
        answer = self.stage.run(self.stage.ask("vote", vote.seat, vote.payload))
        vote.answers.append(answer)
        assert answer["status"] == model.answer(vote)
        if answer["status"] == "counted_before":
            assert answer["receipt"] == before[0]
        elif answer["status"] == "superseded":
            held = model.current[vote.seat].payload
            assert (answer["rev"], answer["choice"]) == (held["rev"], held["choice"])


def play(stage: Stage, sequences: int, *, shorten: bool) -> None:
    """Play so many sequences; raises what a sequence fails with, of which the shortest is shown."""
    phases = set(hypothesis.Phase) - (set() if shorten else {hypothesis.Phase.shrink})
    stage.server.start()
    try:
        run_state_machine_as_test(
            type("Evening", (Sequence,), {"stage": stage}),
            settings=hypothesis.settings(
                max_examples=sequences,
                stateful_step_count=STEPS,
                phases=phases,
                report_multiple_bugs=False,
            ),
        )
    finally:
        stage.run(stage.leave())
        stage.server.stop()


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs coroutines one after the other on one loop, between the steps of a sequence."""
    with asyncio.Runner() as runner:
        yield runner.run


def test_any_order_of_events_gives_what_the_model_says(
    tmp_path: Path, database: str | None, run: Run, long: bool
) -> None:
    clock = Clock(tmp_path / "ahead")
    stage = Stage(clock, TownhallServer(tmp_path, database, clock.program), run)
    play(stage, MANY_SEQUENCES if long else SEQUENCES, shorten=True)
    found = examine(stage.journal, stage.server.database_url)
    assert (found.lost, found.doubled, found.broken) == ([], [], [])


def test_model_sees_that_the_last_one_wins(tmp_path: Path, run: Run) -> None:
    server = TownhallServer(tmp_path, program=("tests.faults.controls", "last_one_wins"))
    with pytest.raises(AssertionError, match="assert 'counted' == 'superseded'"):
        play(Stage(Clock(tmp_path / "ahead"), server, run), SEQUENCES_OF_A_CONTROL, shorten=False)
