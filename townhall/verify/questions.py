"""Questions: opened, closed and revealed once each, as the chain says, and counted again."""

from collections.abc import Iterator
from typing import Any

from townhall.verify.ballots import Pile, batched, piled, secret_pile
from townhall.verify.chains import Record, batches, places, question_of
from townhall.verify.counting import kind_of
from townhall.verify.hashes import canonical, digest, merkle_root, same, sha256
from townhall.verify.kind import BrokenDefinition, Kind
from townhall.verify.reading import Finding, finding

STEPS = ("question_open", "question_closed", "question_reveal")

Question = dict[str, Any]
Course = dict[str, Record]
"""What the chain says of one question: kind of record -> record."""


def questions(document: dict[str, Any], written: list[Record]) -> Iterator[Finding]:
    """Every question of the export, and none that the chain knows and the export does not."""
    ids = [question["id"] for question in document["questions"]]
    if ids != sorted(set(ids)):
        yield finding("order", at="questions")
        return
    courses: dict[int, Course] = {each: {} for each in ids}
    for record in written:
        if record.kind in STEPS:
            yield from _stepped(courses, record)
    by_id = {question["id"]: question for question in document["questions"]}
    piles: dict[int, Pile] = {}
    for number, question in by_id.items():
        missing = [step for step in STEPS if step not in courses[number]]
        yield from (finding("record_missing", question=number, kind=kind) for kind in missing)
        if not missing:
            piles[number] = secret_pile(question) if "choices" in question else piled(question)
    yield from batched(document, by_id)
    yield from _heads(document, courses)
    for number in piles:
        yield from _question(by_id, piles, courses, number)


def _stepped(courses: dict[int, Course], record: Record) -> Iterator[Finding]:
    number = record.body.get("question")
    if type(number) is not int or number not in courses:
        yield finding("question_missing", question=number)
        return
    course = courses[number]
    before = STEPS[: STEPS.index(record.kind)]
    if record.kind in course or any(step not in course for step in before):
        yield finding("record_misplaced", question=number, kind=record.kind, n=record.n)
    course.setdefault(record.kind, record)


def _heads(document: dict[str, Any], courses: dict[int, Course]) -> Iterator[Finding]:
    """The heads that each close names: known, never going back, and behind no ballot they count."""
    known, latest = places(document), dict[str, int]()
    closes = sorted(
        (course["question_closed"] for course in courses.values() if "question_closed" in course),
        key=lambda record: record.n,
    )
    reached: dict[int, dict[str, int]] = {}
    for record in closes:
        number, heads = record.body["question"], record.body.get("heads")
        reached[number] = {}
        for writer, head in heads.items() if isinstance(heads, dict) else ():
            place = known.get(writer, {}).get(head)
            if place is None or place < latest.get(writer, 0):
                yield finding("close_head", question=number, writer=writer)
            else:
                latest[writer] = reached[number][writer] = place
        if reached[number].get("0") != record.n - 1:
            yield finding("close_head", question=number, writer="0")
    for writer, n, body in batches(document):
        for key in body:
            number = question_of(key)
            if number in reached and n > reached[number].get(writer, 0):
                yield finding("late_batch", question=number, writer=writer, n=n)


def _question(
    by_id: dict[int, Question], piles: dict[int, Pile], courses: dict[int, Course], number: int
) -> Iterator[Finding]:
    question, pile, course = by_id[number], piles[number], courses[number]
    opened, closed, revealed = (course[step].body for step in STEPS)
    frozen = sha256(canonical(question["definition"]))
    facts = [
        ("definition", frozen, question["definition_hash"]),
        ("definition", frozen, opened.get("definition")),
        ("opened_at", question["opened_at"], opened.get("opened_at")),
        ("revealed_at", question["revealed_at"], revealed.get("revealed_at")),
        *((name, own, closed.get(name)) for name, own in question["certificate"].items()),
    ]
    for name, exported, recorded in facts:
        if not same(exported, recorded):
            yield finding("record_differs", question=number, field=name)
    first = _first(by_id, courses, number)
    before = piles.get(first) if first is not None else None
    if not same(closed.get("first"), first):
        yield finding("record_differs", question=number, field="first")
    yield from _sealed(question, pile, closed, before)
    yield from _counted(question, pile, before)


def _first(by_id: dict[int, Question], courses: dict[int, Course], number: int) -> int | None:
    """The first round that a final one is compared with: named, and counted before it."""
    definition = by_id[number]["definition"]
    first = definition["first"]
    before = courses[first].get("question_closed") if first in courses else None
    own = courses[number]["question_closed"]
    paired = before is not None and before.n < own.n and not definition["secret"]
    return first if paired else None


def _sealed(
    question: Question, pile: Pile, closed: dict[str, Any], before: Pile | None
) -> Iterator[Finding]:
    """The list of ballots against the root, the digests and the number that the close recorded."""
    number, certificate = question["id"], question["certificate"]
    yield from pile.wrong(number, before)
    by_channel = sum(certificate["channels"].values())
    if {len(pile.choices), len(pile.commitments), by_channel} != {certificate["counted"]}:
        yield finding("ballots_counted", question=number)
    checks = [
        ("root", merkle_root(pile.commitments), certificate["root"]),
        ("digest", digest(pile.bound()), certificate["digest"]),
        ("list", digest(pile.lines()), closed.get("list")),
    ]
    for name, found, recorded in checks:
        if found != recorded:
            yield finding(f"ballots_{name}", question=number)


def _counted(question: Question, pile: Pile, before: Pile | None) -> Iterator[Finding]:
    """The choices against the question, and the result against a count of our own."""
    number, certificate = question["id"], question["certificate"]
    try:
        kind = kind_of(question["definition"])
        if wrong := sum(not kind.valid(choice) for choice in pile.choices):
            yield finding("choice_invalid", question=number, n=wrong)
            return
        if own := pile.for_own_table(kind):
            yield finding("own_table", question=number, n=own)
        if not same(kind.cells(pile.choices), certificate["cells"]):
            yield finding("cells", question=number)
        result = kind.result(pile.choices, certificate["eligible"])
        if before is not None:
            result["shift"] = _shift(kind, pile, before)
    except BrokenDefinition:
        yield finding("uncountable", question=number)
        return
    told = question["result"]
    for name in sorted(result.keys() | told.keys()):
        if name not in result or name not in told or not same(result[name], told[name]):
            yield finding("result", question=number, field=name)
    if certificate["differs"]:
        yield finding("differs", question=number)


def _shift(kind: Kind, pile: Pile, before: Pile) -> dict[str, Any]:
    earlier = before.by_seat
    both = [(earlier[seat], choice) for seat, choice in pile.by_seat.items() if seat in earlier]
    if not all(kind.valid(choice) for pair in both for choice in pair):
        raise BrokenDefinition
    return kind.shift(both)
