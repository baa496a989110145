"""Votes through real sockets, on both databases: each answer, its receipt, and who is told."""

import asyncio
from typing import Any

import pytest

from tests.sockets.conftest import Visit, ballot
from townhall.crowd.client import Client, key
from townhall.domain import audit

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize(
        "server", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
    ),
]


def shows(client: Client, name: str, question: int, **wanted: Any) -> bool:
    """Whether a slice of results says this of a question."""
    found = (client.store[name] or {}).get(str(question), {})
    return all(found.get(field) == value for field, value in wanted.items())


async def test_vote_is_counted_with_a_receipt_that_can_be_recomputed(visit: Visit) -> None:
    question, phone = await visit.question(), await visit.seat()
    sent = ballot(question, "no")
    answer = await phone.ask("vote", sent)
    ballot_id = audit.ballot_id(question, sent["key"])
    assert (answer["status"], answer["choice"], answer["rev"]) == ("counted", "no", 1)
    assert answer["receipt"] | {"writer": 0, "batch": 0} == {
        "id": ballot_id,
        "code": audit.receipt_code(ballot_id),
        "commitment": audit.commitment(question, ballot_id, '"no"', sent["nonce"]),
        "writer": 0,
        "batch": 0,
    }


async def test_same_key_gets_the_same_receipt_by_socket_and_by_http(visit: Visit) -> None:
    question, token = await visit.question(), await visit.token()
    phone, sent = await visit.client(token), ballot(question)
    first = await phone.ask("vote", sent)
    by_socket = await phone.ask("vote", sent)
    by_status = await phone.ask("vote_status", {"question": question, "key": sent["key"]})
    by_http = await visit.http.post(
        f"{visit.house.url}/api/f/{visit.house.code}/vote",
        json=sent,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert by_socket == by_status == by_http.json() == {**first, "status": "counted_before"}


async def test_changed_vote_counts_once(visit: Visit) -> None:
    question, phone = await visit.question(), await visit.seat()
    answers = [await phone.vote(question, choice) for choice in ("yes", "no", "abstain")]
    late = await phone.ask("vote", ballot(question, "yes", rev=2))
    assert [answer["rev"] for answer in answers] == [1, 2, 3]
    assert (late["status"], late["choice"], late["rev"]) == ("superseded", "abstain", 3)
    assert await phone.until(lambda c: shows(c, "turnout", question, voted=1), 30)


async def test_secret_vote_is_final(visit: Visit) -> None:
    question, phone = await visit.question(secret=True), await visit.seat()
    sent = ballot(question)
    first = await phone.ask("vote", sent)
    again = await phone.ask("vote", sent)
    other = await phone.ask("vote", ballot(question, "no", rev=2))
    assert (first["status"], again["status"], other["status"]) == (
        "counted",
        "counted_before",
        "already_voted",
    )
    assert again["receipt"] == first["receipt"]


async def test_copies_sent_at_once_count_once(visit: Visit) -> None:
    question, phone, sent = await visit.question(), await visit.seat(), None
    sent = ballot(question)
    answers = await asyncio.gather(*(phone.ask("vote", sent) for _ in range(20)))
    statuses = sorted(answer["status"] for answer in answers)
    assert statuses == ["counted"] + ["counted_before"] * 19
    assert len({answer["receipt"]["commitment"] for answer in answers}) == 1


async def test_invalid_votes_name_what_is_wrong(visit: Visit) -> None:
    question, phone = await visit.question(), await visit.seat()
    wrong = {
        "choice": ballot(question, "perhaps"),
        "key": ballot(question, key="short"),
        "rev": ballot(question, rev=0),
        "nonce": ballot(question, nonce=1),
        "question": ballot(question) | {"question": "1"},
        "seat": ballot(question, seat=1),
    }
    answers = {name: await phone.ask("vote", sent) for name, sent in wrong.items()}
    assert {answer["status"] for answer in answers.values()} == {"invalid"}
    assert {n: a["reason"] for n, a in answers.items() if n != "choice"} == {
        name: name for name in wrong if name != "choice"
    }
    late = await phone.ask("vote", ballot(question, rev=1_001))
    assert (late["status"], late["reason"]) == ("invalid", "rev")


async def test_draft_takes_no_vote(visit: Visit) -> None:
    phone = await visit.seat()
    answer = await phone.ask("vote", ballot(visit.house.draft()))
    assert answer == {"status": "closed", "reason": "not_open"}


async def test_who_joined_by_the_open_code_may_not_vote_among_seats(visit: Visit) -> None:
    question, guest = await visit.question(), await visit.seat(nickname="산책하는 이웃")
    assert (await guest.ask("vote", ballot(question)))["status"] == "not_eligible"


async def test_desk_console_and_stage_have_no_vote(visit: Visit) -> None:
    question, console = await visit.question(), await visit.console()
    desk = await visit.client(visit.house.cards[1])
    stage = await visit.client(visit.house.stage_token)
    for client in (console, desk, stage):
        answer = await client.ask("vote", ballot(question))
        assert (answer["status"], answer["code"]) == ("refused", "not_allowed")


async def test_stage_sees_turnout_at_once_and_the_tally_from_ten_ballots_on(visit: Visit) -> None:
    question, stage = await visit.question(), await visit.client(visit.house.stage_token)
    phones = [await visit.seat() for _ in range(10)]
    for n, phone in enumerate(phones[:9], start=1):
        await phone.vote(question, "yes")
        assert await stage.until(lambda c, n=n: shows(c, "turnout", question, voted=n), 30)
    assert str(question) not in stage.store["tally"]
    await phones[9].vote(question, "no")
    assert await stage.until(lambda c: shows(c, "tally", question, n=10), 30)
    assert str(question) not in phones[0].store["tally"]


async def test_close_and_reveal_reach_every_screen(visit: Visit) -> None:
    question, phone = await visit.question(), await visit.seat()
    stage = await visit.client(visit.house.stage_token)
    await phone.vote(question, "yes")
    await visit.steer("question_close", question=question, seconds=0, key=key())
    console = await visit.console()
    assert await console.until(lambda c: shows(c, "tally", question, n=1), 30)
    assert console.store["tally"][str(question)]["certificate"]["counted"] == 1
    assert str(question) not in stage.store["tally"]
    late = await phone.ask("vote", ballot(question, "no", rev=2))
    assert late["status"] == "closed"
    await visit.steer("question_reveal", question=question, key=key())
    for client in (phone, stage):
        assert await client.until(lambda c: shows(c, "tally", question, n=1), 30)
    assert phone.store["tally"][str(question)] == console.store["tally"][str(question)]
