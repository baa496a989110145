"""Every address of the house, from the lists that each noun's pages declare.

Belongs here: putting those lists together. A page that is in none of them does not exist.
"""

from collections.abc import Sequence
from functools import cache

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.web import (
    account_pages,
    api,
    board_pages,
    organise_forum_pages,
    organise_pages,
    pages,
    plain_pages,
    probes,
    selection_pages,
    selection_setup_pages,
)
from townhall.web.assets import Assets
from townhall.web.door import Door
from townhall.web.limits import Limits
from townhall.web.templating import Templates
from townhall.web.visit import Page, Site, Visit


async def nowhere(_visit: Visit) -> Response:
    """Every address that no page has."""
    raise Refused("not_found")


PAGES: Sequence[Page] = (
    *api.PAGES,
    *pages.PAGES,
    *account_pages.PAGES,
    *board_pages.PAGES,
    *organise_pages.PAGES,
    *organise_forum_pages.PAGES,
    *plain_pages.PAGES,
    *selection_pages.PAGES,
    *selection_setup_pages.PAGES,
    *probes.PAGES,
    Page("/api/{path:path}", ("GET",), nowhere, "page.read", api=True),
    Page("/{path:path}", ("GET",), nowhere, "page.read"),
    Page("/{path:path}", ("POST", "PUT", "PATCH", "DELETE"), nowhere, "page.read", api=True),
)
"""Every page, in the order in which addresses are compared: first what a hall asks for at once,
last what takes all that is left."""


def build(hall: Hall) -> list[BaseRoute]:
    """The routes of one process."""
    assets, templates = _shown()
    site = Site(hall, assets, templates, Limits(hall.now))
    return [
        Route("/static/{fingerprint}/{name:path}", assets.serve, methods=["GET"]),
        *(Route(page.path, Door(site, page), methods=list(page.methods)) for page in PAGES),
    ]


@cache
def _shown() -> tuple[Assets, Templates]:
    """Files and templates are those of the process, whichever hall shows them."""
    assets = Assets()
    return assets, Templates(assets.url)
