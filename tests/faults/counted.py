"""A server that tells how much it has in hand: `python -m tests.faults.counted FILE serve …`.

Every second it writes to FILE, as JSON, how many tasks and how many websocket connections its
interpreter holds; nothing of it is replaced.
"""

import asyncio
import gc
import json
import sys
import threading
import time
from pathlib import Path

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from townhall.cli import main
from townhall.sockets.handshake import Handshake
from townhall.sockets.lane import Client

SOCKETS = (Handshake, WebSocketsSansIOProtocol, Client)


def tell(file: Path) -> None:
    """Write the numbers, again and again, as long as the process lives."""
    whole = file.with_suffix(".part")
    while True:
        gc.collect()  # what holds itself is not in hand
        held = gc.get_objects()
        found = {
            "tasks": sum(isinstance(each, asyncio.Task) and not each.done() for each in held),
            "sockets": sum(isinstance(each, SOCKETS) for each in held),
        }
        del held
        whole.write_text(json.dumps(found))
        whole.rename(file)
        time.sleep(1)


if __name__ == "__main__":
    threading.Thread(target=tell, args=(Path(sys.argv.pop(1)),), daemon=True).start()
    main()
