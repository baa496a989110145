"""Frames as RFC 6455 has them, however the bytes come in; and everything that is not allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townhall.crowd import wire
from townhall.sockets.frames import BINARY, CLOSE, CONTINUED, PING, TEXT, Frames, Unframed, frame

LARGEST = 32_768


def masked(opcode: int, payload: bytes, *, last: bool = True) -> bytes:
    """A client's frame, or a part of a message."""
    whole = wire.frame(payload, opcode)
    return whole if last else bytes([whole[0] & 0x7F]) + whole[1:]


def read(data: bytes, pieces: int) -> list[tuple[int, bytes]]:
    """What is understood of bytes that come in pieces of this size."""
    frames, found = Frames(LARGEST), list[tuple[int, bytes]]()
    for start in range(0, len(data), pieces):
        found += frames.feed(data[start : start + pieces])
    return found


@given(
    payloads=st.lists(st.binary(max_size=400), min_size=1, max_size=6),
    pieces=st.integers(1, 1_500),
)
def test_messages_are_the_same_however_the_bytes_are_cut(
    payloads: list[bytes], pieces: int
) -> None:
    data = b"".join(masked(TEXT, payload) for payload in payloads)
    assert read(data, pieces) == [(TEXT, payload) for payload in payloads]


@given(payload=st.binary(min_size=2, max_size=1_000))
def test_a_lone_text_is_found_at_once(payload: bytes) -> None:
    assert Frames(LARGEST).lone(masked(TEXT, payload)) == payload


@pytest.mark.parametrize(
    "data",
    [
        b"",
        masked(TEXT, b"42[]")[:-1],
        masked(TEXT, b"42[]") + b"\x81",
        masked(TEXT, b"4", last=False),
        masked(BINARY, b"42[]"),
        masked(PING, b"42[]"),
        b"\x81\x04" + b"42[]" * 2,
        b"\x81\xff" + bytes(131),
        masked(TEXT, b"x" * (LARGEST + 1)),
    ],
    ids=["nothing", "part", "more", "begun", "binary", "ping", "bare", "64 bits", "too long"],
)
def test_anything_else_is_no_lone_text(data: bytes) -> None:
    assert Frames(LARGEST).lone(data) is None


def test_a_text_after_a_part_of_one_is_not_taken_alone() -> None:
    frames = Frames(LARGEST)
    assert list(frames.feed(masked(TEXT, b"one", last=False))) == []
    assert frames.lone(masked(TEXT, b"two")) is None


def test_parts_make_one_message_and_a_ping_may_come_between() -> None:
    data = masked(TEXT, b"4", last=False) + masked(PING, b"?")
    data += masked(CONTINUED, b"2[", last=False) + masked(CONTINUED, b"]")
    assert read(data, 7) == [(PING, b"?"), (TEXT, b"42[]")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x00", 1002),
        (b"\xc1\x80" + bytes(4), 1002),
        (b"\x83\x80" + bytes(4), 1002),
        (masked(PING, b"", last=False), 1002),
        (b"\x89\xfe\x00\x7e" + bytes(4), 1002),
        (masked(CONTINUED, b"x"), 1002),
        (masked(TEXT, b"x", last=False) + masked(TEXT, b"y"), 1002),
        (b"\x81\xff" + bytes(12), 1009),
        (masked(TEXT, b"x" * (LARGEST + 1)), 1009),
        (masked(TEXT, b"x" * LARGEST, last=False) + masked(CONTINUED, b"y"), 1009),
    ],
    ids=[
        "bare", "reserved bit", "unknown opcode", "ping in parts", "long ping", "part of nothing",
        "two begun", "64 bits", "too long", "too long in parts",
    ],
)  # fmt: skip
def test_what_is_not_allowed_says_why(data: bytes, code: int) -> None:
    with pytest.raises(Unframed) as raised:
        read(data, len(data))
    assert raised.value.code == code


def test_empty_parts_come_to_an_end() -> None:
    data = masked(TEXT, b"", last=False) + masked(CONTINUED, b"", last=False) * (LARGEST + 1)
    with pytest.raises(Unframed):
        read(data, len(data))


@given(payload=st.binary(max_size=70_000), opcode=st.sampled_from((TEXT, BINARY, CLOSE)))
def test_a_server_frame_is_what_a_client_reads(payload: bytes, opcode: int) -> None:
    assert list(wire.Frames().feed(frame(opcode, payload))) == [(opcode, payload)]
