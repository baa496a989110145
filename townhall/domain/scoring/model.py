"""What a selection is and what scoring it yields, as frozen shapes.

Here belong the dataclasses of this room and the words they are made of.
Here belong no arithmetic and no reading of files: see `points` and `parse`.
May call: the standard library.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

Source = Literal["sympathy", "live", "panel"]
CountShare = Literal["top", "share", "log", "cap", "rank", "minmax"]
ScaleShare = Literal["max", "range", "top", "minmax", "rank"]
LiveAggregate = Literal["mean", "median", "trim10"]
PanelAggregate = Literal["mean", "drop_extremes"]
Step = Literal["panel", "live", "sympathy", "revote", "lot"]

SOURCES: Final[tuple[Source, ...]] = ("sympathy", "live", "panel")
CHAIN: Final[tuple[Step, ...]] = ("panel", "live", "sympathy", "revote", "lot")

# The scores of one ballot in the order of the candidates; None is a blank.
Scores = tuple[int | None, ...]
# Equal ballots are kept once with their number: the order of ballots cannot matter.
Pile = tuple[tuple[Scores, int], ...]
# How many ballots gave a candidate each score, lowest score first.
Spread = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """Points each source may give; they sum to 100."""

    sympathy: Fraction
    live: Fraction
    panel: Fraction


@dataclass(frozen=True, slots=True)
class SympathyRule:
    """How counts become shares; `cap` only with `cap`, `window_top` only with `top` and `log`."""

    normalise: CountShare = "top"
    cap: int = 0
    window_top: int = 0


@dataclass(frozen=True, slots=True)
class LiveRule:
    """How the final-round ballots become shares.

    `votes` limits the sum of one ballot (three votes a person); `shrinkage` adds that many
    pseudo-ballots at the overall mean; `coverage_gap` is the share of ballots by which the
    coverage of two candidates may differ before it is flagged.
    """

    aggregate: LiveAggregate
    score_min: int
    score_max: int
    normalise: ScaleShare = "max"
    votes: int | None = None
    shrinkage: int = 0
    coverage_gap: Fraction = Fraction(1, 5)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a panelist's sheet; the weights of all lines sum to 1."""

    id: str
    weight: Fraction


@dataclass(frozen=True, slots=True)
class PanelRule:
    """How the final sheets become shares; `quorum` is a share of the seated panel."""

    aggregate: PanelAggregate
    score_min: int
    score_max: int
    seats: int
    quorum: Fraction
    criteria: tuple[Criterion, ...]
    normalise: ScaleShare = "max"


@dataclass(frozen=True, slots=True)
class Floor:
    """The least a candidate needs to be ranked: sympathies, and the panel's mean score."""

    sympathy: int = 0
    panel: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Rule:
    """The whole published rule; `equal_band` is the margin in points that means little."""

    version: int
    weights: Weights
    sympathy: SympathyRule
    live: LiveRule
    panel: PanelRule
    tie_break: tuple[Step, ...] = CHAIN
    lot_seed: str | None = None
    floor: Floor = Floor()
    equal_band: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposal within this selection, with its count of sympathies."""

    id: str
    title: str
    sympathy: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A final score sheet: per candidate the scores by criterion, or None where recused."""

    panelist: str
    scores: tuple[tuple[int, ...] | None, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """One selection as read: everything that scoring needs, and the digest of what was read."""

    rule: Rule
    candidates: tuple[Candidate, ...]
    first: Pile
    final: Pile
    suspicious: Pile
    sheets: tuple[Sheet, ...]
    drafts: tuple[str, ...]
    revote: tuple[int, ...] | None
    digest: str


@dataclass(frozen=True, slots=True)
class Points:
    """Exact points of one candidate by source."""

    sympathy: Fraction
    live: Fraction
    panel: Fraction

    @property
    def total(self) -> Fraction:
        """The sum of the three sources, 0 to 100."""
        return self.sympathy + self.live + self.panel


@dataclass(frozen=True, slots=True)
class Evidence:
    """The raw facts behind one candidate's points; means are None where nothing was given."""

    sympathies: int
    ballots: int
    coverage: Fraction
    live_mean: Fraction | None
    distribution: Spread
    first_ballots: int
    first_mean: Fraction | None
    first_distribution: Spread
    sheets: int
    panel_mean: Fraction | None
    criteria: tuple[tuple[str, Fraction], ...]
    panelists: tuple[tuple[str, Fraction], ...]
    recused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """One candidate's line of the result; `rank` is None below the floor."""

    candidate: Candidate
    points: Points
    rank: int | None
    flags: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Variant:
    """A what-if: totals by candidate, who is first then, and by how much."""

    key: str
    totals: tuple[tuple[str, Fraction], ...]
    first: tuple[str, ...]
    margin: Fraction | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of sympathy weights, in points, over which the same candidates are first."""

    start: Fraction
    end: Fraction
    first: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """How many single changes change the first place; None: no number of changes does.

    `changes` are enough, and fewer than `least` are not: equal, they are the exact answer.
    """

    changes: int | None
    least: int | None

    @property
    def exact(self) -> bool:
        """Whether fewer changes are known not to be enough."""
        return self.changes == self.least


@dataclass(frozen=True, slots=True)
class Trailing:
    """How far a candidate is behind the first: in points, and in mean scores where that tips."""

    candidate: str
    points: Fraction
    live_mean: Fraction | None
    panel_mean: Fraction | None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How close it was; nothing in here is the result."""

    normalisations: tuple[Variant, ...]
    weights: tuple[Variant, ...]
    sympathy_weight: tuple[Stretch, ...]
    without_panelist: tuple[Variant, ...]
    without_suspicious: Variant | None
    flips: tuple[tuple[Source, Flip], ...]
    shift: tuple[tuple[str, Fraction | None], ...]
    trailing: tuple[Trailing, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """The scored selection: lines by rank, the deciding step, flags and the sensitivity block."""

    rule: Rule
    ballots: int
    first_ballots: int
    seats: int
    quorum: int
    standings: tuple[Standing, ...]
    decided_by: str
    margin: Fraction | None
    flags: tuple[str, ...]
    effective_weight: tuple[tuple[Source, Fraction], ...]
    sensitivity: Sensitivity
    digest: str
