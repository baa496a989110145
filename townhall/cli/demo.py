"""`townhall demo`: a ready forum on a fresh database, with simulated people who use it.

It is the same server, started the same way; what is special is only that somebody has already
written a board, a forum and its tickets. The people speak the public protocol and nothing else.
"""

import asyncio
import socket
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import segno
import typer
from sqlmodel import Session

from townhall import crowd
from townhall.actions import accounts, forums, proposals, sheets
from townhall.cli import here, logs
from townhall.cli.server import Server, run
from townhall.domain.audience import Actor
from townhall.domain.drafts import draft
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.settings import Settings
from townhall.storage import people, processes, selections
from townhall.web.i18n import Words, catalogue

BOARD = "library"
PROPOSALS = 5
SYMPATHIES = (24, 18, 9, 6, 3)
CANDIDATES = 3
TABLES = 4
GUESTS = 8  # tickets kept free for whoever tries the demo
PANEL = 5


@dataclass(frozen=True)
class Ready:
    """What the demo made: the forum with its tokens, the panel's links, the organiser's login."""

    forum: forums.MadeForum
    panel: list[str]
    login: str
    password: str


def command(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "0.0.0.0",  # noqa: S104
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8000,
    people: Annotated[int, typer.Option("--crowd", min=0, help="How many simulated people.")] = 40,
    quiet: Annotated[bool, typer.Option("--quiet", help="Start without the crowd.")] = False,
    database: Annotated[Path, typer.Option(help="Made anew at each start.")] = Path("var/demo.db"),
    url_file: Annotated[
        Path | None, typer.Option(help="Write the address here once the server accepts.")
    ] = None,
) -> None:
    """Start a ready small-library forum with links for every role."""
    chosen = here.settings().model_copy(
        update={"database_url": f"sqlite:///{database}", "host": host, "port": port}
    )
    chosen = chosen.model_copy(update={"log_level": "warning"})
    logs.configure(chosen)
    try:
        _remove(database)
        run(_run(chosen, 0 if quiet else people, url_file))
    except Refused as refused:
        print(here.sentence(chosen, refused), file=sys.stderr)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        return


def _remove(database: Path) -> None:
    """Take away what an earlier demo left; one that still runs keeps its own."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with processes.claim(database) or nullcontext():
        for old in (database, Path(f"{database}-wal"), Path(f"{database}-shm")):
            old.unlink(missing_ok=True)


async def _run(chosen: Settings, guests: int, url_file: Path | None) -> None:
    server = Server(chosen, url_file)
    serving = asyncio.create_task(server.run())
    await server.started()
    words = catalogue(chosen.language)
    made = await prepare(server.townhall.hall, words, guests)
    base = chosen.public_url or f"http://{_reachable(chosen.host)}:{server.settings.port}"
    for line in _links(words, base, made):
        print(line)
    print(words("demo.crowd", n=guests) if guests else words("demo.quiet"), flush=True)
    if guests:
        everyone = asyncio.create_task(
            crowd.run(
                server.settings.local,
                made.forum.code,
                tickets=made.forum.tickets[GUESTS:],
                tables=dict(made.forum.tables),
                moderator=made.forum.moderator,
            )
        )
        await serving
        everyone.cancel()
        await asyncio.gather(everyone, return_exceptions=True)
    else:
        await serving


async def prepare(hall: Hall, words: Words, guests: int) -> Ready:
    """Write the board, the proposals with their sympathies, the forum, the panel."""
    password = people.new_token()[:12]
    await accounts.add_organiser(hall, "organiser", password)
    neighbours = await _neighbours(hall, words, SYMPATHIES[0] + 1)
    await proposals.open_board(
        hall, here.OPERATOR, BOARD, words("demo.board"), words("demo.board.about")
    )
    ideas = [await _propose(hall, words, neighbours, n) for n in range(1, PROPOSALS + 1)]
    made = await forums.make(
        hall,
        here.OPERATOR,
        forums.NewForum(
            title=words("demo.forum"),
            template="small-library",
            host=words("demo.host"),
            language=hall.settings.language,
            tables=TABLES,
            tickets=guests + GUESTS,
            candidates=tuple(forums.Candidate("", idea) for idea in ideas[:CANDIDATES]),
            board=BOARD,
        ),
        words,
    )
    names = [words("demo.panelist", n=n) for n in range(1, PANEL + 1)]
    invited = await sheets.invite(hall, here.OPERATOR, await _selection(hall, made.id), names)
    return Ready(made, [each.token for each in invited], "organiser", password)


async def _selection(hall: Hall, forum: int) -> int:
    """The selection that the forum's template made."""
    found = await hall.read(lambda session: selections.of_forum(session, forum))
    assert found is not None
    assert found.id is not None
    return found.id


async def _neighbours(hall: Hall, words: Words, count: int) -> list[Actor]:
    """Members of the board, without passwords: nobody signs in as one of them."""

    def decide(session: Session, now: int) -> Change[list[Actor]]:
        found = []
        for n in range(1, count + 1):
            person = people.add_person(
                session, f"neighbour-{n}", words("demo.person", n=n), None, now
            )
            found.append(Actor(role="member", person=person))
        return Change(found)

    return await hall.change(None, decide)


async def _propose(hall: Hall, words: Words, neighbours: list[Actor], n: int) -> int:
    """One proposal by one neighbour, with sympathies of others."""
    at = f"demo.proposal.{n}"
    written = draft(words(f"{at}.title"), words(f"{at}.background"), words(f"{at}.content"), "", "")
    author = neighbours[n - 1]
    idea = await proposals.propose(hall, author, BOARD, written, key=people.new_token())
    others = [who for who in neighbours if who is not author]
    for who in others[: SYMPATHIES[n - 1]]:
        await proposals.sympathise(hall, who, BOARD, idea, on=True)
    return idea


def _links(words: Words, base: str, made: Ready) -> list[str]:
    """A line for every role, and a QR for the phone."""
    at = f"{base}/f/{made.forum.code}"
    lines = {
        "stage": f"{at}/enter#k={made.forum.stage}",
        "console": f"{at}/enter#k={made.forum.moderator}",
        "desk": f"{at}/enter#k={made.forum.tables[0][1]}",
        "phone": f"{at}#k={made.forum.tickets[0]}",
        "open": at,
        "panel": f"{at}/enter#k={made.panel[0]}",
        "board": f"{base}/b/{BOARD}",
        "organise": f"{base}/organise  ({made.login} / {made.password})",
    }
    shown = ["", words("demo.ready"), ""]
    for name, link in lines.items():
        shown.append(f"{words(f'demo.link.{name}')}\n    {link}")
    return [*shown, "", _qr(lines["phone"])]


def _qr(link: str) -> str:
    """A QR in half-height blocks, dark on light whatever the terminal's colours."""
    rows = [list(row) for row in segno.make(link, error="m").matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    marks = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    lines = [
        "".join(marks[bool(top), bool(low)] for top, low in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
    return "\n".join(lines)


def _reachable(host: str) -> str:
    """The address under which phones on the same network find this machine."""
    if host != "0.0.0.0":  # noqa: S104
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; the route tells the own address
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
