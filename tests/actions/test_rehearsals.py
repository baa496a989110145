"""Copies to rehearse in: nobody finds one, nothing of one stays, nothing else can be deleted."""

import secrets
from collections.abc import Sequence
from datetime import UTC
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests import facts
from tests.actions.conftest import Announced
from tests.facts import NOON
from townhall import __version__
from townhall.actions import agenda, asks, ballots, forums, notes, people, questions, rehearsals
from townhall.actions.rehearsals import Copy
from townhall.domain.audience import AUDIENCES, Actor
from townhall.domain.errors import Refused
from townhall.hall import Hall
from townhall.screens import forums as screens
from townhall.screens import home, organise, slices
from townhall.screens import people as people_screen
from townhall.storage import rehearsals as stored
from townhall.storage.backups import contents
from townhall.storage.database import writing
from townhall.storage.forums import COPY_DIGITS
from townhall.storage.schema import Session as SessionRow
from townhall.storage.schema import metadata
from townhall.web.i18n import catalogue

ORGANISER = Actor(role="organiser")
OF_THE_HOUSE = {"writer", "instance", "heartbeat"}
"""What every process writes of itself; everything else must be as before."""


def key() -> str:
    return secrets.token_hex(16)


def everything(hall: Hall) -> dict[str, Sequence[Any]]:
    """Every row of every table, by table."""
    with hall.database.readers.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in metadata.sorted_tables
            if table.name not in OF_THE_HOUSE
        }


async def original(hall: Hall) -> forums.MadeForum:
    """A forum with a run of show, candidates, tables, tickets and a secret question."""
    wanted = forums.NewForum(
        "작은 도서관 열린토론회",
        template="small-library",
        tables=3,
        tickets=6,
        candidates=tuple(forums.Candidate(title) for title in ("알림판", "예약제", "책장")),
        questions=(forums.NewQuestion("yesno", "계속할까요?", secret=True, seconds=90),),
    )
    return await forums.make(hall, ORGANISER, wanted, catalogue("ko"))


async def used(hall: Hall, copy: Copy) -> None:
    """Something in every table that belongs to a forum."""
    seats = [await people.join(hall, copy.code, ticket=ticket) for ticket in copy.tickets]
    seat = await people.recognise(hall, seats[0].token)
    lead = await people.recognise(hall, copy.moderator)
    desk = await people.recognise(hall, copy.desks[0][1])
    await agenda.start(hall, lead, key=key())
    rows = await hall.read(screens.made, copy.id)
    recorded = next(row for row in rows if row["kind"] == "score")
    secret = next(row for row in rows if row["kind"] == "yesno")
    for row, choice in ((recorded, {o["id"]: 3 for o in recorded["options"]}), (secret, "yes")):
        await questions.open_(hall, lead, key=key(), question=row["id"])
        vote = {"question": row["id"], "key": key(), "rev": 1, "nonce": key(), "choice": choice}
        assert (await ballots.cast(hall, seat, **vote))["status"] == "counted"
    await questions.close(hall, lead, key=key(), question=recorded["id"], seconds=0)
    hall.now.pass_seconds(4)  # type: ignore[attr-defined]
    await questions.finish_due(hall)
    while (await hall.read(stored_segment, copy.id)) != "tables":
        await agenda.next_(hall, lead, key=key())
    await notes.write(hall, desk, key=key(), kind="idea", text="자석 알림판", seat=1)
    await notes.summarise(hall, desk, key=key(), rev=1, text="알림판을 달자", send=True)
    asked = await asks.write(hall, seat, key=key(), text="언제부터 하나요?")
    await asks.upvote(hall, seat, ask=asked["id"], on=True)


def stored_segment(session: Any, forum: int) -> str:
    """The kind of the segment that runs."""
    found = session.connection().execute(
        text("SELECT s.kind FROM segment s JOIN forum f ON f.current_segment = s.id WHERE f.id=:f"),
        {"f": forum},
    )
    return str(found.scalar_one())


async def copied(hall: Hall, forum: int, phones: int = 4) -> Copy:
    return await rehearsals.make(hall, ORGANISER, forum, phones, "[리허설]")


async def test_copy_has_everything_of_the_forum_and_touches_nothing_of_it(
    either_hall: Hall,
) -> None:
    made = await original(either_hall)
    before = everything(either_hall)
    copy = await copied(either_hall, made.id)
    ours, theirs = [
        (await either_hall.read(slices.read, forum, "console"))[1] for forum in (made.id, copy.id)
    ]
    unlike = {"id", "first", "question", "planned_at", "reopens"}

    def alike(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{name: row[name] for name in row.keys() - unlike} for row in rows]

    assert alike(theirs["questions"]) == alike(ours["questions"])
    assert alike(theirs["agenda"]["segments"]) == alike(ours["agenda"]["segments"])
    number = {a["id"]: b["id"] for a, b in zip(ours["questions"], theirs["questions"], strict=True)}
    assert [q["first"] for q in theirs["questions"]] == [
        number.get(q["first"]) for q in ours["questions"]
    ]
    assert [s["question"] for s in theirs["agenda"]["segments"]] == [
        number.get(s["question"]) for s in ours["agenda"]["segments"]
    ]
    assert theirs["forum"]["tables"] == [1, 2, 3]
    assert theirs["room"]["registered"] == len(copy.tickets) == 4
    kept = {name: set(rows) <= set(everything(either_hall)[name]) for name, rows in before.items()}
    assert kept == dict.fromkeys(before, True)


async def test_nothing_of_a_deleted_copy_stays(either_hall: Hall) -> None:
    made = await original(either_hall)
    before = everything(either_hall)
    copy = await copied(either_hall, made.id)
    await used(either_hall, copy)
    full = everything(either_hall)
    grew = {name for name, rows in full.items() if len(rows) > len(before[name])}
    named = {"forum_id", "question_id", "seat_id", "note_id", "summary_id", "ask_id"}
    belonging = {t.name for t in metadata.sorted_tables if named & set(t.c.keys())}
    # A copy has no selection, no account and no sheet; every other table is in use.
    assert belonging - grew - OF_THE_HOUSE == {"invite", "rehearsal", "role_grant", "selection"}
    await rehearsals.delete(either_hall, ORGANISER, copy.id)
    assert everything(either_hall) == before


async def test_a_forum_that_is_no_copy_cannot_be_deleted(either_hall: Hall) -> None:
    made = await original(either_hall)
    before = everything(either_hall)
    with pytest.raises(Refused, match="not_found"):
        await rehearsals.delete(either_hall, ORGANISER, made.id)
    for statement in (
        "DELETE FROM forum",
        "DELETE FROM audit",
        f"UPDATE forum SET rehearses = {made.id}",
        "UPDATE forum SET id = id + 100",
        "INSERT OR REPLACE INTO forum SELECT * FROM forum",  # SQLite's own
    ):
        with pytest.raises(DBAPIError), writing(either_hall.database) as session:
            session.connection().execute(text(statement))
    assert everything(either_hall) == before


async def test_a_copy_does_not_become_a_forum_and_its_chain_is_not_rewritten(
    either_hall: Hall,
) -> None:
    made = await original(either_hall)
    copy = await copied(either_hall, made.id)
    for statement in (
        f"UPDATE forum SET rehearses = NULL WHERE id = {copy.id}",
        f"UPDATE audit SET body = '{{}}' WHERE forum_id = {copy.id}",
    ):
        with pytest.raises(DBAPIError), writing(either_hall.database) as session:
            session.connection().execute(text(statement))


async def test_nobody_but_an_organiser_makes_or_deletes_copies(hall: Hall) -> None:
    made = await original(hall)
    moderator = Actor(role="moderator", forum=made.id)
    with pytest.raises(Refused, match="not_allowed"):
        await rehearsals.make(hall, moderator, made.id, 1, "")
    with pytest.raises(Refused, match="not_allowed"):
        await rehearsals.delete(hall, moderator, made.id)
    with pytest.raises(Refused, match="not_allowed"):
        await rehearsals.keep(hall, moderator, made.id, {})


async def test_nothing_lists_a_copy(hall: Hall) -> None:
    made = await original(hall)
    copy = await copied(hall, made.id)
    await people.join(hall, copy.code, ticket=copy.tickets[0])
    with writing(hall.database) as session:
        session.connection().execute(
            text("INSERT INTO heartbeat VALUES ('p', :f, 0, 3, :e)"),
            {"f": copy.id, "e": NOON + 60_000},
        )
    assert [f["code"] for f in await hall.read(screens.listed)] == [made.code]
    shown = await hall.read(lambda s: screens.listed(s, copies=True))
    assert {f["code"] for f in shown} == {made.code, copy.code}
    house = await hall.read(organise.house, NOON)
    assert [(f["code"], f["redeemed"]) for f in house["forums"]] == [(made.code, 0)]
    shown = await hall.read(home.home, None, NOON, UTC)
    assert [f["code"] for f in shown["forums"]] == [made.code]
    assert await hall.read(people_screen.present, NOON) == {}
    with hall.database.readers.connect() as connection:
        assert [found.code for found in contents.forums_in(connection)] == [made.code]
    assert len(copy.code) == COPY_DIGITS


async def test_a_secret_question_of_a_rehearsal_stops_no_backup(hall: Hall) -> None:
    with writing(hall.database) as session:
        real = facts.forum(session)
        facts.question(session, facts.forum(session, code="1" * 15, rehearses=real), secret=True)
    with hall.database.readers.connect() as connection:
        contents.refuse_secret_open(connection)


async def test_numbers_of_a_deleted_copy_are_never_given_again(either_hall: Hall) -> None:
    made = await original(either_hall)
    copy = await copied(either_hall, made.id)
    asked = {row["id"] for row in await either_hall.read(screens.made, copy.id)}
    await rehearsals.delete(either_hall, ORGANISER, copy.id)
    again = await original(either_hall)
    assert again.id > copy.id
    theirs = {row["id"] for row in await either_hall.read(screens.made, again.id)}
    assert min(theirs) > max(asked)


async def test_page_of_a_deleted_copy_opens_nobody_elses_session(either_hall: Hall) -> None:
    made = await original(either_hall)
    copy = await copied(either_hall, made.id)
    lead = await people.recognise(either_hall, copy.moderator, copy.id)
    token, _ = people.page_token(either_hall, lead, copy.id)
    assert await people.recognise(either_hall, token, copy.id) == lead
    await rehearsals.delete(either_hall, ORGANISER, copy.id)
    with writing(either_hall.database) as session:  # SQLite gives the number again by itself
        somebody = SessionRow(
            id=lead.session, token_hash="x", role="moderator", forum_id=made.id, created_at=NOON,
            expires=NOON + 60_000,
        )  # fmt: skip
        session.add(somebody)
    assert await people.revoked_among(either_hall, [lead.session or 0]) == set()
    _, coming = await people.arrive(either_hall, made.code, token)
    assert (coming.role, (await people.recognise(either_hall, token)).role) == ("visitor",) * 2
    with pytest.raises(Refused, match="forum_unknown"):
        await people.arrive(either_hall, copy.code, token)


async def test_a_closing_copy_lets_nobody_in_and_takes_no_vote(hall: Hall) -> None:
    made = await original(hall)
    copy = await copied(hall, made.id)
    await used(hall, copy)
    with writing(hall.database) as session:
        stored.close(session, copy.id, NOON)
        stored.close(session, copy.id, NOON)
    with pytest.raises(Refused, match="forum_unknown"):
        await people.join(hall, copy.code, ticket=copy.tickets[1])
    assert (await people.recognise(hall, copy.moderator)).role == "visitor"
    rows = (await hall.read(slices.read, copy.id, "console"))[1]["questions"]
    assert not {row["state"] for row in rows} & {"open", "closing"}


@pytest.mark.parametrize("columns", [{"state": "running"}, {"state": "before", "rehearses": 1}])
async def test_what_runs_or_is_a_copy_is_not_rehearsed(hall: Hall, columns: Any) -> None:
    with writing(hall.database) as session:
        facts.forum(session, code="654321", state="ended")
        forum = facts.forum(session, **columns)
    refusals = "rehearse_running|forum_unknown"
    with pytest.raises(Refused, match=refusals):
        await rehearsals.coming(hall, "123456")
    with pytest.raises(Refused, match=refusals):
        await copied(hall, forum)


async def test_nothing_is_rehearsed_while_any_forum_runs(hall: Hall) -> None:
    made = await original(hall)
    with writing(hall.database) as session:
        facts.forum(session, code="654321", state="running")
    with pytest.raises(Refused, match="rehearse_running") as refused:
        await rehearsals.coming(hall, made.code)
    assert refused.value.details["forum"] == "654321"


async def test_coming_says_how_many_phones_there_would_be(hall: Hall) -> None:
    made = await original(hall)
    found = await rehearsals.coming(hall, made.code)
    assert (found.id, found.title, found.tickets) == (made.id, "작은 도서관 열린토론회", 6)


async def test_copies_that_were_left_behind_go_with_the_next_start(either_hall: Hall) -> None:
    made = await original(either_hall)
    before = everything(either_hall)
    await copied(either_hall, made.id)
    with rehearsals.alone(either_hall):  # somebody rehearses: it may be theirs
        await rehearsals.clear_at_start(either_hall)
        assert len(await either_hall.read(stored.copies)) == 1
    await rehearsals.clear_at_start(either_hall)
    assert everything(either_hall) == before


async def test_two_rehearsals_at_once_are_refused(either_hall: Hall) -> None:
    with (
        rehearsals.alone(either_hall),
        pytest.raises(Refused, match="rehearse_busy"),
        rehearsals.alone(either_hall),
    ):
        pass
    with rehearsals.alone(either_hall):
        pass


async def test_sheet_is_kept_for_the_console_alone_and_moves_no_version(
    either_hall: Hall, announced: Announced
) -> None:
    made = await original(either_hall)
    before = everything(either_hall)
    announced.clear()
    for phones in (12, 300):
        await rehearsals.keep(either_hall, ORGANISER, made.id, {"phones": phones, "came": phones})
    assert announced == [(made.id, frozenset({"rehearsal"}))] * 2
    after = everything(either_hall)
    assert {name for name in after if after[name] != before[name]} == {"rehearsal"}
    seen = {
        audience: (await either_hall.read(slices.read, made.id, audience))[1].get("rehearsal")
        for audience in AUDIENCES
    }
    assert {audience for audience, sheet in seen.items() if sheet} == {"console"}
    sheet = seen["console"]
    assert sheet is not None
    assert (sheet["at"], sheet["version"], sheet["phones"]) == (NOON, __version__, 300)
    assert sheet["same_version"]
    assert {line["key"] for line in sheet["lines"]} >= {"lost", "vote", "lag"}
