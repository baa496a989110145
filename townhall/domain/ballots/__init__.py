"""The ways of voting, one file a kind under one contract. A kind is registered in BALLOTS.

Pure: what may be chosen, what it adds to the count, what the count says. Who may vote and when is
in `questions` and `audience`; storing is none of its business.
"""

from townhall.domain.ballots.definition import (
    ABSTAIN,
    OTHER,
    BallotKind,
    Choice,
    Definition,
    Option,
    Result,
    definition_invalid,
    option_ids,
)
from townhall.domain.ballots.dots import Dots
from townhall.domain.ballots.figures import marginal_shift
from townhall.domain.ballots.multiple import Multiple
from townhall.domain.ballots.ranking import Ranking
from townhall.domain.ballots.score import Score
from townhall.domain.ballots.single import Single
from townhall.domain.ballots.yesno import YesNo

__all__ = [
    "ABSTAIN",
    "BALLOTS",
    "OTHER",
    "BallotKind",
    "Choice",
    "Definition",
    "Option",
    "Result",
    "kind_of",
    "marginal_shift",
    "option_ids",
    "require_ready",
]

_KINDS: tuple[BallotKind, ...] = (YesNo(), Single(), Multiple(), Score(), Ranking(), Dots())

BALLOTS: dict[str, BallotKind] = {kind.name: kind for kind in _KINDS}


def kind_of(name: str) -> BallotKind:
    """The kind of that name, or `definition_invalid` (field "kind")."""
    if name not in BALLOTS:
        raise definition_invalid("kind", "unknown")
    return BALLOTS[name]


def require_ready(definition: Definition) -> None:
    """Refuse (`definition_invalid`) a question that cannot open: too few options, or settings
    that its options do not allow.
    """
    kind = kind_of(definition.kind)
    if len(definition.options) < kind.least:
        raise definition_invalid("options", "too_few")
    kind.define(definition.options, definition.config)
