"""Servers of others under the same load: they take a vote, answer it, and tell everybody.

Each is a program of its own: `PROGRAM BYTES` prints its port once it listens; what it tells
everybody has that many bytes. They keep a counter in memory and ask nobody who they are, so their
figures are what the wire alone costs. They speak the part of the protocol that the load uses:
`hello`, `vote`, `ask`, and `ask_state`, which tells everybody.
"""

STOCK, NODE, WS, BARE = "python-socketio", "Socket.IO on Node", "ws on Node", "bare frames (picows)"

PEERS = {STOCK: "stock.py", NODE: "socketio.mjs", WS: "ws.mjs", BARE: "bare.py"}
"""Their names and their programs."""

PACKET = 300
"""Bytes of what everybody is told."""
