"""The organiser's house: its boards, forums and people, and making new ones.

Every form that is refused comes back with what was typed. Does not belong here: one forum's
set-up (`organise_forum_pages`), what lets people in (`organise_made`), selections
(`selection_setup_pages`).
"""

import re
from collections.abc import Mapping

from starlette.responses import Response

from townhall.actions import accounts, cards, forums, proposals
from townhall.actions.forums import Candidate, MadeForum, NewForum
from townhall.domain import templates
from townhall.domain.errors import Refused
from townhall.screens import organise as screen
from townhall.web import i18n, organise_made
from townhall.web.errors import sentence
from townhall.web.visit import Page, Visit

_FORUM_FIELD: Mapping[str, str] = {
    "template_unknown": "template",
    "candidates_count": "candidates",
    "candidate_twice": "candidates",
    "candidate": "candidates",
    "options": "candidates",
    "proposal_unknown": "candidates",
    "board_unknown": "board",
    "tables_invalid": "tables",
    "tickets_number": "tickets",
    "form_used": "",
}
_ENTRY = ("seats", "open")
_STAFF: Mapping[str, accounts.StaffRole] = {
    "moderator": "moderator",
    "official": "official",
    "organiser": "organiser",
}
_NUMBER = re.compile(r"#\s*(\d{1,9})")


async def house(visit: Visit) -> Response:
    """GET /organise."""
    return visit.render(
        "organise/home.html", **await visit.hall.read(screen.house, visit.hall.now())
    )


async def board_form(visit: Visit) -> Response:
    """GET /organise/boards/new."""
    return visit.render("organise/board_new.html")


async def board(visit: Visit) -> Response:
    """POST /organise/boards/new; a form that is sent twice ends at the same board."""
    form = visit.form
    days = form.integer("agreement_days", 1, proposals.MOST_DAYS)
    title, key = form.text("title", proposals.BOARD_TITLE), form.raw("key").strip().lower()
    if form.errors or days is None:
        return visit.render("organise/board_new.html", 422)
    try:
        await proposals.open_board(visit.hall, visit.actor, key, title, form.raw("about"), days)
    except Refused as refused:
        sent_twice = refused.code == "board_taken"
        if sent_twice and await visit.hall.read(screen.same_board, key, title):
            return visit.go(f"/b/{key}")
        organise_made.blame(visit, refused)
        return visit.render("organise/board_new.html", 422)
    return visit.go(f"/b/{key}", {"kind": "done", "text": visit.words("organise.board.made")})


async def forum_form(visit: Visit) -> Response:
    """GET /organise/forums/new, where `?board=` may name one."""
    chosen = visit.request.query_params.get("board", "")[:40]
    return await _forum_form(visit, form={"board": chosen}, board_key=chosen)


async def forum(visit: Visit) -> Response:
    """POST /organise/forums/new: the forum with its tickets and links, shown this once."""
    form = visit.form
    new = _wanted(visit)
    if form.flag("look"):
        form.errors.clear()
        return await _forum_form(visit, board_key=form.raw("board"))
    if form.errors:
        return await _forum_form(visit, 422, board_key=form.raw("board"))
    try:
        words = i18n.catalogue(new.language)
        made = await forums.make(visit.hall, visit.actor, new, words, key=form.raw("once"))
    except Refused as refused:
        organise_made.blame(visit, refused, _FORUM_FIELD)
        return await _forum_form(visit, 422, board_key=form.raw("board"))
    return await _made(visit, made, new)


def _wanted(visit: Visit) -> NewForum:
    """What the form says; what is wrong with a field is kept beside it."""
    form = visit.form
    ticked = [Candidate("", int(each)) for each in form.many("proposal") if each.isdecimal()]
    return NewForum(
        title=form.text("title", 80),
        template=form.choice("template", templates.TEMPLATES),
        host=form.text("host", 80, required=False),
        language=form.choice("language", i18n.LANGUAGES),
        entry=form.choice("entry", _ENTRY),
        starts_at=form.moment("starts_at"),
        tables=form.integer("tables", 0, forums.MOST_TABLES) or 0,
        tickets=form.integer("tickets", 0, cards.MOST_TICKETS) or 0,
        candidates=(*ticked, *_candidates(form.raw("candidates"))),
        board=form.raw("board")[:40] or None,
    )


def _candidates(typed: str) -> list[Candidate]:
    """One a line: a title, or #12 for proposal 12."""
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    numbers = [_NUMBER.fullmatch(line) for line in lines]
    return [
        Candidate("", int(number[1])) if number else Candidate(line)
        for line, number in zip(lines, numbers, strict=True)
    ]


async def _forum_form(
    visit: Visit, status: int = 200, *, board_key: str = "", form: Mapping[str, str] | None = None
) -> Response:
    places = await visit.hall.read(screen.places)
    listed = await visit.hall.read(screen.proposals, board_key, visit.hall.now())
    plans = [
        {"key": key, "minutes": sum(each.minutes for each in _plan(key).segments)}
        for key in templates.TEMPLATES
    ]
    return visit.render(
        "organise/forum_new.html",
        status,
        templates=plans,
        boards=places["boards"],
        proposals=listed,
        ticked=visit.form.many("proposal"),
        most=organise_made.MOST,
        once=organise_made.once(visit),
        **({} if form is None else {"form": form}),
    )


def _plan(key: str) -> templates.Plan:
    """A template with three candidates, which is what its length is told for."""
    return templates.plan(key, ("A", "B", "C"))


async def _made(visit: Visit, made: MadeForum, new: NewForum) -> Response:
    links: list[organise_made.Link] = [
        ("moderator", None, made.moderator),
        ("stage", None, made.stage),
        *(("facilitator", number, token) for number, token in made.tables),
    ]
    visit.here = await organise_made.forum_of(visit, made.code)
    tickets = await organise_made.minted(visit, new.tickets, made.key)
    return await organise_made.page(visit, links, tickets, made.key)


async def people(visit: Visit) -> Response:
    """GET /organise/people."""
    return await _people(visit)


async def _people(visit: Visit, status: int = 200, **shown: object) -> Response:
    grants = await visit.hall.read(screen.grants, visit.actor.person)
    places = await visit.hall.read(screen.places)
    given = {"invite": None} | shown
    return visit.render(
        "organise/people.html", status, grants=grants, forums=places["forums"], **given
    )


async def invite(visit: Visit) -> Response:
    """POST /organise/people/invite: a link for one person, shown this once."""
    places = await visit.hall.read(screen.places)
    forums_known = {each["code"]: each for each in places["forums"]}
    role = _STAFF.get(visit.form.choice("role", _STAFF))
    named = visit.form.choice("forum", forums_known, "") if role == "moderator" else ""
    if role is None or visit.form.errors:
        return await _people(visit, 422)
    scope = forums_known[named] if named else None
    try:
        token = await accounts.invite(visit.hall, visit.actor, role, scope["id"] if scope else None)
    except Refused as refused:
        organise_made.blame(visit, refused, {"invite_scope": "forum"})
        return await _people(visit, 422)
    return await _people(
        visit,
        invite={
            "role": role,
            "scope": scope["title"] if scope else None,
            "url": f"{visit.base_url}/invite#k={token}",
            "expires": visit.hall.now() + accounts.INVITE_MS,
        },
    )


async def revoke(visit: Visit) -> Response:
    """POST /organise/people/{id}/revoke: nobody takes the role they stand on."""
    wanted = visit.request.path_params["id"]
    held = await visit.hall.read(screen.grants, visit.actor.person)
    grant = next((each for each in held if str(each["id"]) == wanted), None)
    try:
        if grant is None:
            raise Refused("role_not_held")
        if grant["you"]:
            raise Refused("own_role")
        await accounts.revoke_role(
            visit.hall, visit.actor, grant["login"], grant["role"], grant["forum"]
        )
    except Refused as refused:
        return visit.go("/organise/people", {"kind": "fail", "text": sentence(visit, refused)})
    done = visit.words("organise.revoked", name=grant["nickname"])
    return visit.go("/organise/people", {"kind": "done", "text": done})


_BOARD = ("title", "key", "about", "agreement_days")
_FORUM = (
    "title",
    "host",
    "starts_at",
    "template",
    "candidates",
    "proposal",
    "tables",
    "tickets",
    "entry",
    "language",
    "board",
    "once",
    "look",
)

PAGES = [
    Page("/organise", ("GET",), house, "house.manage"),
    Page("/organise/boards/new", ("GET",), board_form, "house.manage"),
    Page("/organise/boards/new", ("POST",), board, "house.manage", fields=_BOARD),
    Page("/organise/forums/new", ("GET",), forum_form, "house.manage"),
    Page("/organise/forums/new", ("POST",), forum, "house.manage", fields=_FORUM),
    Page("/organise/people", ("GET",), people, "house.manage"),
    Page("/organise/people/invite", ("POST",), invite, "house.manage", fields=("role", "forum")),
    Page("/organise/people/{id}/revoke", ("POST",), revoke, "house.manage"),
]
