"""Absolute limits with duration."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.decision.limits import judge_limit, sentence
from serinus.core.decision.verdict import Verdict
from serinus.core.pipeline.limit import Limit
from serinus.core.release.release import Release
from tests.unit.core.decision.cases import MINUTE_US, NOW_US, PLAN, minutes, running


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ([0.0, 0.03, 0.03, 0.03], Verdict.FAIL),
        ([0.03, 0.03, 0.03, 0.0], Verdict.FAIL),
        ([0.03, 0.03, 0.02, 0.03, 0.03], Verdict.PASS),
        ([0.03, 0.03], Verdict.PASS),
        ([], Verdict.NO_DATA),
    ],
)
def test_every_bucket_in_a_row_must_be_above(shares: list[float], verdict: Verdict) -> None:
    """Three minutes above 2.5 % in a row break the limit, also when a round comes late; one below does not count."""
    assert judge_limit(running(), 0, minutes(shares), NOW_US).verdict is verdict


def test_exactly_at_the_limit_is_not_above() -> None:
    """Above means above."""
    at_limit = tuple(b.__class__(b.start_us, 200, 5, 200, 0) for b in minutes([0.0] * 3))
    assert judge_limit(running(), 0, at_limit, NOW_US).verdict is Verdict.PASS


def test_a_gap_breaks_the_row() -> None:
    """A minute without any request is no data, not a bad minute."""
    buckets = minutes([0.5] * 4)
    assert judge_limit(running(), 0, (buckets[0], buckets[1], buckets[3]), NOW_US).verdict is Verdict.PASS


def test_few_requests_are_no_data() -> None:
    """Below the minimum of requests nothing is judged."""
    assert judge_limit(running(), 0, minutes([0.5] * 5, requests=49), NOW_US).verdict is Verdict.NO_DATA


def test_control_above_the_same_limit_vetoes() -> None:
    """Control above the limit over the same time vetoes, also when one minute of it was lucky; below it does not."""
    assert judge_limit(running(), 0, minutes([0.5] * 3, [0.4, 0.02, 0.4]), NOW_US).vetoed
    assert not judge_limit(running(), 0, minutes([0.5] * 3, [0.02, 0.03, 0.02]), NOW_US).vetoed


def test_a_rearmed_limit_counts_later_buckets_only() -> None:
    """Minutes acknowledged by a resume do not count again; unless the clock was set back behind them."""
    release = msgspec.structs.replace(running(), rearmed={"limit:0": {"after_us": NOW_US - MINUTE_US}})
    bad = minutes([0.5] * 5)
    assert judge_limit(release, 0, bad, NOW_US).verdict is not Verdict.FAIL
    assert judge_limit(release, 0, bad, NOW_US - 3600 * 1_000_000).verdict is Verdict.FAIL


def test_a_bad_newest_bucket_stops_the_dwell() -> None:
    """One bad minute is no breach yet, but not health either."""
    assert judge_limit(running(), 0, minutes([0.0, 0.0, 0.5]), NOW_US).over_now
    assert not judge_limit(running(), 0, minutes([0.0, 0.5, 0.0]), NOW_US).over_now


def test_the_sentence_has_all_numbers() -> None:
    """The reason says how many, how much, how long, and how control did."""
    breach = judge_limit(running(), 0, minutes([0.5] * 3, [0.01] * 3), NOW_US)
    text = sentence(PLAN.limits[0], breach)
    assert text == (
        "150 of 300 candidate requests (50.0%) had errors, above 2.5% in each of 3 minutes in a row; "
        "control: 3 of 300 (1.0%)"
    )


def careful(by_chance: float) -> Release:
    """Running, with a limit that asks what is by chance."""
    limit = msgspec.structs.replace(PLAN.limits[0], by_chance=by_chance)
    return running(msgspec.structs.replace(PLAN, limits=(limit,)))


def test_J1_what_is_above_by_chance_does_not_act() -> None:
    """3 of 100 in each of three minutes is above 2.5 %, and what a version just inside it does one time in three; 10
    of 100 is none's luck. Without being asked the limit takes both."""
    by_luck, in_earnest = minutes([0.03] * 3), minutes([0.1] * 3)
    assert judge_limit(running(), 0, by_luck, NOW_US).verdict is Verdict.FAIL
    assert judge_limit(careful(1e-4), 0, by_luck, NOW_US).verdict is Verdict.PASS
    assert not judge_limit(careful(1e-4), 0, by_luck, NOW_US).over_now
    assert judge_limit(careful(1e-4), 0, in_earnest, NOW_US).verdict is Verdict.FAIL


def test_J1_large_buckets_need_little_excess() -> None:
    """The same shares over ten times the calls are no chance any more: 3.5 % of 6,000 where 2.5 % are tolerated."""
    assert judge_limit(careful(1e-4), 0, minutes([0.035] * 3, requests=200), NOW_US).verdict is Verdict.PASS
    assert judge_limit(careful(1e-4), 0, minutes([0.035] * 3, requests=2000), NOW_US).verdict is Verdict.FAIL


def test_J1_a_bucket_below_breaks_the_row_whatever_the_others_are() -> None:
    """All of them together are far beyond chance, but one minute was well."""
    assert judge_limit(careful(1e-4), 0, minutes([0.5, 0.01, 0.5]), NOW_US).verdict is Verdict.PASS
    assert judge_limit(careful(1e-4), 0, minutes([0.5, 0.01, 0.5]), NOW_US).over_now


def test_J1_a_quantile_is_by_chance_above_its_limit_too() -> None:
    """Of 100 calls 2 are beyond 5 s, where 1 % of them may be; one in four versions at the limit has that."""
    limit = Limit(metric="latency.p99", above=5000.0, buckets=3, by_chance=1e-4)
    release = running(msgspec.structs.replace(PLAN, limits=(limit,)))
    assert judge_limit(release, 0, minutes([0.02] * 3), NOW_US).verdict is Verdict.PASS
    assert judge_limit(release, 0, minutes([0.06] * 3), NOW_US).verdict is Verdict.FAIL
