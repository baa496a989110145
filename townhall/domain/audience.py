"""Who may do and see what, as one table. Pure: roles, audiences and rights; no storage, no clock.

Every event and every HTTP route names one action of RIGHTS; what is not declared does not exist.
A role is always scoped (`Actor.forum`, `Actor.table`); `require` checks role and scope together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from townhall.domain.errors import Refused

Role = Literal[
    "visitor",
    "open",
    "seated",
    "member",
    "facilitator",
    "panelist",
    "moderator",
    "organiser",
    "official",
    "stage",
]
Audience = Literal["phone", "desk", "console", "stage", "public"]

ROLES: tuple[Role, ...] = get_args(Role)
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
EVERYONE: frozenset[Audience] = frozenset(AUDIENCES)

_AUDIENCE_OF: Mapping[Role, Audience] = {
    "open": "phone",
    "seated": "phone",
    "facilitator": "desk",
    "moderator": "console",
    "organiser": "console",
    "stage": "stage",
}


@dataclass(frozen=True)
class Actor:
    """Somebody at a door: one role in one scope, as the session says (never the request)."""

    role: Role = "visitor"
    session: int | None = None
    forum: int | None = None
    table: int | None = None
    seat: int | None = None
    seat_kind: str | None = None
    person: int | None = None
    panelist: int | None = None
    nickname: str = ""


VISITOR = Actor()


def _roles(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_SEATS = _roles("open", "seated")
_CONSOLE = _roles("moderator", "organiser")

RIGHTS: Mapping[str, frozenset[Role]] = {
    "page.read": frozenset(ROLES),
    "forum.enter": frozenset(ROLES),
    "state.follow": _SEATS | _CONSOLE | _roles("facilitator", "stage"),
    "ballot.cast": _SEATS,
    "table.sit": _SEATS,
    "ask.write": _SEATS,
    "note.write": _roles("facilitator"),
    "summary.write": _roles("facilitator"),
    "table.report": _roles("facilitator"),
    "ballot.proxy": _roles("facilitator"),
    "desk.read": _roles("facilitator"),
    "ask.steer": _CONSOLE,
    "agenda.steer": _CONSOLE,
    "question.steer": _CONSOLE,
    "stage.steer": _CONSOLE,
    "seat.manage": _CONSOLE,
    "console.read": _CONSOLE,
    "stage.read": _CONSOLE | _roles("stage"),
    "sheet.write": _roles("panelist"),
    "proposal.write": _roles("member", "moderator", "organiser", "official"),
    "account.use": _roles("member", "moderator", "organiser", "official"),
    "selection.manage": _roles("organiser"),
    "house.manage": _roles("organiser"),
}


def audience_of(role: Role) -> Audience:
    """The audience whose slices this role may see; anyone without a live role is the public."""
    return _AUDIENCE_OF.get(role, "public")


def allowed(actor: Actor, action: str, *, forum: int | None = None) -> bool:
    """Whether the actor's role has the action, and the actor's scope covers the forum.

    An organiser runs the house, so every forum is in scope.
    """
    if actor.role not in RIGHTS[action]:
        return False
    return forum is None or actor.role == "organiser" or actor.forum == forum


def require(
    actor: Actor, action: str, *, forum: int | None = None, table: int | None = None
) -> None:
    """Refuse with `sign_in` (a visitor), `not_allowed` or `wrong_table` unless the scope fits."""
    if not allowed(actor, action, forum=forum):
        raise Refused("sign_in" if actor.role == "visitor" else "not_allowed", action=action)
    if table is not None and actor.table != table:
        raise Refused("wrong_table", table=table)
