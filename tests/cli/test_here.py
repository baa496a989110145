"""What commands share: where the server is, and what is said of a database that is not there."""

from pathlib import Path

import pytest
import typer
from sqlalchemy import text

from townhall.cli import here
from townhall.hall import Hall
from townhall.settings import Settings


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("192.168.0.10", "http://192.168.0.10:8000"),
    ],
)
def test_server_is_reached_from_its_machine_wherever_it_listens(host: str, local: str) -> None:
    assert Settings(host=host).local == Settings(host=host).address == local
    elsewhere = Settings(host=host, public_url="https://townhall.example.org")
    assert (elsewhere.local, elsewhere.address) == (local, "https://townhall.example.org")


async def nothing(hall: Hall) -> None:
    """Needs the database to be there, and no more."""


@pytest.mark.parametrize(
    ("language", "words"),
    [("ko", "데이터베이스가 답하지 않아요"), ("en", "The database does not answer")],
)
def test_database_that_does_not_answer_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, words: str
) -> None:
    chosen = Settings(database_url=f"sqlite:///{tmp_path}", language=language)  # it is a folder
    with pytest.raises(typer.Exit) as ended:
        here.on_hall(chosen, nothing)
    said = capsys.readouterr().err
    assert ended.value.exit_code == 2
    assert said.startswith(f"{words} (unable to open database file)")
    assert said.count("\n") == 1


def test_statement_that_is_wrong_is_not_taken_for_a_database_that_went_away(tmp_path: Path) -> None:
    async def wrong(hall: Hall) -> None:
        await hall.read(lambda session: session.connection().execute(text("SELECT * FROM no_one")))

    with pytest.raises(Exception, match="no such table"):
        here.on_hall(Settings(database_url=f"sqlite:///{tmp_path / 'hall.db'}"), wrong)
