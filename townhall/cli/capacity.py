"""`townhall capacity --phones N`: whether a hall of this size fits on this machine.

Measures for some ten seconds, then does the arithmetic of `domain.capacity` and says what comes of
it as an organiser would. Best asked on the machine of the evening, when nobody is there.
"""

import json
import os
import resource
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from townhall.cli import here, measure
from townhall.domain.capacity import Figures, Machine, Verdict, verdict
from townhall.settings import Settings
from townhall.storage.database import normalised
from townhall.web.i18n import Words, catalogue

DOES_NOT_FIT = 1


def command(
    phones: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many come.")],
    votes_within: Annotated[
        float, typer.Option(min=1, max=3_600, help="Seconds within which all of them vote.")
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Measure this machine for ten seconds; exit code 1 where so many phones do not fit."""
    chosen = here.settings()
    words = catalogue(chosen.language)
    if not as_json:
        print(words("capacity.measuring"), flush=True)
    with here.one_line(chosen):
        found = measure.figures(chosen, _disk(chosen))
    machine = here_and_now()
    said = verdict(phones, votes_within, found, machine)
    if as_json:
        facts = {"phones": phones, "votes_within": votes_within, "fits": said.fits}
        print(json.dumps(facts | asdict(said) | {"figures": asdict(found)} | asdict(machine)))
    else:
        for line in told(phones, votes_within, found, machine, said, words):
            print(line)
    raise typer.Exit(0 if said.fits else DOES_NOT_FIT)


def here_and_now() -> Machine:
    """What this machine has for the server, as far as it tells."""
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    _, descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
    known = None if descriptors == resource.RLIM_INFINITY else descriptors
    return Machine(processors or 1, _free_memory(), known)


def told(
    phones: int, seconds: float, found: Figures, machine: Machine, said: Verdict, words: Words
) -> list[str]:
    """The verdict for people, the answer first."""
    if said.short is not None:
        answer = words(f"capacity.short.{said.short}", phones=f"{phones:,}", most=f"{said.most:,}")
    elif said.workers == 1:
        answer = words("capacity.one", phones=f"{phones:,}")
    else:
        answer = words("capacity.several", phones=f"{phones:,}", workers=said.workers)
    return [
        answer,
        words("capacity.load", seconds=f"{seconds:g}", share=f"{said.load:.0%}"),
        words("capacity.joining", seconds=f"{max(1, round(said.joining)):,}"),
        words("capacity.most", most=f"{said.most:,}", processors=machine.processors),
        words(
            "capacity.measured",
            vote=_micro(found.vote),
            recipient=_micro(found.recipient),
            join=_micro(found.join),
            commit=_micro(found.commit),
            kilobytes=f"{found.socket_bytes / 1e3:.0f}",
        ),
    ]


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f}"


def _disk(chosen: Settings) -> Path | None:
    """The folder of the database, whose disk the votes will go to."""
    url = make_url(normalised(chosen.database_url))
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(url.database).absolute().parent


def _free_memory() -> float | None:
    """Bytes that programs may still take; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024.0 if found else None
