"""The board: home, lists, one proposal, writing and editing, sympathy, agreement, comments.

Belongs here: from addresses and forms to actions, from screens to templates. Everything works
without scripts: a post answers with a redirect, or with the form and what is wrong with it.
"""

from typing import Any, cast
from zoneinfo import ZoneInfo

from starlette.responses import Response

from townhall.actions import proposals as actions
from townhall.domain import drafts
from townhall.domain.audience import allowed
from townhall.domain.drafts import Draft, Picture
from townhall.domain.errors import Refused
from townhall.domain.proposals import day_of
from townhall.screens import home as front
from townhall.screens import proposals as screens
from townhall.screens.proposals import SORTS, STATES, Wish
from townhall.web import markdown, pictures
from townhall.web.errors import sentence
from townhall.web.visit import Page, Visit

UPLOAD_BYTES = 12 * 1024 * 1024
_WRITTEN = (
    *("title", "background", "content", "category", "tags"),
    *("deadline", "image", "remove_image", "rev"),
)
_FOREVER = "public, max-age=31536000, immutable"


async def home(visit: Visit) -> Response:
    """GET /: what needs me now, the boards, the forums, the score sheets."""
    found = await visit.hall.read(front.home, visit.actor.person, visit.hall.now(), _zone(visit))
    return visit.render("board/home.html", **found)


async def listing(visit: Visit) -> Response:
    """GET /b/{board}: proposals with filters, search and counts. An odd address means the plain
    list.
    """
    found = await visit.hall.read(
        screens.listing,
        _board(visit),
        _wish(visit),
        visit.actor.person,
        visit.hall.now(),
        _zone(visit),
    )
    return visit.render(
        "board/list.html", can_propose=allowed(visit.actor, "proposal.write"), **found
    )


def _wish(visit: Visit) -> Wish:
    asked = visit.request.query_params
    state, sort, page = asked.get("state"), asked.get("sort"), asked.get("page", "")
    return Wish(
        state=cast("screens.State", state) if state in STATES else None,
        sort=cast("screens.Sort", sort) if sort in SORTS else "new",
        q=asked.get("q", ""),
        tag=asked.get("tag", ""),
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 9 else 1,
    )


async def proposal(visit: Visit) -> Response:
    """GET /b/{board}/p/{id}: one proposal with its comments."""
    return await _proposal_page(visit)


async def _proposal_page(visit: Visit, status: int = 200) -> Response:
    found = await visit.hall.read(
        screens.proposal,
        _board(visit),
        _number(visit),
        visit.actor.person,
        visit.hall.now(),
        _zone(visit),
    )
    shown = found["proposal"]
    shown["background"], shown["content"] = await markdown.rendered(
        shown["background"], shown["content"]
    )
    return visit.render("board/proposal.html", status, **found)


async def writing(visit: Visit) -> Response:
    """GET /b/{board}/new: an empty form."""
    return await _new_form(visit)


async def write(visit: Visit) -> Response:
    """POST /b/{board}/new: on to the proposal, or the form with what is wrong.

    A form sent twice, by a double click or from a page gone back to, makes one proposal.
    """
    draft, picture = await _written(visit)
    if draft is None:
        return await _new_form(visit, 422)
    key = "\x1f".join((visit.form.raw("csrf"), draft.title, draft.content))
    closes = visit.form.raw("deadline")
    try:
        made = await actions.propose(
            visit.hall,
            visit.actor,
            _board(visit),
            draft,
            key=key,
            closes=closes,
            picture=picture,
        )
    except Refused as refused:
        _beside_field(visit, refused)
        return await _new_form(visit, 422)
    notice = {"kind": "done", "text": visit.words("proposals.published")}
    return visit.go(f"/b/{_board(visit)}/p/{made}", notice)


async def _new_form(visit: Visit, status: int = 200) -> Response:
    found = await visit.hall.read(screens.writing, _board(visit))
    return visit.render("board/form.html", status, editing=None, **found)


async def editing(visit: Visit) -> Response:
    """GET /b/{board}/p/{id}/edit: the form with the proposal in it."""
    found = await _edited(visit)
    closes_at = found.pop("closes_at")
    typed = {
        "title": found.pop("title"),
        "background": found.pop("background"),
        "content": found.pop("content"),
        "category": found.pop("category"),
        "tags": ", ".join(found.pop("tags")),
        "deadline": day_of(closes_at, _zone(visit)).isoformat() if closes_at else "",
    }
    return visit.render("board/form.html", form=typed, **found)


async def edit(visit: Visit) -> Response:
    """POST /b/{board}/p/{id}/edit: back to the proposal, or the form with what is wrong."""
    rev = visit.form.integer("rev", 1, 2**31 - 1)
    draft, picture = await _written(visit)
    if draft is None or rev is None:
        return await _edit_form(visit)
    try:
        await actions.edit(
            visit.hall,
            visit.actor,
            _board(visit),
            _number(visit),
            draft,
            rev=rev,
            closes=visit.form.raw("deadline"),
            picture=picture,
            remove_picture=visit.form.flag("remove_image"),
        )
    except Refused as refused:
        _beside_field(visit, refused)
        return await _edit_form(visit)
    return visit.go(_base(visit), {"kind": "done", "text": visit.words("proposals.saved")})


async def _edit_form(visit: Visit) -> Response:
    """The refused form: what was typed, for the rev that it was typed on."""
    found = await _edited(visit)
    found["editing"]["rev"] = visit.form.raw("rev")
    context = {name: found[name] for name in ("board", "categories", "editing")}
    return visit.render("board/form.html", 422, **context)


async def _edited(visit: Visit) -> dict[str, Any]:
    return await visit.hall.read(screens.editing, _board(visit), _number(visit), visit.actor.person)


async def _written(visit: Visit) -> tuple[Draft | None, Picture | None]:
    """What was typed and chosen; no draft where a field is wrong, which the form then says."""
    form = visit.form
    title = form.text("title", drafts.TITLE)
    background = form.text("background", drafts.BACKGROUND, lines=True, required=False)
    content = form.text("content", drafts.CONTENT, lines=True)
    category = form.text("category", drafts.CATEGORY, required=False)
    picture = None
    try:
        if data := await form.upload("image"):
            picture = await pictures.remade(data)
    except Refused as refused:
        form.wrong("image", refused)
    finally:
        await visit.request.close()  # The temporary file of the upload, chosen or not.
    if form.errors:
        return None, None
    try:
        return drafts.draft(title, background, content, category, form.raw("tags")), picture
    except Refused as refused:
        form.wrong("tags", refused)
        return None, None


async def sympathise(visit: Visit) -> Response:
    """POST …/sympathy {on}: give 공감, or take it back."""
    on = visit.form.flag("on")
    await actions.sympathise(visit.hall, visit.actor, _board(visit), _number(visit), on=on)
    return visit.go(_base(visit))


async def agree(visit: Visit) -> Response:
    """POST …/agree {on}: give 동의, or take it back."""
    on = visit.form.flag("on")
    await actions.agree(visit.hall, visit.actor, _board(visit), _number(visit), on=on)
    return visit.go(_base(visit))


async def comment(visit: Visit) -> Response:
    """POST …/comments {text}: say something; what is refused stays in the form."""
    try:
        said = await actions.comment(
            visit.hall, visit.actor, _board(visit), _number(visit), visit.form.raw("text")
        )
    except Refused as refused:
        if "field" not in refused.details:
            raise
        visit.form.wrong("text", refused)
        return await _proposal_page(visit, 422)
    return visit.go(f"{_base(visit)}#c{said}")


async def sympathise_comment(visit: Visit) -> Response:
    """POST …/comments/{comment}/sympathy {on}: 공감 for a comment."""
    said = visit.request.path_params["comment"]
    await actions.sympathise_comment(
        visit.hall,
        visit.actor,
        _board(visit),
        _number(visit),
        said,
        on=visit.form.flag("on"),
    )
    return visit.go(f"{_base(visit)}#c{said}")


async def remove_comment(visit: Visit) -> Response:
    """POST …/comments/{comment}/remove: take an own comment off the page."""
    said = visit.request.path_params["comment"]
    await actions.remove_comment(visit.hall, visit.actor, _board(visit), _number(visit), said)
    notice = {"kind": "done", "text": visit.words("proposals.comment_removed")}
    return visit.go(f"{_base(visit)}#comments", notice)


async def upload(visit: Visit) -> Response:
    """GET /uploads/{token}: a picture, which never changes."""
    found = await visit.hall.read(screens.picture, visit.request.path_params["token"])
    return Response(found.data, 200, {"Cache-Control": _FOREVER}, found.media_type)


def _beside_field(visit: Visit, refused: Refused) -> None:
    """A refusal beside its field, or above the form; what concerns the visitor goes on up."""
    if refused.code in {"sign_in", "not_allowed", "not_found"}:
        raise refused
    visit.form.blame(str(refused.details.get("field", "")), sentence(visit, refused))


def _zone(visit: Visit) -> ZoneInfo:
    return ZoneInfo(visit.hall.settings.timezone)


def _board(visit: Visit) -> str:
    return str(visit.request.path_params["board"])


def _number(visit: Visit) -> int:
    return int(visit.request.path_params["id"])


def _base(visit: Visit) -> str:
    return f"/b/{_board(visit)}/p/{_number(visit)}"


_ONE = "/b/{board}/p/{id:int}"

PAGES = [
    Page("/", ("GET",), home, "page.read"),
    Page("/b/{board}", ("GET",), listing, "page.read"),
    Page("/b/{board}/new", ("GET",), writing, "proposal.write"),
    Page("/b/{board}/new", ("POST",), write, "proposal.write", fields=_WRITTEN, body=UPLOAD_BYTES),
    Page(_ONE, ("GET",), proposal, "page.read"),
    Page(f"{_ONE}/edit", ("GET",), editing, "proposal.write"),
    Page(f"{_ONE}/edit", ("POST",), edit, "proposal.write", fields=_WRITTEN, body=UPLOAD_BYTES),
    Page(f"{_ONE}/sympathy", ("POST",), sympathise, "proposal.write", fields=("on",)),
    Page(f"{_ONE}/agree", ("POST",), agree, "proposal.write", fields=("on",)),
    Page(f"{_ONE}/comments", ("POST",), comment, "proposal.write", fields=("text",)),
    Page(
        f"{_ONE}/comments/{{comment:int}}/sympathy",
        ("POST",),
        sympathise_comment,
        "proposal.write",
        fields=("on",),
    ),
    Page(f"{_ONE}/comments/{{comment:int}}/remove", ("POST",), remove_comment, "proposal.write"),
    Page("/uploads/{token}", ("GET",), upload, "page.read"),
]
