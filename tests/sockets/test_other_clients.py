"""The protocol is Socket.IO's own: the official clients of two languages speak it unchanged."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import socketio

from tests.sockets.conftest import Visit, ballot
from townhall.domain import audit

pytestmark = pytest.mark.anyio

SCRIPT = Path(__file__).with_name("official.mjs")
PHONE = ["agenda", "asks", "forum", "questions", "score", "stage", "summaries", "tally", "turnout"]


def expect(seen: dict[str, Any], sent: dict[str, Any]) -> None:
    """What any client sees that says hello, votes twice with one key and says something odd."""
    assert seen["hello"] == PHONE
    assert seen["first"]["status"] == "counted"
    assert seen["first"]["receipt"]["id"] == audit.ballot_id(sent["question"], sent["key"])
    assert seen["again"] == {**seen["first"], "status": "counted_before"}
    assert (seen["unknown"]["status"], seen["unknown"]["code"]) == ("refused", "event_unknown")
    assert seen["turnout"] == 1


async def in_node(node: Path, visit: Visit, token: str, sent: dict[str, Any]) -> dict[str, Any]:
    """What the official JavaScript client printed."""
    arguments = [visit.house.url, visit.house.code, token, json.dumps(sent)]
    running = await asyncio.create_subprocess_exec(
        node, SCRIPT, *arguments, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(running.communicate(), 60)
    seen: dict[str, Any] = json.loads(out)
    return seen


async def test_official_javascript_client_votes(visit: Visit, node: Path) -> None:
    sent = ballot(await visit.question())
    expect(await in_node(node, visit, await visit.token(), sent), sent)


async def test_official_javascript_client_is_told_why_it_is_refused(
    visit: Visit, node: Path
) -> None:
    assert await in_node(node, visit, "0" * 32, ballot(1)) == {"refused": "sign_in"}


async def test_python_socketio_client_votes(visit: Visit) -> None:
    sent = ballot(await visit.question())
    voted = asyncio.Event()
    client = socketio.AsyncClient(reconnection=False)

    @client.on("slices")
    async def slices(frame: dict[str, Any]) -> None:
        if frame["slices"].get("turnout", {}).get(str(sent["question"]), {}).get("voted") == 1:
            voted.set()

    auth = {"forum": visit.house.code, "token": await visit.token()}
    await client.connect(visit.house.url, auth=auth, transports=["websocket"])
    try:
        hello = await client.call("hello", {})
        seen = {
            "hello": sorted(hello["slices"]),
            "first": await client.call("vote", sent),
            "again": await client.call("vote", sent),
            "unknown": await client.call("votes", sent),
        }
        await asyncio.wait_for(voted.wait(), 30)
        expect({**seen, "turnout": 1}, sent)
    finally:
        await client.disconnect()


async def test_python_socketio_client_is_told_why_it_is_refused(visit: Visit) -> None:
    client, heard = socketio.AsyncClient(reconnection=False), []
    client.on("connect_error", heard.append)
    auth = {"forum": visit.house.code, "token": "0" * 32}
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(visit.house.url, auth=auth, transports=["websocket"])
    assert [said["message"] for said in heard] == ["sign_in"]
