"""Packets that no client of ours would send: a stored corpus, and a grammar for ever more of them.

Each is bytes as they follow the websocket's handshake. The corpus is in `tests/data/packets`, a
file a layer; every packet that once did harm is added there.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.faults.frames import framed

CORPUS = Path(__file__).resolve().parent.parent / "data" / "packets"
LAYERS = ("engine", "socket", "events", "frames")
NAMES = (
    *("hello", "vote", "vote_status", "sit", "note", "note_edit", "summary", "ask", "upvote"),
    *("head_count", "call", "proxy_vote", "agenda_start", "question_open", "question_close"),
    *("stage_show", "seat_reset", "connect", "disconnect", "connect_error", "*", "__init__"),
)
FIELDS = ("question", "key", "rev", "nonce", "choice", "text", "table", "version", "on", "ask")


@dataclass(frozen=True)
class Packet:
    """What is sent, and what must become of the connection."""

    why: str
    sent: bytes
    ends: bool = False
    """Whether the protocol says that this ends the connection."""
    quiet: bool = False
    """Whether nothing need follow: it is incomplete, or says goodbye."""


def corpus(layer: str) -> list[Packet]:
    """The stored packets of one layer."""
    lines = (CORPUS / f"{layer}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_packet(**json.loads(line)) for line in lines]


def _packet(
    why: str,
    text: str = "",
    then: str = "",
    times: int = 0,
    hex: str = "",
    ends: bool = False,
    quiet: bool = False,
) -> Packet:
    """`hex` is whole frames; `text` is one text message, with `then` so many times behind it."""
    sent = bytes.fromhex(hex) or framed((text + then * times).encode())
    return Packet(why, sent, ends, quiet)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(["0" * 31 + "1", "yes", "\u202e", "a" * 3_000]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=12,
)
"""Anything that JSON can hold, and what Python's JSON holds besides."""


def _event(number: str, name: str, payloads: Sequence[Any]) -> str:
    return f"42{number}{json.dumps([name, *payloads])}"


GRAMMAR = st.one_of(
    st.builds(
        _event,
        st.sampled_from(["", "0", "7", "-1", "9" * 30]),
        st.sampled_from(NAMES) | st.text(max_size=20),
        st.lists(VALUES, max_size=2),
    ),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["4", "40", "41", "42", "43", "44", "451-", "46", "49", "2", "3", "6"]),
        st.sampled_from(["", "", "/", "/x,", "1", "-"]),
        VALUES.map(json.dumps) | st.text(max_size=30),
    ),
)
"""Text messages that are nearly right."""


@st.composite
def mutated(draw: st.DrawFn, stored: Sequence[Packet]) -> bytes:
    """A stored packet, its bytes cut, doubled, swapped or changed."""
    sent = draw(st.sampled_from(stored)).sent[:4_000]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(sent)))
        accident = draw(st.sampled_from(["cut", "put", "turn", "double", "other"]))
        if accident == "cut":
            sent = sent[:at]
        elif accident == "put":
            sent = sent[:at] + draw(st.binary(min_size=1, max_size=4)) + sent[at:]
        elif accident == "turn":
            sent = sent[at:] + sent[:at]
        elif accident == "double":
            sent += sent[at:]
        else:
            sent += draw(st.sampled_from(stored)).sent[:4_000]
    return sent


def frames() -> st.SearchStrategy[bytes]:
    """Frames of any kind, of a grammatical text or of anything."""
    return st.builds(
        framed,
        GRAMMAR.map(lambda text: text.encode(errors="surrogatepass")) | st.binary(max_size=200),
        st.sampled_from([1, 1, 1, 1, 0, 2, 8, 9, 10, 5]),
        last=st.sampled_from([True, True, True, False]),
        reserved=st.sampled_from([0, 0, 0, 0, 1, 4]),
        mask=st.sampled_from([b"\x01\x02\x03\x04", b"\0\0\0\0", None]),
        claimed=st.sampled_from([None, None, None, 0, 125, 40_000, 2**63]),
    )


def visits() -> st.SearchStrategy[list[bytes]]:
    """What one bad client sends on one connection."""
    stored = [packet for layer in LAYERS for packet in corpus(layer)]
    text = GRAMMAR.map(lambda text: framed(text.encode(errors="surrogatepass")))
    return st.lists(text | mutated(stored) | frames(), min_size=1, max_size=6)
