"""Bad strings through the real doors: kept clean, or refused with a sentence and what was typed.

Every string of the corpus goes into every text field, and a few of them into every other field.
Afterwards every text in the database must be as clean as the house's own cleaning leaves it.
"""

import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import JSON, String, select
from starlette.routing import compile_path

from tests.facts import Clock
from tests.security import fields
from tests.security.copies import Copy, Visitor, entered
from tests.security.fields import EVENT_NAMES, EVENT_TEXTS, FORGOTTEN, TEXTS
from tests.security.knocks import FORMS, OURS, PAYLOADS, address
from tests.security.roles import ROLES, House, build, light_passwords
from tests.security.strings import STRINGS
from tests.security.test_rights import rows
from townhall.domain.text import clean
from townhall.storage.schema import metadata
from townhall.web import routes

HANDFUL = ("too_long", "lone_surrogate", "nul_and_control", "json_break", "number")
"""What numbers, choices, dates and passwords are tried with."""

FORM = OURS | {"Content-Type": "application/x-www-form-urlencoded"}
FULL = {"visitor": "seated_here"}
"""Who fills in a form that anybody may, where a role is needed to come back to it."""


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    with light_passwords():
        yield await build(tmp_path_factory.mktemp("strings"))


@pytest.fixture
async def copy(house: House, tmp_path: Path) -> AsyncIterator[Copy]:
    async with entered(house, tmp_path) as opened:
        yield opened


def row_for(kind: str, name: str) -> dict[str, str]:
    """The first row of rights.csv in which somebody is let through."""
    return next(row for row in rows(kind) if row["name"] == name and "allow" in row.values())


def role_for(row: dict[str, str]) -> str:
    """The most able of those let through."""
    able = [role for role in ROLES if row[role] == "allow"]
    return next(
        (role for role in ("organiser", "moderator", "seated_here") if role in able), able[0]
    )


class Ear(logging.Handler):
    """Hears what the server says of each request: one line, and never a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record)

    def one_quiet_line(self) -> bool:
        """Whether one request made one line; begins anew."""
        lines, self.lines = self.lines, []
        return [line.levelname for line in lines] == ["INFO"] and not lines[0].exc_info


@pytest.fixture
def ear() -> Iterator[Ear]:
    listening = Ear()
    log = logging.getLogger("townhall")
    before = log.level
    log.addHandler(listening)
    log.setLevel(logging.INFO)
    yield listening
    log.removeHandler(listening)
    log.setLevel(before)


def test_every_string_of_an_event_is_known() -> None:
    found = fields.event_strings()
    assert {pair for pair in found if pair[1] not in EVENT_NAMES} == EVENT_TEXTS.keys()


async def test_every_text_field_of_a_page_is_known(copy: Copy) -> None:
    """Controls of the rendered pages, as the roles see them that may open them."""
    unknown = set()
    for row in rows("page"):
        method, path = row["name"].split(" ")
        if method == "GET" and "allow" in row.values() and not path.startswith(("/api", "/static")):
            at = address(copy.house, path, row["state"])
            async with copy.visitor(role_for(row)) as who:
                page = await who.browser.get(at)
            for control in fields.controls(page.text, at):
                if control.action and control.kind in {"text", "search", "email", "textarea"}:
                    known = TEXTS.get(route_of(control.action), ())
                    if control.name not in known:
                        unknown.add((route_of(control.action), control.name))
    assert unknown == set()


def route_of(action: str) -> str:
    """The declared path that an address belongs to; the last one takes all that is left."""
    posts = [page.path for page in routes.PAGES if "POST" in page.methods]
    return next(path for path in posts if compile_path(path)[0].match(action.partition("?")[0]))


def test_every_written_field_is_declared() -> None:
    declared = set(fields.fields_of_forms())
    written = {(path, name) for path, names in TEXTS.items() for name in names}
    assert written - declared == set()


@pytest.mark.parametrize(("event", "name"), sorted(fields.event_strings()))
async def test_event_keeps_or_refuses_every_string(
    copy: Copy, ear: Ear, event: str, name: str
) -> None:
    row = row_for("event", event)
    limit = EVENT_TEXTS.get((event, name))
    async with copy.visitor(role_for(row)) as who:
        for string, text in STRINGS.items():
            _pass_time(who)
            payload = PAYLOADS[event](who.house, row["state"])
            if event == "summary":
                payload["rev"] = _next_rev(who)
            ear.lines.clear()
            answer = await _send(who, event, payload | {name: text})
            assert ear.one_quiet_line(), string
            said = answer.json()
            if answer.status_code == 200 and said["status"] == "ok":
                assert limit is None or clean(text, limit, required=False) is not None
            else:
                assert said["status"] in {"refused", "invalid", "superseded"}, (string, said)
                if said["status"] == "refused":
                    sentence(said["message"])
                    assert said["code"] != "unexpected"
    _all_clean(copy)


def _pass_time(who: Visitor, seconds: int = 3) -> None:
    assert isinstance(who.hall.now, Clock)
    who.hall.now.pass_seconds(seconds)


def _next_rev(who: Visitor) -> int:
    found = who.watch.execute("SELECT max(rev) FROM summary").fetchone()[0]
    return int(found or 0) + 1


async def _send(who: Visitor, event: str, payload: Any) -> httpx.Response:
    """As `send_event`, with half an emoji as scripts would write it."""
    who.browser.cookies.clear()
    shown = {"Authorization": f"Bearer {who.token}", "Content-Type": "application/json"}
    return await who.browser.post(
        f"/api/f/123456/{event}", content=json.dumps(payload).encode(), headers=shown
    )


def sentence(words: str) -> None:
    """A sentence of the catalogue, filled in; no key and no open place."""
    assert re.search(r"[가-힣].*[.요]$", words), words
    assert not re.search(r"refused\.|\{\w+\}", words.replace(STRINGS["templates"], "")), words


def fillings() -> list[tuple[str, str]]:
    return sorted(set(fields.fields_of_forms()) - {("/organise/forums/new", "look")})


@pytest.mark.parametrize("path", sorted({path for path, _ in fillings()}))
async def test_form_keeps_or_refuses_every_string(
    house: House, tmp_path: Path, ear: Ear, path: str
) -> None:
    """One copy of the house a form: its fields in turn, every string in each."""
    row = row_for("page", f"POST {path}")
    role, unused = FULL.get(role_for(row), role_for(row)), list(house.invites)
    async with entered(house, tmp_path, row["state"]) as copy, copy.visitor(role) as who:
        for _, name in (each for each in fillings() if each[0] == path):
            written = name in TEXTS.get(path, ()) and not fields.SIBLINGS.fullmatch(name)
            for string in STRINGS if written else HANDFUL:
                _pass_time(who, 900 if path == "/login" else 3)
                given = (
                    FORMS[path](who, row["state"]) | SMALL.get(path, {}) | {name: STRINGS[string]}
                )
                if path == "/invite" and name != "k":
                    given["k"] = unused.pop()
                ear.lines.clear()
                answer = await _post(who, address(who.house, path, row["state"]), given)
                assert ear.one_quiet_line(), (name, string)
                _answered(answer, path, name, string)
                if swept := SWEPT.get(path):
                    who.watch.execute(f"DELETE FROM {swept} WHERE id > 20")
                    who.watch.commit()
        _all_clean(copy)


SMALL = {"/organise/forums/new": {"tables": "0", "tickets": "0"}}
SWEPT = {
    "/organise/f/{code}/questions": "question",
    "/organise/f/{code}/segments": "segment",
}
"""Where each success makes the next page longer: it is cleared away again."""


async def _post(who: Visitor, at: str, given: dict[str, Any]) -> httpx.Response:
    body = urlencode(who.form(**given), errors="surrogatepass")
    return await who.browser.post(at, content=body.encode(), headers=FORM)


def _answered(answer: httpx.Response, path: str, name: str, string: str) -> None:
    """Done, or a page that says what is wrong and still holds what was typed."""
    where = (path, name, string, answer.status_code)
    assert answer.status_code in {200, 303, 400, 401, 404, 409, 413, 422}, where
    if answer.status_code == 303:
        assert re.match(r"/(?![/\\])", answer.headers["location"]), where
        return
    assert "Traceback" not in answer.text, where
    if answer.status_code != 422:
        return
    assert 'role="alert"' in answer.text or 'class="wrong"' in answer.text, where
    if name in TEXTS.get(path, ()) and (path, name) not in FORGOTTEN:
        shown = [c.value for c in fields.controls(answer.text, path) if c.name == name]
        typed = _words(STRINGS[string])
        assert any(_words(value) == typed for value in shown), (*where, shown)


def _words(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())


def _all_clean(copy: Copy) -> None:
    """Every text in the database is what cleaning it would leave."""
    with copy.hall.database.readers.connect() as connection:
        for table in metadata.sorted_tables:
            columns = [c for c in table.columns if isinstance(c.type, String | JSON)]
            for found in connection.execute(select(*columns)) if columns else ():
                for column, value in zip(columns, found, strict=True):
                    for text in _texts(value):
                        again = clean(text, 10**6, lines=True, required=False)
                        assert again == text.strip(), (table.name, column.name, ascii(text))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
