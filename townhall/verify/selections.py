"""A selection: its rule locked before the data, its snapshot sealed, its points reckoned anew."""

from collections.abc import Iterator
from typing import Any

from townhall.verify.chains import Record
from townhall.verify.hashes import canonical, composed, same, sealed, sha256
from townhall.verify.reading import Finding, finding
from townhall.verify.scores import BrokenSnapshot, scored

Selection = dict[str, Any]
Question = dict[str, Any]


def selections(document: dict[str, Any], written: list[Record]) -> Iterator[Finding]:
    """Every closed selection, and none that the chain knows and the export does not."""
    listed = document["selections"]
    ids = [each["id"] for each in listed]
    if ids != sorted(set(ids)):
        yield finding("order", at="selections")
        return
    closed = [record for record in written if record.kind == "selection_closed"]
    for record in closed:
        if record.body.get("selection") not in ids:
            yield finding("selection_missing", selection=record.body.get("selection"))
    by_id = {question["id"]: question for question in document["questions"]}
    for selection in listed:
        own = [record for record in closed if record.body.get("selection") == selection["id"]]
        if len(own) != 1:
            yield finding("selection_record", selection=selection["id"], kind="selection_closed")
        else:
            yield from _recorded(selection, own[0], written)
            yield from _decided(selection, own[0], written)
            yield from _snapshot(selection, by_id)


def _recorded(selection: Selection, close: Record, written: list[Record]) -> Iterator[Finding]:
    """The rule, its hash, the rounds and the digest are what the chain says."""
    number, snapshot = selection["id"], selection["snapshot"]
    checks = [
        ("rule_hash", sha256(canonical(selection["rule"])), selection["rule_hash"]),
        ("rule_hash", close.body.get("rule"), selection["rule_hash"]),
        ("digest", sealed(snapshot), selection["digest"]),
        ("digest", close.body.get("digest"), selection["digest"]),
        ("first", close.body.get("first"), selection["first"]),
        ("final", close.body.get("final"), selection["final"]),
    ]
    for name, found, exported in checks:
        if not same(found, exported):
            yield finding("selection_differs", selection=number, field=name)
    lot = snapshot["rule"].get("lot_seed") if isinstance(snapshot.get("rule"), dict) else None
    rule = selection["rule"]
    drawn = {**rule, "lot_seed": lot} if rule.get("lot_seed") is None else rule
    if not same(composed(drawn), snapshot.get("rule")):
        yield finding("selection_differs", selection=number, field="rule")
    yield from _locked(number, selection["rule_hash"], written[: written.index(close)])
    yield from _sheets(number, snapshot, written[: written.index(close)])


def _locked(number: int, rule_hash: str, before: list[Record]) -> Iterator[Finding]:
    """Once a vote or a sheet has locked the rule, only a new version changes it."""
    expected: Any = None
    locked = False
    for record in before:
        body = record.body
        if record.kind == "selection_rule" and body.get("selection") == number:
            expected = body.get("hash")
            continue
        held = body.get("rule") if _is_sheet(record, number) else None
        if record.kind == "question_open" and isinstance(body.get("rules"), dict):
            held = body["rules"].get(str(number))
        if held is not None:
            if locked and held != expected:
                yield finding("rule_changed", selection=number, n=record.n)
            expected, locked = held, True
    if locked and expected != rule_hash:
        yield finding("rule_changed", selection=number, n=0)


def _is_sheet(record: Record, number: int) -> bool:
    kind = record.kind in ("sheet_saved", "panel_recused")
    return kind and record.body.get("selection") == number and "rev" in record.body


def _sheets(number: int, snapshot: dict[str, Any], before: list[Record]) -> Iterator[Finding]:
    """Every sheet of the panel is the one whose digest the chain holds, the newest of each."""
    newest: dict[str, Record] = {}
    for record in before:
        if _is_sheet(record, number):
            newest[f"P{record.body.get('panelist')}"] = record
    panel = snapshot.get("panel")
    found = panel.get("sheets") if isinstance(panel, dict) else None
    sheets = [each for each in found or () if isinstance(each, dict)]
    for name in {str(each.get("panelist")) for each in sheets} ^ newest.keys():
        yield finding("sheet", selection=number, panelist=name)
    for each in sheets:
        said = newest.get(str(each.get("panelist")))
        if said is None:
            continue
        own = {"scores": each.get("scores"), "recused": each.get("recused")}
        fits = said.body.get("digest") == (sealed(own) if each.get("final") is True else None)
        if not fits or said.body.get("final") is not each.get("final"):
            yield finding("sheet", selection=number, panelist=each.get("panelist"))


def _decided(selection: Selection, close: Record, written: list[Record]) -> Iterator[Finding]:
    """The decision is the one that the chain records after the close, or there is none."""
    number = selection["id"]
    said = [
        {name: record.body.get(name) for name in ("decision", "candidate", "reason")}
        for record in written[written.index(close) :]
        if record.kind == "selection_decided" and record.body.get("selection") == number
    ]
    exported = [] if selection["decision"] is None else [selection["decision"]]
    if not same(said, exported):
        yield finding("selection_differs", selection=number, field="decision")


def _snapshot(selection: Selection, by_id: dict[int, Question]) -> Iterator[Finding]:
    """The ballots in the snapshot are those of the questions, and the points are what they give."""
    number, snapshot = selection["id"], selection["snapshot"]
    try:
        found = scored(snapshot)
    except BrokenSnapshot as broken:
        yield finding("snapshot", selection=number, at=broken.at)
        return
    for name in ("first", "final"):
        question = by_id.get(selection[name])
        if question is None and selection[name] is not None:
            yield finding("question_missing", question=selection[name])
            continue
        choices = _choices(question) if question else []
        if sorted(choices) != sorted(canonical(each) for each in snapshot["live"].get(name, [])):
            yield finding("selection_ballots", selection=number, field=name)
    for name in ("candidates", "decided_by"):
        if not same(found[name], selection["score"][name]):
            yield finding("score", selection=number, field=name)


def _choices(question: Question) -> list[str]:
    if "choices" in question:
        return [canonical(composed(each)) for each in question["choices"]]
    counting = [each for each in question["ballots"] if "choice" in each]
    return [canonical(composed(each["choice"])) for each in counting]
