"""What is sent at the door for each row of rights.csv: payloads of events, addresses and forms.

Every knock is one that succeeds for whoever has the right in the row's state.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from tests.security.copies import Visitor
from tests.security.roles import HERE, PASSWORD, VICTIM, House
from tests.web.client import HOST
from townhall.actions import people
from townhall.storage import sessions
from townhall.web.assets import Assets

OURS = {"Origin": f"http://{HOST}"}
Fields = dict[str, Any]

_FINGERPRINT = Assets().fingerprint


def key() -> str:
    return secrets.token_hex(16)


def ballot(question: int) -> Fields:
    return {"question": question, "key": key(), "rev": 1, "nonce": key(), "choice": "yes"}


def question_in(house: House, state: str) -> int:
    """The question of the house that a row's state names."""
    return house.ids["closing" if state == "closed" else state]


PAYLOADS: Mapping[str, Callable[[House, str], Fields]] = {
    "hello": lambda house, state: {},
    "vote": lambda house, state: ballot(question_in(house, state)),
    "vote_status": lambda house, state: {"question": house.ids["open"], "key": key()},
    "proxy_vote": lambda house, state: ballot(question_in(house, state)) | {"paper": 7},
    "sit": lambda house, state: {"table": 2},
    "note": lambda house, state: {"key": key(), "kind": "pro", "text": "좋아요"},
    "note_edit": lambda house, state: {
        "id": house.ids["note"],
        "rev": 2,
        "key": key(),
        "kind": "con",
        "text": "글쎄요",
    },
    "note_remove": lambda house, state: {"id": house.ids["note"], "rev": 2, "key": key()},
    "summary": lambda house, state: {"key": key(), "rev": 1, "text": "함께 적어요", "send": True},
    "head_count": lambda house, state: {"count": 8},
    "call": lambda house, state: {"reason": "마이크가 꺼졌어요"},
    "ask": lambda house, state: {"key": key(), "text": "몇 시에 끝나나요?"},
    "upvote": lambda house, state: {"ask": house.ids["ask"], "on": True},
    "ask_state": lambda house, state: {"ask": house.ids["ask"], "state": "answered"},
    "agenda_start": lambda house, state: {"key": key()},
    "agenda_next": lambda house, state: {"key": key()},
    "agenda_back": lambda house, state: {"key": key()},
    "agenda_extend": lambda house, state: {"key": key(), "minutes": 5},
    "agenda_speaker": lambda house, state: {"key": key(), "name": "A", "seconds": 180},
    "agenda_end": lambda house, state: {"key": key()},
    "question_open": lambda house, state: {"key": key(), "question": question_in(house, state)},
    "question_extend": lambda house, state: {
        "key": key(),
        "question": question_in(house, state),
        "seconds": 15,
    },
    "question_close": lambda house, state: {"key": key(), "question": question_in(house, state)},
    "question_reveal": lambda house, state: {"key": key(), "question": question_in(house, state)},
    "question_reopen": lambda house, state: {"key": key(), "question": question_in(house, state)},
    "stage_show": lambda house, state: {"key": key(), "scene": "join"},
    "stage_blank": lambda house, state: {"key": key(), "on": True},
    "seat_reset": lambda house, state: {"seat": VICTIM},
    "card_revoke": lambda house, state: {"table": 2},
}
"""What each event is sent with."""


def _lines(numbers: list[int]) -> str:
    return "\n".join(f"#{number}" for number in numbers)


_RULE = {
    "weight-sympathy": "30",
    "weight-live": "20",
    "weight-panel": "50",
    "normalise": "top",
    "cap": "",
    "live_aggregate": "mean",
    "panel_aggregate": "mean",
    "score_max": "5",
    "seats": "9",
    "quorum": "2/3",
    "criterion-1": "파급",
    "weight-1": "0.5",
    "criterion-2": "실현",
    "weight-2": "0.5",
    "from": "",
    "until": "",
}
_PROPOSAL = {"title": "늦게까지 여는 책방", "content": "금요일만이라도 열어요.", "rev": "1"}
_ITEM = {"kind": "talk", "title": "인사", "minutes": "5", "prompt": ""}
_QUESTION = {
    "kind": "yesno",
    "title": "다시 모일까요?",
    "results": "hidden",
    "base": "voted",
    "eligibility": "seats",
}

FORMS: Mapping[str, Callable[[Visitor, str], Fields]] = {
    "/login": lambda who, state: {"login": "sunny", "password": PASSWORD},
    "/signup": lambda who, state: {
        "login": f"new-{who.role}",
        "nickname": "새 이웃",
        "password": PASSWORD,
    },
    "/logout": lambda who, state: {},
    "/invite": lambda who, state: {
        "k": who.house.spare(who.role, who.house.invites),
        "login": f"invited-{who.role}",
        "nickname": "담당",
        "password": PASSWORD,
    },
    "/b/{board}/new": lambda who, state: _PROPOSAL,
    "/b/{board}/p/{id:int}/edit": lambda who, state: _PROPOSAL,
    "/b/{board}/p/{id:int}/sympathy": lambda who, state: {"on": "1"},
    "/b/{board}/p/{id:int}/agree": lambda who, state: {"on": "1"},
    "/b/{board}/p/{id:int}/comments": lambda who, state: {"text": "저도 함께할게요"},
    "/b/{board}/p/{id:int}/comments/{comment:int}/sympathy": lambda who, state: {"on": "1"},
    "/b/{board}/p/{id:int}/comments/{comment:int}/remove": lambda who, state: {},
    "/join": lambda who, state: {"code": HERE},
    "/f/{code}/enter": lambda who, state: {
        "k": who.house.spare(who.role, who.house.tickets),
        "swap": "yes",
    },
    "/f/{code}/join": lambda who, state: {"nickname": "손님", "table": "1"},
    "/f/{code}/vote": lambda who, state: {
        "question": str(question_in(who.house, state)),
        "choice": "yes",
    },
    "/f/{code}/ask": lambda who, state: {"text": f"{who.role}도 물어요"},
    "/f/{code}/upvote": lambda who, state: {"ask": str(who.house.ids["ask"]), "on": "1"},
    "/f/{code}/sit": lambda who, state: {"table": "2"},
    "/f/{code}/name": lambda who, state: {"nickname": "달"},
    "/f/{code}/link": lambda who, state: {},
    "/f/{code}/panel": lambda who, state: {
        "rev": "0",
        "comment": "",
        "do": "save",
        "score-A-reach": "4",
    },
    "/organise/boards/new": lambda who, state: {
        "title": "우리 마을",
        "key": "village",
        "about": "",
        "agreement_days": "30",
    },
    "/organise/forums/new": lambda who, state: {
        "title": "두 번째 토론회",
        "host": "",
        "starts_at": "2026-12-01T14:00",
        "template": "blank",
        "candidates": "",
        "tables": "2",
        "tickets": "3",
        "entry": "seats",
        "language": "ko",
        "board": "",
        "once": key(),
    },
    "/organise/people/invite": lambda who, state: {"role": "official"},
    "/organise/people/{id}/revoke": lambda who, state: {},
    "/organise/f/{code}": lambda who, state: {
        "title": "새 이름",
        "host": "",
        "starts_at": "2026-12-01T14:00",
        "language": "ko",
        "entry": "seats",
    },
    "/organise/f/{code}/segments": lambda who, state: _ITEM | {"once": key()},
    "/organise/f/{code}/segments/{id}": lambda who, state: _ITEM | {"do": "save"},
    "/organise/f/{code}/questions": lambda who, state: _QUESTION | {"once": key()},
    "/organise/f/{code}/questions/{id}": lambda who, state: _QUESTION,
    "/organise/f/{code}/questions/{id}/remove": lambda who, state: {},
    "/organise/f/{code}/tables": lambda who, state: {"count": "3"},
    "/organise/f/{code}/tickets": lambda who, state: {"count": "2", "as": "page", "once": key()},
    "/organise/f/{code}/links": lambda who, state: {
        "role": "stage",
        "as": "page",
        "once": key(),
    },
    "/organise/selections/new": lambda who, state: {
        "title": "다른 선정",
        "forum": "",
        "board": "library",
        "candidates": "하나\n둘",
    },
    "/organise/s/{id:int}/candidates": lambda who, state: {
        "candidates": _lines(who.house.candidates)
    },
    "/organise/s/{id:int}/rule": lambda who, state: (
        _RULE
        | {
            "first": str(who.house.ids["first"]),
            "final": str(who.house.ids["final"]),
            "reason": "한 분이 더 오세요",
        }
    ),
    "/organise/s/{id:int}/panel": lambda who, state: {"names": "새봄"},
    "/organise/s/{id:int}/panel/{panelist:int}/link": lambda who, state: {},
    "/organise/s/{id:int}/panel/{panelist:int}/recuse": lambda who, state: {
        "candidate": "A",
        "on": "1",
    },
    "/organise/s/{id:int}/close": lambda who, state: {"exception": "", "lot_seed": ""},
    "/organise/s/{id:int}/decide": lambda who, state: {
        "decision": "confirms",
        "candidate": "A",
        "reason": "점수대로 정해요",
    },
}
"""What each form is filled in with."""


def address(house: House, path: str, state: str) -> str:
    """A route's path with something of the house in each of its places."""
    ids = house.ids
    proposal = path.startswith("/b/")
    number: object = ids["proposal"] if proposal else _selection(house, state)
    if path.startswith("/organise/f/{code}/segments"):
        number = ids["coming"]
    elif path.startswith("/organise/f/{code}/questions"):
        number = ids["open" if state == "open" else "draft"]
    elif path.startswith("/organise/people"):
        number = house.grants["organiser" if state == "own role" else "official"]
    filled = {
        "board": "library",
        "id": number,
        "comment": ids["comment_on_proposal"],
        "panelist": ids["panelist_row"],
        "code": HERE,
        "question": ids["shown"],
        "token": house.upload,
        "event": "no_such_event",
        "fingerprint": _FINGERPRINT,
        "name": "css/tokens.css",
        "path": "no/such/page",
    }
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: str(filled[found[1]]), path)


def _selection(house: House, state: str) -> int:
    return house.ids[state if state in {"counted", "sealed"} else "selection"]


async def send_event(who: Visitor, name: str, payload: object, code: str = HERE) -> httpx.Response:
    """The event's HTTP twin, with the visitor's token shown as scripts show it."""
    who.browser.cookies.clear()
    shown = {"Authorization": f"Bearer {who.token}"} if who.token else {}
    return await who.browser.post(f"/api/f/{code}/{name}", json=payload, headers=shown)


async def visit_page(who: Visitor, method: str, path: str, state: str) -> httpx.Response:
    """One page or form as a browser of that role asks for it."""
    at = address(who.house, path, state)
    if path.startswith("/api/"):
        return await _call(who, method, path, at)
    if method == "GET":
        return await who.browser.get(at)
    if path == "/csp":
        return await who.browser.post(at, json={"csp-report": {}})
    if path == "/{path:path}":
        return await who.browser.post(at, headers=OURS)
    return await who.browser.post(at, data=who.form(**FORMS[path](who, state)), headers=OURS)


async def _call(who: Visitor, method: str, path: str, at: str) -> httpx.Response:
    """A call by a script; a page that renews its token shows the old one and its cookie."""
    token = who.token
    if path.endswith("/token"):
        named = who.hall.database.read_here(sessions.opened_before, token) if token else None
        number = named.id if named and named.id else 0
        forum, secret = who.house.ids["forum"], people.secret_of(who.hall)
        token = sessions.page_token(number, forum, "", who.hall.now(), secret)[0]
    else:
        who.browser.cookies.clear()
    shown = OURS | ({"Authorization": f"Bearer {token}"} if who.token else {})
    if method == "GET":
        return await who.browser.get(at, headers=shown)
    return await who.browser.post(at, json={}, headers=shown)
