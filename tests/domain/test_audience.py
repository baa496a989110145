"""Who may do what, and in which scope."""

import pytest

from townhall.domain.audience import (
    AUDIENCES,
    RIGHTS,
    ROLES,
    VISITOR,
    Actor,
    Role,
    allowed,
    audience_of,
    require,
)
from townhall.domain.errors import Refused

DESK = Actor("facilitator", forum=1, table=4)


@pytest.mark.parametrize(
    ("role", "audience"),
    [
        ("open", "phone"),
        ("seated", "phone"),
        ("facilitator", "desk"),
        ("moderator", "console"),
        ("organiser", "console"),
        ("stage", "stage"),
        ("visitor", "public"),
        ("panelist", "public"),
    ],
)
def test_a_role_sees_as_one_audience(role: Role, audience: str) -> None:
    assert audience_of(role) == audience
    assert audience in AUDIENCES


def test_rights_name_only_known_roles_and_give_none_to_nobody() -> None:
    assert all(roles and roles <= set(ROLES) for roles in RIGHTS.values())


def test_a_right_holds_in_its_forum_and_at_its_table_alone() -> None:
    require(DESK, "note.write", forum=1, table=4)
    require(DESK, "note.write")
    assert not allowed(DESK, "note.write", forum=2)
    for forum, table, code in ((2, 4, "not_allowed"), (1, 5, "wrong_table")):
        with pytest.raises(Refused) as refusal:
            require(DESK, "note.write", forum=forum, table=table)
        assert refusal.value.code == code


def test_an_organiser_acts_in_every_forum_but_only_with_its_rights() -> None:
    organiser = Actor("organiser", forum=1)
    assert allowed(organiser, "question.steer", forum=2)
    assert not allowed(organiser, "ballot.cast", forum=1)


def test_a_visitor_is_asked_to_sign_in() -> None:
    with pytest.raises(Refused) as refusal:
        require(VISITOR, "ballot.cast", forum=1)
    assert refusal.value.code == "sign_in"
