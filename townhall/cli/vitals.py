"""How the server beside which a command runs is doing, by what it says itself; and this machine.

Belongs here: /readyz, /metrics, the websocket's handshake, the clock, a flush of the disk. Does
not belong here: what the figures mean (`domain.rehearsal`).
"""

import ctypes
import ipaddress
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import make_url

from townhall.cli import child, measure
from townhall.crowd.handshake import deflates
from townhall.domain.errors import Refused
from townhall.settings import Settings
from townhall.storage.database import normalised

_UNSYNCHRONISED = 0x40
_STATUS_AT = 40  # of struct timex, where a long has eight bytes
_TIMEX_BYTES = 512


@dataclass(frozen=True)
class Numbers:
    """What /metrics told: files that a process may open, and commits by the time they took.

    `commits` are (seconds, how many took at most so long), rising.
    """

    descriptors: int | None = None
    commits: tuple[tuple[float, float], ...] = field(default=())


async def ready(http: httpx.AsyncClient, url: str) -> str:
    """ "ok", or the reason that /readyz gives. Refuses `rehearse_no_server` (url)."""
    try:
        answer = (await http.get(f"{url}/readyz")).json()
        return "ok" if answer["status"] == "ok" else str(answer["reason"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        raise Refused("rehearse_no_server", url=url) from None


async def numbers(http: httpx.AsyncClient, url: str, chosen: Settings, token: str) -> Numbers:
    """What the server counts, which it tells the operator's `token`; nothing where none answers.

    Nobody on the way may read the token: it goes to this machine, or over https.
    """
    shown = {"Authorization": f"Bearer {token}"}
    seen = [chosen.local, *([url] if way(url) != "http" else [])]
    for address in dict.fromkeys(seen):
        try:
            answer = await http.get(f"{address}/metrics", headers=shown)
            if answer.status_code == 200:
                return _numbers(answer.text)
        except (httpx.HTTPError, ValueError):
            continue
    return Numbers()


def _numbers(exposed: str) -> Numbers:
    samples = [
        sample for family in text_string_to_metric_families(exposed) for sample in family.samples
    ]
    limits = [sample.value for sample in samples if sample.name == "process_max_fds"]
    commits = [
        (float(sample.labels["le"]), sample.value)
        for sample in samples
        if sample.name == "townhall_commit_seconds_bucket"
    ]
    return Numbers(int(limits[0]) if limits else None, tuple(sorted(commits)))


def commit_ms(before: Numbers, after: Numbers) -> float | None:
    """Within how many milliseconds 95 of 100 commits between two looks were done, at most."""
    if not before.commits:
        return None
    then: Mapping[float, float] = dict(before.commits)
    rising = [(bound, n - then.get(bound, 0)) for bound, n in after.commits]
    if not rising or rising[-1][1] <= 0:
        return None
    place = next(i for i, (_, n) in enumerate(rising) if n >= 0.95 * rising[-1][1])
    bound = rising[place][0]
    return 1000 * (bound if bound < float("inf") else 2 * rising[place - 1][0])


async def compressed(url: str) -> bool | None:
    """Whether messages are compressed on the way to the server; None where nobody says."""
    try:
        return await deflates(url)
    except (OSError, ValueError, TimeoutError):
        return None


def flush_ms(chosen: Settings) -> float | None:
    """How long a small commit takes in the folder of an SQLite database; None for another."""
    url = make_url(normalised(chosen.database_url))
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    with child.folder(Path(url.database).absolute().parent) as home:
        return measure.commit_seconds(home / "commits.db") * 1000


def synchronised() -> bool | None:
    """Whether something sets this machine's clock (NTP); None where the system does not say."""
    if not sys.platform.startswith("linux") or ctypes.sizeof(ctypes.c_long) != 8:
        return None
    asked = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        answer = ctypes.CDLL(None).adjtimex(asked)
    except (OSError, AttributeError):
        return None
    if answer < 0:
        return None
    return (
        not int.from_bytes(asked.raw[_STATUS_AT : _STATUS_AT + 4], sys.byteorder) & _UNSYNCHRONISED
    )


def way(url: str) -> Literal["https", "http", "local"]:
    """How what is sent there is kept from others: encrypted, not at all, or on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return "https"
    try:
        local = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        local = parts.hostname == "localhost"
    return "local" if local else "http"
