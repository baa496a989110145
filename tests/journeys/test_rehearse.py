"""`townhall rehearse` beside a real server: a small hall, and the forum stays as it was.

What is compared is every row of every table, before and after; what a rehearsal says is held
against a server that forgets votes.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine

from tests.servers.postgres import PostgresServer
from tests.servers.process import running
from tests.servers.townhall import ROOT, TownhallServer
from townhall.actions import rehearsals
from townhall.cli import here
from townhall.crowd.client import Client, join, key
from townhall.settings import Settings
from townhall.storage.database import normalised
from townhall.storage.schema import metadata

OF_THE_HOUSE = {"writer", "instance", "heartbeat", "rehearsal"}
"""What every process writes of itself, and what the rehearsal found."""
MADE_AT_START: dict[str, Sequence[str]] = {"invite": []}
"""A server without an organiser draws an invitation at each start."""
EVERY_KIND = [
    {"kind": "yesno", "title": "Shall we go on?", "secret": True},
    {"kind": "single", "title": "Which day?", "options": ["Mon", "Tue"]},
    {
        "kind": "multiple",
        "title": "What else?",
        "options": ["Tea", "Cake", "Songs"],
        "config": {"max": 2, "write_in": True},
    },
    {"kind": "ranking", "title": "In which order?", "options": ["A", "B", "C"]},
]


class Hall(TownhallServer):
    """A server, and rehearsals beside it."""

    def remove(self) -> None:
        self.stop()

    def rehearse(self, code: str, *options: str) -> "subprocess.Popen[str]":
        """Begin a rehearsal; what it prints can be read from `stdout`."""
        asked = ["rehearse", code, "--url", self.url, "--votes-within", "1", *options]
        return subprocess.Popen(
            [sys.executable, "-m", "townhall", *asked],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env=self._environment(),
            cwd=ROOT,
        )

    def rows(self) -> dict[str, Sequence[str]]:
        """Every row of every table that is not the house's own."""
        engine = create_engine(normalised(self.database_url))
        with engine.connect() as connection:
            found = {
                table.name: sorted(map(repr, connection.execute(table.select())))
                for table in metadata.sorted_tables
                if table.name not in OF_THE_HOUSE
            }
        engine.dispose()
        return found

    def failures(self) -> list[str]:
        """What the log complains of."""
        lines = self.log.read_text().splitlines()
        return [line for line in lines if "[error" in line or "Traceback" in line]


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Hall]:
    with running(Hall(tmp_path, settings={"TOWNHALL_LANGUAGE": "en"})) as server:
        yield server


@pytest.fixture
def postgres(tmp_path: Path, postgres_url: str) -> Iterator[Hall]:
    with running(Hall(tmp_path, postgres_url, settings={"TOWNHALL_LANGUAGE": "en"})) as server:
        yield server


def said(process: "subprocess.Popen[str]", beginning: str) -> None:
    """Wait until a rehearsal prints a line that begins so."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(beginning):
            return
    pytest.fail(f"it never said {beginning!r}")


async def sheet_of(server: Hall, made: dict[str, Any]) -> Any:
    async with Client(server.url, made["code"], made["tokens"]["moderator"]) as console:
        return console.store["rehearsal"]


def level(lines: Sequence[dict[str, Any]], key: str) -> str:
    return next(str(line["level"]) for line in lines if line["key"] == key)


async def rehearsed(hall: Hall, made: dict[str, Any], questions: int) -> None:
    """Twelve phones rehearse; nothing is lost, nothing stays but the sheet on the console."""
    before = hall.rows()
    process = hall.rehearse(made["code"], "--phones", "12", "--json")
    printed, _ = process.communicate(timeout=240)
    found = json.loads(printed)
    figures = found["figures"]
    assert (figures["phones"], figures["came"]) == (12, 12)
    assert (figures["questions"], figures["unopened"]) == (questions, [])
    assert (figures["votes"], figures["lost"], figures["miscounted"]) == (12 * questions, 0, 0)
    assert (figures["unanswered"], figures["deflate"], figures["ready"]) == (0, False, "ok")
    assert figures["lag"] is not None
    assert figures["descriptors"] > 0
    assert figures["commit"] > 0
    well = {level(found["lines"], key) for key in ("lost", "came", "answered", "questions")}
    assert well == {"ok"}
    assert process.returncode == (1 if found["level"] == "stop" else 0)
    assert hall.rows() == before
    sheet = await sheet_of(hall, made)
    assert (sheet["phones"], sheet["lines"]) == (12, found["lines"])
    assert hall.command("forum", "list", "--rehearsals").count("\n") == 1
    assert hall.failures() == []


@pytest.mark.timeout(300)
async def test_rehearsal_finds_every_vote_and_leaves_nothing_but_its_sheet(lite: Hall) -> None:
    candidates = "Notice,Booking,Shelf"
    made = lite.forum(
        "small-library", tickets=3, tables=2, candidates=candidates, questions=EVERY_KIND
    )
    await rehearsed(lite, made, len(EVERY_KIND) + 3)


@pytest.mark.timeout(300)
async def test_rehearsal_on_postgresql_leaves_nothing_either(postgres: Hall) -> None:
    made = postgres.forum(tickets=3, tables=2, questions=EVERY_KIND[:2])
    await rehearsed(postgres, made, 2)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_interrupted_rehearsal_deletes_its_copy(lite: Hall, how: signal.Signals) -> None:
    made = lite.forum(tickets=12, questions=EVERY_KIND)
    before = lite.rows()
    process = lite.rehearse(made["code"])
    said(process, "Vote: ")
    process.send_signal(how)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130, printed
    assert printed.splitlines()[-1].startswith("Stopped.")
    assert lite.rows() == before
    assert lite.failures() == []


@pytest.mark.timeout(300)
def test_killed_rehearsal_is_unseen_and_its_copy_goes_with_the_next_one(postgres: Hall) -> None:
    hall = postgres
    made = hall.forum(tickets=2, questions=EVERY_KIND[:1])
    before = hall.rows()
    process = hall.rehearse(made["code"], "--phones", "12")
    said(process, "Vote: ")
    process.kill()
    process.communicate(timeout=60)
    assert len(hall.rows()["forum"]) == 2
    assert hall.command("forum", "list").split()[0] == made["code"]
    assert hall.command("forum", "list").count("\n") == 1
    again = hall.rehearse(made["code"])
    printed, _ = again.communicate(timeout=120)
    assert "Deleted what an earlier rehearsal had left: 1." in printed
    assert hall.rows() == before
    assert hall.failures() == []


@pytest.mark.timeout(300)
def test_killed_rehearsal_goes_with_the_next_start_of_the_server(lite: Hall) -> None:
    made = lite.forum(tickets=2, questions=EVERY_KIND[:1])
    before = lite.rows() | MADE_AT_START
    process = lite.rehearse(made["code"])
    said(process, "Vote: ")
    process.kill()
    process.communicate(timeout=60)
    lite.stop()
    lite.start()
    for _ in range(300):
        if (lite.rows() | MADE_AT_START) == before:
            break
        time.sleep(0.1)
    assert (lite.rows() | MADE_AT_START) == before
    assert lite.failures() == []


@pytest.mark.timeout(300)
async def test_whoever_is_still_in_a_copy_is_told_that_it_is_over(lite: Hall) -> None:
    made = lite.forum(tickets=2, questions=EVERY_KIND[:1])
    before = lite.rows()
    async with here.hall(Settings(database_url=lite.database_url)) as hall:
        forum = (await rehearsals.coming(hall, made["code"])).id
        copy = await rehearsals.make(hall, here.OPERATOR, forum, 2, "Rehearsal")
        async with httpx.AsyncClient() as http:
            seat = await join(http, lite.url, copy.code, ticket=copy.tickets[0])
        async with (
            Client(lite.url, copy.code, copy.moderator) as console,
            Client(lite.url, copy.code, seat.token) as phone,
        ):
            question = console.store["questions"][0]["id"]
            await console.settle("question_open", {"key": key(), "question": question})
            await phone.vote(question, "yes")
            await console.settle("question_close", {"key": key(), "question": question})
            await rehearsals.delete(hall, here.OPERATOR, copy.id)
            for client in (console, phone):
                assert client.over
                assert client.bye == {"reason": "revoked"}
    assert lite.rows() == before
    assert lite.failures() == []


@pytest.mark.timeout(300)
async def test_a_server_that_forgets_votes_is_no_go(tmp_path: Path) -> None:
    control = ("tests.faults.controls", "forgotten_votes")
    settings = {"TOWNHALL_LANGUAGE": "en"}
    with running(Hall(tmp_path, program=control, settings=settings)) as server:
        made = server.forum(tickets=12, questions=EVERY_KIND[1:2])
        before = server.rows()
        process = server.rehearse(made["code"])
        printed, _ = process.communicate(timeout=240)
        assert process.returncode == 1, printed
        assert "NO-GO" in printed
        assert "Lost receipts: " in printed
        assert level((await sheet_of(server, made))["lines"], "lost") == "stop"
        assert server.rows() == before


def test_rehearsal_without_its_server_is_refused_in_one_line(tmp_path: Path) -> None:
    server = Hall(tmp_path, settings={"TOWNHALL_LANGUAGE": "en"})
    server.url = f"http://127.0.0.1:{server.port}"
    made = server.forum(tickets=2)
    before = server.rows()
    for code, words in ((made["code"], "No server answers"), ("000000", "There is no such")):
        printed, _ = server.rehearse(code).communicate(timeout=60)
        assert printed.startswith(words)
        assert len(printed.splitlines()) == 1
    assert server.rows() == before


@pytest.mark.timeout(300)
@pytest.mark.postgres
def test_database_that_goes_away_is_one_line(tmp_path: Path) -> None:
    settings = {"TOWNHALL_LANGUAGE": "en"}
    with running(PostgresServer()) as database:
        url = database.url(database.create_database())
        with running(Hall(tmp_path, url, settings=settings)) as hall:
            made = hall.forum(tickets=6, questions=EVERY_KIND)
            process = hall.rehearse(made["code"])
            said(process, "Vote: ")
            database.kill()
            printed, _ = process.communicate(timeout=240)
            assert process.returncode == 2, printed
            assert printed.splitlines()[-1].startswith("The database went away during")
            again = hall.rehearse(made["code"])
            printed, _ = again.communicate(timeout=60)
            assert (again.returncode, printed.count("\n")) == (2, 1), printed
            assert printed.startswith("The database does not answer")
            assert "Traceback" not in printed


@pytest.mark.timeout(300)
def test_rehearsal_beside_another_server_is_refused(lite: Hall, tmp_path: Path) -> None:
    other = Hall(tmp_path / "other", settings={"TOWNHALL_LANGUAGE": "en"})
    made = other.forum(tickets=2)
    before = other.rows()
    other.url = lite.url
    printed, _ = other.rehearse(made["code"]).communicate(timeout=60)
    assert "uses another database" in printed.splitlines()[-1]
    assert other.rows() == before
