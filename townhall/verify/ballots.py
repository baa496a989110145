"""The ballots of one question: their order, their seats, their batches, and what binds them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from townhall.verify.chains import batches, question_of
from townhall.verify.hashes import canonical, merkle_root
from townhall.verify.kind import Kind
from townhall.verify.reading import Finding, finding

LEAST = 5
"""A channel at a table with fewer ballots than this must not be told."""

Ballot = dict[str, Any]


@dataclass
class Pile:
    """What counts of a question: commitments and choices, and of a recorded one its ballots."""

    commitments: list[str]
    choices: list[Any]
    secret: list[dict[str, str]] = field(default_factory=list)
    ballots: list[Ballot] = field(default_factory=list)

    @property
    def by_seat(self) -> dict[int, Any]:
        """The choice of each seat that counts; of a secret question nobody's."""
        return {each["seat"]: each["choice"] for each in self._counting()}

    def _counting(self) -> list[Ballot]:
        return [each for each in self.ballots if "choice" in each]

    def bound(self) -> list[str]:
        """The lines of the certificate's digest."""
        if not self.ballots:
            return [canonical(choice) for choice in self.choices]
        return [f"{each['commitment']}:{canonical(each['choice'])}" for each in self._counting()]

    def lines(self) -> list[str]:
        """The lines of the digest of the whole list."""
        if not self.ballots:
            return [canonical([each["commitment"], each["id"]]) for each in self.secret]
        return [canonical(_line(each)) for each in self.ballots]

    def wrong(self, question: int, before: "Pile | None") -> Iterator[Finding]:
        """What is wrong with the list itself."""
        listed = self.ballots or self.secret
        for name in ("commitment", "id"):
            twice = [each for each, n in Counter(each[name] for each in listed).items() if n > 1]
            if twice:
                yield finding("ballot_twice", question=question, ballot=twice[0])
        if not self.ballots:
            written = [canonical(choice) for choice in self.choices]
            if self.commitments != sorted(self.commitments) or written != sorted(written):
                yield finding("order", at=f"question {question}")
            return
        yield from self._seats(question, before)
        yield from self._groups(question)

    def _seats(self, question: int, before: "Pile | None") -> Iterator[Finding]:
        """One seat, one vote: the highest rev counts; numbers follow the lowest commitments."""
        order = [(each["seat"], each["rev"]) for each in self.ballots]
        if order != sorted(set(order)):
            yield finding("order", at=f"question {question}")
        last = dict(order)
        for each in self.ballots:
            if ("choice" in each) != (last[each["seat"]] == each["rev"]):
                yield finding("seat", question=question, seat=each["seat"])
        known = _lowest(before.ballots) if before else {}
        own = _lowest(self.ballots)
        fresh = sorted((seat for seat in own if seat not in known), key=own.__getitem__)
        if fresh != list(range(len(known) + 1, len(known) + len(fresh) + 1)):
            yield finding("seat_numbers", question=question)

    def _groups(self, question: int) -> Iterator[Finding]:
        """Small groups are not told, and so few are untold that one could reckon who they are."""
        told = Counter((each["channel"], each["table"]) for each in self._counting())
        untold = told.pop((None, None), 0)
        if any(n < LEAST for n in told.values()) or (told and 0 < untold < LEAST):
            yield finding("group_small", question=question)

    def for_own_table(self, kind: Kind) -> int:
        """How many gave points to their own table where that is not allowed."""
        owners = kind.own_tables()
        return sum(
            any(owners.get(option) == each["table"] for option in each["choice"])
            for each in (self._counting() if owners else ())
            if each["table"] is not None
        )


def _line(ballot: Ballot) -> list[Any]:
    line = [ballot["seat"], ballot["rev"], ballot["id"], ballot["commitment"]]
    return [*line, ballot["channel"], ballot["table"]] if "choice" in ballot else line


def _lowest(ballots: list[Ballot]) -> dict[int, str]:
    found: dict[int, str] = {}
    for each in ballots:
        found[each["seat"]] = min(each["commitment"], found.get(each["seat"], each["commitment"]))
    return found


def secret_pile(question: dict[str, Any]) -> Pile:
    """The two lists of a secret question."""
    listed = question["commitments"]
    return Pile([each["commitment"] for each in listed], question["choices"], secret=listed)


def piled(question: dict[str, Any]) -> Pile:
    """The ballots of a recorded question, replaced ones too."""
    counting = [each for each in question["ballots"] if "choice" in each]
    return Pile(
        [each["commitment"] for each in counting],
        [each["choice"] for each in counting],
        ballots=question["ballots"],
    )


def batched(document: dict[str, Any], by_id: dict[int, dict[str, Any]]) -> Iterator[Finding]:
    """Every batch in a writer's chain against the ballots that say they were in it."""
    claimed = _claimed(by_id)
    secret: Counter[int] = Counter()
    for writer, n, body in batches(document):
        for key, part in body.items():
            question = by_id.get(question_of(key))
            if question is None:
                yield finding("batch_question", writer=writer, n=n, question=key)
                continue
            own = claimed.pop((writer, n, question["id"]), [])
            if not _fits(part, None if "choices" in question else own):
                yield finding("batch", writer=writer, n=n, question=key)
            else:
                secret[question["id"]] += part["n"]
    for writer, n, number in claimed:
        yield finding("batch", writer=writer, n=n, question=number)
    for number, question in by_id.items():
        if "choices" in question and secret[number] != len(question["commitments"]):
            yield finding("batch_sum", question=number)


def _claimed(by_id: dict[int, dict[str, Any]]) -> dict[tuple[str, int, int], list[str]]:
    """The commitments by the batch they say they came in: (writer, number, question) -> those."""
    found: dict[tuple[str, int, int], list[str]] = {}
    for number, question in by_id.items():
        for ballot in question.get("ballots", ()):
            batch = (str(ballot["writer"]), ballot["batch"], number)
            found.setdefault(batch, []).append(ballot["commitment"])
    return found


def _fits(part: Any, own: list[str] | None) -> bool:
    """Whether a batch's part is number and root of these; of secret ones (None) the number."""
    fields = {"n"} if own is None else {"n", "root"}
    if not isinstance(part, dict) or part.keys() != fields or type(part["n"]) is not int:
        return False
    return own is None or (part["n"] == len(own) and part["root"] == merkle_root(own))
