"""Label-corrected scores: unbiased whatever the judge gets wrong, and the interval for reports."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import estimate, labels, ratio
from serinus.core.stats.betting import SCALE
from serinus.core.stats.estimate import Effect
from serinus.core.stats.labels import Labelled
from serinus.core.stats.ratio import Stratum

MILLIONTHS = st.integers(0, SCALE)
ALPHA = 0.05


@given(MILLIONTHS, MILLIONTHS, st.floats(0.01, 1.0))
def test_the_mean_over_the_sampling_is_the_human_score(judge: int, human: int, chance: float) -> None:
    """p φ(labelled) + (1 − p) φ(not labelled) is the label, to the rounding of a millionth."""
    with_label = labels.corrected(Labelled(judge, human), chance)
    without = labels.corrected(Labelled(judge), chance)
    assert chance * with_label + (1 - chance) * without == pytest.approx(human, abs=0.6)
    assert without == judge


def units(rng: np.random.Generator, bias: float, truth: float, n: int, chance: float) -> list[Labelled]:
    """Units whose judge is off by `bias` on average; a person labels each with this chance."""
    human = np.clip(rng.normal(truth, 0.15, n), 0, 1)
    judge = np.clip(human + bias + rng.normal(0, 0.05, n), 0, 1)
    sampled = rng.random(n) < chance
    return [
        Labelled(round(f * SCALE), round(y * SCALE) if s else None)
        for f, y, s in zip(judge.tolist(), human.tolist(), sampled.tolist(), strict=True)
    ]


def increase(candidate: list[Labelled], control: list[Labelled], chance: float) -> Effect:
    """The difference of corrected means."""
    arms = [labels.corrected_moments(arm, chance) for arm in (candidate, control)]
    effect = ratio.increase([Stratum(candidate=arms[0], control=arms[1])])
    assert isinstance(effect, Effect)
    return effect


def test_a_judge_that_dislikes_the_candidate_is_corrected() -> None:
    """A judge off by 0.05 in one arm rolls back healthy releases uncorrected, and at most at α with labels."""
    rng = np.random.default_rng(1)
    wrong = right = 0
    for _ in range(150):
        arms = [units(rng, bias, 0.6, 1000, 0.2) for bias in (-0.05, 0.0)]
        fixed = increase(*arms, 0.2)
        bare = increase(*([Labelled(u.judge) for u in arm] for arm in arms), 0.2)
        for effect, kind in ((fixed, "right"), (bare, "wrong")):
            tau = estimate.mixture_sd(effect.information, ALPHA, one_sided=True)
            drop = Effect(value=-effect.value, variance=effect.variance)
            hit = estimate.harm(drop, tau).log_e >= math.log(1 / ALPHA)
            right, wrong = right + (hit and kind == "right"), wrong + (hit and kind == "wrong")
    assert right <= stats.binom.ppf(1 - 1e-6, 150, ALPHA)
    assert wrong > 120


def test_a_good_judge_saves_labels() -> None:
    """With a good judge, one label in five costs far less variance than the labels alone would have."""
    rng = np.random.default_rng(2)
    sample = units(rng, 0.0, 0.6, 4000, 0.2)
    found = ratio.arm_ratio(labels.corrected_moments(sample, 0.2))
    humans = [u.human / SCALE for u in sample if u.human is not None]
    assert found is not None
    assert found[0] == pytest.approx(0.6, abs=0.02)
    assert found[1] < 0.6 * float(np.var(humans)) / len(humans)


def test_interval_for_reports_covers() -> None:
    """At 90 %, the offline interval holds the true mean in 90 % of 1,000 reports, despite a biased judge."""
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(1000):
        sample = units(rng, 0.1, 0.5, 400, 0.25)
        labelled = [u for u in sample if u.human is not None]
        low, high = labels.offline_interval(labelled, [u.judge for u in sample if u.human is None], 0.1)
        hits += low <= 0.5 <= high
    assert stats.binom.ppf(1e-6, 1000, 0.88) <= hits <= stats.binom.ppf(1 - 1e-6, 1000, 0.92)


def test_interval_is_the_formula() -> None:
    """Mean of the judge plus mean error, ± z √(var(f)/N + var(Y − f)/n)."""
    labelled = [Labelled(500_000, 600_000), Labelled(400_000, 380_000), Labelled(700_000, 900_000)]
    judged = [500_000, 900_000, 100_000, 300_000]
    f, rest = np.array(judged) / SCALE, np.array([0.1, -0.02, 0.2])
    half = stats.norm.ppf(0.975) * math.sqrt(f.var(ddof=1) / 4 + rest.var(ddof=1) / 3)
    middle = f.mean() + rest.mean()
    assert labels.offline_interval(labelled, judged, 0.05) == pytest.approx((middle - half, middle + half))


def test_without_labels_the_margin_is_widened() -> None:
    """By as much as the judge may be off between the arms; a negative bias is refused."""
    assert labels.widened(0.02, 0.03) == pytest.approx(0.05)
    assert labels.widened(0.02, 0.0) == 0.02
    for margin, bias in ((0.02, -0.01), (math.nan, 0.0), (0.02, math.inf)):
        with pytest.raises(InvalidInput):
            labels.widened(margin, bias)


@pytest.mark.parametrize("chance", [0.0, -0.1, 1.1, math.nan])
def test_the_chance_of_a_label_is_above_zero(chance: float) -> None:
    """Without a known chance there is no correction."""
    with pytest.raises(InvalidInput):
        labels.corrected(Labelled(5, 6), chance)


def test_bad_input_is_refused() -> None:
    """Scores outside [0, 1], too few labels, α outside (0, 1)."""
    for judge, human in ((-1, None), (SCALE + 1, None), (5, -1), (5, SCALE + 1)):
        with pytest.raises(InvalidInput):
            Labelled(judge, human)
    good = [Labelled(5, 6), Labelled(7, 9)]
    for labelled, judged, alpha in (
        (good[:1], [1, 2], 0.05),
        ([Labelled(5)] * 9, [1, 2], 0.05),
        (good, [1], 0.05),
        (good, [1, 2], 1.0),
    ):
        with pytest.raises(InvalidInput):
            labels.offline_interval(labelled, judged, alpha)
