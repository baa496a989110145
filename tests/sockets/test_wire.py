"""What may come over the wire, and what ends a connection without hurting anybody else."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
import websockets

from tests.sockets.conftest import Visit, ballot, told
from townhall.crowd.client import key
from townhall.crowd.wire import Wire

pytestmark = pytest.mark.anyio


async def ended(wire: Wire) -> None:
    """Returns once the server has ended this connection."""
    await asyncio.wait_for(wire.closed, 20)


def nested(depth: int) -> str:
    return '42["vote",' + "[" * depth + "]" * depth + "]"


FORBIDDEN = {
    "reserved_connect": '42["connect",{"forum":"000000"}]',
    "reserved_disconnect": '42["disconnect","reason"]',
    "reserved_connect_error": '42["connect_error",{}]',
    "reserved_star": '42["*","somebody else"]',
    "empty_message": "",
    "no_packet": "hello",
    "packet_type_beyond_all": "9",
    "binary_message": b"\x04binary",
    "binary_event": '451-["vote",{"_placeholder":true,"num":0}]',
    "binary_acknowledgement": '461-1["vote",{"_placeholder":true,"num":0}]',
    "second_namespace": "40/admin,{}",
    "event_of_another_namespace": '42/admin,["vote",{}]',
    "too_deep": nested(8),
    "too_many_brackets": '42["vote",' + ",".join(["[]"] * 1_000) + "]",
    "no_event_name": '42[{"vote":1}]',
    "empty_event": "42[]",
    "event_that_is_no_list": '42{"vote":1}',
    "broken_json": '42["vote",{]',
    "number_that_is_none": "42-1x",
    "unknown_packet_type": "49",
    "acknowledgement_nobody_asked_for": '43["x"]',
    "connect_error_from_a_client": '44{"message":"no"}',
}


@pytest.mark.parametrize("name", FORBIDDEN)
async def test_forbidden_packet_ends_the_connection(visit: Visit, name: str) -> None:
    wire, bystander = await visit.wire(), await visit.seat()
    wire.send(FORBIDDEN[name])
    await ended(wire)
    assert (await bystander.ask("hello"))["status"] == "ok"


async def test_forbidden_packet_closes_the_websocket_itself(visit: Visit) -> None:
    address = visit.house.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    async with websockets.connect(address) as socket:
        assert str(await socket.recv()).startswith("0{")
        auth = {"forum": visit.house.code, "token": await visit.token()}
        await socket.send("40" + json.dumps(auth))
        assert str(await socket.recv()).startswith("40{")
        await socket.send('42["connect",{}]')
        await asyncio.wait_for(socket.wait_closed(), 10)


async def test_frame_above_32_kib_ends_the_connection(visit: Visit) -> None:
    fits, wire = await visit.wire(), await visit.wire()
    answer = await told(fits, "ask", {"key": key(), "text": "가" * 10_000})
    assert answer["status"] == "refused"
    wire.send('42["ask","' + "x" * 32_768 + '"]')
    await ended(wire)


async def test_json_as_deep_as_allowed_is_answered(visit: Visit) -> None:
    wire = await visit.wire()
    assert (await told(wire, "vote", [[[[[[]]]]]]))["status"] == "invalid"


async def test_second_connect_packet_makes_nobody_a_moderator(visit: Visit) -> None:
    wire, console = await visit.wire(), await visit.console()
    auth = {"forum": visit.house.code, "token": visit.house.moderator_token}
    wire.send("40" + json.dumps(auth))
    with contextlib.suppress(ConnectionError):
        answer = await told(wire, "agenda_start", {"key": key()})
        assert answer["code"] == "not_allowed"
    await console.ask("hello")
    assert console.store["agenda"]["state"] == "before"


@pytest.mark.parametrize("event", ["", "join_room", "Vote", "votes", "**", "__class__", "x" * 500])
async def test_event_that_is_not_declared_does_not_exist(visit: Visit, event: str) -> None:
    wire = await visit.wire()
    answer = await told(wire, event, {})
    assert (answer["status"], answer["code"]) == ("refused", "event_unknown")


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("ask", {"key": "a" * 32, "text": "언제 시작해요?", "seat": 1}),
        ("ask", {"key": "a" * 32}),
        ("ask", {"key": "a" * 32, "text": 5}),
        ("ask", {"key": "A" * 32, "text": "언제 시작해요?"}),
        ("upvote", {"ask": "1", "on": True}),
        ("upvote", {"ask": 1, "on": 1}),
        ("sit", {"table": "1"}),
        ("sit", {}),
        ("hello", {"version": "latest"}),
        ("hello", []),
        ("hello", "hello"),
    ],
    ids=str,
)
async def test_payload_of_another_shape_is_refused(visit: Visit, event: str, payload: Any) -> None:
    wire = await visit.wire()
    answer = await told(wire, event, payload)
    assert (answer["status"], answer["code"]) == ("refused", "payload_invalid")


async def test_event_of_another_role_is_refused(visit: Visit) -> None:
    phone, question = await visit.seat(), visit.house.draft()
    desk = await visit.client(visit.house.cards[1])
    tried = [
        (phone, "question_open", {"key": key(), "question": question}),
        (phone, "note", {"key": key(), "kind": "idea", "text": "안내판"}),
        (phone, "proxy_vote", ballot(question, paper=1)),
        (desk, "agenda_next", {"key": key()}),
        (desk, "seat_reset", {"seat": phone.me["seat"]}),
        (desk, "ask", {"key": key(), "text": "언제 시작해요?"}),
    ]
    for client, event, payload in tried:
        answer = await client.ask(event, payload)
        assert (answer["status"], answer["code"]) == ("refused", "not_allowed"), event


async def test_events_without_an_acknowledgement_still_run(visit: Visit) -> None:
    question, wire = await visit.question(), await visit.wire()
    phone = await visit.seat()
    wire.send('42["vote",' + json.dumps(ballot(question)) + "]")
    assert await phone.until(lambda c: c.store["turnout"][str(question)]["voted"] == 1, 30)
