"""`townhall user`: accounts made from the command line sign in at the web door."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.actions.conftest import running
from townhall.actions import accounts, people
from townhall.cli.user import app
from townhall.domain.errors import Refused
from townhall.hall import wall_clock

PASSWORD = "correct horse battery"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    named = f"sqlite:///{tmp_path / 'hall.db'}"
    monkeypatch.setenv("TOWNHALL_DATABASE_URL", named)
    monkeypatch.setenv("TOWNHALL_PUBLIC_URL", "https://hall.test")
    return named


def run(*words: str, typed: str = "") -> tuple[int, str, str]:
    found = CliRunner().invoke(app, list(words), input=typed)
    return found.exit_code, found.stdout, found.stderr


def signed_in(url: str, password: str) -> str:
    """The role of the account, or the refusal."""

    async def sign_in() -> str:
        async with running(url, wall_clock, []) as hall:  # type: ignore[arg-type]  # any clock
            try:
                entrance = await accounts.sign_in(hall, "boss", password)
            except Refused as refused:
                return refused.code
            return (await people.recognise(hall, entrance.token)).role

    return asyncio.run(sign_in())


def test_an_organiser_is_made_and_signs_in(url: str) -> None:
    code, out, _ = run("organiser", "Boss", "--stdin", typed=PASSWORD + "\n")
    assert (code, out) == (0, "Boss: organiser (new account)\n")
    assert signed_in(url, PASSWORD) == "organiser"


def test_a_new_password_replaces_the_old_one(url: str) -> None:
    run("organiser", "boss", "--stdin", typed=PASSWORD + "\n")
    assert run("password", "boss", "--stdin", typed="another long one\n")[0] == 0
    assert signed_in(url, PASSWORD) == "sign_in_failed"
    assert signed_in(url, "another long one") == "organiser"


def test_an_invitation_is_a_link_with_its_token_in_the_fragment(url: str) -> None:
    code, out, _ = run("invite", "organiser")
    base, token = out.strip().split("#k=")
    assert (code, base, len(token)) == (0, "https://hall.test/invite", 32)


@pytest.mark.parametrize(
    "words",
    [
        ("password", "nobody", "--stdin"),
        ("organiser", "x y", "--stdin"),
        ("invite", "moderator"),
        ("invite", "moderator", "--forum", "999999"),
    ],
)
def test_a_refusal_is_one_line_and_exit_code_2(url: str, words: tuple[str, ...]) -> None:
    code, out, error = run(*words, typed=PASSWORD + "\n")
    assert (code, out, error.count("\n")) == (2, "", 1)
