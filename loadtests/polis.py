"""A Polis data set as its export writes it: statements, every vote in time order, final states.

Belongs here: reading the three files and explaining where they disagree with each other. Does not
belong here: a server (`replay_polis`).

Sets differ: byte-order marks, CRLF, quotes and line breaks inside fields, `comment_id` for
`comment-id`, `1.0` for `1`, votes out of order, statements that one file has and another lacks.
"""

import csv
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CHOICES = {1.0: "yes", -1.0: "no", 0.0: "abstain"}
TITLE_LIMIT = 300
MOST_CHANGES = 1_000
"""The protocol's largest `rev`: how often one seat may vote on one question."""

States = Mapping[tuple[str, str], str]
"""What a (voter, statement) came to."""

_NOT_STATEMENTS = {"participant", "group-id", "n-comments", "n-votes", "n-agree", "n-disagree"}
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"


class BadData(Exception):  # noqa: N818 - told to whoever gave the folder, in one line
    """The folder cannot be replayed; the text says why."""


@dataclass(frozen=True)
class Vote:
    """One vote as it came, and when (None where the export has no clock)."""

    voter: str
    statement: str
    choice: str
    at: float | None


@dataclass(frozen=True)
class DataSet:
    """One deliberation. `people` is participants-votes.csv, with `columns` and `rows` it has."""

    name: str
    titles: Mapping[str, str]
    votes: tuple[Vote, ...]
    people: States
    columns: frozenset[str]
    rows: frozenset[str]
    moderated_out: frozenset[str]

    @property
    def voters(self) -> list[str]:
        """Who voted, in the order of their first vote."""
        return list(dict.fromkeys(vote.voter for vote in self.votes))

    def final(self) -> dict[tuple[str, str], str]:
        """The last vote of every person on every statement, computed from votes.csv."""
        return {(vote.voter, vote.statement): vote.choice for vote in self.votes}

    def by_voter(self) -> dict[str, list[Vote]]:
        """Every person's votes in their own order."""
        found: dict[str, list[Vote]] = defaultdict(list)
        for vote in self.votes:
            found[vote.voter].append(vote)
        return found


def read(folder: Path) -> DataSet:
    """The data set of a folder with comments.csv, votes.csv and participants-votes.csv.

    Raises BadData.
    """
    csv.field_size_limit(sys.maxsize)
    votes = _votes(folder / "votes.csv")
    texts, moderated_out = _comments(folder / "comments.csv")
    known = dict.fromkeys([*texts, *(vote.statement for vote in votes)])
    people, columns, rows = _participants(folder / "participants-votes.csv", set(known))
    statements = sorted({*known, *columns}, key=_by_number)
    titles = {each: title(texts.get(each, ""), each) for each in statements}
    return DataSet(folder.name, titles, votes, people, columns, rows, moderated_out)


def tallies(states: States) -> dict[str, Counter[str]]:
    """How many hold each choice, by statement."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, statement), choice in states.items():
        found[statement][choice] += 1
    return found


def title(text: str, statement: str) -> str:
    """A statement as a question's title: one line, cut to the limit; never empty."""
    seen = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
    cut = " ".join(seen.split())[:TITLE_LIMIT].strip()
    shown = any(c not in _BLANK_LETTERS and unicodedata.category(c)[0] not in "CZM" for c in cut)
    return cut if shown else f"Statement {statement}"


def inherent(data: DataSet) -> dict[tuple[str, str], str]:
    """Where participants-votes.csv cannot agree with votes.csv, and why, by person and statement.

    Only what the export's own making explains: a statement or a person it left out, a statement
    that was moderated out, and votes of one moment, whose order the export does not tell. Any
    other disagreement is a difference.
    """
    found = {}
    last = _last_moments(data.votes)
    for (voter, statement), choice in data.final().items():
        cell = data.people.get((voter, statement))
        if cell == choice:
            continue
        why = None
        if statement not in data.columns:
            why = "the statement has no column there"
        elif voter not in data.rows:
            why = "the person has no row there"
        elif statement in data.moderated_out and cell in (None, "abstain"):
            why = "the statement was moderated out"
        elif cell in last[voter, statement]:
            why = "the person voted twice at the same moment"
        if why is not None:
            found[voter, statement] = why
    return found


def _last_moments(votes: Iterable[Vote]) -> dict[tuple[str, str], set[str]]:
    """The choices of a person on a statement that carry the latest time."""
    at: dict[tuple[str, str], float | None] = {}
    found: dict[tuple[str, str], set[str]] = {}
    for vote in votes:
        where = vote.voter, vote.statement
        if where not in at or vote.at is None or vote.at != at[where]:
            found[where] = set()
        at[where] = vote.at
        found[where].add(vote.choice)
    return found


def _votes(file: Path) -> tuple[Vote, ...]:
    found = []
    often: Counter[tuple[str, str]] = Counter()
    for line, row in _rows(file, "comment-id", "voter-id", "vote"):
        choice = _choice(row["vote"])
        voter, statement = _id(row["voter-id"]), _id(row["comment-id"])
        if choice is None or not voter or not statement:
            raise BadData(f"{file.name}, line {line}: not a vote of 1, 0 or -1 on a statement.")
        often[voter, statement] += 1
        if often[voter, statement] > MOST_CHANGES:
            raise BadData(f"{file.name}, line {line}: voter {voter} changed more than 1,000 times.")
        found.append(Vote(voter, statement, choice, _moment(file, line, row.get("timestamp", ""))))
    if not found:
        raise BadData(f"{file.name} holds no votes.")
    if any(vote.at is None for vote in found):
        return tuple(found)
    return tuple(sorted(found, key=lambda vote: vote.at or 0.0))


def _comments(file: Path) -> tuple[dict[str, str], frozenset[str]]:
    texts, out = {}, set()
    for line, row in _rows(file, "comment-id", "comment-body"):
        statement = _id(row["comment-id"])
        if not statement:
            raise BadData(f"{file.name}, line {line}: a statement without an id.")
        texts[statement] = row["comment-body"]
        if _id(row.get("moderated", "")) == "-1":
            out.add(statement)
    return texts, frozenset(out)


def _participants(
    file: Path, known: set[str]
) -> tuple[dict[tuple[str, str], str], frozenset[str], frozenset[str]]:
    people: dict[tuple[str, str], str] = {}
    columns: dict[str, str] = {}
    rows = set()
    for line, row in _rows(file, "participant"):
        columns = columns or _statement_columns(row, known)
        voter = _id(row["participant"])
        rows.add(voter)
        for name, statement in columns.items():
            if row[name].strip().lower() in ("", "na", "nan", "null"):
                continue
            choice = _choice(row[name])
            if choice is None:
                raise BadData(f"{file.name}, line {line}: {row[name][:20]!r} is no vote.")
            people[voter, statement] = choice
    return people, frozenset(columns.values()), frozenset(rows)


def _statement_columns(row: Iterable[str], known: set[str]) -> dict[str, str]:
    named = {name: _id(name) for name in row if name not in _NOT_STATEMENTS}
    return {name: each for name, each in named.items() if each in known or each.isdecimal()}


def _rows(file: Path, *needed: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a file by column name (lower case, hyphens), each with its line number."""
    try:
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            reader = csv.reader(lines)
            header = [_column(name) for name in next(reader, [])]
            missing = [name for name in needed if name not in header]
            if missing:
                raise BadData(f"{file.name} has no column {missing[0]}.")
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) < len(header):
                    raise BadData(
                        f"{file.name}, line {reader.line_num}: {len(cells)} fields where the "
                        f"header names {len(header)}."
                    )
                yield reader.line_num, dict(zip(header, cells, strict=False))
    except OSError as error:
        raise BadData(f"{file}: {error.strerror}.") from None
    except csv.Error as error:
        raise BadData(f"{file.name}: {error}.") from None


def _column(name: str) -> str:
    return "-".join(name.strip().lower().replace("_", " ").replace("-", " ").split())


def _id(text: str) -> str:
    """An id as it is compared: `7.0` and ` 7` are 7; one that is no number stays as it stands."""
    text = text.strip()
    whole, point, zeros = text.partition(".")
    return whole if point and not zeros.strip("0") and whole.lstrip("-").isdecimal() else text


def _choice(text: str) -> str | None:
    try:
        return CHOICES.get(float(text))
    except ValueError:
        return None


def _moment(file: Path, line: int, text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        raise BadData(f"{file.name}, line {line}: {text[:30]!r} is no timestamp.") from None


def _by_number(statement: str) -> tuple[int, int, str]:
    return (0, int(statement), "") if statement.isdecimal() else (1, 0, statement)
