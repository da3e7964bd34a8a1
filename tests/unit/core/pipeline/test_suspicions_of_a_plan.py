"""How long a suspicion may wait for its answer: what nobody can have meant is refused, what is odd is told (H4)."""

from __future__ import annotations

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.suspicions import SuspicionRules, check_declared_suspicions, suspicion_concerns


def concerns(within_s: float) -> list[str]:
    return list(suspicion_concerns(SuspicionRules(confirm_within_s=within_s)))


@pytest.mark.parametrize("within_s", [0.001, 1.0, 59.9])
def test_H4_seconds_are_refused_with_the_reason(within_s: float) -> None:
    """Everything suspected would roll back before anybody has read it."""
    with pytest.raises(InvalidInput, match="nobody can read the answer and decide") as refused:
        check_declared_suspicions(SuspicionRules(confirm_within_s=within_s))
    assert refused.value.where == "plan.suspicions.confirm_within_s"
    assert "15m" in refused.value.mend


@pytest.mark.parametrize("within_s", [60.0, 900.0, 86_400.0])
def test_H4_what_a_person_may_mean_is_taken(within_s: float) -> None:
    """Odd or not, where a little less than a minute is refused."""
    check_declared_suspicions(SuspicionRules(confirm_within_s=within_s))
    with pytest.raises(InvalidInput):
        check_declared_suspicions(SuspicionRules(confirm_within_s=min(within_s, 60.0) - 0.001))


def test_H4_hardly_enough_and_very_long_are_told() -> None:
    """Between five minutes and an hour nothing is said."""
    assert concerns(300.0) == concerns(900.0) == concerns(3600.0) == []
    (hasty,), (long,) = concerns(120.0), concerns(7200.0)
    assert "`confirm_within` is 2 min" in hasty
    assert "the release rolls back" in hasty
    assert "`confirm_within` is 2 h" in long
    assert "suspected" in long
