"""Who is let in, what they are told first, and how they are sent away."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from sqlalchemy import create_engine, text

from tests.servers.townhall import TownhallServer
from tests.sockets.conftest import House, Visit
from townhall.crowd.client import Client
from townhall.crowd.wire import NotLetIn, Wire

pytestmark = pytest.mark.anyio


async def refused(house: House, auth: Any) -> str:
    """The code with which a connection is refused; "" when it is let in."""
    try:
        wire = await Wire.open(house.url, auth)
    except NotLetIn as error:
        return error.code
    wire.abort()
    return ""


@pytest.mark.parametrize(
    "auth",
    [None, {}, [], "token", {"forum": 1}, {"token": 1}, {"token": None}, {"token": ["a"]}],
    ids=str,
)
async def test_connection_without_a_token_is_refused(house: House, auth: Any) -> None:
    shown = {"forum": house.code} | auth if isinstance(auth, dict) else auth
    assert await refused(house, shown) == "sign_in"


async def test_connection_with_a_wrong_token_is_refused(house: House) -> None:
    for token in ("", "0" * 32, house.moderator_token[:-1], house.moderator_token + "0"):
        assert await refused(house, {"forum": house.code, "token": token}) == "sign_in"


async def test_half_a_character_at_the_door_is_refused_like_anything_else(house: House) -> None:
    token = house.moderator_token
    for code, shown in ((house.code, "\ud800"), ("\ud800", token), ("\x00", token)):
        wanted = "forum_unknown" if shown == token else "sign_in"
        address = house.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        async with websockets.connect(address) as socket:
            await socket.recv()
            await socket.send("40" + json.dumps({"forum": code, "token": shown}))
            assert json.loads(str(await socket.recv())[2:])["message"] == wanted


async def test_ticket_opens_no_socket_before_it_is_redeemed(house: House) -> None:
    assert await refused(house, {"forum": house.code, "token": house.ticket()}) == "sign_in"


async def test_connection_to_an_unknown_forum_is_refused(house: House) -> None:
    auth = {"forum": "000000", "token": house.moderator_token}
    assert await refused(house, auth) == "forum_unknown"


async def test_token_of_another_forum_is_refused(
    house: House, server: TownhallServer, visit: Visit
) -> None:
    other = server.forum(tickets=1)
    foreign = [other["tokens"]["moderator"], other["tokens"]["stage"]]
    foreign.append(await visit.token())
    codes = [house.code, house.code, other["code"]]
    found = [
        await refused(house, {"forum": code, "token": token})
        for code, token in zip(codes, foreign, strict=True)
    ]
    assert all(found)


async def test_expired_session_is_refused(
    house: House, server: TownhallServer, visit: Visit
) -> None:
    token = await visit.token()
    client = await visit.client(token)
    engine = create_engine(server.database_url)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE session SET expires = 1 WHERE seat_id = :seat"),
            {"seat": client.me["seat"]},
        )
    engine.dispose()
    assert await refused(house, {"forum": house.code, "token": token}) == "sign_in"
    await asyncio.wait_for(ended(client), 20)
    assert client.bye == {"reason": "revoked"}


async def ended(client: Client) -> None:
    while not client.over:
        await client.moved()


async def test_cookie_alone_opens_nothing(house: House, visit: Visit) -> None:
    answer = await visit.http.post(
        f"{house.url}/api/f/{house.code}/join",
        json={"ticket": house.ticket()},
        headers={"Origin": house.url},
    )
    assert answer.cookies
    assert await refused(house, None) == "sign_in"


async def test_socket_opened_by_a_page_of_another_site_is_refused(house: House) -> None:
    async with httpx.AsyncClient() as http:
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }
        address = f"{house.url}/socket.io/?EIO=4&transport=websocket"
        foreign = await http.get(address, headers=headers | {"Origin": "https://elsewhere.example"})
        assert foreign.status_code == 403


async def test_polling_does_not_exist(house: House) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{house.url}/socket.io/?EIO=4&transport=polling")
        assert answer.status_code == 400


async def test_hello_brings_everything_a_phone_shows(visit: Visit) -> None:
    phone = await visit.seat()
    assert set(phone.store.slices) == {
        "forum", "agenda", "stage", "questions", "turnout", "tally", "summaries", "asks", "score",
    }  # fmt: skip
    assert (phone.me["role"], phone.me["kind"], phone.me["votes"]) == ("seated", "ticket", {})
    assert phone.store["forum"]["code"] == visit.house.code


async def test_hello_with_the_present_version_brings_no_slices(visit: Visit) -> None:
    phone = await visit.seat()
    again = await phone.ask("hello", {"version": phone.store.version})
    assert (again["slices"], again["version"]) == ({}, phone.store.version)


async def test_each_role_gets_the_slices_of_its_audience(visit: Visit) -> None:
    phone, console = await visit.seat(), await visit.console()
    desk = await visit.client(visit.house.cards[1])
    stage = await visit.client(visit.house.stage_token)
    everyone = set(stage.store.slices) - {"trouble"}
    assert set(phone.store.slices) == everyone
    assert set(desk.store.slices) - everyone == {"tables", "notes", "draft"}
    assert set(console.store.slices) - everyone == {
        "tables", "notes", "room", "trouble", "rehearsal",
    }  # fmt: skip


async def test_revoked_table_card_ends_its_socket(visit: Visit) -> None:
    desk = await visit.client(visit.house.cards[2])
    await visit.steer("card_revoke", table=2)
    await asyncio.wait_for(ended(desk), 20)
    assert desk.bye == {"reason": "revoked"}
    assert await refused(visit.house, desk.auth) == "sign_in"


async def test_reset_seat_ends_its_socket_and_keeps_its_ballot(visit: Visit) -> None:
    question = await visit.question()
    ticket = visit.house.ticket()
    first = await visit.seat(ticket=ticket)
    assert (await first.vote(question, "no"))["status"] == "counted"
    await visit.steer("seat_reset", seat=first.me["seat"])
    await asyncio.wait_for(ended(first), 20)
    second = await visit.seat(ticket=ticket)
    assert second.me["seat"] == first.me["seat"]
    assert second.me["votes"][str(question)]["choice"] == "no"


async def test_client_that_lost_its_line_comes_back_with_its_seat(visit: Visit) -> None:
    phone = await visit.seat()
    seat = phone.me["seat"]
    phone.cut()
    question = await visit.question()
    assert (await phone.vote(question, "yes"))["status"] == "counted"
    assert (phone.me["seat"], phone.counters.reconnects) == (seat, 1)


def test_server_log_holds_no_token(server: TownhallServer, house: House) -> None:
    written = Path(server.log).read_text()
    assert house.moderator_token not in written
