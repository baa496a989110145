"""Reading a deliberation as the Polis export writes it, with the oddities of real files.

Column names vary in case and in hyphens; fields hold quotes and line breaks; votes are not in the
order in which they came; statements vanish from one file and stay in another. Nothing here
guesses: what cannot be read is listed with its line.
"""

import csv
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CHOICE = {1: "yes", 0: "abstain", -1: "no"}
LONGEST_TITLE = 280

csv.field_size_limit(10_000_000)


@dataclass(frozen=True)
class Vote:
    """One vote as it came."""

    at: int
    statement: str
    voter: str
    choice: str


@dataclass
class Deliberation:
    """One data set. `published` is the final state a person, as the set itself tells it."""

    votes: list[Vote] = field(default_factory=list)
    statements: dict[str, str] = field(default_factory=dict)
    published: dict[tuple[str, str], str] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    @property
    def final(self) -> dict[tuple[str, str], str]:
        """(voter, statement) -> the last choice, from the votes themselves."""
        return {(vote.voter, vote.statement): vote.choice for vote in self.votes}

    @property
    def voters(self) -> list[str]:
        """Everybody who voted, in the order in which they first did."""
        return list(dict.fromkeys(vote.voter for vote in self.votes))


def counts(final: Mapping[tuple[str, str], str]) -> dict[str, Counter[str]]:
    """Statement -> choice -> how many."""
    found: dict[str, Counter[str]] = {}
    for (_, statement), choice in final.items():
        found.setdefault(statement, Counter())[choice] += 1
    return found


def read(folder: Path) -> Deliberation:
    """The data set of a folder; only `votes.csv` must be there."""
    found = Deliberation()
    _read_votes(folder / "votes.csv", found)
    _read_comments(folder / "comments.csv", found)
    _read_participants(folder / "participants-votes.csv", found)
    voted = dict.fromkeys(vote.statement for vote in found.votes)
    unknown = [statement for statement in voted if statement not in found.statements]
    if unknown:
        found.notes.append(f"votes on {len(unknown)} statements that comments.csv does not have")
    for statement in unknown:
        found.statements[statement] = f"Statement {statement}"
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, row) with the column names made alike."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file)
        names = [_name(cell) for cell in next(reader, [])]
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, dict(zip(names, cells, strict=False))


def _name(cell: str) -> str:
    return "-".join(cell.strip().lower().replace("_", " ").replace("-", " ").split())


def _field(row: Mapping[str, str], *names: str) -> str:
    for name in names:
        if row.get(name, "").strip():
            return row[name].strip()
    raise ValueError(f"no {names[0]}")


def _whole(text: str) -> int:
    """A whole number, also when a spreadsheet has written it as 3.0."""
    number = float(text)
    if number != int(number):
        raise ValueError(f"{text} is no whole number")
    return int(number)


def _id(text: str) -> str:
    return str(_whole(text)) if text.replace(".", "", 1).isdigit() else text


def _read_votes(path: Path, found: Deliberation) -> None:
    refused: list[str] = []
    for line, row in _rows(path):
        try:
            choice = CHOICE[_whole(_field(row, "vote"))]
            statement = _id(_field(row, "comment-id", "statement-id", "tid"))
            voter = _id(_field(row, "voter-id", "participant-id", "participant", "pid"))
            at = _whole(_field(row, "timestamp", "created"))
        except (ValueError, KeyError, OverflowError) as error:
            refused.append(f"line {line} ({error})")
        else:
            found.votes.append(Vote(at, statement, voter, choice))
    found.votes.sort(key=lambda vote: vote.at)
    if refused:
        found.notes.append(f"votes.csv: {len(refused)} rows are no votes: {', '.join(refused[:5])}")


def _read_comments(path: Path, found: Deliberation) -> None:
    if not path.exists():
        found.notes.append("there is no comments.csv")
        return
    moderated = 0
    for line, row in _rows(path):
        try:
            statement = _id(_field(row, "comment-id", "statement-id", "tid"))
        except ValueError as error:
            found.notes.append(f"comments.csv: line {line} has {error}")
            continue
        found.statements[statement] = _title(statement, row.get("comment-body") or "")
        moderated += row.get("moderated", "").strip() == "-1"
    if moderated:
        found.notes.append(f"{moderated} statements were moderated out; their votes are replayed")


def _title(statement: str, body: str) -> str:
    """The statement on one line, without what no title may hold."""
    kept = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in body)
    line = " ".join(kept.split())[:LONGEST_TITLE].strip()
    return line or f"Statement {statement}"


def _read_participants(path: Path, found: Deliberation) -> None:
    if not path.exists():
        found.notes.append("there is no participants-votes.csv")
        return
    for _, row in _rows(path):
        voter = _id(_field(row, "participant", "participant-id", "voter-id", "pid"))
        found.people.add(voter)
        for name, cell in row.items():
            if not name.isdigit():
                continue
            found.columns.add(name)
            if cell.strip():
                found.published[voter, name] = CHOICE[_whole(cell)]
    silent = len(found.people - {vote.voter for vote in found.votes})
    if silent:
        found.notes.append(f"{silent} participants have no vote in votes.csv")
