"""Signing in and using an invitation while the password is taken away."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from townhall.actions import accounts, people
from townhall.actions.people import Entrance
from townhall.domain.audience import VISITOR, Actor
from townhall.domain.errors import Refused
from townhall.hall import Hall

pytestmark = pytest.mark.anyio

OLD, NEW = "correct horse battery", "another long one"
MANAGER = Actor(role="organiser")
Knock = Callable[[Hall], Awaitable[Entrance]]


async def _sign_in(hall: Hall) -> Entrance:
    return await accounts.sign_in(hall, "boss", OLD)


async def _redeem(hall: Hall) -> Entrance:
    token = await accounts.invite(hall, MANAGER, "official")
    return await accounts.redeem_invite(hall, VISITOR, token, login="Boss", password=OLD)


async def _refused(knock: Awaitable[object]) -> str:
    with pytest.raises(Refused) as caught:
        await knock
    return caught.value.code


@pytest.mark.parametrize("knock", [_sign_in, _redeem])
async def test_a_password_replaced_while_it_is_verified_lets_nobody_in(
    hall: Hall, knock: Knock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await accounts.add_organiser(hall, "boss", OLD)
    verify, verified, replaced = accounts._verify, asyncio.Event(), asyncio.Event()

    async def slowly(stored: str, password: str) -> bool:
        found = await verify(stored, password)
        verified.set()
        await replaced.wait()
        return found

    monkeypatch.setattr(accounts, "_verify", slowly)
    under_way = asyncio.ensure_future(_refused(knock(hall)))
    await verified.wait()
    await accounts.reset_password(hall, "boss", NEW)
    replaced.set()
    assert await under_way == "sign_in_failed"
    assert (await people.recognise(hall, (await accounts.sign_in(hall, "boss", NEW)).token)).person


@pytest.mark.parametrize("knock", [_sign_in, _redeem])
async def test_a_password_that_stays_lets_its_owner_in(hall: Hall, knock: Knock) -> None:
    await accounts.add_organiser(hall, "boss", OLD)
    entrance = await knock(hall)
    assert (await people.recognise(hall, entrance.token)).role == "organiser"


async def test_whoever_was_signed_out_meanwhile_uses_no_invitation(hall: Hall) -> None:
    member = await accounts.sign_up(hall, "haru", "하루", OLD)
    actor = await people.recognise(hall, member.token)
    token = await accounts.invite(hall, MANAGER, "official")
    await accounts.reset_password(hall, "haru", NEW)
    assert await _refused(accounts.redeem_invite(hall, actor, token)) == "sign_in"
    again = await people.recognise(hall, (await accounts.sign_in(hall, "haru", NEW)).token)
    entrance = await accounts.redeem_invite(hall, again, token)
    assert (await people.recognise(hall, entrance.token)).role == "official"
