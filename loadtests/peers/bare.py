"""Frames and nothing else (picows): what sending and receiving costs from Python at the least.

It speaks as much of the protocol as the crowd needs to be let in, asks nobody who they are, and
writes one finished frame to every socket.
"""

import asyncio
import sys
from collections import Counter

import orjson
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server
from uvicorn.loops.auto import auto_loop_factory

PADDING = int(sys.argv[1]) - len('42["slices",{"pad":""}]')

everybody: "set[Visitor]" = set()
tally: Counter[str] = Counter()


class Visitor(WSListener):  # type: ignore[misc]
    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        everybody.add(self)
        transport.send(WSMsgType.TEXT, b"40")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        everybody.discard(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        packet = frame.get_payload_as_bytes()
        if not packet.startswith(b"42"):
            return
        begins = packet.index(b"[")
        event, data = orjson.loads(packet[begins:])
        answer: dict[str, object] = {"status": "ok", "id": 1}
        if event == "vote":
            tally[data["choice"]] += 1
            answer = {"status": "counted", "rev": data["rev"]}
        elif event == "ask_state":
            tell({"pad": "x" * PADDING})
        transport.send(WSMsgType.TEXT, b"43" + packet[2:begins] + orjson.dumps([answer]))


def tell(value: object) -> None:
    packet = b"42" + orjson.dumps(["slices", value])
    n = len(packet)
    size = bytes([n]) if n < 126 else b"\x7e" + n.to_bytes(2, "big")
    frame = b"\x81" + size + packet
    for visitor in everybody:
        visitor.transport.underlying_transport.write(frame)


async def main() -> None:
    def let_in(request: WSUpgradeRequest) -> WSListener:
        return Visitor()

    server = await ws_create_server(let_in, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
    runner.run(main())
