"""A copy of the house, its door, and somebody in front of it.

Each test opens a copy of the file that `roles.build` made, so that what one visitor changes never
reaches the next.
"""

import secrets
import shutil
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from tests.actions.conftest import running
from tests.facts import Clock
from tests.security.roles import EVERY_COOKIE, KEPT, House
from tests.web.client import Browser, browsing, site
from townhall.actions import people
from townhall.hall import Hall
from townhall.web.cookies import form_token
from townhall.web.door import Door
from townhall.web.limits import Limits

STATES: Mapping[str, str] = {
    "": "",
    "before": "UPDATE forum SET state='before', current_segment=NULL, started_at=NULL "
    "WHERE code='123456'",
    "ended": "UPDATE forum SET state='ended', current_segment=NULL, ended_at=1 WHERE code='123456'",
    "second": "UPDATE forum SET current_segment=(SELECT id FROM segment WHERE kind='talk' AND "
    "forum_id=forum.id) WHERE code='123456'",
}
"""What a copy of the house becomes first, where a row of rights.csv names one of these."""


@dataclass
class Visitor:
    """Somebody at the door of a copy of the house."""

    house: House
    hall: Hall
    role: str
    browser: Browser
    watch: sqlite3.Connection
    everywhere: bool = False

    def anew(self) -> None:
        """Forget every cookie but the role's own."""
        self.browser.cookies.clear()
        if self.token:
            for name in EVERY_COOKIE if self.everywhere else (KEPT[self.role],):
                self.browser.cookies.set(name, self.token)

    @property
    def token(self) -> str:
        return self.house.tokens.get(self.role, "")

    def changes(self) -> int:
        """Moves whenever anybody has committed anything."""
        return int(self.watch.execute("PRAGMA data_version").fetchone()[0])

    def form(self, **fields: Any) -> dict[str, Any]:
        """Fields with a form token that fits this browser."""
        key = "a-form-key"
        self.anew()
        self.browser.cookies.set("townhall-form", key)
        return {"csrf": form_token(key, people.secret_of(self.hall)), **fields}


@dataclass
class Copy:
    """A copy of the house with its web door open."""

    house: House
    hall: Hall
    watch: sqlite3.Connection
    app: Starlette

    @asynccontextmanager
    async def visitor(self, role: str, *, everywhere: bool = False) -> AsyncIterator[Visitor]:
        """A browser of a role; `everywhere` puts its token into every cookie there is."""
        async with browsing(self.app) as browser:
            who = Visitor(self.house, self.hall, role, browser, self.watch, everywhere)
            who.anew()
            yield who


@cache
def _kept_door() -> list[Starlette]:
    """Where the one door of all copies is kept: its templates are compiled once."""
    return []


def _open_door(hall: Hall) -> Starlette:
    """The web door, before this copy's hall. Nothing of the copy before stays behind it."""
    known = _kept_door()
    if not known:
        known.append(site(hall))
    doors = [route.endpoint for route in known[0].routes if isinstance(route, Route)]
    behind = next(door.site for door in doors if isinstance(door, Door))
    behind.hall, behind.limits = hall, Limits(hall.now)
    return known[0]


@asynccontextmanager
async def entered(house: House, folder: Path, state: str = "") -> AsyncIterator[Copy]:
    """A fresh copy of the house in a state, with its door."""
    copy = folder / f"{secrets.token_hex(4)}.db"
    shutil.copyfile(house.file, copy)
    with sqlite3.connect(copy) as database:
        # Facts of a forum are remembered by epoch, and no copy shares them with another.
        database.execute("UPDATE instance SET value = ? WHERE key = 'epoch'", (copy.stem,))
    database.close()
    async with running(f"sqlite:///{copy}", Clock(), []) as hall:
        watch = sqlite3.connect(copy)
        try:
            if change := STATES.get(state, ""):
                watch.execute(change)
                watch.commit()
            yield Copy(house, hall, watch, _open_door(hall))
        finally:
            watch.close()
