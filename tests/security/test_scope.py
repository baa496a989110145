"""Nobody leaves their scope: forged fields, ids of another forum, table or board, real sockets."""

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.facts import Clock
from tests.security.copies import Copy, Visitor, entered
from tests.security.knocks import OURS, PAYLOADS, ballot, key, send_event, visit_page
from tests.security.roles import ELSEWHERE, HERE, ROLES, STRANGER, House, build
from tests.security.strings import STRINGS
from tests.security.test_rights import KEPT_OUT, rows, verdict
from tests.servers.townhall import TownhallServer
from townhall.crowd.wire import NotLetIn, Wire
from townhall.events import EVENTS
from townhall.web import routes

FORGED = {"role": "moderator", "forum": 2, "code": ELSEWHERE, "seat": 1, "table": 2, "person": 1}
OUTSIDE = {"organiser", "visitor"}
"""The house's organiser acts in every forum; a visitor brings no token from anywhere."""


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return await build(tmp_path_factory.mktemp("scope"))


@pytest.fixture
async def copy(house: House, tmp_path: Path) -> AsyncIterator[Copy]:
    async with entered(house, tmp_path) as opened:
        yield opened


def rightful(kind: str, name: str) -> dict[str, str]:
    """A row of the event or page in which somebody is let through."""
    return next(row for row in rows(kind) if row["name"] == name and "allow" in row.values())


def role_of(row: dict[str, str]) -> str:
    return next(role for role in ROLES if row[role] == "allow")


@pytest.mark.parametrize("event", EVENTS)
async def test_forged_fields_of_an_event_are_refused(copy: Copy, event: str) -> None:
    row = rightful("event", event)
    known = EVENTS[event].payload.model_fields
    async with copy.visitor(role_of(row)) as who:
        before = who.changes()
        for name, value in FORGED.items():
            if name not in known:
                _wait(who)
                payload = PAYLOADS[event](who.house, row["state"]) | {name: value}
                answer = (await send_event(who, event, payload)).json()
                assert answer.get("reason", answer.get("code")) in {name, "payload_invalid"}
                assert answer["status"] in {"invalid", "refused"}
        assert who.changes() == before


def _wait(who: Visitor) -> None:
    """Until this session may speak again."""
    assert isinstance(who.hall.now, Clock)
    who.hall.now.pass_seconds(3)


FORMS = [page for page in routes.PAGES if "POST" in page.methods and not page.api]


@pytest.mark.parametrize("page", FORMS, ids=lambda page: page.path)
async def test_forged_fields_of_a_form_are_refused(copy: Copy, page: Any) -> None:
    row = rightful("page", f"POST {page.path}")
    async with copy.visitor(role_of(row)) as who:
        plain = who.form
        before = who.changes()
        for name, value in FORGED.items():
            if name not in (page.fields or ()):
                who.form = lambda name=name, value=value, **given: plain(  # type: ignore[method-assign]
                    **given, **{name: str(value)}
                )
                answer = await visit_page(who, "POST", page.path, row["state"])
                assert answer.status_code == 400, name
        assert who.changes() == before


async def test_forged_headers_and_queries_make_nobody_a_moderator(copy: Copy) -> None:
    forged = {
        "X-Forwarded-User": "organiser",
        "X-Role": "moderator",
        "X-Original-URL": f"/f/{HERE}/console",
        "X-HTTP-Method-Override": "DELETE",
    }
    async with copy.visitor("seated_here") as who:
        asked = f"/f/{HERE}/console?role=moderator&forum=1&token={who.house.tokens['moderator']}"
        answer = await who.browser.get(asked, headers=forged)
        assert verdict(answer) == "login"
        before = who.changes()
        url = f"/api/f/{HERE}/agenda_next?role=moderator"
        shown = {"Authorization": f"Bearer {who.token}"} | forged
        answer = await who.browser.post(url, json={"key": key()}, headers=shown)
        assert verdict(answer) == "refuse"
        assert who.changes() == before


@pytest.mark.parametrize("role", [role for role in ROLES if role not in OUTSIDE])
async def test_token_of_this_forum_does_nothing_in_another(copy: Copy, role: str) -> None:
    ours = {"seated_elsewhere", "facilitator_elsewhere", "moderator_elsewhere"}
    async with copy.visitor(role) as who:
        before = who.changes()
        for name, payload in PAYLOADS.items():
            answer = await send_event(who, name, payload(who.house, "open"), ELSEWHERE)
            if role not in ours:
                assert verdict(answer) in KEPT_OUT, f"{role} sent {name} into another forum"
        if role not in ours:
            assert who.changes() == before


FOREIGN: dict[str, tuple[str, Callable[[dict[str, int]], dict[str, Any]]]] = {
    "vote": ("seated_here", lambda ids: ballot(ids["open_elsewhere"])),
    "proxy_vote": ("facilitator_here", lambda ids: ballot(ids["open_elsewhere"]) | {"paper": 1}),
    "upvote": ("seated_here", lambda ids: {"ask": ids["ask_elsewhere"], "on": True}),
    "ask_state": ("moderator", lambda ids: {"ask": ids["ask_elsewhere"], "state": "hidden"}),
    "note_edit": (
        "facilitator_here",
        lambda ids: {
            "id": ids["note_elsewhere"],
            "rev": 2,
            "key": key(),
            "kind": "con",
            "text": "다른 토론회의 쪽지",
        },
    ),
    "summary": (
        "facilitator_here",
        lambda ids: {
            "segment": ids["segment_elsewhere"],
            "rev": 1,
            "key": key(),
            "text": "다른 토론회의 요약",
            "send": True,
        },
    ),
    "note_remove": (
        "facilitator_here",
        lambda ids: {"id": ids["note_elsewhere"], "rev": 2, "key": key()},
    ),
    "agenda_extend": (
        "moderator",
        lambda ids: {"key": key(), "minutes": 5, "segment": ids["segment_elsewhere"]},
    ),
    "question_open": ("moderator", lambda ids: {"key": key(), "question": ids["draft_elsewhere"]}),
    "question_extend": (
        "moderator",
        lambda ids: {"key": key(), "question": ids["open_elsewhere"], "seconds": 15},
    ),
    "question_close": ("moderator", lambda ids: {"key": key(), "question": ids["open_elsewhere"]}),
    "question_reveal": ("moderator", lambda ids: {"key": key(), "question": ids["open_elsewhere"]}),
    "question_reopen": ("moderator", lambda ids: {"key": key(), "question": ids["open_elsewhere"]}),
    "stage_show": (
        "moderator",
        lambda ids: {"key": key(), "scene": "question", "question": ids["open_elsewhere"]},
    ),
    "seat_reset": ("moderator", lambda ids: {"seat": STRANGER}),
}
"""Every event that names a row, sent with a row of another forum."""


def test_every_event_that_names_a_row_is_tried_with_a_foreign_one() -> None:
    named = {"id", "question", "ask", "segment", "seat"}
    naming = {name for name, event in EVENTS.items() if named & event.payload.model_fields.keys()}
    assert naming - {"vote_status", "note"} == FOREIGN.keys()


@pytest.mark.parametrize("event", FOREIGN)
async def test_rows_of_another_forum_are_out_of_reach(copy: Copy, event: str) -> None:
    role, payload = FOREIGN[event]
    async with copy.visitor(role) as who:
        before = who.changes()
        answer = await send_event(who, event, payload(who.house.ids))
        assert (verdict(answer) == "allow", who.changes()) == (False, before), answer.text


async def test_a_facilitator_leaves_the_other_tables_notes_alone(copy: Copy) -> None:
    async with copy.visitor("facilitator_here") as who:
        note, before = who.house.ids["note_of_two"], who.changes()
        edit = {"id": note, "rev": 2, "key": key(), "kind": "con", "text": "남의 쪽지"}
        remove = {"id": note, "rev": 2, "key": key()}
        answers = [
            (await send_event(who, name, payload)).json()
            for name, payload in (("note_edit", edit), ("note_remove", remove))
        ]
        assert {answer["code"] for answer in answers} == {"wrong_table"}
        assert who.changes() == before
        seen = (await send_event(who, "hello", {})).json()["slices"]["notes"]
        assert {each["table"] for each in seen} == {1}


ELSEWHERE_PAGES: dict[str, tuple[str, str, dict[str, str]]] = {
    "ask of another forum": ("seated_here", f"/f/{HERE}/upvote", {"ask": "ask_elsewhere"}),
    "question of another forum": (
        "seated_here",
        f"/f/{HERE}/vote",
        {"question": "open_elsewhere", "choice": "yes"},
    ),
    "draft of another forum": (
        "organiser",
        f"/organise/f/{HERE}/questions/{{draft_elsewhere}}/remove",
        {},
    ),
    "segment of another forum": (
        "organiser",
        f"/organise/f/{HERE}/segments/{{segment_elsewhere}}",
        {"do": "remove"},
    ),
    "panelist of another selection": (
        "organiser",
        "/organise/s/{counted}/panel/{panelist_row}/link",
        {},
    ),
    "comment under another proposal": (
        "member",
        "/b/library/p/{proposal_of_other}/comments/{comment_on_proposal}/remove",
        {},
    ),
    "proposal on another board": (
        "member",
        f"/b/board-{HERE}/p/{{proposal}}/sympathy",
        {"on": "1"},
    ),
}


@pytest.mark.parametrize("name", ELSEWHERE_PAGES)
async def test_addresses_that_mix_two_owners_lead_nowhere(copy: Copy, name: str) -> None:
    role, path, given = ELSEWHERE_PAGES[name]
    async with copy.visitor(role) as who:
        ids, before = who.house.ids, who.changes()
        fields = {field: str(ids.get(value, value)) for field, value in given.items()}
        answer = await who.browser.post(path.format(**ids), data=who.form(**fields), headers=OURS)
        assert (answer.status_code in {404, 422}, who.changes()) == (True, before)


@pytest.fixture(scope="module")
def server(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server on a copy of the house whose sessions are still good."""
    folder = tmp_path_factory.mktemp("server")
    copy = folder / "house.db"
    shutil.copyfile(house.file, copy)
    with sqlite3.connect(copy) as database:
        database.execute("UPDATE session SET expires = 9999999999999")
        database.execute("UPDATE question SET closes_at = 9999999999999 WHERE state = 'open'")
    database.close()
    server = TownhallServer(folder, f"sqlite:///{copy}")
    server.start()
    yield server.url
    server.stop()


async def connected(server: str, house: House, role: str) -> Wire | str:
    """The socket of a role, or what it was told instead."""
    auth = {"forum": HERE, "token": house.tokens.get(role, "")}
    try:
        return await Wire.open(server, auth, lambda event, data: None)
    except NotLetIn as refusal:
        return {"sign_in": "login", "not_allowed": "refuse"}.get(refusal.code, refusal.code)


def heard(answer: dict[str, Any]) -> str:
    """An acknowledgement in the words of rights.csv."""
    if answer["status"] == "refused":
        code = answer["code"]
        return "refuse" if code in {"not_allowed", "wrong_table"} else "rule"
    return {"not_eligible": "refuse", "closed": "rule"}.get(answer["status"], "allow")


@pytest.mark.parametrize("role", ROLES)
async def test_socket_lets_in_and_refuses_as_the_table_says(
    server: str, house: House, role: str
) -> None:
    expected = next(row for row in rows("socket"))[role]
    wire = await connected(server, house, role)
    if isinstance(wire, str):
        assert wire == expected
        return
    assert expected == "allow"
    found, wanted = {}, {}
    for row in rows("event"):
        if row[role] == "refuse":
            name = f"{row['name']} {row['state']}"
            payload = PAYLOADS[row["name"]](house, row["state"])
            found[name], wanted[name] = heard(await wire.emit(row["name"], payload)), "refuse"
    wire.abort()
    await wire.closed
    assert found == wanted


async def test_every_event_passes_the_socket_for_somebody(server: str, house: House) -> None:
    found = {}
    for event in EVENTS:
        row = next(
            (
                r
                for r in rows("event")
                if r["name"] == event and r["state"] not in TURNED and _open(r)
            ),
            None,
        )
        if row is not None:
            wire = await connected(server, house, role_of(row))
            assert isinstance(wire, Wire)
            answer = await wire.emit(event, PAYLOADS[event](house, row["state"]))
            found[event] = heard(answer)
            wire.abort()
            await wire.closed
    assert found.keys() == EVENTS.keys() - {"agenda_start", "agenda_back"}
    assert {event: said for event, said in found.items() if said != "allow"} == {}


async def test_half_a_character_is_refused_and_the_line_stays(server: str, house: House) -> None:
    """Cut, the phone would connect again and send the same for ever."""
    wire = await connected(server, house, "seated_here")
    assert isinstance(wire, Wire)
    # Written by hand, since no honest encoder sends half a character.
    half = json.dumps(["ask", {"key": key(), "text": STRINGS["lone_surrogate"]}])
    wire.send(f"42{half}")
    answer = await wire.emit("ask", {"key": key(), "text": STRINGS["far_too_long"]})
    assert (answer["status"], answer["code"]) == ("refused", "text_too_long")
    wire.abort()
    await wire.closed


TURNED = {"before", "second", "ended"}
"""States that need another house than the one the server has."""


def _open(row: dict[str, str]) -> bool:
    return "allow" in row.values()
