"""Whether what a crowd was told is counted was counted: by code that shares nothing with the count.

For every question of a rehearsal: as many ballots in the close's certificate as were acknowledged,
the Merkle root over exactly their receipts, and the result that an independent count of their
choices gives.
"""

from dataclasses import dataclass

from townhall.crowd.rehearsal import Asked
from townhall.verify.counting import kind_of
from townhall.verify.hashes import canonical, commitment, merkle_root
from townhall.verify.kind import BrokenDefinition

_NOT_COUNTED_HERE = ("certificate", "shift")


@dataclass(frozen=True)
class Recount:
    """Acknowledged ballots that the count lacks, and whether what was counted is what was cast."""

    lost: int
    true: bool


def recount(asked: Asked) -> Recount:
    """Compare one counted question with what its phones keep."""
    kept = list(asked.ballots.values())
    certificate = asked.tally["certificate"]
    lost = max(0, len(kept) - certificate["counted"])
    root = merkle_root(ballot.receipt["commitment"] for ballot in kept)
    number = asked.question["id"]
    bound = all(
        ballot.receipt["commitment"]
        == commitment(number, ballot.receipt["id"], ballot.choice, ballot.nonce)
        for ballot in kept
    )
    return Recount(lost, root == certificate["root"] and bound and _same_result(asked))


def _same_result(asked: Asked) -> bool:
    choices = [ballot.choice for ballot in asked.ballots.values()]
    told = {name: part for name, part in asked.tally.items() if name not in _NOT_COUNTED_HERE}
    try:
        counted = kind_of(asked.question).result(choices, asked.tally["certificate"]["eligible"])
    except (BrokenDefinition, KeyError):
        return False
    return canonical(counted) == canonical(told)
