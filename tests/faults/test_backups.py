"""A backup while everybody votes: what was acknowledged before it is in it, and it can be used."""

import asyncio
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.voters import Voters
from tests.servers.postgres import Databases, PostgresServer
from tests.servers.townhall import TownhallServer
from tests.storage.test_migrations import at_first_version
from townhall.crowd.client import Client

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

SEATS, QUESTIONS = 40, 20


@pytest.fixture
def other(request: pytest.FixtureRequest, database: str | None) -> Any:
    """Where a copy is restored: an empty database of the same kind."""
    if database is None:
        return None
    databases: Databases = request.getfixturevalue("postgres_server")
    return databases.url(databases.create_database())


@pytest.fixture
def programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump of the version of the test's own PostgreSQL; an older one refuses to dump it."""
    if "TOWNHALL_TEST_POSTGRES" not in os.environ:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        monkeypatch.setenv("PATH", f"{server.programs}{os.pathsep}{os.environ['PATH']}")


def chains(told: str) -> list[str]:
    """What a command said of forums, ballots and heads."""
    return [line for line in told.splitlines() if line.startswith(" ")]


def refused(server: TownhallServer, *arguments: str | Path) -> str:
    """The one line of a command that must be refused."""
    with pytest.raises(RuntimeError) as failed:
        server.command(*arguments)
    return str(failed.value).splitlines()[-1]


def without_what_came_later(votes: list[Entry], database_url: str) -> list[Entry]:
    """The votes that a copy holds; those that came after it are none of its business."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        kept = {
            tuple(row) for row in connection.execute(text("SELECT question_id, key FROM ballot"))
        }
    engine.dispose()
    return [vote for vote in votes if (vote.payload["question"], vote.payload["key"]) in kept]


async def test_copy_made_in_mid_vote_holds_every_vote_acknowledged_before(
    tmp_path: Path, database: str | None, other: str | None, programs: None
) -> None:
    server = TownhallServer(tmp_path / "hall", database)
    yesno = {"kind": "yesno", "title": "찬성하세요?"}
    made = server.forum(tickets=SEATS, questions=[yesno] * QUESTIONS)
    questions = [question["id"] for question in made["questions"]]
    voters = Voters(made["code"], made["tokens"]["moderator"])
    copy = tmp_path / "evening.backup"
    server.start()
    try:
        await voters.join(server, made["tickets"])
        await voters.open(server, questions)
        await voters.connect(server)
        votes = [entry(s, q, CHOICES[s % 3]) for q in questions for s in voters.seats]
        early, late = votes[: len(votes) // 2], votes[len(votes) // 2 :]
        await voters.send(early)
        if database is None:
            shutil.copy(tmp_path / "hall" / "townhall.db", tmp_path / "cp.db")
        sending = asyncio.create_task(voters.send(late))
        saved = await asyncio.to_thread(server.command, "backup", copy)
        await sending
        async with voters.console(server) as console:
            epoch = console.store.version[0]
        voters.leave()
    finally:
        server.stop()
    assert all(vote.acknowledged for vote in votes)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600

    again = TownhallServer(tmp_path / "again", other)
    restored = again.command("restore", copy)
    assert chains(restored) == chains(saved)
    assert any("0: " in line for line in chains(saved))
    held = without_what_came_later(votes, again.database_url)
    assert [vote for vote in early if vote not in held] == []
    assert examine(held, again.database_url) == Findings()

    if database is None:  # the control: a plain `cp` lacks what is still in the log
        assert examine(early, f"sqlite:///{tmp_path / 'cp.db'}").lost

    again.start()
    try:
        # Open phones come back to another epoch and begin afresh; a lost vote may be cast again.
        async with Client(again.url, made["code"], made["tokens"]["moderator"]) as console:
            assert console.store.version is not None
            assert console.store.version[0] != epoch
        await voters.connect(again)
        later = [vote for vote in votes if vote not in held]
        await voters.send(later)
        voters.leave()
        in_use = refused(again, "restore", copy, "--replace")
    finally:
        again.stop()
    assert "서버를 끄고" in in_use
    assert examine(votes, again.database_url) == Findings()

    assert "--replace" in refused(again, "restore", copy)
    assert examine(votes, again.database_url) == Findings()
    assert chains(again.command("restore", copy, "--replace")) == chains(saved)
    assert examine(held, again.database_url) == Findings()


async def test_backup_waits_for_the_end_of_a_secret_vote(
    tmp_path: Path, database: str | None, programs: None
) -> None:
    server = TownhallServer(tmp_path, database)
    secret = {"kind": "yesno", "title": "누구에게 맡길까요?", "secret": True}
    made = server.forum(tickets=2, questions=[secret])
    question = made["questions"][0]["id"]
    voters = Voters(made["code"], made["tokens"]["moderator"])
    copy = tmp_path / "copies" / "secret"
    copy.parent.mkdir()
    server.start()
    try:
        await voters.join(server, made["tickets"])
        await voters.open(server, [question])
        await voters.connect(server)
        await voters.send([entry(seat, question, "yes", secret=True) for seat in voters.seats])
        said = refused(server, "backup", copy)
        despite = server.command("backup", copy, "--secret-open")
        voters.leave()
    finally:
        server.stop()
    assert "“누구에게 맡길까요?”" in said
    assert "투표 2장" in despite
    assert [file.name for file in copy.parent.iterdir()] == ["secret"]


def test_damaged_copy_is_refused_and_changes_nothing(
    tmp_path: Path, database: str | None, programs: None
) -> None:
    server = TownhallServer(tmp_path, database)
    yesno = {"kind": "yesno", "title": "찬성하세요?"}
    server.forum(tickets=300, tables=5, questions=[yesno] * 30)
    copy, damaged = tmp_path / "whole", tmp_path / "damaged"
    server.command("backup", copy)
    before = server.command("forum", "list")
    for place in (0.3, 0.6, 0.9):
        shutil.copy(copy, damaged)
        with damaged.open("r+b") as file:
            file.seek(int(copy.stat().st_size * place))
            file.write(b"\xa5" * 600)
        assert "상했어요" in refused(server, "restore", damaged, "--replace")
    assert server.command("forum", "list") == before
    server.command("restore", copy, "--replace")
    assert server.command("forum", "list") == before


def execute(database_url: str, *statements: str) -> list[Any]:
    """Run statements in one transaction; the rows of the last one."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        found = [connection.execute(text(statement)) for statement in statements][-1]
        rows = [tuple(row) for row in found] if found.returns_rows else []
    engine.dispose()
    return rows


def test_copy_holds_no_key_that_signs_page_tokens(
    tmp_path: Path, database: str | None, programs: None
) -> None:
    server = TownhallServer(tmp_path, database)
    server.forum(tickets=1)
    facts = [value for (value,) in execute(server.database_url, "SELECT value FROM instance")]
    copy = tmp_path / "copy"
    server.command("backup", copy)
    held = copy.read_bytes()
    if database is not None:
        told = subprocess.run(["pg_restore", "--file=-", copy], check=True, capture_output=True)
        held = told.stdout
    assert len(facts) == 2  # epoch and secret, as a server has them
    assert [fact for fact in facts if fact.encode() in held] == []


CUT = """#!/bin/sh
case "$*" in *--clean*) {real} "$@" | head -c {size}; exit 1;; esac
exec {real} "$@"
"""


@pytest.mark.parametrize("share", [0.6, 0.95])  # in the midst of rows, and after them
def test_restore_that_ends_half_way_changes_nothing(
    tmp_path: Path, postgres_url: str, programs: None, monkeypatch: Any, share: float
) -> None:
    server = TownhallServer(tmp_path, postgres_url)
    server.forum(tickets=300)
    copy = tmp_path / "copy"
    server.command("backup", copy)
    server.forum(tickets=1)
    before = server.command("forum", "list")
    real = shutil.which("pg_restore")
    whole = subprocess.run(["pg_restore", "--file=-", copy], check=True, capture_output=True)
    cut = tmp_path / "bin" / "pg_restore"
    cut.parent.mkdir()
    cut.write_text(CUT.format(real=real, size=int(len(whole.stdout) * share)))
    cut.chmod(0o755)
    monkeypatch.setenv("PATH", f"{cut.parent}{os.pathsep}{os.environ['PATH']}")
    assert "하지 못했어요" in refused(server, "restore", copy, "--replace")
    assert server.command("forum", "list") == before


def test_restore_whose_last_statement_fails_changes_nothing(
    tmp_path: Path, postgres_url: str, programs: None
) -> None:
    server = TownhallServer(tmp_path, postgres_url)
    server.forum(tickets=1)
    copy = tmp_path / "copy"
    execute(postgres_url, "ALTER TABLE heartbeat RENAME TO elsewhere")
    server.command("backup", copy)
    execute(postgres_url, "ALTER TABLE elsewhere RENAME TO heartbeat")
    server.forum(tickets=1)
    execute(postgres_url, "DROP TABLE heartbeat")  # what is deleted last is nowhere then
    before = server.command("forum", "list")
    said = refused(server, "restore", copy, "--replace")
    assert "PostgreSQL이 하지 못했어요" in said
    assert server.command("forum", "list") == before


def edit(copy: Path, *statements: str) -> None:
    """What somebody with an editor does to a copy, who takes its seal off as well."""
    engine = create_engine(f"sqlite:///{copy}")
    with engine.begin() as connection:
        for statement in ("PRAGMA user_version = 0", *statements):
            connection.execute(text(statement))
    engine.dispose()


def test_copy_with_a_changed_record_is_refused(tmp_path: Path) -> None:
    server = TownhallServer(tmp_path)
    server.forum(tickets=1)
    copy = tmp_path / "copy"
    server.command("backup", copy)
    edit(
        copy,
        "DROP TRIGGER audit_no_update",
        "UPDATE audit SET body = replace(body, ':', ': ') WHERE n = 1",
    )
    said = refused(server, "restore", copy, "--replace")
    assert "1번째에서 끊겼어요" in said


def test_copy_that_calls_a_forum_a_rehearsal_is_refused(tmp_path: Path) -> None:
    """Its server would delete it at the next start."""
    server = TownhallServer(tmp_path)
    server.forum(tickets=1)
    copy = tmp_path / "copy"
    server.command("backup", copy)
    edit(copy, "DROP TRIGGER forum_no_rehearses", "UPDATE forum SET rehearses = 1")
    before = server.command("forum", "list")
    assert "상했어요" in refused(server, "restore", copy, "--replace")
    assert server.command("forum", "list") == before


def test_copy_from_before_an_upgrade_is_the_way_back(
    tmp_path: Path, empty_postgres_url: str, programs: None
) -> None:
    at_first_version(empty_postgres_url).dispose()
    server = TownhallServer(tmp_path, empty_postgres_url)
    copy = tmp_path / "copy"
    server.command("backup", copy)
    server.command("migrate")
    server.forum(tickets=1)
    server.command("restore", copy, "--replace")
    server.command("migrate")
    assert server.command("forum", "list").startswith("123456")


def test_backup_needs_pg_dump_and_says_so(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = TownhallServer(tmp_path, postgres_url)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "pg_dump 프로그램이 없어요" in refused(server, "backup", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_commands_refuse_what_is_no_copy_in_one_line(tmp_path: Path) -> None:
    server = TownhallServer(tmp_path)
    text_file = tmp_path / "notes.txt"
    text_file.write_text("not a database")
    assert "백업이 아니에요" in refused(server, "restore", text_file)
    assert "열 수 없어요" in refused(server, "restore", tmp_path / "nowhere")
    (tmp_path / "townhall.db").unlink()
    assert "데이터베이스가 없어요" in refused(server, "backup", tmp_path / "copy")
    assert "이미 있는 파일" in refused(server, "backup", text_file)
