"""Whether a websocket's messages are compressed on the way: asked in a handshake of its own.

Compression costs a server some 300 KB a phone and most of its time; ours never agrees to it, but a
proxy in between may.
"""

import asyncio
import base64
import secrets
import ssl
from urllib.parse import urlsplit

SECONDS = 10.0


async def deflates(url: str) -> bool:
    """Offer compression to the server at `url` (http or https), and see whether it is taken.

    Raises OSError or TimeoutError where nothing answers, ValueError where it is no websocket.
    """
    async with asyncio.timeout(SECONDS):
        return await _asked(url)


async def _asked(url: str) -> bool:
    parts = urlsplit(url)
    safe = parts.scheme == "https"
    port = parts.port or (443 if safe else 80)
    context = ssl.create_default_context() if safe else None
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    try:
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        writer.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    except asyncio.IncompleteReadError:
        raise ValueError("no websocket") from None
    finally:
        writer.close()
    if not head.startswith("http/1.1 101"):
        raise ValueError("no websocket")
    return "permessage-deflate" in head
