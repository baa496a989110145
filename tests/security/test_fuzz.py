"""Wrong types, missing and unknown fields, broken bodies: a sentence, one line, nothing changed."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests import facts
from tests.security.copies import Copy, Visitor, entered
from tests.security.knocks import FORMS, OURS, PAYLOADS, address, ballot
from tests.security.roles import HERE, House, build
from tests.security.test_strings import Ear, ear, role_for, row_for, sentence
from townhall.domain.ballots import BALLOTS, Option
from townhall.events import EVENTS
from townhall.storage.database import writing
from townhall.web import routes

__all__ = ["ear"]

ODD: tuple[str, ...] = (
    *("null", "true", "-1", "0", "1.5", "1e400", "NaN", "1" + "0" * 400, '""', '"1"', '"\\ud800"'),
    *("[]", "{}", "[[[[[[]]]]]]", '{"a":{"b":[null]}}', '["__class__"]', '{"__proto__":{"x":1}}'),
)
"""Values as they come over the wire, each of another type than most fields have."""

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "spaces": b"   ",
    "null": b"null",
    "list": b"[]",
    "number": b"7",
    "string": b'"{}"',
    "half": b'{"key":',
    "two": b"{}{}",
    "not utf-8": b'{"text":"\xff\xfe"}',
    "utf-16": '{"text":"x"}'.encode("utf-16"),
    "deep": b"[" * 15_000 + b"]" * 15_000,
    "deep objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "doubled field": b'{"on":true,"on":false}',
    "too large": b'{"text":"' + b"x" * 40_000 + b'"}',
    "a form": b"key=1&text=2",
}


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return await build(tmp_path_factory.mktemp("fuzz"))


@pytest.fixture
async def copy(house: House, tmp_path: Path) -> AsyncIterator[Copy]:
    async with entered(house, tmp_path) as opened:
        yield opened


async def post(who: Visitor, name: str, body: bytes) -> dict[str, Any]:
    """Send a body as it stands; the answer, which must be one that says something."""
    assert isinstance(who.hall.now, facts.Clock)
    who.hall.now.pass_seconds(3)
    shown = {"Authorization": f"Bearer {who.token}", "Content-Type": "application/json"}
    answer = await who.browser.post(f"/api/f/{HERE}/{name}", content=body, headers=shown)
    assert answer.status_code in {200, 400, 404, 409, 413}, (name, body[:80], answer.text[:200])
    said: dict[str, Any] = answer.json()
    if said["status"] == "refused":
        sentence(said["message"])
    return said


@pytest.mark.parametrize("event", EVENTS)
async def test_odd_values_of_an_event_are_refused_or_kept(copy: Copy, ear: Ear, event: str) -> None:
    row = row_for("event", event)
    async with copy.visitor(role_for(row)) as who:
        who.browser.cookies.clear()
        given = PAYLOADS[event](who.house, row["state"])
        for name in EVENTS[event].payload.model_fields:
            shared = name in {"key", "nonce", "rev"} and event != "vote"
            for odd in ODD[:6] if shared else ODD:
                rest = json.dumps({field: v for field, v in given.items() if field != name})
                comma = ", " if rest != "{}" else ""
                ear.lines.clear()
                await post(who, event, f'{rest[:-1]}{comma}"{name}": {odd}}}'.encode())
                assert ear.one_quiet_line(), (name, odd)


@pytest.mark.parametrize("event", EVENTS)
async def test_missing_and_unknown_fields_change_nothing(copy: Copy, ear: Ear, event: str) -> None:
    row = row_for("event", event)
    async with copy.visitor(role_for(row)) as who:
        who.browser.cookies.clear()
        given = PAYLOADS[event](who.house, row["state"])
        model = EVENTS[event].payload
        broken = [{**given, "constructor": 1}, {**given, "": ""}, {**given, "Key": "x"}]
        broken += [
            {field: value for field, value in given.items() if field != name}
            for name, info in model.model_fields.items()
            if info.is_required()
        ]
        before = who.changes()
        for payload in broken:
            ear.lines.clear()
            said = await post(who, event, json.dumps(payload).encode())
            assert said["status"] in {"refused", "invalid"}, payload
            assert ear.one_quiet_line()
        assert who.changes() == before


@pytest.mark.parametrize("name", BODIES)
async def test_bodies_that_are_no_object_are_refused(copy: Copy, ear: Ear, name: str) -> None:
    async with copy.visitor("seated_here") as who:
        who.browser.cookies.clear()
        before = who.changes()
        said = await post(who, "upvote", BODIES[name])
        assert (said["status"], ear.one_quiet_line(), who.changes()) == ("refused", True, before)


@pytest.mark.parametrize("kind", BALLOTS)
async def test_odd_choices_of_every_kind_are_invalid(copy: Copy, ear: Ear, kind: str) -> None:
    options = [{"id": "A", "title": "하나"}, {"id": "B", "title": "둘"}]
    titled = [Option(each["id"], each["title"]) for each in options] if kind != "yesno" else []
    config = dict(BALLOTS[kind].define(titled, {}))
    wrong = [*ODD, '"maybe"', '{"A": 99}', '{"A": 1.0}', '{"A": -1, "B": 1}', '["A", "A"]']
    wrong += ['{"picks": ["A", "Z"]}', '{"picks": ["A"], "other": 7}', '{"t1": 1}', '["A", null]']
    with writing(copy.hall.database) as session:
        question = facts.question(
            session, copy.house.ids["forum"], kind=kind, options=options, config=config
        )
    async with copy.visitor("seated_here") as who:
        who.browser.cookies.clear()
        for choice in wrong:
            sent = json.dumps(ballot(question) | {"choice": "*"}).replace('"*"', choice)
            ear.lines.clear()
            said = await post(who, "vote", sent.encode())
            allowed = {"counted", "superseded"} if (kind, choice) in EMPTY else {"invalid"}
            assert said["status"] in allowed, (choice, said)
            assert ear.one_quiet_line()


EMPTY = {("dots", "{}")}
"""Taking all points back is a choice."""


@pytest.mark.parametrize("path", sorted(FORMS))
async def test_unknown_and_doubled_fields_of_a_form(
    house: House, tmp_path: Path, ear: Ear, path: str
) -> None:
    row = row_for("page", f"POST {path}")
    async with entered(house, tmp_path, row["state"]) as copy, copy.visitor(role_for(row)) as who:
        at, before = address(house, path, row["state"]), who.changes()
        given = who.form(**FORMS[path](who, row["state"]), unheard="1")
        answer = await who.browser.post(at, data=given, headers=OURS)
        assert (answer.status_code, who.changes()) == (400, before)
        assert "없는 칸" in answer.text
        given = who.form(**{name: ["1", "2"] for name in FORMS[path](who, row["state"])})
        answer = await who.browser.post(at, data=given, headers=OURS)
        assert answer.status_code < 500
        assert [line.levelname for line in ear.lines] == ["INFO", "INFO"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
async def test_other_methods_do_nothing(copy: Copy, method: str) -> None:
    async with copy.visitor("organiser") as who:
        before = who.changes()
        for page in routes.PAGES:
            if method not in page.methods and "{path" not in page.path:
                at = address(copy.house, page.path, "")
                answer = await who.browser.request(method, at, headers=OURS)
                if method != "POST" or not _posts(page.path):
                    assert answer.status_code in {400, 401, 404, 405}, (page.path, answer.text)
        assert who.changes() == before


def _posts(path: str) -> bool:
    return any(page.path == path and "POST" in page.methods for page in routes.PAGES)
