"""The product under an ASGI server that has no lane: `python -m tests.servers.stock serve …`."""

import argparse
import asyncio
import signal
import socket
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config

from townhall.app import create_app
from townhall.cli import logs
from townhall.settings import Settings


async def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("command", choices=["serve"])
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--url-file", type=Path, required=True)
    given = options.parse_args()
    listening = socket.create_server(("127.0.0.1", given.port), backlog=1_024)
    settings = Settings(port=listening.getsockname()[1])
    logs.configure(settings)
    config = Config()
    config.bind = [f"fd://{listening.fileno()}"]
    config.websocket_max_message_size = 65_536
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    given.url_file.write_text(f"http://127.0.0.1:{settings.port}\n")
    await serve(create_app(settings), config, shutdown_trigger=stopped.wait)


if __name__ == "__main__":
    asyncio.run(main())
