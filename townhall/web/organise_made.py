"""What lets people in, shown once: tickets, table cards and links as a page, a sheet and a PDF.

Nothing but hashes is stored. The page holds the key its tokens were drawn with (see
`actions.tokens`), not the tokens' list: its two buttons post that key again, and the same tickets
come back as a sheet for the printer or as a PDF. Once the page is closed the key is gone, and the
tokens can be shown to nobody.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from anyio import to_thread
from starlette.responses import Response

from townhall.actions import cards, forums, people
from townhall.domain.errors import Refused
from townhall.reports import tickets as paper
from townhall.screens import organise as screen
from townhall.screens import slices
from townhall.web import i18n
from townhall.web.errors import sentence
from townhall.web.visit import Here, Visit

Link = tuple[cards.CardRole, int | None, str]
"""A role, a table's number where it has one, and the token."""

Facts = dict[str, Any]

FORMS = ("page", "sheet", "pdf")
"""As what the tickets or table cards are asked for."""

MOST = {"tables": forums.MOST_TABLES, "tickets": cards.MOST_TICKETS}
"""How many the forms let anybody ask for."""

_GROUP = 4


def once(visit: Visit) -> str:
    """The key of a form that may be sent twice: the one that it came with, or a new one."""
    came = visit.form.raw("once")
    return came if re.fullmatch(r"[0-9a-f]{32}", came) else secrets.token_hex(16)


def blame(visit: Visit, refused: Refused, fields: Mapping[str, str] | None = None) -> None:
    """Put a refusal's sentence beside its field, or above the form where it has none.

    `fields` says how the form names what a code, or a field of the action, is about.
    """
    known, named = fields or {}, str(refused.details.get("field", ""))
    field = known.get(refused.code, known.get(named, named))
    visit.form.blame(field, sentence(visit, refused))


async def forum_of(visit: Visit, code: str) -> Here:
    """The forum of a code, for a page whose address does not name it."""
    gate = await people.gate(visit.hall, code)
    return Here(gate.id, gate.code, gate.language)


async def minted(visit: Visit, n: int, key: str) -> list[Facts]:
    """`n` tickets of a form's key, made or made before: number, table, seat, url, code."""
    if n == 0:
        return []
    forum = visit.forum.id
    made = await cards.mint(visit.hall, visit.actor, forum, n, key=key)
    placed = await visit.hall.read(screen.ticketed, forum, made)
    return [
        {
            "number": each["number"],
            "table": each["table"],
            "seat": each["seat"],
            "url": f"{visit.base_url}/f/{visit.forum.code}#k={each['token']}",
            "code": _typed(each["token"]),
            "card": False,
        }
        for each in placed
    ]


async def page(visit: Visit, links: Sequence[Link], tickets: Sequence[Facts], key: str) -> Response:
    """Everything that was made, to be printed or sent before the page is closed."""
    shown = [
        {"role": role, "table": table, "url": _entrance(visit, token), "number": None, "name": ""}
        for role, table, token in links
    ]
    context: Facts = {
        "forum": await _forum(visit),
        "links": shown,
        "tickets": tickets,
        "cards": [link["table"] for link in shown if link["table"]],
        "once": key,
    }
    # QR codes take some milliseconds each, and a page may be full of them.
    return await to_thread.run_sync(lambda: visit.render("organise/made.html", **context))


async def on_paper(visit: Visit, cards: Sequence[Facts], form: str) -> Response:
    """Tickets or table cards as sheets to print, or as a PDF, in the forum's language."""
    visit.words = i18n.catalogue(visit.forum.language)
    forum = await _forum(visit)
    if form == "pdf":
        body = await to_thread.run_sync(_pdf, visit, forum, cards)
        named = {"Content-Disposition": f'attachment; filename="tickets-{visit.forum.code}.pdf"'}
        return Response(body, 200, named | {"Cache-Control": "no-store"}, "application/pdf")
    return await to_thread.run_sync(
        lambda: visit.render("print/tickets.html", forum=forum, tickets=cards, pdf=None)
    )


def as_cards(visit: Visit, links: Sequence[Link]) -> list[Facts]:
    """Table cards in the shape of tickets, which is what the sheets print."""
    return [
        {
            "number": table,
            "table": table,
            "seat": None,
            "url": _entrance(visit, token),
            "code": _typed(token),
            "card": True,
        }
        for _role, table, token in links
    ]


def _pdf(visit: Visit, forum: Facts, cards: Sequence[Facts]) -> bytes:
    words = visit.words
    zone, now = visit.hall.settings.timezone, visit.hall.now()
    date, time = (
        i18n.when(forum["starts_at"], style, visit.lang, zone, now) for style in ("date", "time")
    )
    code = f"{forum['code'][:3]}\u00a0{forum['code'][3:]}"
    way_in = words("print.or", address=forum["address"], code=code)
    return paper.pdf(
        forum["title"],
        words("print.own_code"),
        visit.lang,
        [
            paper.Card(
                large=str(each["table"] or each["number"]),
                unit=words("print.table" if each["table"] else "print.ticket"),
                lines=tuple(filter(None, (_below(visit, each), date, time))),
                how=(words("print.how_card" if each["card"] else "print.how"), way_in),
                code=tuple(each["code"].split("\n")),
                url=each["url"],
            )
            for each in cards
        ],
    )


def _below(visit: Visit, card: Facts) -> str:
    if card["card"]:
        return visit.words("print.card")
    return visit.words("print.seat", number=card["seat"]) if card["seat"] else ""


async def _forum(visit: Visit) -> Facts:
    """What is printed of the forum."""
    forum = visit.forum.id
    _, shown = await visit.hall.read(lambda s: slices.read(s, forum, "public", None, ("forum",)))
    found: Facts = shown["forum"]
    return found | {"address": visit.base_url.partition("://")[2]}


def _entrance(visit: Visit, token: str) -> str:
    return f"{visit.base_url}/f/{visit.forum.code}/enter#k={token}"


def _typed(token: str) -> str:
    """A token in groups that an eye can follow, on two lines."""
    groups = [token[at : at + _GROUP] for at in range(0, len(token), _GROUP)]
    half = len(groups) // 2
    return f"{' '.join(groups[:half])}\n{' '.join(groups[half:])}"
