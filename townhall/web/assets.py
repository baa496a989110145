"""The files browsers load: one fingerprint for the whole tree, so they may be kept for ever.

Belongs here: `/static/<fingerprint>/…`, its types, its compression. Nothing outside the list made
at start can be named, so no path can lead out of the folder. May call resources.
"""

import gzip
import hashlib
from dataclasses import dataclass
from email.utils import formatdate
from functools import cached_property
from pathlib import Path

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from townhall import resources
from townhall.web.lean import lean

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_COMPRESSED = {".css", ".js", ".json", ".svg", ".txt", ".webmanifest"}
_FOREVER = "public, max-age=31536000, immutable"


@dataclass
class Asset:
    """One file: its name, where it is, what it is; text as it was at start, for its fingerprint."""

    name: str
    path: Path
    media_type: str
    text: bytes | None

    @cached_property
    def packed(self) -> bytes | None:
        """Text as it is sent, made when it is first asked for: most browsers have it already."""
        if self.text is None:
            return None
        return gzip.compress(lean(self.name, self.text), 9, mtime=0)


class Assets:
    """Every file under static/, read once at start."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or resources.static()
        self.files: dict[str, Asset] = {}
        digest = hashlib.sha256()
        for path in sorted(self.root.rglob("*")):
            kind = _TYPES.get(path.suffix)
            name = path.relative_to(self.root).as_posix()
            if kind is None or not path.is_file() or name.startswith("."):
                continue
            data = path.read_bytes()
            digest.update(name.encode() + b"\0" + data)
            text = data if path.suffix in _COMPRESSED else None
            self.files[name] = Asset(name, path, kind, text)
        self.fingerprint = digest.hexdigest()[:12]

    @cached_property
    def since(self) -> str:
        """Last-Modified of everything here: the moment it was read."""
        return formatdate(usegmt=True)

    def url(self, name: str) -> str:
        """The address of a file, `css/base.css` or the like."""
        return f"/static/{self.fingerprint}/{name}"

    async def serve(self, request: Request) -> Response:
        """GET /static/{fingerprint}/{name}. An old page's fingerprint is sent on to the new one."""
        name = request.path_params["name"]
        found = self.files.get(name)
        if found is None:
            raise HTTPException(404)
        if request.path_params["fingerprint"] != self.fingerprint:
            return RedirectResponse(self.url(name), 302, {"Cache-Control": "no-store"})
        headers = {"Cache-Control": _FOREVER, "Last-Modified": self.since}
        if request.headers.get("if-modified-since") == self.since:
            return Response(status_code=304, headers=headers)
        if found.packed is None:
            data = await to_thread.run_sync(found.path.read_bytes)
            return Response(data, headers=headers, media_type=found.media_type)
        headers["Vary"] = "Accept-Encoding"
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(
                gzip.decompress(found.packed), headers=headers, media_type=found.media_type
            )
        headers["Content-Encoding"] = "gzip"
        return Response(found.packed, headers=headers, media_type=found.media_type)
