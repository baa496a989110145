"""What commands share: a hall on this machine's database, and refusals as one line.

Whoever can run a command on the server's own database runs the house. What a hall needs is loaded
where one is opened: the process above the workers opens none.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeVar

import typer
from pydantic import ValidationError

from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.settings import Settings
from townhall.web.i18n import catalogue

if TYPE_CHECKING:
    from townhall.hall import Hall

T = TypeVar("T")

OPERATOR = Actor(role="organiser")


def settings() -> Settings:
    """The settings from the environment; a wrong one is one line and exit code 2."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "TOWNHALL_" + "_".join(str(part) for part in first["loc"]).upper()
        print(f"{name}: {first['msg']}", file=sys.stderr)
        raise typer.Exit(2) from None


def on_hall(chosen: Settings, work: Callable[["Hall"], Awaitable[T]]) -> T:
    """Run an action on the settings' database; a refusal is one line and exit code 2."""
    with one_line(chosen), or_away():
        return asyncio.run(_with_hall(chosen, work))


@contextmanager
def or_away(code: str = "database_away") -> Iterator[None]:
    """A database that does not answer any more is refused, as `code` (reason)."""
    from townhall.storage import trouble

    try:
        yield
    except Exception as error:
        reason = trouble.away(error)
        if reason is None:
            raise
        raise Refused(code, reason=reason) from None


@contextmanager
def one_line(chosen: Settings) -> Iterator[None]:
    """What is refused inside is one line and exit code 2."""
    try:
        yield
    except Refused as refused:
        print(sentence(chosen, refused), file=sys.stderr)
        raise typer.Exit(2) from None


def sentence(chosen: Settings, refused: Refused) -> str:
    """A refusal in the operator's language, on one line."""
    words = catalogue(chosen.language)
    return " ".join(words(f"refused.{refused.code}", **refused.details).split())


@asynccontextmanager
async def hall(chosen: Settings) -> AsyncIterator["Hall"]:
    """A started hall on the settings' database."""
    from townhall.hall import Hall
    from townhall.live.bus_memory import MemoryBus
    from townhall.live.hub import Hub
    from townhall.storage.database import open_database

    started = Hall(open_database(chosen.database_url), Hub(MemoryBus()), chosen)
    await started.start()
    try:
        yield started
    finally:
        await started.stop()


async def _with_hall(chosen: Settings, work: Callable[["Hall"], Awaitable[T]]) -> T:
    async with hall(chosen) as started:
        return await work(started)
