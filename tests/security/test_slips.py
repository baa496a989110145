"""What people do by accident: twice, late, with the wrong card, two at once.

Each is answered by a sentence that says what to do; what was typed is still there; nothing is
done twice; and the server's log holds one line for it.
"""

import csv
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.facts import Clock
from tests.security.copies import Copy, Visitor, entered
from tests.security.fields import controls
from tests.security.knocks import FORMS, OURS, ballot, key, send_event
from tests.security.roles import ELSEWHERE, HERE, House, build
from tests.security.strings import STRINGS
from tests.security.test_strings import Ear, ear, sentence
from townhall.cli.export_ import write
from townhall.domain.importing import EXPORTED
from townhall.storage.database import writing
from townhall.storage.schema import Selection

__all__ = ["ear"]

DAYS = 86_400


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return await build(tmp_path_factory.mktemp("slips"))


@pytest.fixture
async def copy(house: House, tmp_path: Path) -> AsyncIterator[Copy]:
    async with entered(house, tmp_path) as opened:
        yield opened


async def form(who: Visitor, path: str, /, **given: Any) -> httpx.Response:
    return await who.browser.post(path, data=who.form(**given), headers=OURS)


def counted(copy: Copy, table: str) -> int:
    return int(copy.watch.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def typed(answer: httpx.Response, name: str) -> list[str]:
    return [control.value.strip() for control in controls(answer.text, "/") if control.name == name]


def told(answer: httpx.Response) -> str:
    """The sentence on an error page or beside a field."""
    beside = re.findall(r'class="wrong"[^>]*>([^<]+)<|<small>([^<]+)</small>', answer.text)
    page = re.findall(r"<h1>[^<]*</h1>\s*<p>([^<]+)</p>", answer.text)
    return next((a or b for a, b in beside if (a or b).endswith(".")), "".join(page))


@pytest.mark.parametrize(
    ("role", "event", "given", "table"),
    [
        ("facilitator_here", "note", {"kind": "pro", "text": "두 번 눌렀어요"}, "note"),
        ("seated_here", "ask", {"text": "두 번 물었나요?"}, "ask"),
        ("moderator", "agenda_next", {}, "audit"),
        ("moderator", "question_reopen", {"question": "closing"}, "question"),
    ],
)
async def test_an_event_sent_twice_happens_once(
    copy: Copy, role: str, event: str, given: dict[str, Any], table: str
) -> None:
    async with copy.visitor(role) as who:
        payload = {"key": key()} | {k: who.house.ids.get(str(v), v) for k, v in given.items()}
        before = counted(copy, table)
        answers = [(await send_event(who, event, payload)).json() for _ in range(2)]
        assert [answer["status"] for answer in answers] == ["ok", "ok"]
        assert counted(copy, table) == before + 1


async def test_a_double_click_on_a_form_does_it_once(copy: Copy) -> None:
    async with copy.visitor("organiser") as who:
        for path, table in (
            ("/b/library/new", "proposal"),
            ("/organise/boards/new", "board"),
            ("/organise/forums/new", "forum"),
        ):
            pattern = path.replace("library", "{board}")
            given, before = who.form(**FORMS[pattern](who, "")), counted(copy, table)
            answers = [await who.browser.post(path, data=given, headers=OURS) for _ in range(2)]
            assert {answer.status_code for answer in answers} <= {200, 303}
            assert counted(copy, table) == before + 1, path
        comments = counted(copy, "comment")
        at = f"/b/library/p/{copy.house.ids['proposal']}/comments"
        for _ in range(2):
            assert (await form(who, at, text="한 번만 적어 주세요")).status_code == 303
        assert counted(copy, "comment") == comments + 1


async def test_a_plain_ballot_sent_twice_counts_once(copy: Copy) -> None:
    async with copy.visitor("seated_here") as who:
        given = {"question": str(who.house.ids["open"]), "choice": "yes"}
        for _ in range(2):
            assert (await form(who, f"/f/{HERE}/vote", **given)).status_code == 303
        question = who.house.ids["open"]
        cast = copy.watch.execute("SELECT sum(n) FROM tally WHERE question_id = ?", (question,))
        assert counted(copy, f"participation WHERE question_id = {question}") == 1
        assert cast.fetchone()[0] == 1


async def test_a_page_gone_back_to_keeps_what_was_typed(copy: Copy, ear: Ear) -> None:
    at = f"/b/library/p/{copy.house.ids['proposal']}/edit"
    words = {"title": "먼저 고친 제목", "content": "먼저 고친 내용", "rev": "1"}
    async with copy.visitor("member") as who:
        assert (await form(who, at, **words)).status_code == 303
        ear.lines.clear()
        late = await form(who, at, **(words | {"title": "나중 제목", "content": "나중 내용"}))
        assert (late.status_code, typed(late, "title")) == (422, ["나중 제목"])
        assert typed(late, "content") == ["나중 내용"]
        assert "다른 창에서" in told(late)
        assert ear.one_quiet_line()


async def test_a_sheet_saved_in_another_window_keeps_what_was_typed(copy: Copy) -> None:
    async with copy.visitor("panelist") as who:
        at = f"/f/{HERE}/panel"
        first = await form(who, at, rev="0", comment="먼저", do="save")
        late = await form(who, at, rev="0", comment="나중에 쓴 의견", do="save")
        assert (first.status_code, late.status_code) == (303, 422)
        assert typed(late, "comment") == ["나중에 쓴 의견"]
        again = await form(who, at, rev=typed(late, "rev")[0], comment="나중에 쓴 의견", do="save")
        assert again.status_code == 303


async def test_an_expired_session_is_asked_to_come_in(copy: Copy, ear: Ear) -> None:
    assert isinstance(copy.hall.now, Clock)
    copy.hall.now.pass_seconds(400 * DAYS)
    async with copy.visitor("moderator_account") as who:
        page = await who.browser.get(f"/f/{HERE}/console")
        assert page.headers["location"] == f"/login?next=/f/{HERE}/console"
        ear.lines.clear()
        late = await form(who, "/b/library/new", title="한 해 뒤", content="아직 있나요")
        assert (late.status_code, ear.one_quiet_line()) == (401, True)
        sentence(told(late))
    async with copy.visitor("facilitator_here") as who:
        card = await who.browser.get(f"/f/{HERE}/desk")
        assert (card.status_code, "QR" in card.text) == (401, True)
        said = (await send_event(who, "note", {"key": key(), "kind": "pro", "text": "x"})).json()
        assert said["code"] == "sign_in"
        sentence(said["message"])


@pytest.mark.parametrize(
    ("token", "status"), [("elsewhere", 422), ("used", 409), ("nonsense", 422), ("voided", 422)]
)
async def test_tickets_that_open_nothing_say_why(
    copy: Copy, ear: Ear, token: str, status: int
) -> None:
    house = copy.house
    async with copy.visitor("visitor") as who:
        used = house.tickets[-1]
        await form(who, f"/f/{HERE}/enter", k=used)
        who.anew()
        shown = {"used": used, "elsewhere": house.tickets[-2], "voided": house.tickets[-3]}
        copy.watch.execute("UPDATE seat SET voided_at = 1 WHERE number = ?", (_number(copy, -3),))
        copy.watch.commit()
        code = ELSEWHERE if token == "elsewhere" else HERE
        ear.lines.clear()
        answer = await form(who, f"/f/{code}/enter", k=shown.get(token, "q" * 32))
        assert (answer.status_code, ear.one_quiet_line()) == (status, True)
        sentence(told(answer))


def _number(copy: Copy, at: int) -> int:
    """The number of the ticket that many from the last."""
    rows = copy.watch.execute(
        "SELECT number FROM seat WHERE ticket_hash IS NOT NULL ORDER BY number"
    )
    return int(rows.fetchall()[at][0])


async def test_a_closed_question_says_that_it_is(copy: Copy, ear: Ear) -> None:
    async with copy.visitor("seated_here") as who:
        ear.lines.clear()
        answer = await form(
            who, f"/f/{HERE}/vote", question=str(who.house.ids["closing"]), choice="yes"
        )
        assert ear.one_quiet_line()
        who.browser.cookies.update(answer.cookies)
        page = await who.browser.get(f"/f/{HERE}")
        assert "지금은 투표를 받지 않아요" in page.text
        said = (await send_event(who, "vote", ballot(who.house.ids["closing"]))).json()
        assert said["status"] == "closed"


async def test_the_wrong_tables_card_says_whose_it_is(copy: Copy, ear: Ear) -> None:
    async with copy.visitor("facilitator_other_table") as who:
        edit = {"id": who.house.ids["note"], "rev": 2, "key": key(), "kind": "con", "text": "x"}
        ear.lines.clear()
        said = (await send_event(who, "note_edit", edit)).json()
        assert (said["code"], ear.one_quiet_line()) == ("wrong_table", True)
        assert "다른 모둠" in said["message"]


async def test_two_moderators_who_press_at_once_move_one_step(copy: Copy, ear: Ear) -> None:
    current = copy.house.ids["segment"]
    said = []
    for role in ("moderator", "moderator_account"):
        async with copy.visitor(role) as who:
            ear.lines.clear()
            payload = {"key": key(), "current": current}
            said.append((await send_event(who, "agenda_next", payload)).json())
            assert ear.one_quiet_line()
    assert (said[0]["status"], said[1]["code"]) == ("ok", "agenda_moved")
    assert "이미 넘어갔어요" in said[1]["message"]


async def test_two_moderators_who_open_at_once_open_once(copy: Copy) -> None:
    said = []
    for role in ("moderator", "organiser"):
        async with copy.visitor(role) as who:
            payload = {"key": key(), "question": who.house.ids["draft"], "seconds": 60}
            said.append((await send_event(who, "question_open", payload)).json())
    assert [answer["status"] for answer in said] == ["ok", "ok"]
    assert said[0]["closes_at"] == said[1]["closes_at"]


async def test_two_organisers_who_decide_at_once_keep_both_texts(copy: Copy, ear: Ear) -> None:
    at = f"/organise/s/{copy.house.ids['sealed']}/decide"
    given = {"decision": "confirms", "candidate": "A"}
    async with copy.visitor("organiser") as who:
        assert (await form(who, at, **given, reason="점수대로 정해요")).status_code == 303
        ear.lines.clear()
        late = await form(who, at, **given, reason="저도 같은 생각이에요")
        assert (late.status_code, ear.one_quiet_line()) == (422, True)
        assert typed(late, "reason") == ["저도 같은 생각이에요"]
        sentence(told(late))
    with writing(copy.hall.database) as session:
        kept = session.get_one(Selection, copy.house.ids["sealed"])
        assert kept.reason == "점수대로 정해요"


async def test_a_rule_refused_keeps_what_was_emptied(copy: Copy) -> None:
    """A field that somebody cleared stays clear, or saving again would bring the old value back."""
    async with copy.visitor("organiser") as who:
        given = FORMS["/organise/s/{id:int}/rule"](who, "") | {"first": "", "weight-live": "1"}
        answer = await form(who, f"/organise/s/{who.house.ids['selection']}/rule", **given)
        assert answer.status_code == 422
        chosen = re.search(r'<select[^>]*name="first".*?</select>', answer.text, re.DOTALL)
        assert chosen
        assert re.findall(r'value="([^"]*)" selected', chosen[0]) == [""]


def test_no_cell_of_an_export_begins_like_a_formula() -> None:
    begins = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "'=1", "''@x", *STRINGS.values()]
    rows = [dict.fromkeys(EXPORTED, text) for text in begins if "\ud83d" not in text]
    out = io.StringIO(newline="")
    write(out, rows, jsonl=False)
    cells = [cell for row in csv.reader(io.StringIO(out.getvalue(), newline="")) for cell in row]
    assert len(cells) == len(EXPORTED) * (len(rows) + 1)
    assert [cell for cell in cells if re.match(r"[=+\-@\t\r]", cell)] == []
