"""One forum's set-up as a page: run of show, questions, tables, tickets and links."""

import re
from typing import Any

import pytest
from starlette.applications import Starlette

from tests.web.client import Browser, browsing
from tests.web.organising import Press, beside, once, setup, tokens
from townhall.actions import agenda, people
from townhall.domain.audience import Actor
from townhall.hall import Hall
from townhall.web import organise_made

QUESTION = {
    "kind": "single",
    "title": "무엇부터 할까요?",
    "options": "하나\n둘",
    "changeable": "1",
    "results": "hidden",
    "base": "voted",
    "eligibility": "seats",
    "abstain": "1",
}


# Run of show


async def test_the_set_up_page_shows_every_part(organiser: Browser, code: str, hall: Hall) -> None:
    page = await organiser.get(f"/organise/f/{code}")
    assert page.status_code == 200
    for part in ("run", "questions", "room", "links", "score", "basics"):
        assert f'id="{part}"' in page.text
    assert f"http://hall.test/f/{code}" in page.text
    ids = re.findall(r'\sid="([^"]+)"', page.text)
    assert sorted(ids) == sorted(set(ids)), "no id stands twice"
    english = await organiser.get(f"/organise/f/{code}?lang=en")
    assert "Run of show" in english.text


async def test_an_unknown_forum_has_no_set_up(organiser: Browser) -> None:
    assert (await organiser.get("/organise/f/999999")).status_code == 404


async def test_the_forms_ask_for_as_many_as_the_house_makes(
    organiser: Browser, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(organise_made.MOST, "tables", 201)
    monkeypatch.setitem(organise_made.MOST, "tickets", 10_001)
    for path in ("/organise/forums/new", f"/organise/f/{code}"):
        page = (await organiser.get(path)).text
        fields = re.findall(r'<input[^>]*name="(?:tables|tickets|count)"[^>]*>', page)
        most = [re.findall(r'max="(\d+)"', field) for field in fields]
        assert most == [["201"], ["10001"]], path


async def test_items_are_added_mended_moved_and_removed(
    press: Press, hall: Hall, code: str
) -> None:
    item = {"kind": "tables", "title": "한 번 더", "minutes": "15", "prompt": "", "question": ""}
    for _ in range(2):
        assert (await press("/segments", **once(3), **item)).status_code == 303
    rows = (await setup(hall, code))["segments"]
    assert (len(rows), rows[-1]["title"]) == (13, "한 번 더")
    at = f"/segments/{rows[-1]['id']}"
    await press(at, **(item | {"limit": "90", "title": "마지막으로"}), do="save")
    await press(at, kind="tables", do="up")
    rows = (await setup(hall, code))["segments"]
    assert (rows[-2]["title"], rows[-2]["facts"]) == ("마지막으로", {"limit": 90})
    await press(at, kind="tables", do="remove")
    assert len((await setup(hall, code))["segments"]) == 12


async def test_speakers_are_lines_of_letter_and_seconds(
    press: Press, hall: Hall, code: str
) -> None:
    pitch = (await setup(hall, code))["segments"][3]
    item = {"kind": "pitch", "title": "소개", "minutes": "8", "do": "save"}
    await press(f"/segments/{pitch['id']}", **item, speakers="B 60\n A ")
    facts = (await setup(hall, code))["segments"][3]["facts"]
    assert facts == {
        "speakers": [{"candidate": "B", "seconds": 60}, {"candidate": "A", "seconds": 180}]
    }
    wrong = await press(f"/segments/{pitch['id']}", **item, speakers="A, B 60 초")
    assert wrong.status_code == 422
    assert beside(wrong) == ["한 줄에 후보 글자 하나와 초만 적어 주세요. 보기: A 120"]
    assert "A, B 60 초" in wrong.text


async def test_a_refused_item_opens_again_with_its_words(press: Press) -> None:
    item = {"kind": "talk", "title": "", "minutes": "900", "prompt": "남아 있어요"}
    answer = await press("/segments", **once(3), **item)
    assert answer.status_code == 422
    assert len(beside(answer)) == 2
    assert "남아 있어요" in answer.text
    assert 'id="segment-minutes-error"' in answer.text


async def test_the_order_cannot_be_changed_once_it_runs(
    organiser: Browser, press: Press, hall: Hall, code: str
) -> None:
    forum = (await people.gate(hall, code)).id
    await agenda.start(hall, Actor(role="organiser", forum=forum), key="1")
    page = await organiser.get(f"/organise/f/{code}")
    assert f'action="/organise/f/{code}/segments' not in page.text
    late = await press("/segments", kind="talk", title="늦은 말", minutes="5", **once(1))
    assert (late.status_code, "순서를 바꿀 수 없어요" in late.text) == (422, True)


# Questions


@pytest.mark.parametrize(
    ("fields", "config"),
    [
        ({"kind": "yesno", "options": ""}, {}),
        ({"kind": "single"}, {"abstain": True}),
        ({"kind": "multiple", "most": "1", "write_in": "1"}, {"max": 1, "write_in": True}),
        (
            {"kind": "score", "min": "0", "max": "10", "low_label": "별로"},
            {"min": 0, "max": 10, "low_label": "별로", "high_label": ""},
        ),
        ({"kind": "ranking", "method": "irv"}, {"method": "irv"}),
        (
            {"kind": "dots", "options": "", "budget": "3", "not_own_table": "1"},
            {"budget": 3, "per_option_max": None, "not_own_table": True, "over": "summaries"},
        ),
    ],
    ids=lambda value: value.get("kind", "") if isinstance(value, dict) else "",
)
async def test_a_question_of_every_kind_is_made_and_mended(
    press: Press, hall: Hall, code: str, fields: dict[str, str], config: dict[str, Any]
) -> None:
    typed = QUESTION | fields | {"seconds": "60"}
    for _ in range(2):
        assert (await press("/questions", **once(5), **typed)).status_code == 303
    rows = (await setup(hall, code))["questions"]
    made = rows[-1]
    assert (len(rows), made["kind"], made["config"]) == (4, fields["kind"], config)
    assert made["seconds"] == 60
    mended = typed | {"title": "고친 말", "secret": "1", "base": "entitled"}
    await press(f"/questions/{made['id']}", **mended)
    again = (await setup(hall, code))["questions"][-1]
    assert (again["title"], again["secret"], again["base"]) == ("고친 말", True, "entitled")
    assert again["config"] == config
    await press(f"/questions/{made['id']}/remove", **mended)
    assert len((await setup(hall, code))["questions"]) == 3


async def test_the_form_of_a_draft_holds_what_is_stored(
    organiser: Browser, hall: Hall, code: str
) -> None:
    page = (await organiser.get(f"/organise/f/{code}")).text
    row = (await setup(hall, code))["questions"][0]
    form = page[page.index(f'action="/organise/f/{code}/questions/{row["id"]}"') :]
    form = form[: form.index("</form>")]
    assert 'value="score" checked' in form
    assert "밤 도서관\n나무 그늘" in form
    assert f'value="{row["title"]}"' in form


async def test_rounds_are_paired(press: Press, hall: Hall, code: str) -> None:
    await press("/questions", **once(1), **(QUESTION | {"round": "first"}))
    first = (await setup(hall, code))["questions"][-1]
    final = QUESTION | {"kind": "yesno", "options": "", "round": "final", "first": first["id"]}
    await press("/questions", **once(2), **final)
    row = (await setup(hall, code))["questions"][-1]
    assert (row["first"], row["kind"], row["options"]) == (first["id"], "single", first["options"])
    used = await press(f"/questions/{first['id']}/remove")
    assert (used.status_code, "마지막 투표의 짝" in used.text) == (422, True)


async def test_a_refused_question_says_what_is_wrong_beside_its_field(press: Press) -> None:
    few = await press("/questions", **once(1), **(QUESTION | {"options": "하나뿐"}))
    assert (few.status_code, 'id="question-options-error"' in few.text) == (422, True)
    assert "하나뿐" in few.text
    scale = QUESTION | {"kind": "score", "min": "5", "max": "5"}
    answer = await press("/questions", **once(1), **scale)
    assert 'id="question-max-error"' in answer.text
    unknown = await press("/questions", **once(1), **(QUESTION | {"kind": "mood"}))
    assert unknown.status_code == 422


# Tables, tickets, links


async def test_basics_are_saved(press: Press, hall: Hall, code: str) -> None:
    fields = {"title": "새 이름", "host": "", "starts_at": "2026-11-29T10:30"}
    answer = await press("", **fields, language="en", entry="open")
    assert answer.headers["location"] == f"/organise/f/{code}#basics"
    forum = (await setup(hall, code))["forum"]
    assert (forum["title"], forum["language"], forum["entry"]) == ("새 이름", "en", "open")
    wrong = await press("", **(fields | {"title": " "}), language="en", entry="open")
    assert (wrong.status_code, 'id="title-error"' in wrong.text) == (422, True)


async def test_tables_are_added_and_wait_for_their_cards(
    organiser: Browser, press: Press, hall: Hall, code: str
) -> None:
    await press("/tables", count="4")
    assert (await setup(hall, code))["uncarded"] == [3, 4]
    cards = await press("/links", **once(1), role="facilitator", table=["3", "4"])
    assert len(set(tokens(cards))) == 2
    assert (await setup(hall, code))["uncarded"] == []
    fewer = await press("/tables", count="1")
    assert (fewer.status_code, 'id="tables-count-error"' in fewer.text) == (422, True)


async def test_tickets_are_minted_once_and_shown_by_table(
    press: Press, hall: Hall, code: str
) -> None:
    first = await press("/tickets", **once(1), count="3")
    again = await press("/tickets", **once(1), count="3")
    assert tokens(first) == tokens(again)
    assert len(set(tokens(first))) == 3
    assert (await setup(hall, code))["tickets"]["minted"] == 9 + 3
    more = await press("/tickets", **once(2), count="3")
    assert not set(tokens(more)) & set(tokens(first))
    wrong = await press("/tickets", **once(3), count="10001")
    assert (wrong.status_code, 'id="tickets-count-error"' in wrong.text) == (422, True)


async def test_the_same_tickets_come_as_a_sheet_and_as_a_pdf(
    press: Press, hall: Hall, code: str
) -> None:
    shown = await press("/tickets", **once(1), count="3")
    sheet = await press("/tickets", **once(1), count="3", **{"as": "sheet"})
    assert sheet.text.count('class="ticket"') == 3
    typed = re.findall(r"<b>([0-9a-f ]{19}\n[0-9a-f ]{19})</b>", sheet.text)
    assert sorted(re.sub(r"\s", "", each) for each in typed) == sorted(set(tokens(shown)))
    pdf = await press("/tickets", **once(1), count="3", **{"as": "pdf"})
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert f"tickets-{code}.pdf" in pdf.headers["content-disposition"]
    assert pdf.headers["cache-control"] == "no-store"
    assert (await setup(hall, code))["tickets"]["minted"] == 9 + 3


async def test_a_printed_code_can_be_typed(
    press: Press, code: str, hall: Hall, app: Starlette
) -> None:
    sheet = await press("/tickets", **once(1), count="1", **{"as": "sheet"})
    typed = re.search(r"<b>([0-9a-f ]{19}\n[0-9a-f ]{19})</b>", sheet.text)
    assert typed
    async with browsing(app) as phone:
        answer = await phone.submit(f"/f/{code}/enter", k=typed[1])
    assert answer.headers["location"] == f"/f/{code}"


async def test_paper_speaks_the_forums_language(
    organiser: Browser, press: Press, code: str
) -> None:
    await organiser.get("/organise?lang=en")
    page = await press("/tickets", **once(1), count="1")
    sheet = await press("/tickets", **once(1), count="1", **{"as": "sheet"})
    assert "Shown only now" in page.text
    assert ('<html lang="ko">' in sheet.text, "내 번호" in sheet.text) == (True, True)


async def test_table_cards_come_as_a_sheet(press: Press) -> None:
    sheet = await press("/links", **once(1), role="facilitator", **{"as": "sheet"})
    assert (sheet.text.count('class="ticket"'), "진행 도우미 카드" in sheet.text) == (2, True)
    pdf = await press("/links", **once(1), role="facilitator", **{"as": "pdf"})
    assert pdf.content[:5] == b"%PDF-"


async def test_a_new_card_cuts_the_old_one_off(press: Press, hall: Hall, code: str) -> None:
    old = set(tokens(await press("/links", **once(1), role="facilitator"))).pop()
    tablet = (await people.enter(hall, code, old)).token
    page = await press("/links", **once(2), role="facilitator")
    assert old not in page.text
    assert (await people.recognise(hall, tablet)).role == "visitor"
    stale = await press("/links", **once(1), role="facilitator")
    assert (stale.status_code, "이미 한 번 보낸" in stale.text) == (400, True)


@pytest.mark.parametrize("role", ["moderator", "stage"])
async def test_a_links_new_token_opens_its_screen(
    press: Press, hall: Hall, code: str, role: str
) -> None:
    answer = await press("/links", **once(1), role=role)
    assert (await people.enter(hall, code, tokens(answer)[0])).role == role


async def test_links_are_for_known_roles_only(press: Press) -> None:
    assert (await press("/links", **once(1), role="organiser")).status_code == 400


async def test_what_is_gone_or_elsewhere_is_not_found(press: Press) -> None:
    for part in ("/segments/999", "/questions/999", "/questions/x", "/segments/99999999999"):
        fields = QUESTION if "questions" in part else {"do": "remove"}
        assert (await press(part, **fields)).status_code == 404
    unpaired = QUESTION | {"round": "final", "first": "999"}
    answer = await press("/questions", **once(1), **unpaired)
    assert (answer.status_code, 'id="question-first-error"' in answer.text) == (422, True)
