"""Nobody may speak without end, and whoever tries costs only themselves."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.sockets.conftest import Visit, ballot
from townhall.crowd.client import key
from townhall.crowd.wire import Wire
from townhall.web.i18n import catalogue

pytestmark = pytest.mark.anyio

FLOOD = 5_000


async def answers(wire: Wire, event: str, payloads: list[Any]) -> Counter[str]:
    """Send everything at once; the answers by status or code."""
    sent = [wire.emit(event, payload) for payload in payloads]
    found = await asyncio.wait_for(asyncio.gather(*sent), 60)
    return Counter(str(answer.get("code", answer["status"])) for answer in found)


async def test_votes_beyond_the_rate_are_told_busy_and_when_to_try_again(visit: Visit) -> None:
    question, wire = await visit.question(), await visit.wire()
    sent = [ballot(question, rev=rev) for rev in range(1, 401)]
    waiting = [wire.emit("vote", payload) for payload in sent]
    found = await asyncio.wait_for(asyncio.gather(*waiting), 60)
    busy = [answer for answer in found if answer["status"] == "busy"]
    assert busy
    assert all(answer["retry_after"] > 0 for answer in busy)
    assert {a["status"] for a in found} <= {"counted", "busy", "superseded"}


async def test_busy_vote_counts_when_it_is_sent_again(visit: Visit) -> None:
    question, phone = await visit.question(), await visit.seat()
    sent = [ballot(question, rev=rev) for rev in range(1, 231)]
    found = await asyncio.gather(*(phone.settle("vote", payload) for payload in sent))
    assert {answer["status"] for answer in found} <= {"counted", "counted_before", "superseded"}
    held = await phone.ask("hello")
    assert held["me"]["votes"][str(question)]["rev"] == 230


async def test_other_events_beyond_the_rate_are_refused(visit: Visit) -> None:
    wire = await visit.wire()
    found = await answers(wire, "ask", [{"key": key(), "text": f"물음 {n}"} for n in range(20)])
    assert found["ok"] == 5
    assert found["too_many"] == 15


@pytest.mark.parametrize("lang", ["ko", "en"])
async def test_whoever_is_too_fast_is_told_the_whole_seconds(visit: Visit, lang: str) -> None:
    wire = await visit.wire()
    sent = [wire.emit("ask", {"key": key(), "text": f"물음 {n}"}) for n in range(8)]
    found = await asyncio.wait_for(asyncio.gather(*sent), 60)
    details = [answer["details"] for answer in found if answer.get("code") == "too_many"]
    assert details
    for one in details:
        assert isinstance(one["seconds"], int)
        assert one["seconds"] >= max(1, one["retry_after"])
        said = catalogue(lang)("refused.too_many", **one)
        assert str(one["seconds"]) in said
        assert "{" not in said


async def test_flood_of_one_phone_does_not_hurt_others(visit: Visit) -> None:
    question, flooding = await visit.question(), await visit.wire()
    phones = [await visit.seat() for _ in range(5)]
    flood = asyncio.ensure_future(
        asyncio.gather(
            *(flooding.emit("vote", ballot(question, rev=1 + n % 999)) for n in range(FLOOD)),
            return_exceptions=True,
        )
    )
    told = await asyncio.gather(*(phone.vote(question, "yes") for phone in phones))
    assert [answer["status"] for answer in told] == ["counted"] * 5
    ended = await asyncio.wait_for(flood, 60)
    assert len(ended) == FLOOD
    later = await phones[0].vote(question, "no")
    assert (later["status"], later["rev"]) == ("counted", 2)
