"""The circuit breaker: when it opens, what it lets through, and when it closes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.routing.snapshot import BreakerRule
from serinus.core.wire.breaker import Breaker

S = 1_000_000_000
RULE = BreakerRule(failures=3, share=0.5, window_s=10, open_s=5)


def opened(rule: BreakerRule = RULE) -> Breaker:
    """A breaker that opened at 0 s."""
    breaker = Breaker(rule)
    assert [breaker.failed(0) for _ in range(3)] == [False, False, True]
    return breaker


def test_it_opens_after_so_many_failures_and_turns_calls_away() -> None:
    """Not one failure sooner; until `open_s` has passed nobody gets through."""
    breaker = opened()
    assert (breaker.state, breaker.opened, breaker.troubled) == ("open", 1, True)
    assert not breaker.admits(1)
    assert not breaker.admits(5 * S - 1)
    assert breaker.wait_s(2 * S) == 3.0


def test_one_probe_goes_through_and_its_answer_closes_the_breaker() -> None:
    """While the probe is out all others are turned away; closed, everything is forgotten."""
    breaker = opened()
    assert breaker.admits(5 * S)
    assert breaker.state == "half_open"
    assert not breaker.admits(5 * S + 1)
    breaker.succeeded(6 * S)
    assert (breaker.state, breaker.troubled, breaker.opened) == ("closed", False, 1)
    assert breaker.admits(6 * S)
    assert not breaker.failed(6 * S)


def test_a_probe_that_fails_opens_it_for_another_time() -> None:
    """From the failure on."""
    breaker = opened()
    breaker.admits(5 * S)
    assert not breaker.failed(7 * S)
    assert breaker.state == "open"
    assert not breaker.admits(12 * S - 1)
    assert breaker.admits(12 * S)


def test_a_probe_that_is_never_heard_of_again_blocks_nobody_for_ever() -> None:
    """Its caller may have left: the next probe goes out after `open_s`."""
    breaker = opened()
    assert breaker.admits(5 * S)
    assert not breaker.admits(10 * S - 1)
    assert breaker.admits(10 * S)


def test_calls_under_way_when_it_opened_do_not_keep_it_open() -> None:
    """Their failures are old news: only a probe's counts."""
    breaker = opened()
    for at_s in range(1, 5):
        breaker.failed(at_s * S)
    assert breaker.admits(5 * S)


def test_what_fails_in_part_stays_closed() -> None:
    """The share is of the calls since the first failure: a candidate that fails beside a baseline that answers on the
    same endpoint takes nothing from the baseline's callers."""
    breaker = Breaker(BreakerRule(failures=3, share=0.8))
    for at in range(1000):
        assert not breaker.failed(at)
        breaker.succeeded(at)
    assert breaker.state == "closed"


def test_failures_of_long_ago_do_not_count() -> None:
    """The window begins with the first failure and ends `window_s` later."""
    breaker = Breaker(RULE)
    for at_s in (0, 5, 10, 15, 20):
        assert not breaker.failed(at_s * S)
    breaker.succeeded(31 * S)
    assert not breaker.troubled


def test_none_is_opened_where_it_is_turned_off() -> None:
    """`failures: 0`."""
    breaker = Breaker(BreakerRule(failures=0))
    assert not any(breaker.failed(at) for at in range(100))
    assert (breaker.admits(0), breaker.troubled) == (True, False)


@pytest.mark.parametrize("wrong", [{"failures": -1}, {"share": 0.0}, {"share": 1.1}, {"window_s": 0}, {"open_s": 0}])
def test_a_rule_that_means_nothing_is_refused(wrong: dict[str, float]) -> None:
    """When it is built."""
    with pytest.raises(ValueError, match="breaker"):
        BreakerRule(**wrong)  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.sampled_from(["ask", "fail", "succeed"]), st.integers(0, 3 * S)), max_size=60))
def test_an_open_breaker_lets_at_most_one_call_through_per_open_s(steps: list[tuple[str, int]]) -> None:
    """Whatever happens in between, as long as nothing succeeds."""
    breaker, now, last = opened(), 0, 0
    for what, after in steps:
        now += after
        if what == "fail":
            breaker.failed(now)
        elif what == "succeed":
            breaker.succeeded(now)
            assert breaker.admits(now)
            return
        elif breaker.admits(now):
            assert now - last >= 5 * S
            last = now
