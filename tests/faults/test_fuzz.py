"""Packets that no client of ours would send, by the hundred: the server and its other guests go on.

What is sent is made by cutting, doubling and swapping parts of honest packets, from a seed.
"""

import asyncio
import json
import random
from pathlib import Path

import httpx
import pytest

from tests.faults.journal import Findings, entry, examine
from tests.faults.voters import Voters
from tests.servers.townhall import TownhallServer
from townhall.crowd.client import join
from townhall.crowd.wire import Wire

pytestmark = pytest.mark.anyio

PACKETS = 600
A_VISIT = 12
LOUD = ("never retrieved", "Traceback", "[error", "[critical")


def honest(question: int) -> list[str]:
    """Packets as clients send them."""
    vote = entry(1, question, "yes").payload
    events = [
        ["vote", vote],
        ["hello", {"version": ["e", 1, 2]}],
        ["ask", {"key": vote["key"], "text": "언제 시작해요? 👨‍👩‍👧"}],
        ["upvote", {"ask": 1, "on": True}],
        ["sit", {"table": None}],
        ["vote_status", {"question": question, "key": vote["key"]}],
    ]
    packets = [f"42{n}{json.dumps(event)}" for n, event in enumerate(events)]
    return [*packets, "40{}", "41", "2", "3", "1", '43["x"]', "5", "6", "42[]"]


def mangled(packets: list[str], dice: random.Random) -> str | bytes:
    """An honest packet after a few accidents."""
    packet = dice.choice(packets)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(packet) + 1)
        accident = dice.randrange(6)
        if accident == 0:
            packet = packet[:at]
        elif accident == 1:
            packet = packet[:at] + dice.choice('[]{}",:\\/*-0eé\u0000\u202e') + packet[at:]
        elif accident == 2:
            packet = packet[at:] + packet[:at]
        elif accident == 3:
            packet += dice.choice(packets)
        elif accident == 4:
            packet = packet.replace(dice.choice(["true", "1", '"', "null"]), "[1e999]", 1)
        else:
            packet = packet[:at] + packet[at:] * dice.randint(2, 40)
    return packet.encode() if dice.random() < 0.1 else packet[:40_000]


async def visit(url: str, auth: object, packets: list[str | bytes]) -> None:
    """Send some packets on one connection, until they are sent or the server has had enough."""
    wire = await Wire.open(url, auth)
    for packet in packets:
        if wire.closed.done():
            break
        wire.send(packet)
        await asyncio.sleep(0)
    await asyncio.wait([wire.closed], timeout=0.05)
    wire.abort()


async def test_mangled_packets_hurt_nobody(tmp_path: Path, dice: random.Random) -> None:
    server = TownhallServer(tmp_path)
    made = server.forum(tickets=12, questions=[{"kind": "yesno", "title": "찬성하세요?"}] * 2)
    fuzzed, counted = [question["id"] for question in made["questions"]]
    server.start()
    try:
        voters = Voters(made["code"], made["tokens"]["moderator"])
        await voters.join(server, made["tickets"][1:])
        await voters.open(server, [fuzzed, counted])
        await voters.connect(server)
        async with httpx.AsyncClient() as http:
            seat = await join(http, server.url, made["code"], ticket=made["tickets"][0])
            auth, packets = {"forum": made["code"], "token": seat.token}, honest(fuzzed)
            for _ in range(PACKETS // A_VISIT):
                sent = [mangled(packets, dice) for _ in range(A_VISIT)]
                await visit(server.url, auth, sent)
            assert (await http.get(f"{server.url}/healthz")).status_code == 200
        votes = [entry(each, counted, "yes") for each in voters.seats]
        await voters.send(votes)
        assert all(vote.acknowledged for vote in votes)
        voters.leave()
    finally:
        server.stop()
    written = [line for line in server.log.read_text().splitlines() if any(w in line for w in LOUD)]
    assert written == []
    found = examine(votes, server.database_url)
    assert found.lost == Findings().lost
