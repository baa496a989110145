"""Ways of falsifying an export: each changes one thing, or two that would have to agree.

Nodes are chosen by the class of their field first (its path without numbers), so that a field that
stands in the file once is hit as often as one that stands there a thousand times.
"""

import copy
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from townhall.domain.audit import canonical, link

Path = tuple[str | int, ...]
Mutation = Callable[[Any, random.Random], Any]


def nodes(value: Any, path: Path = ()) -> Iterator[Path]:
    """The path of every value in a document but itself."""
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in steps:
        yield (*path, step)
        if isinstance(inner, dict | list):
            yield from nodes(inner, (*path, step))


def classes(document: Any) -> dict[str, list[Path]]:
    """Every path, by class: numbers of lists, writers and seats left out."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in nodes(document):
        steps = ("*" if isinstance(step, int) or step.isdecimal() else step for step in path)
        found["/".join(steps)].append(path)
    return dict(found)


def at(document: Any, path: Path) -> Any:
    """The value at a path."""
    for step in path:
        document = document[step]
    return document


def other(value: Any, dice: random.Random) -> Any:
    """Another value in the place of this one: of its type or of one that looks alike."""
    if isinstance(value, bool) or value is None:
        return dice.choice([each for each in (True, False, None, 0, 1, "") if each is not value])
    if isinstance(value, int):
        kinds: list[Any] = [value + 1, value - 1, value * 10 + 7, str(value), float(value), None]
        return dice.choice([*kinds, -value - 1, bool(value)])
    if isinstance(value, str):
        return _text(value, dice)
    return dice.choice((None, 0, "", [] if value else [0], {} if value else {"a": 0}))


def _text(value: str, dice: random.Random) -> Any:
    at_ = dice.randrange(len(value) + 1)
    swapped = value[:at_] + _near(value[at_ : at_ + 1]) + value[at_ + 1 :]
    return dice.choice((swapped, value + " ", value[:-1] or "x", swapped, value + "0", 0, None))


def _near(letter: str) -> str:
    """A letter of the same alphabet."""
    if letter in "0123456789abcdef" and letter:
        return "123456789abcdef0"["0123456789abcdef".index(letter)]
    return chr(ord(letter) + 1) if letter else "+"


def changed(node: Any, key: str | int, dice: random.Random) -> None:
    """Another value."""
    node[key] = other(node[key], dice)


def removed(node: Any, key: str | int, dice: random.Random) -> None:
    """One field or item less."""
    del node[key]


def doubled(node: Any, key: str | int, dice: random.Random) -> None:
    """One item more, the same again somewhere, or a field under another name."""
    again = copy.deepcopy(node[key])
    if isinstance(node, list):
        node.insert(dice.randrange(len(node) + 1), again)
    else:
        node[f"{key}{dice.choice('sx2')}"] = again


def exchanged(node: Any, key: str | int, dice: random.Random) -> None:
    """Two neighbours in each other's place: items, or values of two fields."""
    keys = list(range(len(node))) if isinstance(node, list) else list(node)
    there = dice.choice(keys)
    node[key], node[there] = node[there], node[key]


ONE: tuple[Callable[[Any, Any, random.Random], None], ...] = (
    changed,
    changed,
    removed,
    doubled,
    exchanged,
)


def one_node(document: Any, path: Path, dice: random.Random) -> str:
    """Falsify what is at a path, in place; what was done."""
    how = dice.choice(ONE)
    how(at(document, path[:-1]), path[-1], dice)
    return f"{how.__name__} {path}"


def swapped_fields(document: Any, path: Path, dice: random.Random) -> str:
    """The value of one field of two items of a list, such as the choices of two ballots."""
    items, field = path[:-2], path[-1]
    if not isinstance(path[-2], int):
        return ""
    peers = [n for n, each in enumerate(at(document, items)) if field in each]
    here, there = at(document, path[:-1]), at(document, (*items, dice.choice(peers)))
    here[field], there[field] = there[field], here[field]
    return f"swapped {path}"


def rewritten_link(document: Any, path: Path, dice: random.Random) -> str:
    """Something in the body of a link, with its own hash made to fit."""
    writer, n = path[1], path[2]
    found = document["chains"][writer][n]
    body = json.loads(found["body"])
    inner = list(nodes(body))
    if not inner:
        return ""
    done = one_node(body, dice.choice(inner), dice)
    made = link(found["prev"], found["kind"], body)
    found["body"], found["hash"] = made.body, made.hash
    return f"rewritten {path}: {done}"


def rehashed_chain(document: Any, path: Path, dice: random.Random) -> str:
    """A batch rewritten, and every later link and the head of its chain with it."""
    writer = path[1]
    if writer == "0":
        return ""
    done = rewritten_link(document, path, dice)
    prev = ""
    for each in document["chains"][writer]:
        made = link(prev, each["kind"], json.loads(each["body"]))
        each["prev"], each["hash"] = made.prev, made.hash
        prev = made.hash
    document["heads"][writer] = prev
    return f"rehashed {done}"


def cut_link(document: Any, path: Path, dice: random.Random) -> str:
    """The last link of a chain of ballots away, the head made to fit."""
    writer = path[1]
    if writer == "0":
        return ""
    document["chains"][writer].pop()
    left = document["chains"][writer]
    document["heads"][writer] = left[-1]["hash"] if left else ""
    return f"cut {writer}"


def agreed(document: Any, path: Path, dice: random.Random) -> str:
    """A field of a certificate, and the same field of the record of the close."""
    question = at(document, path[:2])
    field = path[3]
    value = other(question["certificate"][field], dice)
    question["certificate"][field] = value
    for each in document["chains"]["0"]:
        body = json.loads(each["body"])
        if each["kind"] == "question_closed" and body["question"] == question["id"]:
            made = link(each["prev"], each["kind"], {**body, field: value})
            each["body"], each["hash"] = made.body, made.hash
    return f"agreed {path}"


SPECIAL: tuple[tuple[str, Callable[[Any, Path, random.Random], str]], ...] = (
    (r"questions/\*/(ballots|commitments)/\*/\w+", swapped_fields),
    (r"chains/\*/\*", rewritten_link),
    (r"chains/\*/\*", rehashed_chain),
    (r"chains/\*", cut_link),
    (r"questions/\*/certificate/\w+", agreed),
    (r"selections/\*/score/candidates/\*/\w+", swapped_fields),
)


class Forger:
    """Falsifies one document again and again."""

    def __init__(self, document: Any, dice: random.Random) -> None:
        self._original = json.dumps(document)
        self._before = canonical(document)
        self._dice = dice
        self.classes = classes(document)
        self._names = sorted(self.classes)
        self._sizes = [len(self.classes[name]) for name in self._names]

    def forged(self, n: int) -> tuple[Any, str]:
        """A falsified copy and what was done. The classes in turn, and every other time any node.

        Tries until the copy differs in meaning: an exchange of equal values is none.
        """
        name = self._names[n // 2 % len(self._names)]
        if n % 2:
            name = self._dice.choices(self._names, self._sizes)[0]
        ways = [one_node, one_node, *(how for form, how in SPECIAL if re.fullmatch(form, name))]
        while True:
            document = json.loads(self._original)
            done = self._dice.choice(ways)(
                document, self._dice.choice(self.classes[name]), self._dice
            )
            if done and canonical(document) != self._before:
                return document, done
