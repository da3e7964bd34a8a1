"""What the table calls Serinus is what the product does: the same evidence, release by release."""

from __future__ import annotations

import numpy as np
import pytest

from bench.judging import serinus, traffic
from bench.judging.betting import log_capital, log_renewed
from bench.judging.sample import LOOKS, STARTS
from serinus.core.decision.harm import judge_harm, renewed_positions
from serinus.core.decision.labels import read_on
from serinus.core.pipeline.plan import Guardrail, Plan, Step
from serinus.core.records.label_sums import LabelSums
from serinus.core.records.labels import AwaitedUnit, Label, LabelKey
from serinus.core.release.release import Positions, Release, Renewals
from serinus.core.release.table import State
from serinus.core.release.transitions import advanced, started
from serinus.core.stats import bounded, estimate, renewal
from serinus.core.stats.betting import SCALE
from serinus.core.stats.bounded import Cursor, Score
from serinus.core.stats.estimate import Effect

METRICS = ("call.error", "call.refusal", "call.invalid_format")


SCORES = Guardrail(metric="judge.correctness", maturation_s=60)


def released(guardrails: tuple[Guardrail, ...] = tuple(Guardrail(metric=name) for name in METRICS)) -> Release:
    plan = Plan(
        owner="ada@example.com",
        steps=tuple(Step(share=share, dwell_s=60) for share in (0.05, 0.25, 0.5, 1.0)),
        guardrails=guardrails,
        alpha=0.05,
    )
    created = Release(
        id="rel_1",
        app="shop",
        seq=0,
        state=State.CREATED,
        candidate="c" * 64,
        control="b" * 64,
        salt="salt",
        plan=plan,
        created_at_us=1,
        created_by="ada@example.com",
    )
    return started(created, 1, "started")


def test_events_restarts_renewals_and_guardrails_are_those_of_judge_harm() -> None:
    """Three guardrails with margins over a ramp of three steps: log E agrees at every look to its rounding."""
    rng = np.random.default_rng(1)
    samples = traffic.correlated(rng, 4, 3.0, rails=3)
    found = serinus.with_margins(samples, 0.05)
    for row in range(4):
        release = released()
        positions: Positions = {}
        renewals: Renewals = {}
        for look in range(LOOKS):
            if look in STARTS[1:]:
                release = advanced(release, 2 + STARTS.index(look), positions, "next")
            positions = {
                name: (int(s.candidate.total[row, look]), int(s.control.total[row, look]))
                for name, s in zip(METRICS, samples, strict=True)
            }
            harm = judge_harm(release, positions, renewals=renewals)
            assert found[row, look] == pytest.approx(harm.log_e, abs=3e-6)
            renewals = renewed_positions(release, renewals, positions)
        assert max(len(starts) for starts in renewals.values()) >= 2


@pytest.mark.parametrize("max_drop", [0.0, 0.02])
def test_scores_are_those_of_the_betting_test(max_drop: float) -> None:
    """The capital in arrays is the product's, but for whole nano-nats and millionths."""
    rng = np.random.default_rng(2)
    values, arm = rng.integers(0, SCALE + 1, (2, 400)), rng.random((2, 400)) < 0.5
    ends = np.array([100, 250, 400])
    capital = log_capital(values / SCALE, arm, ends, 0.02)[1 if max_drop else 0]
    found = serinus.bet_mixture(capital)
    for row in range(2):
        state = bounded.opened(max_drop)
        queue = [Score(Cursor(i, b""), bool(arm[row, i]), int(values[row, i])) for i in range(400)]
        for look, (start, end) in enumerate(zip((0, 100, 250), ends, strict=True)):
            state = bounded.advanced(state, queue[start:end])
            assert found[row, look] == pytest.approx(bounded.harm(state).log_e, abs=2e-3)


def test_scores_restarts_renewals_and_missing_labels_are_those_of_judge_harm() -> None:
    """Users of three steps, of strata up to their step's, one in five without a label, read as they mature: log E
    agrees at the end of each step to its rounding."""
    rng = np.random.default_rng(3)
    users, ends = 900, np.array([150, 450, 900])
    step = np.searchsorted(ends, np.arange(users), side="right")
    arm, told = rng.random(users) < 0.5, rng.random(users) < 0.8
    strata = np.minimum(rng.integers(0, 3, users), step)
    values = rng.integers(0, SCALE - 150_000 * arm)
    capital = [
        log_capital(values[None] / SCALE, arm[None], ends, SCORES.drop, (told & (strata >= since))[None])[1]
        for since in range(3)
    ]
    won, ahead = log_renewed(values[None] / SCALE, arm[None], ends, SCORES.drop, told[None])[1]
    found = serinus.renewed_scores(np.stack(capital), won, ahead, renewal.of_level(0.05))
    release, sums = released((SCORES,)), LabelSums(metric=SCORES.metric)
    for at, (start, end) in enumerate(zip((0, *ends), ends, strict=False)):
        if at:
            release = advanced(release, 2 + at, {}, "next")
        units = [
            AwaitedUnit(
                LabelKey("rel_1", SCORES.metric, i.to_bytes(8, "big")),
                i * SCALE,
                int(strata[i]),
                1 if arm[i] else 2,
                Label(i * SCALE + 1, int(values[i])) if told[i] else None,
            )
            for i in range(int(start), int(end))
        ]
        sums = read_on(sums, SCORES, len(release.restarts), units)
        harm = judge_harm(release, {}, scores=(sums,))
        assert found[0, at] == pytest.approx(harm.log_e, abs=2e-3)
    assert harm.log_e > 1.0
    assert all(abs(log_e) > 0.1 for log_e in harm.evidence[0].restarts)


def test_estimates_are_those_of_the_product() -> None:
    """Test 4.2 in arrays is `estimate.harm`, on both sides of its margin."""
    value, variance = np.array([[-0.3, 0.0, 0.2, 2.0]]), np.array([[0.01, 0.04, 0.01, 0.02]])
    found = serinus.estimate_harm(value, variance, 0.4, 0.1)
    for i in range(4):
        one = estimate.harm(Effect(value=float(value[0, i]), variance=float(variance[0, i])), 0.4, 0.1)
        assert found[0, i] == pytest.approx(one.log_e, abs=1e-12)
