"""What machines ask: is the process alive, may it be sent visitors, what does it count.

`/healthz` and `/readyz` answer everybody and tell nothing about anybody. `/metrics` answers whoever
shows the token of the settings, and a command of this house, which knows its secret: behind a proxy
that does not say for whom it asks, every stranger looks like this machine.
"""

import asyncio
import hmac
from typing import Literal

from starlette.responses import Response

from townhall.actions import people
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.screens import people as people_screen
from townhall.web import metrics
from townhall.web.door import bearer_of
from townhall.web.visit import Page, Visit

ANSWERS_WITHIN = 2.0
"""Seconds after which a database counts as one that does not answer."""


async def healthz(visit: Visit) -> Response:
    """GET /healthz: the database answers; how many changes stand in the writer's line."""
    await people.revoked_among(visit.hall, [0])
    return visit.json({"status": "ok", "waiting": visit.hall.writer.waiting})


async def readyz(visit: Visit) -> Response:
    """GET /readyz: 503 where visitors should be sent to another process, else 200; and why.

    What all processes share is told with 200: a load balancer that obeys would empty the hall,
    which can still read, and vote as far as it is only the news that is late.
    """
    if (reason := await unready(visit.hall)) is not None:
        return visit.json(_told(visit, "unready", reason), 503, {"Retry-After": "5"})
    trouble = visit.hall.database.trouble.reason or ("bus_deaf" if visit.hall.hub.deaf else None)
    return visit.json(_told(visit, "limping", trouble) if trouble else {"status": "ok"})


def _told(visit: Visit, status: str, reason: str) -> dict[str, str]:
    return {"status": status, "reason": reason, "message": visit.words(f"ready.{reason}")}


async def unready(hall: Hall) -> Literal["starting", "stopping", "database"] | None:
    """Why this process should be sent nobody just now; None where it is ready."""
    if hall.stopping:
        return "stopping"
    if not (hall.writer.id and hall.writer.alive):
        return "starting"
    try:
        await asyncio.wait_for(people.revoked_among(hall, [0]), ANSWERS_WITHIN)
    except Exception:  # noqa: BLE001 - whatever it was, the database gave no answer
        return "database"
    return None


async def numbers(visit: Visit) -> Response:
    """GET /metrics: what this process counts, for Prometheus. Refuses `not_allowed`."""
    if not _trusted(visit):
        raise Refused("not_allowed")
    present = await visit.hall.read(people_screen.present, visit.hall.now())
    body = metrics.exposed(visit.hall, present)
    kept = {"Cache-Control": "no-store"}
    return Response(body, headers=kept, media_type="text/plain; version=0.0.4; charset=utf-8")


def _trusted(visit: Visit) -> bool:
    hall, shown = visit.hall, bearer_of(visit.request).encode()
    tokens = (hall.settings.metrics_token, people.operators_token(hall))
    return any(token and hmac.compare_digest(shown, token.encode()) for token in tokens)


PAGES = [
    Page("/healthz", ("GET",), healthz, "page.read", api=True),
    Page("/readyz", ("GET",), readyz, "page.read", api=True),
    Page("/metrics", ("GET",), numbers, "page.read", api=True),
]
