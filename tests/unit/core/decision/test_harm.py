"""Relative harm over guardrails and restarts."""

from __future__ import annotations

import math

import msgspec
import pytest

from serinus.core.decision.harm import compared_positions, judge_harm
from serinus.core.decision.verdict import Verdict
from serinus.core.pipeline.plan import Guardrail
from serinus.core.stats import events
from tests.unit.core.decision.cases import ERROR, PLAN, running


def test_release_evidence_is_the_weighted_mean() -> None:
    """E of a release is Σ_k w_k Σ_s v_s E_k restarted at s, by hand from single e-values; renewals to come are 1."""
    rails = (Guardrail(metric=ERROR, weight=3.0), Guardrail(metric="call.refusal", weight=1.0))
    release = running(msgspec.structs.replace(PLAN, guardrails=rails), step=1)
    release = msgspec.structs.replace(release, restarts=({}, {ERROR: (20, 20)}))
    harm = judge_harm(release, {ERROR: (40, 25), "call.refusal": (3, 1)})
    margin = events.Margin(1.25, 2.0)

    def e(s1: int, s0: int) -> float:
        return math.exp(float(events.harm(s1, s0, margin)))

    expected = 0.75 * (0.44 * e(40, 25) + 0.08 * e(20, 5) + 0.48) + 0.25 * (0.52 * e(3, 1) + 0.48)
    assert harm.log_e == pytest.approx(math.log(expected), abs=1e-5)
    assert harm.needed == pytest.approx(math.log(100), abs=1e-6)


def test_steps_not_begun_count_as_one() -> None:
    """The share of a restart that has not happened yet neither accuses nor acquits."""
    release = running()
    harm = judge_harm(release, {ERROR: (60, 10)})
    assert harm.evidence[0].restarts[1] == 0.0
    assert harm.evidence[0].log_e == pytest.approx(harm.evidence[0].restarts[0] + math.log(0.44), abs=1e-4)


def test_only_guilty_metrics_are_named() -> None:
    """e-Holm names the metric that shows harm, not the one beside it."""
    assert judge_harm(running(), {ERROR: (60, 10), "call.refusal": (5, 5)}).culprits == (ERROR,)
    assert judge_harm(running(), {ERROR: (12, 10), "call.refusal": (5, 5)}).culprits == ()


@pytest.mark.parametrize(
    ("rail", "culprits", "signals"),
    [
        (Guardrail(metric=ERROR), (ERROR,), ()),
        (Guardrail(metric=ERROR, role="signal"), (), (ERROR,)),
        (Guardrail(metric=ERROR, role="info"), (), ()),
        (Guardrail(metric=ERROR, dry_run=True), (), ()),
    ],
)
def test_roles(rail: Guardrail, culprits: tuple[str, ...], signals: tuple[str, ...]) -> None:
    """A guardrail rolls back, a signal pauses, info and dry runs are shown only, with the same evidence."""
    plan = msgspec.structs.replace(PLAN, guardrails=(rail,))
    harm = judge_harm(running(plan), {ERROR: (60, 10)})
    assert (harm.culprits, harm.signals) == (culprits, signals)
    assert (harm.verdict is Verdict.FAIL) == bool(culprits or signals)
    assert harm.evidence[0].log_e > harm.needed


def test_a_rearmed_trigger_counts_later_events_only() -> None:
    """After a resume the metric starts again at the position that was acknowledged."""
    release = msgspec.structs.replace(running(), rearmed={f"guardrail:{ERROR}": {"candidate": 60, "control": 10}})
    harm = judge_harm(release, {ERROR: (62, 11)})
    assert (harm.evidence[0].candidate, harm.evidence[0].control) == (2, 1)
    assert harm.verdict is Verdict.PASS


def test_the_watch_freezes_the_comparison() -> None:
    """What was seen when the watch began stays what is shown."""
    release = running(step=2)
    release = msgspec.structs.replace(release, restarts=({}, {}, {ERROR: (9, 8)}))
    assert compared_positions(release, {ERROR: (900, 8)}) == {ERROR: (9, 8)}
    assert compared_positions(running(), {ERROR: (900, 8)}) == {ERROR: (900, 8)}
