"""Who may do what: rights.csv, written by hand, against every event and every route.

A cell says what somebody of that role meets: `allow`; `refuse`; `login`, which is being asked to
sign in or to show a card; `rule`, which is the right to do it but not in this state, or an address
with nothing behind it. Whatever is refused has changed nothing. No role opens /metrics; who shows
its token is in tests/web/test_probes.py.
"""

import base64
import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.security.copies import Copy, Visitor, entered
from tests.security.knocks import PAYLOADS, send_event, visit_page
from tests.security.roles import ROLES, House, build, light_passwords
from townhall.events import EVENTS
from townhall.web import routes
from townhall.web.i18n import catalogue

FILE = Path(__file__).with_name("rights.csv")
ROWS = [dict(row) for row in csv.DictReader(FILE.read_text("utf-8").splitlines())]
STATIC = "GET /static/{fingerprint}/{name:path}"
KEPT_OUT = {"refuse", "login"}
VERDICTS = KEPT_OUT | {"allow", "rule"}

_SEATS_THEMSELVES = "POST /f/{code}/vote"
"""Whoever comes to this form by the code alone gets an open seat before the ballot is refused."""


def rows(kind: str) -> list[dict[str, str]]:
    return [row for row in ROWS if row["kind"] == kind]


def named(row: dict[str, str]) -> str:
    return " ".join(filter(None, (row["name"], row["state"])))


def test_every_event_and_route_has_its_row() -> None:
    written = {(row["kind"], row["name"]) for row in ROWS}
    declared = {("event", name) for name in EVENTS} | {("socket", "connect"), ("page", STATIC)}
    declared |= {("page", f"{page.methods[0]} {page.path}") for page in routes.PAGES}
    unwritten, gone = sorted(declared - written), sorted(written - declared)
    assert not unwritten, f"Say in rights.csv who may do this: {unwritten}."
    assert not gone, f"rights.csv speaks of what is not there: {gone}."


def test_every_cell_is_filled_and_no_row_comes_twice() -> None:
    assert list(ROWS[0]) == ["kind", "name", "state", *ROLES]
    wrong = [named(row) for row in ROWS if not {row[role] for role in ROLES} <= VERDICTS]
    assert wrong == []
    assert len({(row["kind"], named(row)) for row in ROWS}) == len(ROWS)


def test_every_row_is_open_to_somebody_or_says_why_not() -> None:
    """A row that nobody passes must have a sister in another state, or lead nowhere."""
    opened = {row["name"] for row in ROWS if "allow" in row.values()}
    shut = {row["name"] for row in ROWS} - opened
    assert shut == {"POST /api/f/{code}/{event}"} | {
        f"{method} {path}"
        for method, path in (
            ("GET", "/metrics"),
            ("GET", "/api/{path:path}"),
            ("GET", "/{path:path}"),
            ("POST", "/{path:path}"),
        )
    }


def verdict(answer: httpx.Response) -> str:
    """What somebody met, in the words of rights.csv."""
    status = answer.status_code
    assert status < 500, answer.text[:300]
    if status == 401 or answer.headers.get("location", "").startswith("/login"):
        return "login"
    if status == 403:
        return "refuse"
    if status >= 400:
        return "rule"
    if answer.headers.get("content-type") == "application/json":
        said = answer.json().get("status")
        return {"not_eligible": "refuse", "closed": "rule", "invalid": "rule"}.get(said, "allow")
    return _light(answer.cookies.get("townhall-notice", "").strip('"'))


def _light(notice: str) -> str:
    """What the light on the next page says of the form that was sent."""
    light = json.loads(base64.urlsafe_b64decode(notice.partition(".")[0]) or "{}")
    if light.get("kind", "done") == "done":
        return "allow"
    return "refuse" if light["text"] == catalogue("ko")("web.vote.not_eligible") else "rule"


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    with light_passwords():
        yield await build(tmp_path_factory.mktemp("rights"))


async def knock(who: Visitor, row: dict[str, str]) -> str:
    """Do what the row says, as this visitor."""
    if row["kind"] == "event":
        payload = PAYLOADS[row["name"]](who.house, row["state"])
        return verdict(await send_event(who, row["name"], payload))
    method, path = row["name"].split(" ")
    return verdict(await visit_page(who, method, path, row["state"]))


def changing(row: dict[str, str]) -> bool:
    """Whether the row's state would be another one after somebody was let through."""
    everybody = all(row[role] == "allow" for role in ROLES)
    return not row["name"].startswith("GET ") and not everybody


async def met(house: House, folder: Path, row: dict[str, str]) -> dict[str, str]:
    """What each role meets: first who is kept out, who must change nothing, then the others, each
    in a house of its own where one would find the other's change.

    Who is kept out tries once more with the token in every cookie that a browser could hold.
    """
    found: dict[str, str] = {}
    async with entered(house, folder, row["state"]) as site:
        shut = [role for role in ROLES if row[role] != "allow"]
        for role in shut:
            found[role] = await _tried(site, row, role)
            if row["kind"] == "page" and row[role] in KEPT_OUT and role in house.tokens:
                again = await _tried(site, row, role, everywhere=True)
                assert again in KEPT_OUT, f"{role} gets {again} by a cookie of another screen"
        for role in ROLES:
            if role not in shut and not changing(row):
                found[role] = await _tried(site, row, role)
    for role in ROLES:
        if role not in found:
            async with entered(house, folder, row["state"]) as site:
                found[role] = await _tried(site, row, role)
    return {role: found[role] for role in ROLES}


async def _tried(site: Copy, row: dict[str, str], role: str, *, everywhere: bool = False) -> str:
    async with site.visitor(role, everywhere=everywhere) as who:
        before = who.changes()
        said = await knock(who, row)
        if said in KEPT_OUT and row["name"] != _SEATS_THEMSELVES:
            assert who.changes() == before, f"{role} was refused {named(row)} and changed something"
        return said


@pytest.mark.parametrize("row", rows("event"), ids=named)
async def test_event_is_for_whom_the_table_says(
    house: House, tmp_path: Path, row: dict[str, str]
) -> None:
    assert await met(house, tmp_path, row) == {role: row[role] for role in ROLES}


@pytest.mark.parametrize("row", rows("page"), ids=named)
async def test_page_is_for_whom_the_table_says(
    house: House, tmp_path: Path, row: dict[str, str]
) -> None:
    assert await met(house, tmp_path, row) == {role: row[role] for role in ROLES}
