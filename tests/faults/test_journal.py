"""The oracle itself: whatever is changed behind the voters' backs, it finds."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.faults.journal import Entry, Findings, entry, examine
from tests.faults.voters import Voters
from tests.servers.townhall import TownhallServer

pytestmark = pytest.mark.anyio

WRONGS = {
    "DELETE FROM ballot WHERE seat_id = 1": "lost",
    "UPDATE ballot SET choice = '\"no\"' WHERE seat_id = 1": "lost",
    "DELETE FROM participation WHERE seat_id = 1": "lost",
    "UPDATE secret_ballot SET commitment = 'another' WHERE choice = '\"yes\"'": "lost",
    "UPDATE tally SET n = n + 1": "doubled",
    "UPDATE turnout SET n = n + 1": "doubled",
    "UPDATE ballot SET key = 'another' WHERE seat_id = 1": "doubled",
    "UPDATE secret_ballot SET ballot_id = ballot_id || 'x' WHERE choice = '\"yes\"'": "doubled",
    "UPDATE audit SET body = replace(body, '1', '2')": "broken",
    "DELETE FROM audit WHERE writer = 0 AND n = 2": "broken",
}
"""A change to the database, and in which of the findings it must appear."""


async def test_oracle_finds_every_wrong(tmp_path: Path) -> None:
    server = TownhallServer(tmp_path)
    yesno = {"kind": "yesno", "title": "찬성하세요?"}
    made = server.forum(tickets=3, questions=[yesno, yesno | {"secret": True}])
    recorded, secret = [question["id"] for question in made["questions"]]
    voters = Voters(made["code"], made["tokens"]["moderator"])
    server.start()
    try:
        await voters.join(server, made["tickets"])
        await voters.open(server, [recorded, secret])
        await voters.connect(server)
        votes = [entry(seat, recorded, "yes") for seat in voters.seats]
        votes += [entry(seat, secret, "yes", secret=True) for seat in voters.seats]
        await voters.send(votes)
        voters.leave()
    finally:
        server.stop()
    assert examine(votes, server.database_url) == Findings()
    assert {wrong: wrong_in(tmp_path, wrong, votes) for wrong in WRONGS} == WRONGS
    votes[0].answers.append({"status": "closed"})
    assert len(examine(votes, server.database_url).contradicted) == 1


def wrong_in(home: Path, change: str, votes: list[Entry]) -> str | None:
    """In which findings a change appears, the expected ones first."""
    copy = shutil.copy(home / "townhall.db", home / "changed.db")
    engine = create_engine(f"sqlite:///{copy}")
    with engine.begin() as connection:
        for verb in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS audit_no_{verb}"))
        assert connection.execute(text(change)).rowcount > 0
    engine.dispose()
    found = vars(examine(votes, f"sqlite:///{copy}"))
    return WRONGS[change] if found[WRONGS[change]] else next((n for n in found if found[n]), None)
