"""Traffic from what a call log counts."""

from __future__ import annotations

import pytest

from serinus.core.lint.history import Counted, traffic_of
from serinus.core.lint.traffic import Graded

HOUR_US = 3_600_000_000
MONDAY_US = 4 * 24 * HOUR_US  # 1970-01-05 00:00 UTC


def counted(hours: dict[int, int], **changes: object) -> Counted:
    """Calls by hours since that Monday."""
    base = MONDAY_US // HOUR_US
    fields = {
        "first_us": MONDAY_US + min(hours) * HOUR_US,
        "last_us": MONDAY_US + (max(hours) + 1) * HOUR_US - 1,
        "hours": {base + hour: calls for hour, calls in hours.items()},
        "distinct": {1: 20.0, 6: 60.0},
        "live_calls": 200,
        "live_events": {"call.error": 3},
        "heaviest": 7,
        **changes,
    }
    return Counted(**fields)  # type: ignore[arg-type]


def test_hours_of_the_week_are_means_from_monday_on() -> None:
    """Two weeks: each hour has the mean of both; the cut first and last hour do not count."""
    found = traffic_of(counted({hour: hour % 24 + 100 * (hour // 168) for hour in range(336)}), ("call.error",))
    assert found is not None
    assert found.hourly[1:25] == pytest.approx([(2 * (hour % 24) + 100) / 2 for hour in range(1, 25)])
    assert found.days == pytest.approx(14)
    assert found.rates == {"call.error": 0.015}


def test_hours_that_were_not_seen_are_as_the_same_hour_of_other_days() -> None:
    """One day stands for the week."""
    found = traffic_of(counted({hour: 10 * hour for hour in range(26)}), ())
    assert found is not None
    assert found.hourly[24 * 5 + 7] == 70


def test_longer_windows_never_hold_fewer_users() -> None:
    """A mean that fell by chance is taken as equal."""
    found = traffic_of(counted(dict.fromkeys(range(48), 50), distinct={1: 20.0, 6: 60.0, 24: 55.0}), ())
    assert found is not None
    assert found.reach == ((1.0, 20.0), (6.0, 60.0), (24.0, 60.0))


def test_less_than_an_hour_is_no_traffic() -> None:
    """Nothing is forecast from nothing."""
    assert traffic_of(counted({0: 50}, last_us=MONDAY_US + HOUR_US // 2), ()) is None
    assert traffic_of(counted(dict.fromkeys(range(3), 5), distinct={}), ()) is None


def test_without_calls_of_the_live_version_no_rate_is_known() -> None:
    """An app whose calls were all pinned."""
    found = traffic_of(counted(dict.fromkeys(range(3), 5), live_calls=0), ("call.error",))
    assert found is not None
    assert found.rates == {}


def test_quantiles_that_do_not_grow_are_one() -> None:
    """Where calls are all alike, a larger share of them takes no longer."""
    alike = {"latency": ((0.95, 500.0), (0.5, 500.0), (0.99, 700.0)), "ttft": ((0.5, 0.0),)}
    found = traffic_of(counted(dict.fromkeys(range(48), 50), quantiles=alike), ())
    assert found is not None
    assert found.quantiles == {"latency": ((0.5, 500.0), (0.99, 700.0))}


def test_scores_become_shares_of_their_scale_and_few_of_them_tell_nothing() -> None:
    """50 of 200 calls rated 4 on average, of 1 to 5; nineteen grades are too few, and a rule's is on no scale."""
    scores = {
        "feedback.rating": (50, 4.0, 1.0),
        "judge.correctness": (19, 0.8, 0.1),
        "call.error": (50, 0.5, 0.5),
    }
    found = traffic_of(counted(dict.fromkeys(range(3), 5), scores=scores), ())
    assert found is not None
    assert found.graded == {"feedback.rating": Graded(share=0.25, mean=0.75, sd=0.25)}


def test_H5_how_cost_spreads_over_users_is_known_of_windows_with_enough_of_them() -> None:
    """Fewer than 100 users tell nothing, nor do sums that do not vary."""
    spreads = {"cost.per_call": {1: (240, 2.5), 6: (99, 9.0), 24: (150, 3.5)}, "tokens.per_call": {1: (500, 0.0)}}
    found = traffic_of(counted(dict.fromkeys(range(48), 50), spreads=spreads), ())
    assert found is not None
    assert found.spreads == {"cost.per_call": ((1.0, 2.5), (24.0, 3.5))}
