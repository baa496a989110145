"""Selections as pages: set-up, links, sheets, close, the score and its file."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tests import scored
from tests.facts import Clock
from tests.scored import FILE, ORGANISER, TOTALS, totals
from tests.web.client import Browser, browsing
from townhall.actions import accounts, selections
from townhall.cli.score import score as score_command
from townhall.hall import Hall
from townhall.storage import selections as stored
from townhall.storage.database import writing
from townhall.storage.schema import Selection
from townhall.web.i18n import catalogue

PASSWORD = "한 문장이면 좋아요"
CRITERIA = {
    "reach": "일상 파급력",
    "feasible": "실현가능성",
    "fit": "공론 적합성",
    "lasting": "지속가능성",
}
RULE = {
    "weight-sympathy": "25",
    "weight-live": "25",
    "weight-panel": "50",
    "normalise": "top",
    "cap": "",
    "live_aggregate": "mean",
    "panel_aggregate": "mean",
    "score_max": "5",
    "seats": "5",
    "quorum": "2/3",
    "criterion-1": "reach",
    "weight-1": "0.3",
    "criterion-2": "feasible",
    "weight-2": "0.3",
    "criterion-3": "fit",
    "weight-3": "0.2",
    "criterion-4": "lasting",
    "weight-4": "0.2",
    "from": "",
    "until": "",
}


@pytest.fixture
async def organiser(app: Starlette, hall: Hall, browser: Browser) -> Browser:
    """The browser, signed in as an organiser."""
    await accounts.add_organiser(hall, "haneul", PASSWORD)
    await browser.submit("/login", login="haneul", password=PASSWORD)
    return browser


def row(hall: Hall, selection: int) -> Selection:
    return hall.database.read_here(stored.get, selection)


def sheet_fields(number: int, **given: Any) -> dict[str, Any]:
    """The form of a panelist who gives the example's scores."""
    scores = FILE["panel"]["sheets"][number - 1]["scores"]
    fields = {
        f"score-{letter}-{criterion}": str(score)
        for letter, own in scores.items()
        for criterion, score in own.items()
    }
    return {**fields, "comment": "", "rev": "0", "do": "final", **given}


def links_in(answer: httpx.Response) -> list[str]:
    return list(dict.fromkeys(re.findall(r"/enter#k=([A-Za-z0-9_-]+)", answer.text)))


async def test_from_forms_to_the_same_numbers_everywhere(
    organiser: Browser,
    app: Starlette,
    hall: Hall,
    clock: Clock,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = scored.room(hall)
    lines = "\n".join(f"#{proposal}" for proposal in made.proposals)
    answer = await organiser.submit(
        "/organise/selections/new", title="의제 선정", forum=made.code, board="", candidates=lines
    )
    at = answer.headers["location"]
    made.selection = int(at.rpartition("/")[2])
    answer = await organiser.submit(
        f"{at}/rule", at, **RULE, first=str(made.first), final=str(made.final)
    )
    assert answer.status_code == 303
    answer = await organiser.submit(f"{at}/panel", at, names="\n".join(scored.NAMES))
    assert answer.status_code == 200
    links = links_in(answer)
    assert len(links) == 5

    await scored.vote(hall, clock, made, "first", FILE["live"]["first"])
    await scored.vote(hall, clock, made, "final", FILE["live"]["final"])
    for number, link in enumerate(links, 1):
        async with browsing(app) as entered:
            await entered.submit(f"/f/{made.code}/enter", k=link)
            answer = await entered.submit(f"/f/{made.code}/panel", **sheet_fields(number))
            assert answer.status_code == 303
            assert "평가표를 냈어요" in (await entered.get(f"/f/{made.code}/panel")).text

    hidden = await organiser.get(f"/s/{made.selection}")
    assert hidden.status_code == 200
    assert not [total for total, _ in TOTALS.values() if total in hidden.text]
    assert (await organiser.submit(f"{at}/close", at)).status_code == 303
    for path, status in ((f"/s/{made.selection}", 200), (f"/s/{made.selection}.json", 404)):
        answer = await organiser.get(path)
        assert answer.status_code == status
        assert not [total for total, _ in TOTALS.values() if total in answer.text]

    await scored.reveal(hall, made)
    page = await organiser.get(f"/s/{made.selection}")
    file = await organiser.get(f"/s/{made.selection}.json")
    assert [total for total, _ in TOTALS.values() if total in page.text] == [
        "80.75",
        "79.20",
        "64.98",
    ]
    for said in (page.text, (await organiser.get(at)).text):
        assert "공감은 2025년 10월 9일 (목) 오후 6:00까지 셌어요." in said
    assert "공감한 24명 가운데 24명은 2025년 10월 2일 (목) 뒤에 가입했어요." in page.text
    sealed = row(hall, made.selection)
    assert file.content == (sealed.snapshot or "").encode()
    assert (sealed.digest or "?") in page.text
    saved = tmp_path / "selection.json"
    saved.write_bytes(file.content)
    score_command(saved, True)
    printed = json.loads(capsys.readouterr().out)
    assert totals(printed) == TOTALS
    assert printed["digest"] == sealed.digest

    answer = await organiser.submit(
        f"{at}/decide", at, decision="confirms", candidate="A", reason="<b>아이들</b>부터예요."
    )
    assert answer.status_code == 303
    page = await organiser.get(f"/s/{made.selection}")
    assert "&lt;b&gt;아이들&lt;/b&gt;부터예요." in page.text


async def test_a_refused_new_selection_keeps_what_was_typed(organiser: Browser) -> None:
    answer = await organiser.submit(
        "/organise/selections/new", title="우리 의제", forum="", board="", candidates="하나\n#777"
    )
    assert answer.status_code == 422
    assert "우리 의제" in answer.text
    assert "#777" in answer.text
    assert "777번 제안이 없어요" in answer.text


async def test_a_refused_rule_keeps_what_was_typed_and_names_its_field(
    organiser: Browser, hall: Hall
) -> None:
    made = await scored.begun(hall)
    at = f"/organise/s/{made.selection}"
    wrong = {**RULE, "weight-panel": "49.5", "criterion-4": "오래가기"}
    answer = await organiser.submit(
        f"{at}/rule", at, **wrong, first="", final=str(made.final), reason=""
    )
    assert answer.status_code == 422
    assert 'value="49.5"' in answer.text
    assert 'value="오래가기"' in answer.text
    assert "세 비중을 더하면 100이어야 해요. 지금 합은 99.50." in answer.text
    odd = {**RULE, "seats": "many", "from": "어제"}
    answer = await organiser.submit(f"{at}/rule", at, **odd, first="", final="")
    assert answer.status_code == 422
    assert 'id="seats-error"' in answer.text
    assert 'id="from-error"' in answer.text
    assert row(hall, made.selection).rule_version == 1


async def test_a_locked_rule_asks_for_a_reason_and_shows_it(
    organiser: Browser, hall: Hall, clock: Clock
) -> None:
    made = await scored.begun(hall)
    await scored.vote(hall, clock, made, "first", FILE["live"]["first"])
    at = f"/organise/s/{made.selection}"
    changed = {**RULE, "weight-sympathy": "20", "weight-live": "30"}
    fields = {**changed, "first": str(made.first), "final": str(made.final)}
    answer = await organiser.submit(f"{at}/rule", at, **fields, reason="")
    assert answer.status_code == 422
    assert 'id="reason-error"' in answer.text
    answer = await organiser.submit(f"{at}/rule", at, **fields, reason="모두 함께 정했어요.")
    assert answer.status_code == 303
    assert "모두 함께 정했어요." in (await organiser.get(f"/s/{made.selection}")).text


async def test_candidates_that_are_locked_meanwhile_are_refused_in_words(
    organiser: Browser, hall: Hall, clock: Clock
) -> None:
    made = await scored.begun(hall)
    at = f"/organise/s/{made.selection}"
    await scored.vote(hall, clock, made, "first", FILE["live"]["first"])
    answer = await organiser.submit(f"{at}/candidates", at, candidates="가\n나")
    assert answer.status_code == 422
    assert catalogue("ko")("refused.selection_locked") in answer.text
    assert catalogue("ko")("base.form_look") not in answer.text


async def test_close_below_the_quorum_asks_for_the_exception(
    organiser: Browser, hall: Hall, clock: Clock
) -> None:
    made = await scored.begun(hall)
    await scored.vote(hall, clock, made, "final", FILE["live"]["final"])
    at = f"/organise/s/{made.selection}"
    answer = await organiser.submit(f"{at}/close", at, exception=" ")
    assert answer.status_code == 422
    assert 'id="exception-error"' in answer.text
    answer = await organiser.submit(f"{at}/close", at, exception="선정단이 오지 못했어요.")
    assert answer.status_code == 303
    moderator_view = await organiser.get(f"/s/{made.selection}")
    assert "선정단이 오지 못했어요." not in moderator_view.text


async def test_the_bases_of_a_score_agree_with_one_another(
    organiser: Browser, hall: Hall, clock: Clock
) -> None:
    made = await scored.begun(hall)
    before = [4] * 12 + [3] + [None] * 7
    after = [5] * 2 + [4] * 5 + [None] * 13
    last = [4] * 10 + [3] * 2 + [None] * 8
    first = [{"A": given, "B": 3, "C": 3} for given in before]
    final = [{"A": a, "B": 3, "C": c} for a, c in zip(after, last, strict=True)]
    await scored.vote(hall, clock, made, "first", first)
    await scored.vote(hall, clock, made, "final", final)
    await scored.hand_in(hall, made, 1)
    await scored.reveal(hall, made)
    at = f"/organise/s/{made.selection}"
    await organiser.submit(f"{at}/close", at, exception="한 분만 오셨어요.")
    page = (await organiser.get(f"/s/{made.selection}")).text
    assert "처음 3.92 → 마지막 4.29 (+0.37)" in page
    assert re.findall(r"기권 (\d+)", page) == ["13", "8"]
    assert "마감할 때 연결된 사람은 0명이었어요." in page
    assert "낸 평가표 1장에서" in page
    assert "위원 5명 가운데 1명이 냈어요." in page
    assert ("9.38" in page, "19.17" in page, "35.00" in page, "63.54" in page) == (True,) * 4
    assert "보일 때만 반올림해요" in page


async def test_the_rule_shows_criteria_by_the_names_that_people_read(
    organiser: Browser, hall: Hall
) -> None:
    made = await scored.begun(hall)
    at = f"/organise/s/{made.selection}"
    page = (await organiser.get(at)).text
    assert re.findall(r'name="criterion-[1-4]" value="([^"]*)"', page) == list(CRITERIA.values())
    named = {f"criterion-{n}": name for n, name in enumerate(CRITERIA.values(), 1)}
    kept = {**RULE, **named, "criterion-4": "Lasting effect"}
    fields = {**kept, "first": str(made.first), "final": str(made.final)}
    assert (await organiser.submit(f"{at}/rule", at, **fields)).status_code == 303
    stored = row(hall, made.selection).rule["panel"]["criteria"]
    assert [each["id"] for each in stored] == list(CRITERIA)


async def test_a_tie_brings_the_fields_that_part_it(
    organiser: Browser, hall: Hall, clock: Clock
) -> None:
    made = await scored.begun(hall, titles=["가", "나", "다"])
    await scored.vote(hall, clock, made, "final", [{"A": 3, "B": 3, "C": 3}] * 20)
    with writing(hall.database) as session:
        for each in stored.candidates(session, made.selection):
            each.proposal_id = None
    even = {letter: {"reach": 3, "feasible": 3, "fit": 3, "lasting": 3} for letter in "ABC"}
    for number in range(1, 6):
        await scored.hand_in(hall, made, number, even)
    at = f"/organise/s/{made.selection}"
    answer = await organiser.submit(f"{at}/close", at)
    assert answer.status_code == 422
    assert all(f'name="revote-{letter}"' in answer.text for letter in "ABC")
    votes = {"revote-A": "2", "revote-B": "2", "revote-C": "1"}
    answer = await organiser.submit(f"{at}/close", at, **votes, lot_seed="")
    assert answer.status_code == 422
    assert 'name="revote-A" type="number" value="2"' in answer.text
    answer = await organiser.submit(f"{at}/close", at, **votes, lot_seed="31")
    assert answer.status_code == 303
    assert json.loads(row(hall, made.selection).snapshot or "")["rule"]["lot_seed"] == "31"


async def test_a_sheet_with_gaps_keeps_its_scores_and_names_the_gaps(
    browser: Browser, hall: Hall
) -> None:
    made = await scored.begun(hall)
    await browser.submit(f"/f/{made.code}/enter", k=made.links[0])
    at = f"/f/{made.code}/panel"
    fields = sheet_fields(1, comment="고민이에요.")
    del fields["score-C-fit"]
    answer = await browser.submit(at, **fields)
    assert answer.status_code == 422
    assert "고민이에요." in answer.text
    assert 'id="score-C-fit-error"' in answer.text
    assert answer.text.count(" checked") == 11
    kept = await browser.submit(at, **{**fields, "do": "save"})
    assert kept.status_code == 303
    done = await browser.submit(at, **sheet_fields(1, rev="1"))
    assert done.status_code == 303


async def test_a_slower_window_is_told_and_may_send_again(browser: Browser, hall: Hall) -> None:
    made = await scored.begun(hall)
    await browser.submit(f"/f/{made.code}/enter", k=made.links[0])
    at = f"/f/{made.code}/panel"
    await browser.submit(at, **{"score-A-reach": "1", "comment": "", "rev": "0", "do": "save"})
    slower = {"score-A-reach": "5", "comment": "", "rev": "0", "do": "save"}
    answer = await browser.submit(at, **slower)
    assert answer.status_code == 422
    assert "다른 창에서 먼저 저장했어요" in answer.text
    assert 'name="rev" value="1"' in answer.text
    assert (await browser.submit(at, **{**slower, "rev": "1"})).status_code == 303


async def test_a_recused_candidate_is_left_out_of_the_sheet(
    organiser: Browser, app: Starlette, hall: Hall
) -> None:
    made = await scored.begun(hall)
    at = f"/organise/s/{made.selection}"
    answer = await organiser.submit(f"{at}/panel/{made.panel[0]}/recuse", at, candidate="A", on="1")
    assert answer.status_code == 303
    assert "회피 A" in (await organiser.get(at)).text
    async with browsing(app) as entered:
        await entered.submit(f"/f/{made.code}/enter", k=made.links[0])
        page = await entered.get(f"/f/{made.code}/panel")
        assert "내가 낸 제안이라 평가하지 않아요" in page.text


async def test_a_new_link_is_shown_once(organiser: Browser, app: Starlette, hall: Hall) -> None:
    made = await scored.begun(hall)
    at = f"/organise/s/{made.selection}"
    answer = await organiser.submit(f"{at}/panel/{made.panel[0]}/link", at)
    [token] = links_in(answer)
    assert token not in (await organiser.get(at)).text
    async with browsing(app) as entered:
        answer = await entered.submit(f"/f/{made.code}/enter", k=token)
        assert answer.headers["location"] == f"/f/{made.code}/panel"


async def test_others_do_not_get_in(browser: Browser, hall: Hall) -> None:
    made = await scored.begun(hall)
    answer = await browser.get(f"/organise/s/{made.selection}")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/login?next=/organise/s/{made.selection}",
    )
    assert (await browser.get(f"/f/{made.code}/panel")).status_code == 401
    assert (await browser.get("/s/999999999999999999999")).status_code == 404
    assert (await browser.get(f"/s/{made.selection}.json")).json()["code"] == "score_hidden"


@pytest.mark.parametrize("lang", ["ko", "en"])
async def test_pages_have_words_in_both_languages(
    organiser: Browser, hall: Hall, clock: Clock, lang: str
) -> None:
    made = await scored.held(hall, clock)
    raw = re.compile(r">\s*(?:selections|organise|panel|board|refused)\.[a-z_.]+\s*<")
    paths = [f"/organise/s/{made.selection}", f"/s/{made.selection}", "/organise/selections/new"]
    for path in paths:
        answer = await organiser.get(f"{path}?lang={lang}")
        assert (answer.status_code, raw.findall(answer.text)) == (200, [])
    await selections.close(hall, ORGANISER, made.selection)
    await scored.reveal(hall, made)
    for path in paths:
        answer = await organiser.get(f"{path}?lang={lang}")
        assert (answer.status_code, raw.findall(answer.text)) == (200, [])
