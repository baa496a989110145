"""What every command of a moderator shares: the right, the key, the answer.

Two moderators may press at once and a lost answer makes a console send again. The keys of the last
commands are stored with the forum, so the same command twice changes nothing the second time.
"""

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from townhall.actions import standing
from townhall.domain.audience import Actor, require
from townhall.domain.errors import Refused
from townhall.hall import Change, Hall
from townhall.storage import forums
from townhall.storage.schema import Forum

MOST_KEYS = 50

Decide = Callable[[Session, Forum, int], Change[dict[str, Any]]]


def scope(actor: Actor, right: str) -> int:
    """The forum this actor may steer, or a refusal."""
    if actor.forum is None:
        raise Refused("not_allowed", action=right)
    require(actor, right, forum=actor.forum)
    return actor.forum


async def steer(
    hall: Hall,
    actor: Actor,
    right: str,
    key: str,
    decide: Decide,
    again: Callable[[Session], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Run one command of a forum in its line; sent again with the same key it changes nothing.

    `again` gives what a command that is sent again is told besides.
    """
    forum_id = scope(actor, right)

    def once(session: Session, now: int) -> Change[dict[str, Any]]:
        standing.confirm(session, actor, now)
        forum = forums.get(session, forum_id)
        if key in forum.recent_keys:
            said = again(session) if again else {}
            return Change({"status": "ok", "version": _version(hall, forum), **said})
        change = decide(session, forum, now)
        forum.recent_keys = [*forum.recent_keys[-MOST_KEYS + 1 :], key]
        session.add(forum)
        session.flush()
        answer = {"status": "ok", "version": _version(hall, forum), **change.value}
        return Change(answer, change.slices, change.audit)

    return await hall.change(forum_id, once)


def _version(hall: Hall, forum: Forum) -> list[Any]:
    return [hall.database.epoch, forum.revision]
