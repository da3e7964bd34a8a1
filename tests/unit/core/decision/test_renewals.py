"""Evidence renewed between steps: late harm, validity in `decide`, and what a release began with."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from scipy import stats

from serinus.core.decision.decision import Evidence as Stored
from serinus.core.decision.decision import decide, replay
from serinus.core.decision.harm import judge_harm, own_alpha, renewed_positions, scheme_of
from serinus.core.decision.labels import read_on
from serinus.core.pipeline.plan import Guardrail
from serinus.core.records.label_sums import LabelSums
from serinus.core.records.labels import AwaitedUnit, Label, LabelKey
from serinus.core.release.release import Progress, Release, Renewals
from serinus.core.stats import combine, events, renewal, renewed_bets
from tests.unit.core.decision.cases import ERROR, NOW_US, PLAN, running, seen

ALONE = msgspec.structs.replace(PLAN, guardrails=(Guardrail(metric=ERROR, max_ratio=1.0),), alpha=0.01)
EQUAL = events.Margin(1.0, 2.0)


def test_evidence_holds_the_renewals_by_hand() -> None:
    """Whole, the step that has not begun, one renewal with the weights of two slots, and those to come as 1."""
    release = running(ALONE)
    harm = judge_harm(release, {ERROR: (60, 35)}, renewals={ERROR: ((25, 26, 0),)})
    whole, since = (math.exp(float(events.harm(*pair, EQUAL, k))) for pair, k in (((60, 35), 10.0), ((35, 9), 60.0)))
    two = 0.48 * renewal.spent(2)
    expected = 0.44 * whole + 0.08 + two * since + (0.48 - two)
    assert harm.log_e == pytest.approx(math.log(expected), abs=2e-6)


def test_a_release_of_statistics_2_keeps_its_weights_and_priors() -> None:
    """At any α, with renewals as wide as the whole."""
    old = msgspec.structs.replace(running(ALONE), stats_v=2)
    harm = judge_harm(old, {ERROR: (60, 35)}, renewals={ERROR: ((25, 26, 0),)})
    whole, since = (math.exp(float(events.harm(*pair, EQUAL))) for pair in ((60, 35), (35, 9)))
    two = 0.48 * renewal.spent(2)
    assert harm.log_e == pytest.approx(math.log(0.4 * whole + 0.12 + two * since + (0.48 - two)), abs=2e-6)


def test_a_guardrail_beside_others_has_the_weights_of_its_own_level() -> None:
    """α of 5 % over four of them is 1.25 % for each; one that does not act takes nothing of it."""
    rails = tuple(
        Guardrail(metric=name, max_ratio=1.0) for name in (ERROR, "call.refusal", "call.overdue", "call.invalid_format")
    )
    quiet = Guardrail(metric="call.left", dry_run=True)
    plan = msgspec.structs.replace(ALONE, guardrails=(*rails, quiet), alpha=0.05)
    assert own_alpha(plan, rails[0]) == pytest.approx(0.05 / 4)
    assert own_alpha(plan, quiet) == pytest.approx(0.05 / 5)
    assert scheme_of(running(plan), rails[0]).whole == pytest.approx(renewal.of_level(0.0125).whole)


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


SCORE = Guardrail(metric="judge.correctness", max_drop=0.0, maturation_s=60)
SCORED = msgspec.structs.replace(ALONE, guardrails=(SCORE,))


def _graded(number: int, first: int = 0) -> list[AwaitedUnit]:
    """Units in turns of both arms, of which the candidate's have lower scores."""
    return [
        AwaitedUnit(
            LabelKey("rel_1", SCORE.metric, i.to_bytes(8, "big")),
            i * 1_000_000,
            0,
            1 + i % 2,
            Label(i * 1_000_000 + 1, 700_000 if i % 2 else 400_000 + i % 7),
        )
        for i in range(first, first + number)
    ]


def test_scores_are_renewed_too_by_hand() -> None:
    """The whole, the step that has not begun, bets that began after 32 and 64 units, and those to come as 1."""
    sums = read_on(LabelSums(metric=SCORE.metric), SCORE, 2, _graded(80))
    harm = judge_harm(running(SCORED), {}, scores=(sums,))
    begun = math.exp(renewed_bets.log_e(sums.games[0].renewed))
    expected = 0.44 * math.exp(harm.evidence[0].restarts[0]) + 0.08 + 0.48 * (begun + 1 - renewed_bets.spent(80))
    assert begun > 1.0
    assert harm.evidence[0].log_e == pytest.approx(math.log(expected), abs=2e-6)


def test_scores_of_a_release_of_statistics_2_restart_at_steps_alone() -> None:
    """Nothing begins anew while they are read, and half of the weight is the whole's."""
    sums = read_on(LabelSums(metric=SCORE.metric), SCORE, 2, _graded(80), renews=False)
    assert sums.games[0].renewed == ()
    harm = judge_harm(msgspec.structs.replace(running(SCORED), stats_v=2), {}, scores=(sums,))
    parts = harm.evidence[0].restarts
    assert harm.evidence[0].log_e == pytest.approx(combine.mixed(parts, combine.restart_weights(2)), abs=2e-6)


def test_scores_read_by_an_earlier_serinus_go_on_with_less() -> None:
    """One that led for a while has dropped what it did not know: what begins later has its own weight alone, and the
    evidence is smaller, never larger."""
    kept = read_on(LabelSums(metric=SCORE.metric), SCORE, 2, _graded(80))
    dropped = msgspec.structs.replace(
        kept, games=tuple(msgspec.structs.replace(game, renewed=()) for game in kept.games)
    )
    later = [read_on(sums, SCORE, 2, _graded(40, 80)) for sums in (kept, dropped)]
    evidence = [judge_harm(running(SCORED), {}, scores=(sums,)).evidence[0].log_e for sums in later]
    assert later[1].games[0].renewed
    assert evidence[1] < evidence[0]


def test_evidence_of_statistics_2_is_decided_anew_as_it_was() -> None:
    """Of a release that began with them: the same bytes, but for the number of the statistics."""
    release = msgspec.structs.replace(running(ALONE), stats_v=2)
    stored = Progress(release="rel_1", step=0, renewals={ERROR: ((13, 12, 0), (30, 25, 1))})
    decision = decide(release, stored, seen(positions={ERROR: (90, 30)}), NOW_US)
    assert decision.evidence.harm is not None
    whole, first, second = (math.exp(float(events.harm(*p, EQUAL))) for p in ((90, 30), (77, 18), (60, 5)))
    weights = [0.48 * (renewal.spent(b) - renewal.spent(a)) for a, b in ((0, 1), (1, 2))]
    expected = 0.4 * whole + 0.12 + weights[0] * first + weights[1] * second + 0.48 * (1 - renewal.spent(2))
    assert decision.evidence.harm.log_e == pytest.approx(math.log(expected), abs=2e-6)
