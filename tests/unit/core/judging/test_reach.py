"""A judge that is away is left alone for longer and longer; a call that is too much for it is no outage."""

from __future__ import annotations

from collections.abc import Iterable

from serinus.core.judging.reach import MISSES, Reach, after_miss


def missed(known: Reach, calls: Iterable[int], now_us: int) -> Reach:
    for number in calls:
        known = after_miss(known, bytes([number]), now_us)
    return known


def test_I2_a_few_calls_that_are_missed_are_an_outage() -> None:
    """Fewer are not, and one call that is missed again and again is one."""
    few = missed(Reach(), [*range(MISSES - 1), 0, 0, 0, 1], 0)
    assert not few.away
    assert not few.rests(0)
    away = missed(few, [7], 0)
    assert away.rests(9_999_999)
    assert not away.rests(10_000_000)
    assert away.away


def test_I2_rests_double_to_a_minute_and_what_was_on_its_way_makes_none_longer() -> None:
    """Eight requests that fail together are one outage."""
    known, rests_s = missed(Reach(), range(8), 0), []
    for _ in range(5):
        rests_s.append(known.rest_s)
        known = missed(known, range(4), known.until_us)
    assert rests_s == [10.0, 20.0, 40.0, 60.0, 60.0]
    assert len(known.missed) == MISSES


def test_I2_a_clock_that_is_set_back_lengthens_no_rest() -> None:
    """The judge is asked at once."""
    assert not missed(Reach(), range(MISSES), 3_600_000_000).rests(0)
