"""`townhall capacity`: a real server is measured, and the answer is the published arithmetic."""

import json
from pathlib import Path

import pytest

from tests.servers.townhall import TownhallServer
from townhall.cli.capacity import told
from townhall.domain.capacity import Figures, Machine, verdict
from townhall.web.i18n import catalogue

FIGURES = Figures(50e-6, 14e-6, 1e-3, 1e-3, 28e3, 100e6)


@pytest.mark.timeout(300)
def test_capacity_measures_a_real_server_and_leaves_nothing_behind(tmp_path: Path) -> None:
    server = TownhallServer(tmp_path)
    before = list(tmp_path.iterdir())
    found = json.loads(server.command("capacity", "--phones", "20", "--json"))
    figures = Figures(**found["figures"])
    assert min(figures.vote, figures.recipient, figures.join, figures.commit) > 0
    assert figures.process_bytes > 0
    machine = Machine(found["processors"], found["memory"], found["descriptors"])
    said = verdict(20, 10, figures, machine)
    assert (found["fits"], found["most"], found["load"]) == (True, said.most, said.load)
    assert list(tmp_path.iterdir()) == before


def test_capacity_refuses_what_is_no_hall_in_one_line(tmp_path: Path) -> None:
    server = TownhallServer(tmp_path)
    for words in (["--phones", "0"], ["--phones", "many"], ["--votes-within", "10"]):
        with pytest.raises(RuntimeError) as failed:
            server.command("capacity", *words)
        assert len(str(failed.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("phones", "machine", "answer"),
    [
        (300, Machine(2), "Yes. 300 phones fit on this machine with one process."),
        (60_000, Machine(4), "Yes. 60,000 phones need 2 processes."),
        (
            60_000,
            Machine(2),
            "No. The processors of this machine do not bear 60,000 phones; 36",
        ),
        (
            300,
            Machine(2, None, 400),
            "No. A process may open too few files for 300 phones; 200",
        ),
    ],
)
def test_the_answer_comes_first_and_in_plain_words(
    phones: int, machine: Machine, answer: str
) -> None:
    said = verdict(phones, 10, FIGURES, machine)
    lines = told(phones, 10, FIGURES, machine, said, catalogue("en"))
    assert lines[0].startswith(answer)
    assert len(told(phones, 10, FIGURES, machine, said, catalogue("ko"))) == len(lines) == 5
