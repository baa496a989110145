"""Whether a hall fits: the published arithmetic, and what is short where it does not."""

import pytest

from townhall.domain.capacity import Figures, Machine, Verdict, verdict

FIGURES = Figures(
    vote=50e-6, recipient=14e-6, join=1e-3, commit=1e-3, socket_bytes=28e3, process_bytes=100e6
)


def test_a_million_phones_take_the_processors_that_the_arithmetic_says() -> None:
    found = verdict(1_000_000, 1_000_000 / 30_000, FIGURES, Machine(32))
    assert round(found.load, 1) == 15.5  # 14 for telling them, 1.5 for 30,000 votes a second
    assert (found.workers, found.fits) == (23, True)


def test_a_small_hall_fits_on_one_process() -> None:
    found = verdict(300, 10, FIGURES, Machine(2, 2e9, 20_000))
    assert found == Verdict(
        load=pytest.approx(0.0057), workers=1, short=None, most=19_800, joining=pytest.approx(0.3)
    )


@pytest.mark.parametrize(
    ("machine", "figures", "short", "most"),
    [
        (Machine(1), FIGURES, "processors", 36_842),
        (Machine(2), FIGURES, "processors", 36_842),  # one is left to the database
        (Machine(3), FIGURES, "processors", 73_684),
        (Machine(2, 500e6), FIGURES, "memory", 10_714),
        (Machine(2, 50e6), FIGURES, "memory", 0),
        (Machine(2, None, 1_024), FIGURES, "descriptors", 824),
        (Machine(2, None, 100), FIGURES, "descriptors", 0),
        (Machine(64), Figures(50e-6, 14e-6, 1e-3, 0.5, 0, 1e8), "disk", 10_000),
        (Machine(2, 1.0), Figures(50e-6, 14e-6, 1e-3, 1e-3, 0, 1e8), "processors", 36_842),
    ],
)
def test_what_is_short_is_named_with_how_many_fit(
    machine: Machine, figures: Figures, short: str, most: int
) -> None:
    over = verdict(most + 1, 10, figures, machine)
    assert (over.short, over.most, over.fits) == (short, most, False)
    if most:
        assert verdict(most, 10, figures, machine).fits
