"""The server as one process runs it: uvicorn around the application, and its listening socket."""

import asyncio
import gc
import os
import resource
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.loops.auto import auto_loop_factory

from townhall.actions import accounts
from townhall.app import Townhall
from townhall.cli.workers import listen
from townhall.settings import Settings
from townhall.sockets.handshake import Handshake
from townhall.sockets.packets import LARGEST_FRAME
from townhall.web.i18n import catalogue

# With the loop thread busy, handing over the interpreter lock to the writer took whole seconds.
SWITCH_SECONDS = 0.0005
# Looking for rings among all objects took a tenth of a second again and again while a hall voted.
# What was there at the start is left alone, and a look is taken less often.
COLLECT_EVERY = (10_000, 10, 10)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end on the fastest loop that is installed; uvicorn's own `run` would as well."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(work)


async def serve(server: "Server", *, quiet: bool) -> None:
    """Serve; a house without an organiser gets an invitation for whoever started it."""
    serving = asyncio.create_task(server.run())
    await server.started()
    if quiet:
        await serving
        return
    words = catalogue(server.settings.language)
    print(words("serve.ready", url=server.settings.address), flush=True)
    token = await accounts.setup_invite(server.townhall.hall)
    if token is not None:
        print(words("serve.invite", url=f"{server.settings.address}/invite#k={token}"), flush=True)
    await serving


class Server:
    """The server with its listening socket, so that the address is known before it starts."""

    def __init__(
        self, settings: Settings, url_file: Path | None = None, worker: int | None = None
    ) -> None:
        """`worker` is the descriptor of a listening socket that is shared with other processes."""
        sys.setswitchinterval(SWITCH_SECONDS)
        with suppress(ValueError, OSError):  # a socket is a file, and a shell allows few of them
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self._worker = worker is not None
        self.socket = socket.socket(fileno=worker) if worker is not None else listen(settings)
        self.settings = settings.model_copy(update={"port": self.socket.getsockname()[1]})
        self.townhall = Townhall(self.settings)
        self._url_file = url_file
        self._uvicorn = _Leaving(
            self.townhall.leave,
            uvicorn.Config(
                self.townhall.app,
                ws=Handshake,
                ws_max_size=LARGEST_FRAME,
                ws_per_message_deflate=False,
                ws_ping_interval=None,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=list(settings.trusted_proxies),
                timeout_graceful_shutdown=5,
                backlog=4096,
            ),
        )

    async def run(self) -> None:
        """Serve until a signal comes."""
        serving = asyncio.create_task(self._uvicorn.serve(sockets=[self.socket]))
        await self.started()
        gc.freeze()  # What a start made is never looked through again.
        gc.set_threshold(*COLLECT_EVERY)
        if self._url_file is not None:
            self._url_file.write_text(self.settings.local + "\n")
        if self._worker:
            self._report()
        await serving

    def _report(self) -> None:
        """Say to the process above that this one accepts; stop when there is none any more."""
        line = sys.stdin.fileno()
        with suppress(OSError):  # which the reader notices as well
            os.write(line, b"\n")
        asyncio.get_running_loop().add_reader(line, self.stop)

    async def started(self) -> None:
        """Wait until the server accepts connections (or has given up)."""
        while not (self._uvicorn.started or self._uvicorn.should_exit):  # noqa: ASYNC110 - a flag
            await asyncio.sleep(0.02)

    def stop(self) -> None:
        """Ask the server to stop."""
        self._uvicorn.should_exit = True


class _Leaving(uvicorn.Server):
    """uvicorn that says goodbye between its last connection and its end."""

    def __init__(self, leave: Callable[[], Awaitable[None]], config: uvicorn.Config) -> None:
        super().__init__(config)
        self._leave = leave

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await self._leave()
        await super().shutdown(sockets)
