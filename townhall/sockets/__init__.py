"""The socket door: Socket.IO in, actions and slices out. Translates, decides nothing.

`door` lets websockets in, over the `lane` or over `stock`; `packets` and `frames` are the wire,
`inbox` runs events, `outbox` tells listeners. The room may call `events`, `actions`, `screens`,
`domain`, `hall`, `counts` and `settings`, never `storage` and never the other door.
"""
