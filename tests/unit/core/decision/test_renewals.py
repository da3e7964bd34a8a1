"""Evidence renewed between steps: late harm, validity in `decide`, and what a release began with."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from scipy import stats

from serinus.core.decision.decision import Evidence as Stored
from serinus.core.decision.decision import decide, replay
from serinus.core.decision.harm import judge_harm, renewed_positions
from serinus.core.pipeline.plan import Guardrail
from serinus.core.release.release import Progress, Release, Renewals
from serinus.core.stats import combine, events, renewal
from tests.unit.core.decision.cases import ERROR, NOW_US, PLAN, running, seen

ALONE = msgspec.structs.replace(PLAN, guardrails=(Guardrail(metric=ERROR, max_ratio=1.0),), alpha=0.01)
EQUAL = events.Margin(1.0, 2.0)


def test_evidence_holds_the_renewals_by_hand() -> None:
    """Whole, the step that has not begun, one renewal with the weights of two slots, and those to come as 1."""
    release = running(ALONE)
    harm = judge_harm(release, {ERROR: (60, 35)}, renewals={ERROR: ((25, 26, 0),)})
    whole, since = (math.exp(float(events.harm(*pair, EQUAL))) for pair in ((60, 35), (35, 9)))
    two = renewal.spent(2)
    expected = 0.4 * whole + 0.12 + two * since + (0.48 - two)
    assert harm.log_e == pytest.approx(math.log(expected), abs=2e-6)


def test_a_release_of_before_keeps_its_weights() -> None:
    """What began with statistics 1 is judged by them to its end, whatever is stored beside."""
    old = msgspec.structs.replace(running(ALONE), stats_v=1)
    harm = judge_harm(old, {ERROR: (60, 35)}, renewals={ERROR: ((25, 26, 0),)})
    parts = (float(events.harm(60, 35, EQUAL)), 0.0)
    assert harm.log_e == pytest.approx(combine.mixed(parts, combine.restart_weights(2)), abs=2e-6)
    assert renewed_positions(old, {}, {ERROR: (60, 35)}) == {}


def test_a_resumed_signal_counts_later_events_in_its_renewals_too() -> None:
    """A renewal that began before the resume starts again where a person saw it."""
    release = msgspec.structs.replace(running(ALONE), rearmed={f"guardrail:{ERROR}": {"candidate": 60, "control": 35}})
    harm = judge_harm(release, {ERROR: (60, 35)}, renewals={ERROR: ((25, 26, 0),)})
    assert harm.evidence[0].log_e == 0.0


def test_decide_renews_and_replays_byte_for_byte() -> None:
    """Positions are kept with the progress; evidence read back decides the same, to the last digit."""
    release, stored = running(ALONE), None
    for s1, s0 in ((12, 12), (13, 12), (20, 20), (30, 25)):
        decision = decide(release, stored, seen(positions={ERROR: (s1, s0)}), NOW_US)
        stored = msgspec.json.decode(msgspec.json.encode(decision.progress), type=Progress)
        kept = msgspec.json.decode(msgspec.json.encode(decision.evidence), type=Stored)
        again = replay(kept)
        assert msgspec.json.encode(again.evidence) == msgspec.json.encode(kept)
        assert again.progress == decision.progress
    assert stored is not None
    assert stored.renewals == {ERROR: ((13, 12, 0), (30, 25, 1))}


def test_renewals_outlive_the_step() -> None:
    """Progress of another step keeps them, also where a step was taken by hand."""
    before = Progress(release="rel_1", step=0, renewals={ERROR: ((13, 12, 0),)})
    decision = decide(running(ALONE, step=1), before, seen(positions={ERROR: (13, 12)}), NOW_US)
    assert decision.progress.renewals == before.renewals


def test_progress_of_an_earlier_serinus_is_read() -> None:
    """Without the field there are no renewals yet; those that follow have the weights of all slots that passed."""
    old = msgspec.json.decode(b'{"release":"rel_1","step":0,"dwell_ms":7}', type=Progress)
    assert old.renewals == {}
    decision = decide(running(ALONE), old, seen(positions={ERROR: (260, 250)}), NOW_US)
    assert decision.progress.renewals == {ERROR: ((260, 250, 0),)}


def _needed(release: Release, path: np.ndarray, every: int, bar: float) -> int | None:
    """After how many events of this path, looked at after so many each, the evidence is at the bar."""
    renewals: Renewals = {}
    for n in range(every, len(path) + 1, every):
        positions = {ERROR: (int(path[n - 1]), n - int(path[n - 1]))}
        if judge_harm(release, positions, renewals=renewals).log_e >= bar:
            return n
        renewals = renewed_positions(release, renewals, positions)
    return None


@pytest.mark.parametrize("every", [5, 40])
def test_healthy_releases_are_stopped_at_most_as_often_as_alpha_says(every: int) -> None:
    """150 releases of 600 events at the boundary, at α = 5 %, by the functions that judge."""
    plan = msgspec.structs.replace(ALONE, alpha=0.05)
    rng = np.random.default_rng(7)
    paths = np.cumsum(rng.random((150, 600)) < 0.5, axis=1)
    false = sum(_needed(running(plan), path, every, math.log(20)) is not None for path in paths)
    assert false <= stats.binom.ppf(1 - 1e-6, 150, 0.05)


def test_late_harm_is_noticed_within_one_and_a_half_times_what_fresh_harm_needs() -> None:
    """Harm of 2 times after 200 healthy events, midway between renewals: 100 releases, α = 1 %."""
    rng = np.random.default_rng(3)
    means = []
    for healthy in (0, 212):
        chance = np.where(np.arange(healthy + 500) < healthy, 0.5, 2 / 3)
        paths = np.cumsum(rng.random((100, len(chance))) < chance, axis=1)
        found = [_needed(running(ALONE), path, 4, math.log(100)) for path in paths]
        means.append(np.mean([n - healthy for n in found if n is not None and n > healthy]))
    assert means[1] <= 1.6 * means[0], "1.5 and the noise of 100 releases"
    assert means[0] <= 125
