"""Signing in, up and out, and accepting an invitation.

A form that is refused comes back with what was typed, except passwords. Tries of a password are
counted by account and address, wherever it is typed; an address alone is only slowed.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from starlette.responses import Response

from townhall.actions import accounts
from townhall.actions.people import Entrance
from townhall.domain import text
from townhall.domain.errors import Refused
from townhall.web.errors import sentence, status_of
from townhall.web.visit import Page, Visit

_FIELD_OF = {
    "login_invalid": "login",
    "login_taken": "login",
    "password_length": "password",
    "invite_unknown": "k",
}


async def login_form(visit: Visit) -> Response:
    """GET /login."""
    return visit.render("account/login.html", next=_next(visit))


async def login(visit: Visit) -> Response:
    """POST /login."""
    form = visit.form
    login = form.raw("login")[:200]
    try:
        async with _tried(visit, login):
            entrance = await accounts.sign_in(visit.hall, login, form.raw("password")[:300])
    except Refused as refused:
        return _again(visit, "account/login.html", refused)
    return _signed_in(visit, entrance, _next(visit) or "/")


@asynccontextmanager
async def _tried(visit: Visit, login: str, *, password: bool = True) -> AsyncIterator[None]:
    """One try, of the password of this login unless none is looked at."""
    limits = visit.site.limits
    try:
        async with limits.password(text.fold(login), visit.address) if password else nullcontext():
            yield
    except Refused:
        await limits.failed_from(visit.address)
        raise


async def signup_form(visit: Visit) -> Response:
    """GET /signup."""
    return visit.render("account/signup.html", next=_next(visit))


async def signup(visit: Visit) -> Response:
    """POST /signup: a member of the board."""
    form = visit.form
    try:
        await visit.site.limits.account_from(visit.address)
        entrance = await accounts.sign_up(
            visit.hall, form.raw("login"), form.raw("nickname"), form.raw("password")
        )
    except Refused as refused:
        return _again(visit, "account/signup.html", refused)
    return _signed_in(visit, entrance, _next(visit) or "/")


async def logout(visit: Visit) -> Response:
    """POST /logout: this device only."""
    await accounts.sign_out(visit.hall, visit.actor)
    visit.cookies.drop_session("account", "")
    visit.cookies.renew_form_key()
    return visit.go("/", {"kind": "done", "text": visit.words("web.signed_out")})


async def invite_form(visit: Visit) -> Response:
    """GET /invite: the token comes in the fragment; looking at an invitation does not use it."""
    return visit.render("account/invite.html")


async def invite(visit: Visit) -> Response:
    """POST /invite: an account is made, or the one that is there gets the role."""
    form = visit.form
    login = form.raw("login")[:200]
    try:
        async with _tried(visit, login, password=not visit.actor.person):
            entrance = await accounts.redeem_invite(
                visit.hall,
                visit.actor,
                form.raw("k").strip().rpartition("#k=")[2][:64],
                login=login,
                nickname=form.raw("nickname"),
                password=form.raw("password")[:300],
            )
    except Refused as refused:
        return _again(visit, "account/invite.html", refused)
    return _signed_in(visit, entrance, entrance.path)


def _signed_in(visit: Visit, entrance: Entrance, path: str) -> Response:
    """A new session and new form keys: nothing from before the sign-in is worth anything."""
    visit.keep(entrance)
    visit.cookies.renew_form_key()
    return visit.go(path)


def _again(visit: Visit, template: str, refused: Refused) -> Response:
    field = str(refused.details.get("field", _FIELD_OF.get(refused.code, "")))
    visit.form.blame(field, sentence(visit, refused))
    status = status_of(refused)
    return visit.render(template, 422 if status == 400 else status, next=_next(visit))


def _next(visit: Visit) -> str:
    return visit.safe_path(visit.form.raw("next") or visit.request.query_params.get("next", ""))


_ACCOUNT = ("nickname", "login", "password")

PAGES = [
    Page("/login", ("GET",), login_form, "page.read"),
    Page("/login", ("POST",), login, "page.read", fields=("login", "password", "next")),
    Page("/signup", ("GET",), signup_form, "page.read"),
    Page("/signup", ("POST",), signup, "page.read", fields=(*_ACCOUNT, "next")),
    Page("/logout", ("POST",), logout, "page.read"),
    Page("/invite", ("GET",), invite_form, "page.read"),
    Page("/invite", ("POST",), invite, "page.read", fields=("k", *_ACCOUNT)),
]
