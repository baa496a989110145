"""How late the stage was, by hand-made frames."""

import pytest

from townhall.crowd.figures import NEVER, lags

FRAMES = [(1.0, 0), (2.0, 2), (2.5, 2), (3.0, 5)]


@pytest.mark.parametrize(
    ("acknowledged", "found"),
    [
        ([], []),
        ([1.5, 1.75], [0.5, 0.25]),
        ([1.75, 1.5], [0.5, 0.25]),
        ([2.25], [0.0]),
        ([1.5, 1.5, 2.0], [0.5, 0.5, 1.0]),
        ([1.0] * 6, [1.0, 1.0, 2.0, 2.0, 2.0, NEVER]),
    ],
    ids=["nobody", "two", "in order", "the stage was first", "a later frame", "one never shown"],
)
def test_stage_lag_is_from_an_acknowledgement_to_the_frame_that_holds_it(
    acknowledged: list[float], found: list[float]
) -> None:
    assert lags(FRAMES, acknowledged) == pytest.approx(found)
