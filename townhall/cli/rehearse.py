"""`townhall rehearse CODE`: the whole evening with simulated phones, on the server that runs.

In a copy of the forum, which is deleted afterwards; then a sheet that says GO or NO-GO.
"""

import asyncio
import json
import resource
import signal
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import httpx
import typer

from townhall.actions import cards, people, rehearsals
from townhall.actions.rehearsals import Coming
from townhall.cli import here, vitals
from townhall.cli.lines import printable
from townhall.cli.recounts import recount
from townhall.crowd import rehearsal
from townhall.crowd.client import NotLetIn
from townhall.crowd.figures import NEVER, percentile
from townhall.crowd.rehearsal import Evening, Seen
from townhall.domain.errors import Refused
from townhall.domain.rehearsal import Figures, Verdict, verdict
from townhall.hall import Hall
from townhall.settings import Settings
from townhall.storage.database import normalised
from townhall.web.i18n import Words, catalogue

NO_GO, INTERRUPTED = 1, 130
WITHOUT_TICKETS = 30
FILES_BESIDE = 150
"""What this process opens besides the phones' sockets: joins under way, desks, the database."""


def command(
    code: Annotated[str, typer.Argument(help="The forum's six digits.")],
    phones: Annotated[
        int, typer.Option(min=0, max=cards.MOST_TICKETS, help="0: as many as tickets.")
    ] = 0,
    url: Annotated[str, typer.Option(help="The way that phones come: https://HOST.")] = "",
    votes_within: Annotated[
        float, typer.Option(min=1, max=600, help="Seconds within which all of them vote.")
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the sheet as JSON.")] = False,
) -> None:
    """Rehearse a forum on this server; exit code 1 where it says NO-GO."""
    chosen = here.settings()
    words = catalogue(chosen.language)
    address = (url or chosen.address).rstrip("/")

    def told(step: str, facts: Mapping[str, Any]) -> None:
        if not as_json and f"rehearse.now.{step}" in words:
            print(printable(words(f"rehearse.now.{step}", **facts)), flush=True)

    evening = _Rehearsal(chosen, words, address, code, phones, votes_within, told)
    try:
        found = here.on_hall(chosen, evening.whole)
    except (KeyboardInterrupt, asyncio.CancelledError):
        if not as_json:
            print(words("rehearse.interrupted"))
        raise typer.Exit(INTERRUPTED) from None
    said = verdict(found)
    if as_json:
        print(json.dumps(asdict(said) | {"figures": asdict(found)}, ensure_ascii=False))
    else:
        print("\n" + "\n".join(printable(line) for line in lines(said, words)))
    raise typer.Exit(NO_GO if said.level == "stop" else 0)


def lines(said: Verdict, words: Words) -> list[str]:
    """The sheet for people: what all comes to, then line by line."""
    marks = {level: f"[{words(f'rehearsal.level.{level}')}]" for level in ("ok", "warning", "stop")}
    width = max(len(mark) for mark in marks.values())
    return [
        words(f"rehearsal.sum.{said.level}"),
        "",
        *(
            f"  {marks[line.level]:<{width}} "
            + words(f"rehearsal.line.{line.key}.{line.said}", **_shown(line.numbers))
            for line in said.lines
        ),
    ]


def _shown(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: f"{value:,g}" if isinstance(value, float) else f"{value:,}"
        for name, value in numbers.items()
        if not isinstance(value, str)
    } | {name: value for name, value in numbers.items() if isinstance(value, str)}


class _Rehearsal:
    """One rehearsal: what was asked for, from the first look at the server to the last figure."""

    def __init__(
        self,
        chosen: Settings,
        words: Words,
        url: str,
        code: str,
        phones: int,
        within: float,
        told: rehearsal.Told,
    ) -> None:
        self.chosen, self.words, self.url, self.code = chosen, words, url, code
        self.phones, self.within, self.told = phones, within, told

    async def whole(self, hall: Hall) -> Figures:
        """Copy, walk, delete, count. What is interrupted deletes its copy as well."""
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        forum = await rehearsals.coming(hall, self.code)
        phones, token = self._phones(forum.tickets), people.operators_token(hall)
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            well = await vitals.ready(http, self.url)
            self.told("server", {"url": self.url})
            before = vitals.Numbers()
            if self.chosen.workers == 1:  # of several each counts for itself
                before = await vitals.numbers(http, self.url, self.chosen, token)
            with here.or_away("rehearse_cut_off"), rehearsals.alone(hall):
                if cleared := await rehearsals.clear(hall, here.OPERATOR):
                    self.told("cleared", {"n": cleared})
                try:
                    seen = await self._in_a_copy(hall, forum, phones)
                finally:
                    self.told("deleting", {})
                    await rehearsals.clear(hall, here.OPERATOR)
                    self.told("deleted", {})
            after = await vitals.numbers(http, self.url, self.chosen, token)
            still = await vitals.ready(http, self.url)
        found = await self._figures(seen, phones, before, after, still if well == "ok" else well)
        await rehearsals.keep(hall, here.OPERATOR, forum.id, asdict(found))
        return found

    def _phones(self, tickets: int) -> int:
        """How many phones come: no more than this process may have sockets."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most == resource.RLIM_INFINITY:
            most = cards.MOST_TICKETS + FILES_BESIDE
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        wanted = self.phones or tickets
        if not wanted:
            wanted = WITHOUT_TICKETS
            self.told("no_tickets", {"phones": wanted})
        fits = max(1, min(cards.MOST_TICKETS, most - FILES_BESIDE))
        if wanted > fits:
            self.told("fewer", {"most": f"{fits:,}"})
        return min(wanted, fits)

    async def _in_a_copy(self, hall: Hall, forum: Coming, phones: int) -> Seen:
        title = self.words("rehearse.title", title=forum.title)
        copy = await rehearsals.make(hall, here.OPERATOR, forum.id, phones, title)
        self.told("copy", {"title": forum.title, "phones": f"{phones:,}"})
        evening = Evening(
            self.url, copy.code, copy.moderator, copy.stage, copy.tickets, copy.desks, self.within
        )
        try:
            return await rehearsal.rehearse(evening, None, self.told)
        except NotLetIn as refused:
            if refused.code == "forum_unknown":
                raise Refused("rehearse_elsewhere", url=self.url) from None
            raise Refused("rehearse_stuck", step="connect", reason=refused.code) from None
        except rehearsal.Stuck as stuck:
            raise Refused("rehearse_stuck", step=stuck.step, reason=stuck.code) from None
        except (OSError, TimeoutError, httpx.HTTPError) as error:
            said = str(error) or type(error).__name__
            raise Refused("rehearse_stuck", step="connect", reason=said) from None

    async def _figures(
        self, seen: Seen, phones: int, before: vitals.Numbers, after: vitals.Numbers, well: str
    ) -> Figures:
        counted = [recount(asked) for asked in seen.asked if asked.tally]
        late = percentile(seen.lags, 95)
        return Figures(
            phones=phones,
            came=seen.came,
            join=_ms(seen.joins, 95),
            votes=sum(len(asked.ballots) for asked in seen.asked),
            unanswered=sum(asked.unanswered for asked in seen.asked),
            vote=_ms(seen.votes, 95),
            vote_slow=_ms(seen.votes, 99),
            lost=sum(each.lost for each in counted),
            miscounted=sum(not each.true for each in counted if not each.lost),
            lag=None if late == NEVER else round(late * 1000, 1),
            questions=sum(bool(asked.tally) for asked in seen.asked),
            unopened=tuple(asked.question["title"] for asked in seen.asked if asked.refused),
            deflate=await vitals.compressed(self.url),
            descriptors=after.descriptors,
            workers=self.chosen.workers,
            commit=vitals.commit_ms(before, after),
            flush=await asyncio.to_thread(vitals.flush_ms, self.chosen),
            clock=round(seen.clock),
            synchronised=vitals.synchronised(),
            database="sqlite" if _sqlite(self.chosen) else "postgresql",
            redis=self.chosen.redis_url is not None,
            ready=well,
            way=vitals.way(self.url),
        )


def _ms(seconds: Sequence[float], percent: float) -> float:
    return round(percentile(seconds, percent) * 1000, 1)


def _sqlite(chosen: Settings) -> bool:
    return normalised(chosen.database_url).startswith("sqlite")
