"""Tokens that come back with time, and the line of those who wait for one."""

import pytest

from townhall.domain.rates import Bucket


def test_a_full_bucket_gives_its_burst_and_then_says_how_long() -> None:
    bucket = Bucket.full(2.0, 3.0, 100.0)
    assert [bucket.take(100.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 0.5]
    assert bucket.take(100.5) == 0.0
    assert bucket.take(1_000.0) == 0.0
    assert bucket.tokens == 2.0


def test_who_may_stand_in_line_waits_for_the_token_after() -> None:
    bucket = Bucket.full(0.5, 1.0, 0.0)
    assert [bucket.take(0.0, 2.0) for _ in range(5)] == pytest.approx([0.0, 2.0, 4.0, 6.0, 6.0])


def test_a_clock_that_was_set_back_makes_nobody_wait() -> None:
    bucket = Bucket.full(2.0, 3.0, 4_000.0)
    assert [bucket.take(now) for now in (4_000.0, 400.0, 400.0, 400.0)] == [0.0, 0.0, 0.0, 0.5]
    assert bucket.take(400.5) == 0.0


def test_a_bucket_is_whole_again_when_its_tokens_have_come_back() -> None:
    bucket = Bucket.full(2, 5, 100.0)
    assert bucket.whole(100.0)
    bucket.take(100.0)
    assert not bucket.whole(100.4)
    assert bucket.whole(100.5)
