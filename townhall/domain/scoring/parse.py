"""The interchange form `townhall-selection/1` as a model, or a refusal.

Here belong the fields of candidates, ballots and sheets; nothing is guessed.
Here belongs no arithmetic of points and no opening of files.
May call: the standard library, `domain.errors`, `canonical`, `fields`, `model`, `parse_rule`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from townhall.domain.scoring.canonical import invalid, normal, sealed
from townhall.domain.scoring.fields import (
    distinct,
    fields,
    listing,
    mapping,
    one_of,
    text,
    whole,
)
from townhall.domain.scoring.model import (
    Candidate,
    LiveRule,
    PanelRule,
    Pile,
    Rule,
    Scores,
    Selection,
    Sheet,
)
from townhall.domain.scoring.parse_rule import parse_rule

FORMAT = "townhall-selection/1"


def parse(obj: object) -> Selection:
    """A selection from plain JSON values (as `canonical.read` or a database gives them).

    Raises `Refused("selection_invalid", path=…, reason=…)` for the first field that is wrong:
    an unknown or missing field, a float, a duplicate, a score out of range, an unknown
    candidate or criterion, a final sheet that is not complete, weights that do not sum to 100.
    Besides the documented fields it knows these optional ones, each with its default:
    `rule.sympathy.window_top` (null), `rule.live.normalise` and `rule.panel.normalise` ("max";
    also "range", "top"), `rule.live.votes` (null), `rule.live.shrinkage` (0),
    `rule.live.coverage_gap` ("0.2"), `rule.panel.score_min` (1), `rule.floor` ({"sympathy",
    "panel"}), `rule.equal_band` (1), `live.suspicious` (indices into `live.final`), `revote`
    (votes of the panel by candidate), `closing` (how a closed selection was sealed: {"code":
    the version that wrote the file, "closed_at": UTC text, "exception": why below the quorum,
    or null}).
    """
    file = fields(
        normal(obj),
        "selection",
        ("format", "rule", "candidates", "live", "panel"),
        ("revote", "closing"),
    )
    one_of(file["format"], "format", (FORMAT,))
    _closing(file.get("closing"))
    rule = parse_rule(file["rule"])
    candidates = _candidates(file["candidates"], rule)
    ids = [candidate.id for candidate in candidates]
    first, final, suspicious = _live(file["live"], rule.live, ids)
    sheets, drafts = _panel(file["panel"], rule.panel, ids)
    return Selection(
        rule=rule,
        candidates=candidates,
        first=first,
        final=final,
        suspicious=suspicious,
        sheets=sheets,
        drafts=drafts,
        revote=_revote(file.get("revote"), ids),
        digest=sealed(file),
    )


def _closing(value: object) -> None:
    """Who sealed the file, and when; nothing in it is scored."""
    if value is None:
        return
    found = fields(value, "closing", ("code", "closed_at", "exception"))
    for name in ("code", "closed_at"):
        text(found[name], f"closing.{name}")
    if found["exception"] is not None:
        text(found["exception"], "closing.exception")


def _candidates(value: object, rule: Rule) -> tuple[Candidate, ...]:
    found = []
    for n, item in enumerate(listing(value, "candidates", least=1)):
        path = f"candidates[{n}]"
        line = fields(item, path, ("id", "title", "sympathy"))
        found.append(
            Candidate(
                id=text(line["id"], f"{path}.id"),
                title=text(line["title"], f"{path}.title"),
                sympathy=whole(line["sympathy"], f"{path}.sympathy"),
            )
        )
    distinct((line.id for line in found), (f"candidates[{n}].id" for n in range(len(found))))
    most = max(line.sympathy for line in found)
    if 0 < rule.sympathy.window_top < most:
        raise invalid("rule.sympathy.window_top", "below_a_candidate", got=most)
    return tuple(found)


def _live(value: object, rule: LiveRule, ids: Sequence[str]) -> tuple[Pile, Pile, Pile]:
    found = fields(value, "live", ("final",), ("first", "suspicious"))
    final = _ballots(found["final"], "live.final", rule, ids)
    marks = listing(found.get("suspicious", []), "live.suspicious")
    paths = [f"live.suspicious[{n}]" for n in range(len(marks))]
    indices = [
        whole(item, path, 0, len(final) - 1) for item, path in zip(marks, paths, strict=True)
    ]
    distinct((str(index) for index in indices), paths)
    first = _ballots(found.get("first", []), "live.first", rule, ids)
    return pile(first), pile(final), pile([final[index] for index in indices])


def pile(ballots: Sequence[Scores]) -> Pile:
    """Equal ballots kept once, with their number, in an order that tells nothing."""
    counted = Counter(ballots)
    return tuple(
        sorted(
            counted.items(), key=lambda item: [-1 if score is None else score for score in item[0]]
        )
    )


def _ballots(value: object, path: str, rule: LiveRule, ids: Sequence[str]) -> list[Scores]:
    places = {name: n for n, name in enumerate(ids)}
    return [
        _ballot(item, f"{path}[{n}]", rule, places) for n, item in enumerate(listing(value, path))
    ]


def _ballot(value: object, path: str, rule: LiveRule, places: Mapping[str, int]) -> Scores:
    scores: list[int | None] = [None] * len(places)
    for name, score in mapping(value, path).items():
        if name not in places:
            raise invalid(f"{path}.{name}", "unknown_candidate")
        if score is not None:
            if type(score) is not int or not rule.score_min <= score <= rule.score_max:
                whole(score, f"{path}.{name}", rule.score_min, rule.score_max)
            scores[places[name]] = score
    if rule.votes is not None:
        given = sum(score or 0 for score in scores)
        if given > rule.votes:
            raise invalid(path, "too_many_votes", got=given, expected=f"at most {rule.votes}")
    return tuple(scores)


def _panel(
    value: object, rule: PanelRule, ids: Sequence[str]
) -> tuple[tuple[Sheet, ...], tuple[str, ...]]:
    found = fields(value, "panel", ("sheets",))
    sheets, drafts, names, paths = [], [], [], []
    for n, item in enumerate(listing(found["sheets"], "panel.sheets")):
        path = f"panel.sheets[{n}]"
        line = fields(item, path, ("panelist", "final", "scores"), ("recused",))
        names.append(text(line["panelist"], f"{path}.panelist"))
        paths.append(f"{path}.panelist")
        if type(line["final"]) is not bool:
            raise invalid(f"{path}.final", "not_true_or_false")
        sheet = Sheet(names[-1], _sheet_scores(line, path, rule, ids))
        if line["final"]:
            sheets.append(sheet)
        else:
            drafts.append(sheet.panelist)
    distinct(names, paths)
    if len(sheets) > rule.seats:
        raise invalid("panel.sheets", "more_sheets_than_seats", got=len(sheets))
    return tuple(sorted(sheets, key=lambda sheet: sheet.panelist)), tuple(sorted(drafts))


def _sheet_scores(
    line: Mapping[str, Any], path: str, rule: PanelRule, ids: Sequence[str]
) -> tuple[tuple[int, ...] | None, ...]:
    recused = listing(line.get("recused", []), f"{path}.recused")
    places = [f"{path}.recused[{n}]" for n in range(len(recused))]
    for name, at in zip(recused, places, strict=True):
        if name not in ids:
            raise invalid(at, "unknown_candidate")
    distinct(recused, places)
    given = mapping(line["scores"], f"{path}.scores")
    for name in given:
        if name not in ids:
            raise invalid(f"{path}.scores.{name}", "unknown_candidate")
        if name in recused:
            raise invalid(f"{path}.scores.{name}", "recused_but_scored")
    return tuple(
        None
        if name in recused
        else _column(given.get(name, {}), f"{path}.scores.{name}", rule, line["final"])
        for name in ids
    )


def _column(value: object, path: str, rule: PanelRule, final: bool) -> tuple[int, ...] | None:
    """The scores of one candidate by criterion; a draft may lack some, and then yields None."""
    given = mapping(value, path)
    known = [line.id for line in rule.criteria]
    for name, score in given.items():
        if name not in known:
            raise invalid(f"{path}.{name}", "unknown_criterion")
        whole(score, f"{path}.{name}", rule.score_min, rule.score_max)
    missing = [name for name in known if name not in given]
    if missing and final:
        raise invalid(f"{path}.{missing[0]}", "sheet_incomplete")
    return None if missing else tuple(given[name] for name in known)


def _revote(value: object, ids: Sequence[str]) -> tuple[int, ...] | None:
    """The votes of the panel's revote among tied candidates; whoever is not named has none."""
    if value is None:
        return None
    found = mapping(value, "revote")
    for name, votes in found.items():
        if name not in ids:
            raise invalid(f"revote.{name}", "unknown_candidate")
        whole(votes, f"revote.{name}")
    return tuple(found.get(name, 0) for name in ids)
