"""A registered ballot or segment kind is complete: rules, page, script, words and a test."""

import json

import pytest

from tests.house.sources import ROOT, files
from townhall.crowd import choices
from townhall.domain.ballots import BALLOTS
from townhall.domain.segments import SEGMENTS
from townhall.verify import counting
from townhall.web import plain_pages

TESTS = "\n".join(file.read_text(encoding="utf-8") for file in files(".py", under=("tests",)))


def named(key: str, language: str) -> bool:
    """Whether a catalogue has words under this key."""
    folder = ROOT / "townhall" / "locale" / language
    return any(key in json.loads(file.read_text("utf-8")) for file in folder.glob("*.json"))


def written(place: str) -> str:
    return (ROOT / place).read_text(encoding="utf-8")


def missing(*places: str) -> list[str]:
    return [place for place in places if not (ROOT / place).is_file()]


@pytest.mark.parametrize("kind", BALLOTS)
def test_every_ballot_kind_is_complete(kind: str) -> None:
    assert (
        missing(
            f"townhall/domain/ballots/{kind}.py",
            f"templates/ballots/{kind}.html",
            f"static/js/ballots/{kind}.js",
        )
        == []
    )
    wanted = (f"organise.question_kind.{kind}", f"organise.question_help.{kind}")
    assert all(named(key, language) for key in wanted for language in ("ko", "en"))
    assert kind in plain_pages.CHOICES, f"web/plain_pages.py reads no form of the kind {kind}"
    assert kind in choices.KINDS, f"crowd/choices.py chooses nothing for the kind {kind}"
    assert f'{kind}: () => import("./{kind}.js")' in written("static/js/ballots/index.js")
    assert f'"{kind}"' in written("static/js/lib/types.js")
    assert f"| `{kind}` |" in written("docs/protocol.md"), f"the protocol has no choice of {kind}"
    assert kind in counting.KINDS, f"verify/counting.py cannot count the kind {kind}"
    own = {"valid", "result", "moved"} - vars(counting.KINDS[kind]).keys()
    assert not own, f"verify/counting.py does not say of the kind {kind}: {own}"
    assert f"| `{kind}` |" in written("docs/verify.md"), f"nobody is told how to count {kind}"
    assert f'"{kind}"' in TESTS, f"no test names the ballot kind {kind}"


@pytest.mark.parametrize("kind", SEGMENTS)
def test_every_segment_kind_is_complete(kind: str) -> None:
    # `break` is a word of Python, so its module is `break_`.
    module = f"{kind}_" if kind == "break" else kind
    assert missing(f"townhall/domain/segments/{module}.py") == []
    wanted = (f"organise.segment_kind.{kind}", f"phone.now.{kind}")
    assert all(named(key, language) for key in wanted for language in ("ko", "en"))
    assert f'"{kind}"' in TESTS, f"no test names the segment kind {kind}"
