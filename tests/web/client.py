"""A browser without scripts, for tests of the web door: cookies, forms, same-origin headers."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette

from townhall.hall import Hall
from townhall.web import middleware, routes

HOST = "hall.test"


def site(hall: Hall) -> Starlette:
    """The pages of a started hall, without sockets."""
    return Starlette(routes=routes.build(hall), middleware=middleware.stack(hall))


class Browser(httpx.AsyncClient):
    """Sends what a browser sends and remembers cookies. Redirects are not followed."""

    async def submit(self, path: str, page: str | None = None, **fields: Any) -> httpx.Response:
        """Load a page, take its form token, post the fields to `path` as a form."""
        loaded = await self.get(page or path)
        found = re.search(r'name="csrf" value="([^"]+)"', loaded.text)
        assert found, f"no form on {page or path}: {loaded.status_code}"
        return await self.send_form(path, csrf=found[1], **fields)

    async def send_form(self, path: str, **fields: Any) -> httpx.Response:
        """Post fields as they are."""
        return await self.post(path, data=fields, headers={"Origin": f"http://{HOST}"})


@asynccontextmanager
async def browsing(app: Starlette) -> AsyncIterator[Browser]:
    """A fresh browser at the door."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with Browser(transport=transport, base_url=f"http://{HOST}") as browser:
        yield browser
