"""Simulated people as clients of the public protocol: for the demo, rehearsals and load tests.

`wire` and `client` speak the protocol and know nothing of forums' rules; `people` behave at a
human pace. Nothing here may know the server from inside: no import of ours, only the published
addresses, events and slices. Standard library and httpx.
"""

from townhall.crowd.client import Client, Counters, NotLetIn, join
from townhall.crowd.people import run

__all__ = ["Client", "Counters", "NotLetIn", "join", "run"]
