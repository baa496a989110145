"""What an organiser and a panel may do with a selection: its rule, its sheets, its close. Pure.

Here belong the rule a selection starts from and how a form changes it, what a score sheet may
hold, whether a close may happen and who may see figures. The arithmetic is `domain.scoring`'s.
Criteria of the founding project have words in the catalogues under `panel.criterion.<id>`; others
are shown as they were typed. May call domain.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fractions import Fraction
from typing import Any

from townhall.domain import text
from townhall.domain.audience import Audience
from townhall.domain.ballots import option_ids
from townhall.domain.errors import Refused
from townhall.domain.questions import tally_visible
from townhall.domain.scoring import display, parse, parse_rule
from townhall.domain.scoring.points import facts
from townhall.domain.scoring.ranking import board, ranked
from townhall.domain.scoring.result import quorum

PRESETS: Mapping[str, tuple[int, int, int]] = {
    "slide": (25, 25, 50),
    "eunpyeong": (20, 30, 50),
    "dongdaemun": (0, 50, 50),
    "board": (40, 0, 60),
}
"""Weights of sympathy, live vote and panel, in points out of 100."""

CRITERIA: Mapping[str, str] = {"reach": "0.3", "feasible": "0.3", "fit": "0.2", "lasting": "0.2"}

ALIKE = 0.75
TITLE_LIMIT = 80
NAME_LIMIT = 40
CRITERION_LIMIT = 40
COMMENT_LIMIT = 2_000
REASON_LIMIT = 1_000
FEWEST_CANDIDATES, MOST_CANDIDATES = 2, 40


def default_rule(score_min: int, score_max: int, *, seats: int = 5) -> dict[str, Any]:
    """The `rule` of townhall-selection/1 with the default weights, for a live score range."""
    sympathy, live, panel = PRESETS["slide"]
    return {
        "version": 1,
        "weights": {"sympathy": sympathy, "live": live, "panel": panel},
        "sympathy": {"normalise": "top"},
        "live": {"aggregate": "mean", "score_min": score_min, "score_max": score_max},
        "panel": {
            "aggregate": "mean",
            "score_max": 5,
            "seats": seats,
            "quorum": "2/3",
            "criteria": [{"id": name, "weight": weight} for name, weight in CRITERIA.items()],
        },
        "tie_break": ["panel", "live", "sympathy", "revote", "lot"],
        "lot_seed": None,
    }


@dataclass(frozen=True)
class Candidate:
    """A candidate: its letter, its title, and the proposal it comes from."""

    letter: str
    title: str
    proposal: int | None = None


def line_up(found: Sequence[tuple[str, int | None]]) -> tuple[Candidate, ...]:
    """Candidates (title, proposal) lettered in order.

    Refuses `candidates_number` (least, most), `candidate_twice` (title) and what `text.clean` does.
    """
    if not FEWEST_CANDIDATES <= len(found) <= MOST_CANDIDATES:
        raise Refused("candidates_number", least=FEWEST_CANDIDATES, most=MOST_CANDIDATES)
    lettered = tuple(
        Candidate(letter, text.clean(title, TITLE_LIMIT, field="candidates"), proposal)
        for letter, (title, proposal) in zip(option_ids(len(found)), found, strict=True)
    )
    seen: set[str] = set()
    for each in lettered:
        if text.fold(each.title) in seen:
            raise Refused("candidate_twice", title=each.title)
        seen.add(text.fold(each.title))
    return lettered


def carried(before: Sequence[tuple[str, int | None]], titles: Sequence[str]) -> list[int | None]:
    """The proposal that each of the new titles stands for.

    `before` are (title, proposal). A title keeps its proposal wherever it moves. So does one that
    was corrected: each the other's only like among the titles that went and those that came.
    """
    left = {text.fold(title): proposal for title, proposal in before}
    found = {title: left.pop(text.fold(title)) for title in titles if text.fold(title) in left}
    new = [title for title in titles if title not in found]
    like = [(title, old) for title in new for old in left if _alike(old, text.fold(title))]
    for title, old in like:
        if sum(title in pair or old in pair for pair in like) == 1:
            found[title] = left[old]
    return [found.get(title) for title in titles]


def _alike(old: str, new: str) -> bool:
    return SequenceMatcher(None, old, new, autojunk=False).ratio() > ALIKE


@dataclass(frozen=True)
class RuleDraft:
    """What an organiser's form says about a rule; numbers as they were typed."""

    weights: tuple[str, str, str]  # sympathy, live, panel
    criteria: tuple[tuple[str, str], ...]  # id, weight
    normalise: str = "top"
    cap: str = ""
    live_aggregate: str = "mean"
    panel_aggregate: str = "mean"
    score_max: int = 5
    seats: int = 5
    quorum: str = "2/3"


def revised(
    rule: Mapping[str, Any], draft: RuleDraft, scores: tuple[int, int] | None = None
) -> dict[str, Any]:
    """The rule with a draft in it; what no form shows stays as it was.

    `scores` is the range of the final round, if one is bound. Refuses `rule_weights` (got),
    `rule_criteria` (got), `rule_criterion_twice` or `rule_field`, each with `path` in the rule.
    """
    normalise = f"cap:{draft.cap.strip()}" if draft.normalise == "cap" else draft.normalise
    low, high = scores or (rule["live"]["score_min"], rule["live"]["score_max"])
    names = ("sympathy", "live", "panel")
    new = {
        **rule,
        "weights": {name: _typed(value) for name, value in zip(names, draft.weights, strict=True)},
        "sympathy": {"normalise": normalise},
        "live": {
            **rule["live"],
            "aggregate": draft.live_aggregate,
            "score_min": low,
            "score_max": high,
        },
        "panel": {
            **rule["panel"],
            "aggregate": draft.panel_aggregate,
            "score_max": draft.score_max,
            "seats": draft.seats,
            "quorum": draft.quorum.strip(),
            "criteria": [
                {
                    "id": text.clean(name, CRITERION_LIMIT, field="criteria"),
                    "weight": _typed(weight),
                }
                for name, weight in draft.criteria
            ],
        },
    }
    try:
        parse_rule(new)
    except Refused as refused:
        raise _in_words(refused) from None
    return new


_CODES = {
    "weights_do_not_sum_to_100": "rule_weights",
    "criteria_do_not_sum_to_1": "rule_criteria",
    "duplicate": "rule_criterion_twice",
}


def _in_words(refused: Refused) -> Refused:
    """A refusal of the parser as one that has a sentence for organisers."""
    code = _CODES.get(str(refused.details["reason"]), "rule_field")
    got = refused.details.get("got", "")
    shown = display(got) if isinstance(got, Fraction) else str(got)
    return Refused(code, path=refused.details["path"], got=shown)


def _typed(number: str) -> int | str:
    """A number as the interchange form writes it: an integer, else the decimal as typed."""
    number = number.strip()
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else number


def needed_sheets(rule: Mapping[str, Any]) -> int:
    """How many valid sheets each candidate needs; none where the panel gives no points."""
    return quorum(parse_rule(rule).panel) if weighs(rule, "panel") else 0


def weighs(rule: Mapping[str, Any], source: str) -> bool:
    """Whether a source (sympathy, live, panel) can give points at all."""
    return Fraction(rule["weights"][source]) > 0


def same_sheets(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a sheet filled in under one rule is complete and in range under the other."""
    return _lines(old) == _lines(new)


def _lines(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    panel = rule["panel"]
    return ({line["id"] for line in panel["criteria"]}, *scale(rule))


def scale(rule: Mapping[str, Any]) -> tuple[int, int]:
    """The lowest and highest score of a panelist's sheet."""
    return rule["panel"].get("score_min", 1), rule["panel"]["score_max"]


def matches(candidates: Sequence[Candidate], options: Iterable[tuple[str, str]]) -> bool:
    """Whether a question's options (id, title) are these candidates, letter by letter."""
    asked = {letter: text.fold(title) for letter, title in options}
    return asked == {each.letter: text.fold(each.title) for each in candidates}


Scores = dict[str, dict[str, int]]


def sheet(
    rule: Mapping[str, Any],
    letters: Collection[str],
    scores: Mapping[str, Mapping[str, int]],
    recused: Collection[str],
    *,
    final: bool,
) -> Scores:
    """A score sheet {candidate: {criterion: score}} as it is kept, without recused candidates.

    Refuses `payload_invalid` (field) for an unknown candidate or criterion or a score off the
    scale, and a final one with gaps as `sheet_incomplete` (n, missing: pairs of both ids).
    """
    low, high = scale(rule)
    criteria = [line["id"] for line in rule["panel"]["criteria"]]
    for letter in (*recused, *scores):
        if letter not in letters:
            raise Refused("payload_invalid", field=letter)
    kept: Scores = {}
    for letter in (each for each in letters if each in scores and each not in recused):
        for criterion, score in scores[letter].items():
            if criterion not in criteria or type(score) is not int or not low <= score <= high:
                raise Refused("payload_invalid", field=f"{letter}.{criterion}")
        if scores[letter]:
            kept[letter] = dict(scores[letter])
    missing = [
        (letter, criterion)
        for letter in letters
        for criterion in criteria
        if letter not in recused and criterion not in kept.get(letter, {})
    ]
    if final and missing:
        raise Refused("sheet_incomplete", n=len(missing), missing=missing)
    return kept


@dataclass(frozen=True)
class Outlook:
    """What a close would find: who is tied for the first place, who lacks sheets, the quorum."""

    leaders: tuple[str, ...]
    tied: bool
    short: tuple[str, ...]
    quorum: int


def outlook(document: Mapping[str, Any]) -> Outlook:
    """How a townhall-selection/1 document stands, without the sensitivity that takes longer.

    `tied` where the chain of the rule ends before it parts the first from the second; `short` are
    the candidates with fewer valid sheets than the quorum.
    """
    selection = parse(document)
    found = facts(selection)
    ranking = ranked(board(selection, found))
    needed = quorum(selection.rule.panel)
    ids = [candidate.id for candidate in selection.candidates]
    return Outlook(
        leaders=tuple(ids[place] for place in sorted(ranking.leaders)),
        tied=ranking.decided_by == "revote_needed",
        short=tuple(
            name
            for name, sheets in zip(ids, found.sheets, strict=True)
            if len(sheets) < needed and selection.rule.weights.panel
        ),
        quorum=needed,
    )


def figures_visible(audience: Audience, state: str, rounds: Iterable[tuple[str, str]]) -> bool:
    """Whether an audience may see figures of a selection: closed, and every round in it shown.

    `rounds` are (state, results) of the questions whose ballots are in the score, so that a score
    never tells what a vote still hides.
    """
    return state != "open" and all(
        tally_visible(audience, question, results, 0) for question, results in rounds
    )
