"""Pauses between attempts."""

from __future__ import annotations

from serinus.core.notices.retry import GIVE_UP_AFTER_S, next_at_us, pause_s, rest_s


def test_pauses_grow_to_five_minutes() -> None:
    """5, 10, 20, … seconds, and never more than 300, however many attempts there were."""
    assert [pause_s(n) for n in range(1, 9)] == [5, 10, 20, 40, 80, 160, 300, 300]
    assert pause_s(10_000) == 300


def test_an_hour_of_outage_costs_few_attempts_and_loses_nothing() -> None:
    """A target that is away for an hour is asked less than 20 times, and still is after it."""
    now_us, attempts = 0, 0
    while now_us < 3600 * 1e6:
        attempts += 1
        following = next_at_us(attempts, 0, now_us)
        assert following > now_us
        now_us = following
    assert attempts < 20


def test_what_is_gone_for_good_is_given_up() -> None:
    """After two days there is no next attempt."""
    end_us = round(GIVE_UP_AFTER_S * 1e6)
    assert next_at_us(500, 0, end_us - 301_000_000) > 0
    assert next_at_us(500, 0, end_us - 299_000_000) == 0


def test_a_target_rests_for_a_minute_at_most() -> None:
    """A message that is always refused delays the target's others by no more than that."""
    assert [rest_s(n) for n in (1, 2, 100)] == [5, 10, 60]
