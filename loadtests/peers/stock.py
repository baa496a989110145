"""python-socketio on uvicorn as they come: a counter in memory, and a broadcast."""

import asyncio
import socket
import sys
from collections import Counter
from typing import Any

import socketio
import uvicorn
from uvicorn.loops.auto import auto_loop_factory

PADDING = int(sys.argv[1]) - len('42["slices",{"pad":""}]')

server = socketio.AsyncServer(async_mode="asgi")
tally: Counter[str] = Counter()


@server.event
async def connect(sid: str, environ: dict[str, Any], auth: object = None) -> None:
    await server.enter_room(sid, "hall")


@server.event
async def hello(sid: str, data: object) -> dict[str, Any]:
    return {"status": "ok"}


@server.event
async def vote(sid: str, data: dict[str, Any]) -> dict[str, Any]:
    tally[data["choice"]] += 1
    return {"status": "counted", "rev": data["rev"]}


@server.event
async def ask(sid: str, data: object) -> dict[str, Any]:
    return {"status": "ok", "id": 1}


@server.event
async def ask_state(sid: str, data: object) -> dict[str, Any]:
    await server.emit("slices", {"pad": "x" * PADDING}, room="hall")
    return {"status": "ok"}


async def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    app = socketio.ASGIApp(server)
    config = uvicorn.Config(app, ws="websockets-sansio", log_level="warning", backlog=4096)
    print(listening.getsockname()[1], flush=True)
    await uvicorn.Server(config).serve(sockets=[listening])


with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
    runner.run(main())
