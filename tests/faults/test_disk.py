"""A disk that is full, and a database that only reads: nothing false is acknowledged.

Reading goes on, console and stage say what is wrong, and all goes on by itself afterwards. Where
mounting is allowed the disk is a small one in memory, filled by a file; elsewhere the kernel's
limit on the size of the server's files, which fails the same writes with another error.
"""

import asyncio
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from tests.faults.journal import CHOICES, Entry, Findings, entry, examine
from tests.faults.voters import Voters
from tests.servers.townhall import TownhallServer
from townhall.crowd.client import Client, key

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

SEATS, QUESTIONS = 40, 12
DISK = 24 << 20


class SmallDisk:
    """A folder on a small disk of its own."""

    reason = "disk_full"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self._filler = folder / "filler"
        options = ["-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
        subprocess.run(["mount", *options], check=True, capture_output=True)

    def fill(self, server: TownhallServer) -> None:
        with self._filler.open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 9, 1):
                try:
                    while True:
                        file.write(b"-" * size)
                except OSError:
                    continue

    def free(self, server: TownhallServer) -> None:
        self._filler.unlink()

    def remove(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)


class Quota:
    """A folder, and a server whose files may not grow."""

    reason = "disk_failed"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder

    def fill(self, server: TownhallServer) -> None:
        self._limit(server, 4096)

    def free(self, server: TownhallServer) -> None:
        self._limit(server, resource.RLIM_INFINITY)

    def _limit(self, server: TownhallServer, size: int) -> None:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def remove(self) -> None:
        pass


@pytest.fixture(params=["disk", "quota"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk | Quota]:
    """Something that can be filled; without the right to mount, the quota both times."""
    found: SmallDisk | Quota
    if request.param == "disk" and os.geteuid() == 0:
        try:
            found = SmallDisk(tmp_path / "small")
        except (OSError, subprocess.CalledProcessError):
            found = Quota(tmp_path / "quota")
    else:
        found = Quota(tmp_path / "quota")
    yield found
    found.remove()


class Evening:
    """A forum on a server, with a stage and a console that look on."""

    def __init__(self, server: TownhallServer) -> None:
        self.server = server
        self.journal: list[Entry] = []

    async def begin(self) -> None:
        yesno = {"kind": "yesno", "title": "찬성하세요?"}
        made = self.server.forum(tickets=SEATS, questions=[yesno] * QUESTIONS)
        self.questions = [question["id"] for question in made["questions"]]
        self.voters = Voters(made["code"], made["tokens"]["moderator"])
        self.server.start()
        await self.voters.join(self.server, made["tickets"])
        await self.voters.open(self.server, self.questions)
        await self.voters.connect(self.server)
        self.console = self.voters.console(self.server)
        self.stage = Client(self.server.url, made["code"], made["tokens"]["stage"])
        await self.console.connect()
        await self.stage.connect()

    async def end(self) -> None:
        self.voters.leave()
        await self.console.close()
        await self.stage.close()

    def votes(self, questions: list[int]) -> list[Entry]:
        found = [entry(s, q, CHOICES[s % 3]) for q in questions for s in self.voters.seats]
        self.journal += found
        return found

    async def once(self, votes: list[Entry]) -> list[str]:
        """Send each vote once; what each was told. `busy` is no answer in the journal."""

        async def one(vote: Entry) -> str:
            answer = await self.voters.wires[vote.seat].emit("vote", vote.payload)
            if answer["status"] != "busy":
                vote.answers.append(answer)
            return str(answer["status"])

        return list(await asyncio.gather(*(one(vote) for vote in votes)))

    async def ready(self) -> tuple[int, Any]:
        async with httpx.AsyncClient(timeout=30) as http:
            answer = await http.get(f"{self.server.url}/readyz")
            return answer.status_code, answer.json().get("reason")

    async def shown(self, reason: str | None) -> None:
        """Console and stage both come to say this; who does not is named, with what he knows."""
        for name, screen in (("console", self.console), ("stage", self.stage)):
            if not await screen.until(lambda c: c.store["trouble"]["reason"] == reason, 20):
                pytest.fail(
                    f"{name} does not show {reason}: {screen.store['trouble']}, over "
                    f"{screen.over}, {screen.counters}; server: {await self.ready()}\n"
                    f"{self.server.log.read_text()[-6_000:]}"
                )


async def test_full_disk_acknowledges_nothing_false_and_ends_by_itself(
    disk: SmallDisk | Quota,
) -> None:
    server = TownhallServer(disk.folder)
    evening = Evening(server)
    try:
        await evening.begin()
        before = evening.votes(evening.questions[:3])
        assert set(await evening.once(before)) == {"counted"}

        disk.fill(server)
        during = evening.votes(evening.questions[3:9])
        told = await evening.once(during)
        assert told[-1] == "busy"
        assert set(told) <= {"counted", "busy"}
        await evening.shown(disk.reason)
        assert await evening.ready() == (200, disk.reason)
        refused = await evening.console.ask("stage_blank", {"key": key(), "on": True})
        assert (refused["status"], refused["code"]) == ("refused", "not_saving")
        async with evening.voters.console(server) as newcomer:  # reading goes on
            turnout = newcomer.store["turnout"]
        assert turnout[str(evening.questions[0])]["voted"] == SEATS

        disk.free(server)
        await evening.shown(None)
        assert await evening.ready() == (200, None)
        await evening.voters.send([vote for vote in during if not vote.answers])
        after = evening.votes(evening.questions[9:])
        assert set(await evening.once(after)) == {"counted"}
        await evening.end()
    finally:
        server.stop()
    assert all(vote.acknowledged for vote in evening.journal)
    assert examine(evening.journal, server.database_url) == Findings()


async def test_oracle_sees_the_losses_of_a_server_that_acknowledges_before_the_disk_is_full(
    disk: SmallDisk | Quota,
) -> None:
    server = TownhallServer(disk.folder, None, ("tests.faults.controls", "early_acknowledgement"))
    evening = Evening(server)
    try:
        await evening.begin()
        disk.fill(server)
        assert set(await evening.once(evening.votes(evening.questions))) == {"counted"}
        await evening.shown(disk.reason)
        disk.free(server)
        await evening.end()
    finally:
        server.stop()
    assert examine(evening.journal, server.database_url).lost


async def test_database_that_only_reads_acknowledges_nothing_false(
    tmp_path: Path, postgres_url: str
) -> None:
    server = TownhallServer(tmp_path, postgres_url)
    evening = Evening(server)

    def only_reads(on: bool) -> None:
        engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("SET default_transaction_read_only = off"))
            setting = "default_transaction_read_only"
            change = f"SET {setting} = on" if on else f"RESET {setting}"
            connection.execute(text(f"ALTER SYSTEM {change}"))
            connection.execute(text("SELECT pg_reload_conf()"))
        engine.dispose()

    try:
        await evening.begin()
        only_reads(True)
        during = evening.votes(evening.questions[:6])
        assert set(await evening.once(during)) == {"busy"}
        await evening.shown("read_only")
        only_reads(False)
        await evening.shown(None)
        await evening.voters.send(during)
        await evening.end()
    finally:
        only_reads(False)
        server.stop()
    assert all(vote.acknowledged for vote in evening.journal)
    assert examine(evening.journal, server.database_url) == Findings()
