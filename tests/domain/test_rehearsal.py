"""The go/no-go sheet by hand-made figures: what each of them says, and what all come to."""

from dataclasses import replace
from typing import Any

import pytest

from townhall.domain.rehearsal import Figures, figures_of, verdict, worst

WELL = Figures(
    phones=300,
    came=300,
    join=400,
    votes=900,
    vote=30,
    vote_slow=60,
    lag=300,
    questions=3,
    deflate=False,
    descriptors=1_024,
    commit=5,
    flush=2,
    clock=-3,
    synchronised=True,
    way="https",
)

CASES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("lost", "ok", "ok", {}),
    ("lost", "stop", "stop", {"lost": 1}),
    ("lost", "stop", "otherwise", {"miscounted": 1}),
    ("lost", "warning", "none", {"votes": 0}),
    ("came", "ok", "ok", {}),
    ("came", "warning", "warning", {"came": 285}),
    ("came", "stop", "stop", {"came": 284}),
    ("join", "ok", "ok", {"join": 2_000}),
    ("join", "warning", "warning", {"join": 2_001}),
    ("join", "stop", "stop", {"join": 5_001}),
    ("vote", "ok", "ok", {"vote": 300, "vote_slow": 1_000}),
    ("vote", "warning", "warning", {"vote": 301}),
    ("vote", "warning", "warning", {"vote_slow": 1_001}),
    ("vote", "stop", "stop", {"vote": 1_001}),
    ("vote", "stop", "stop", {"vote_slow": 3_001}),
    ("answered", "ok", "ok", {}),
    ("answered", "warning", "warning", {"unanswered": 9}),
    ("answered", "stop", "stop", {"unanswered": 10}),
    ("lag", "ok", "ok", {"lag": 500}),
    ("lag", "warning", "warning", {"lag": 501}),
    ("lag", "stop", "stop", {"lag": 2_001}),
    ("lag", "stop", "never", {"lag": None}),
    ("questions", "ok", "ok", {}),
    ("questions", "warning", "warning", {"unopened": ("Which?",)}),
    ("questions", "warning", "none", {"questions": 0}),
    ("disk", "ok", "ok", {"commit": 50}),
    ("disk", "warning", "warning", {"commit": 51}),
    ("disk", "stop", "stop", {"flush": 251}),
    ("disk", "ok", "unknown", {"commit": None, "flush": None}),
    ("disk", "ok", "several", {"commit": None, "flush": None, "workers": 2}),
    ("descriptors", "ok", "ok", {"descriptors": 500}),
    ("descriptors", "ok", "ok", {"descriptors": 350, "workers": 2}),
    ("descriptors", "stop", "stop", {"descriptors": 499}),
    ("descriptors", "stop", "stop", {"descriptors": 100}),
    ("descriptors", "warning", "unknown", {"descriptors": None}),
    ("deflate", "ok", "ok", {}),
    ("deflate", "warning", "warning", {"deflate": True}),
    ("deflate", "warning", "unknown", {"deflate": None}),
    ("clock", "ok", "ok", {"clock": 2_000}),
    ("clock", "warning", "differs", {"clock": -2_001}),
    ("clock", "warning", "warning", {"synchronised": False}),
    ("clock", "ok", "unknown", {"synchronised": None}),
    ("server", "ok", "sqlite_alone", {}),
    ("server", "ok", "sqlite_redis", {"redis": True}),
    ("server", "ok", "postgresql_alone", {"database": "postgresql"}),
    ("server", "ok", "postgresql_redis", {"database": "postgresql", "redis": True}),
    ("server", "warning", "bus_deaf", {"ready": "bus_deaf"}),
    ("server", "stop", "database", {"ready": "database"}),
    ("server", "stop", "disk_full", {"ready": "disk_full"}),
    ("server", "stop", "disk_failed", {"ready": "disk_failed"}),
    ("server", "stop", "read_only", {"ready": "read_only"}),
    ("server", "stop", "stop", {"ready": "starting"}),
    ("way", "ok", "https", {}),
    ("way", "warning", "http", {"way": "http"}),
    ("way", "warning", "local", {"way": "local"}),
]


@pytest.mark.parametrize(("key", "level", "said", "changed"), CASES)
def test_line_says_how_a_figure_stands_and_the_sheet_is_as_bad_as_its_worst(
    key: str, level: str, said: str, changed: dict[str, Any]
) -> None:
    found = verdict(replace(WELL, **changed))
    line = next(each for each in found.lines if each.key == key)
    assert (line.level, line.said, found.level) == (level, said, level)


def test_every_subject_has_one_line_and_every_case_is_a_subject() -> None:
    subjects = [line.key for line in verdict(WELL).lines]
    assert len(set(subjects)) == len(subjects)
    assert set(subjects) == {key for key, *_ in CASES}


def test_what_must_be_mended_stands_first() -> None:
    found = verdict(replace(WELL, lost=1, way="http", lag=5_000, deflate=True))
    assert [line.key for line in found.lines][:5] == ["lost", "lag", "deflate", "way", "came"]


def test_numbers_are_seconds_as_people_read_them() -> None:
    line = next(
        e for e in verdict(replace(WELL, vote=2.4, vote_slow=1_234)).lines if e.key == "vote"
    )
    assert line.numbers == {"seconds": 0.01, "slow": 1.23}
    none = next(e for e in verdict(replace(WELL, join=0)).lines if e.key == "join")
    assert none.numbers == {"seconds": 0}


def test_worst_of_nothing_is_ok() -> None:
    assert worst() == "ok"
    assert worst("ok", "stop", "warning") == "stop"


def test_figures_of_another_version_are_read_as_far_as_they_are_known() -> None:
    stored = {"phones": 12, "unopened": ["Which?"], "coffee": 3}
    assert figures_of(stored) == Figures(phones=12, unopened=("Which?",))
    assert figures_of({}) == Figures()
