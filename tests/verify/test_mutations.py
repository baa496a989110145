"""No falsified export passes: two thousand ways, in every class of field that an export has."""

import json
import random
from collections import Counter
from typing import Any

import orjson
import pytest

from tests.verify.evening import Evening
from tests.verify.mutations import Forger
from townhall.verify import Unreadable, check, findings, read

pytestmark = pytest.mark.timeout(1_800)

MUTATIONS = 2_000


def caught(document: Any) -> str:
    """By which finding a file is found wrong; nothing when it passes."""
    try:
        first = next(findings(read(written(document))), None)
    except Unreadable as unreadable:
        return unreadable.code
    return first.code if first else ""


def written(document: Any) -> bytes:
    """The file as fast as it can be written, for it is two thousand times."""
    try:
        return orjson.dumps(document)
    except TypeError:  # a number beyond 64 bits, half of a character
        return json.dumps(document).encode()


def test_a_real_export_of_every_kind_holds(evening: Evening) -> None:
    assert check(read(json.dumps(evening.file).encode())) == []
    questions = evening.file["questions"]
    assert Counter(
        (each["definition"]["kind"], each["definition"]["secret"]) for each in questions
    ) == Counter(
        {
            **{(kind, True): 1 for kind in ("yesno", "single", "multiple", "score", "dots")},
            **{(kind, False): 1 for kind in ("yesno", "single", "multiple")},
            ("score", False): 3,
            ("dots", False): 2,
            ("ranking", False): 3,
            ("ranking", True): 1,
        }
    )
    assert len(evening.file["chains"]) == 3
    assert any("choice" not in ballot for each in questions for ballot in each.get("ballots", ()))
    assert sum("shift" in each["result"] for each in questions) == 1
    assert len(evening.file["selections"]) == 1


def test_spaces_and_the_order_of_fields_change_nothing(evening: Evening) -> None:
    written = json.dumps(evening.file, indent=7, sort_keys=True)
    assert check(read(b"\xef\xbb\xbf\n " + written.encode())) == []


def test_every_one_of_two_thousand_mutations_is_detected(
    evening: Evening, dice: random.Random, long: bool
) -> None:
    forger = Forger(evening.file, dice)
    by: Counter[str] = Counter()
    missed = []
    for n in range(MUTATIONS * (5 if long else 1)):
        document, done = forger.forged(n)
        code = caught(document)
        by[code] += 1
        if not code:
            missed.append(done)
    print(f"{len(forger.classes)} classes of fields; {dict(by.most_common())}")
    assert missed == []
    assert len(forger.classes) < MUTATIONS // 2
