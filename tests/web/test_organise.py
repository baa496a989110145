"""The organiser's house as pages: boards, new forums, and who runs it."""

import re
from typing import Any

from starlette.applications import Starlette

from tests.web.client import Browser, browsing
from tests.web.organising import FORUM, PASSWORD, beside, made_code, once, setup, tokens
from townhall.actions import accounts, people, proposals
from townhall.domain.audience import Actor
from townhall.domain.drafts import draft
from townhall.hall import Hall
from townhall.screens import organise as screen

OPERATOR = Actor(role="organiser")


async def house(hall: Hall) -> dict[str, Any]:
    return await hall.read(screen.house, hall.now())


# The house


async def test_a_visitor_signs_in_and_comes_back(browser: Browser, hall: Hall) -> None:
    await accounts.add_organiser(hall, "haneul", PASSWORD)
    sent = await browser.get("/organise/forums/new")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=/organise/forums/new")
    fields = {"login": "haneul", "password": PASSWORD, "next": "/organise/forums/new"}
    answer = await browser.submit("/login", sent.headers["location"], **fields)
    assert answer.headers["location"] == "/organise/forums/new"
    assert (await browser.get("/organise/forums/new")).status_code == 200


async def test_members_and_moderators_have_no_way_in(browser: Browser, hall: Hall) -> None:
    await browser.submit("/signup", nickname="달", login="moon", password=PASSWORD)
    for path in ("/organise", "/organise/people", "/organise/forums/new"):
        assert (await browser.get(path)).status_code == 403


async def test_the_house_shows_first_steps_until_they_are_done(
    organiser: Browser, hall: Hall
) -> None:
    empty = await organiser.get("/organise")
    assert (empty.status_code, "처음 할 일" in empty.text) == (200, True)
    await organiser.submit("/organise/forums/new", **once(1), **FORUM)
    full = await organiser.get("/organise")
    assert FORUM["title"] in full.text
    assert "자리표 9장 가운데 0장 씀" in full.text
    steps = {step["name"]: step["done"] for step in (await house(hall))["steps"]}
    assert steps == {"board": False, "forum": True, "tickets": True, "people": False}


async def test_a_board_is_made_once_however_often_it_is_sent(
    organiser: Browser, hall: Hall
) -> None:
    fields = {"title": "마을 정책제안", "key": "Village", "about": "", "agreement_days": "30"}
    for _ in range(2):
        answer = await organiser.submit("/organise/boards/new", **fields)
        assert (answer.status_code, answer.headers["location"]) == (303, "/b/village")
    assert [board["key"] for board in (await house(hall))["boards"]] == ["village"]
    other = await organiser.submit("/organise/boards/new", **(fields | {"title": "다른 곳"}))
    assert (other.status_code, 'id="key-error"' in other.text) == (422, True)
    assert 'value="다른 곳"' in other.text


async def test_a_board_that_cannot_be_says_so_beside_its_field(organiser: Browser) -> None:
    fields = {"title": "", "key": "한글", "about": "", "agreement_days": "0"}
    answer = await organiser.submit("/organise/boards/new", **fields)
    assert answer.status_code == 422
    assert 'id="title-error"' in answer.text
    assert 'id="agreement_days-error"' in answer.text
    fields |= {"title": "이름", "agreement_days": "1"}
    answer = await organiser.submit("/organise/boards/new", **fields)
    assert (answer.status_code, 'id="key-error"' in answer.text) == (422, True)


# A new forum


async def test_a_new_forum_shows_what_lets_people_in(organiser: Browser, hall: Hall) -> None:
    answer = await organiser.submit("/organise/forums/new", **once(1), **FORUM)
    code = made_code(answer)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    shown = dict.fromkeys(tokens(answer))
    assert len(shown) == 9 + 2 + 2
    assert f"http://hall.test/f/{code}#k=" in answer.text
    assert len(re.findall(rf"<code>http://hall.test/f/{code}/enter#k=\w+</code>", answer.text)) == 4
    assert len(re.findall(r"<button[^>]* data-copied=[^>]* hidden>", answer.text)) == 4
    roles = [(await people.enter(hall, code, token)).role for token in shown]
    assert roles == ["seated"] * 9 + ["moderator", "stage", "facilitator", "facilitator"]


async def test_a_forum_sent_twice_is_one_forum_with_the_same_tokens(
    organiser: Browser, hall: Hall
) -> None:
    first = await organiser.submit("/organise/forums/new", **once(1), **FORUM)
    second = await organiser.submit("/organise/forums/new", **once(1), **FORUM)
    assert tokens(first) == tokens(second)
    assert len((await house(hall))["forums"]) == 1
    assert (await setup(hall, made_code(second)))["tickets"] == {"minted": 9, "redeemed": 0}


async def test_every_new_form_has_a_key_of_its_own(organiser: Browser) -> None:
    pages = [(await organiser.get("/organise/forums/new")).text for _ in range(2)]
    keys = {re.search(r'name="once" value="([0-9a-f]{32})"', page)[1] for page in pages}  # type: ignore[index]
    assert len(keys) == 2


async def test_a_refused_forum_keeps_what_was_typed_and_its_key(
    organiser: Browser, hall: Hall
) -> None:
    fields = FORUM | {"tables": "x", "title": "", "candidates": "밤 도서관", "host": "구민회관 2층"}
    answer = await organiser.submit("/organise/forums/new", **once(7), **fields)
    assert answer.status_code == 422
    for kept in ('value="구민회관 2층"', 'value="x"', "밤 도서관", once(7)["once"]):
        assert kept in answer.text
    assert 'id="title-error"' in answer.text
    assert 'id="tables-error"' in answer.text
    fields = FORUM | {"candidates": "밤 도서관"}
    answer = await organiser.submit("/organise/forums/new", **once(7), **fields)
    assert 'id="candidates-error"' in answer.text
    assert (await house(hall))["forums"] == []


async def test_a_candidate_that_cannot_be_is_marked_at_the_candidates(organiser: Browser) -> None:
    for typed, told in (("가" * 300, "300자"), ("같은 후보\n같은 후보", "두 번 있어요")):
        fields = once(1) | FORUM | {"candidates": typed, "template": "open-forum"}
        answer = await organiser.submit("/organise/forums/new", **fields)
        assert (answer.status_code, 'id="candidates-error"' in answer.text) == (422, True)
        assert told in beside(answer)[0]


async def test_a_forum_without_a_start_asks_for_the_time_too(organiser: Browser) -> None:
    fields = once(1) | FORUM | {"starts_at": ""}
    answer = await organiser.submit("/organise/forums/new", **fields)
    assert ["14:00" in each for each in beside(answer)] == [True]


async def test_candidates_are_ticked_named_by_number_and_typed(
    organiser: Browser, hall: Hall
) -> None:
    await organiser.submit("/signup", "/login", nickname="달", login="moon", password=PASSWORD)
    author = await people.recognise(hall, organiser.cookies["townhall"])
    await proposals.open_board(hall, OPERATOR, "village", "마을 정책제안")
    ideas = [
        await proposals.propose(
            hall, author, "village", draft(title, "", "내용", "", ""), key=title
        )
        for title in ("공유 공구함", "골목 음악회")
    ]
    await organiser.submit("/login", login="haneul", password=PASSWORD)
    fields = FORUM | {
        "board": "village",
        "title": "토론회",
        "candidates": f"#{ideas[1]}\n밤 도서관",
    }
    look = await organiser.submit("/organise/forums/new", **once(1), **fields, look="1")
    assert look.status_code == 200
    assert f'name="proposal" value="{ideas[0]}"' in look.text
    assert 'value="토론회"' in look.text
    made = await organiser.submit("/organise/forums/new", **once(1), **fields, proposal=ideas[0])
    options = (await setup(hall, made_code(made)))["questions"][0]["options"]
    assert [o["title"] for o in options] == ["공유 공구함", "골목 음악회", "밤 도서관"]


# People


async def test_an_invitation_works_once_and_gives_its_role(
    organiser: Browser, hall: Hall, code: str, app: Starlette
) -> None:
    answer = await organiser.submit(
        "/organise/people/invite", "/organise/people", role="moderator", forum=code
    )
    assert f"http://hall.test/invite#k={tokens(answer)[0]}" in answer.text
    async with browsing(app) as invited:
        fields = {"nickname": "달", "login": "moon", "password": PASSWORD}
        entered = await invited.submit("/invite", k=tokens(answer)[0], **fields)
        assert entered.headers["location"] == f"/f/{code}/console"
        page = await organiser.get("/organise/people")
        assert ("달" in page.text, FORUM["title"] in page.text) == (True, True)
        held = await hall.read(screen.grants, None)
        grant = next(each for each in held if each["login"] == "moon")
        await organiser.submit(f"/organise/people/{grant['id']}/revoke", "/organise/people")
        assert (await invited.get(f"/f/{code}/console")).status_code == 303
    assert "역할을 거뒀어요" in (await organiser.get("/organise/people")).text


async def test_an_invitation_without_its_forum_says_so(organiser: Browser) -> None:
    for fields in ({"role": "moderator", "forum": ""}, {"role": "king", "forum": ""}):
        answer = await organiser.submit("/organise/people/invite", "/organise/people", **fields)
        assert (answer.status_code, len(beside(answer))) == (422, 1)
        assert tokens(answer) == []


async def test_nobody_takes_the_role_they_stand_on(organiser: Browser, hall: Hall) -> None:
    mine = (await hall.read(screen.grants, None))[0]["id"]
    for grant in (mine, 999, "x"):
        await organiser.submit(f"/organise/people/{grant}/revoke", "/organise/people")
    assert len(await hall.read(screen.grants, None)) == 1
    assert (await organiser.get("/organise")).status_code == 200
