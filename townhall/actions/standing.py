"""Whether somebody whom a door let in still stands when the writer's turn comes.

A lost tablet's card may be revoked, or a seat voided, between the knock and the change. What a
role may do is `domain.audience`'s matter; this looks only at the session, in the transaction.
"""

from sqlmodel import Session

from townhall.domain.audience import Actor
from townhall.domain.errors import Refused
from townhall.storage import sessions


def confirm(session: Session, actor: Actor, now: int) -> None:
    """Refuse with `session_over` when the actor's session was revoked or expired, or its seat
    voided. An actor without a session (a command, a test) stands."""
    if actor.session is not None and sessions.revoked_among(session, [actor.session], now):
        raise Refused("session_over")
