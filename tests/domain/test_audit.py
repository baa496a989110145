"""Chains, Merkle trees and receipts against formulas written out here."""

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from townhall.domain import audit


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_canonical_json_is_one_spelling() -> None:
    assert audit.canonical({"b": [1, None], "a": "각\n"}) == '{"a":"각\\n","b":[1,null]}'
    with pytest.raises(ValueError, match="JSON compliant"):
        audit.canonical(float("nan"))


def test_a_link_binds_its_predecessor_its_kind_and_its_body() -> None:
    first = audit.link(audit.GENESIS, "ballots", {"n": 2, "a": "나"})
    assert first == audit.Link(
        "", "ballots", '{"a":"나","n":2}', sha256('\nballots\n{"a":"나","n":2}'.encode())
    )
    second = audit.link(first.hash, "close", {})
    assert second.hash == sha256(f"{first.hash}\nclose\n{{}}".encode())


def test_a_kind_of_two_lines_is_not_a_kind() -> None:
    with pytest.raises(ValueError, match="one line"):
        audit.link("", "a\nb", {})


def test_a_digest_does_not_tell_the_order() -> None:
    assert audit.digest(["b", "a"]) == audit.digest(["a", "b"]) == sha256(b"a\nb")


def test_a_receipt_is_computed_from_what_the_phone_knows() -> None:
    ballot = audit.ballot_id(7, "0" * 32)
    assert ballot == sha256(b"7:" + b"0" * 32)
    assert audit.commitment(7, ballot, '{"A":5}', "f" * 32) == sha256(
        f'7:{ballot}:{{"A":5}}:{"f" * 32}'.encode()
    )


@pytest.mark.parametrize(
    ("ballot", "code"),
    [("00000f", "0000"), ("fffff0", "ZZZZ"), ("08421a", "1111"), ("8c639", "HHHS")],
)
def test_a_receipt_code_is_twenty_bits_in_crockford_letters(ballot: str, code: str) -> None:
    assert audit.receipt_code(ballot) == code


def tree(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, as its recursive definition says."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + tree(leaves[:split]) + tree(leaves[split:])).digest()


hashes = st.lists(st.integers(0, 10**6).map(lambda n: sha256(str(n).encode())), unique=True)


@example([])
@example([sha256(b"a"), sha256(b"b"), sha256(b"c")])
@given(hashes)
def test_the_root_follows_rfc_6962_over_sorted_leaves(leaves: list[str]) -> None:
    assert audit.merkle_root(leaves) == tree([leaf.encode() for leaf in sorted(leaves)]).hex()
