"""The socket door: Socket.IO in, actions and slices out. Translates, decides nothing.

`server` guards the wire, `inbox` runs events, `outbox` tells listeners; it may call `events`,
`actions`, `screens`, `domain` and `hall`, never `storage` and never the other door.
"""
