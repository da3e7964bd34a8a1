"""Live grades and feedback in rehearsals: drawn once for each user, matured, and judged by the real decision."""

from __future__ import annotations

import msgspec
import numpy as np

from serinus.core.pipeline.plan import Guardrail
from serinus.files.scenario_file import parse_scenario_file, shipped
from serinus.rehearsal.labels import Labels
from serinus.rehearsal.population import Ints
from serinus.rehearsal.rehearse import rehearse_one
from serinus.rehearsal.rounds import chance_of, created
from serinus.rehearsal.scenario import Judge, Rate, Scenario
from serinus.rehearsal.standard import GRADED, STANDARD

LIVE_DROP = parse_scenario_file("live-drop-10.yaml", shipped()["live-drop-10"])
PLAN = msgspec.structs.replace(
    STANDARD, guardrails=(Guardrail(metric=GRADED, max_drop=0.03), Guardrail(metric="feedback.thumbs_down"))
)


def judged(judge: Judge, *rates: Rate) -> Labels:
    """The labels of a release of the plan."""
    scenario = Scenario(name="s", rates=rates or (Rate(metric="call.error", chance=0.01),), judge=judge)
    return Labels(scenario, PLAN, lambda minute: chance_of(1, 0, 3, minute))


def units(minutes: int) -> Ints:
    """Four users more in the first stratum of each arm every minute."""
    counts = np.zeros((minutes, 4, 2), dtype=np.int64)
    counts[:, 0, :] = 4 * np.arange(1, minutes + 1)[:, None]
    return counts


def test_Q1_it_does_not_matter_when_anybody_looks() -> None:
    """Every minute, or once: the same grades of the same users in the same order."""
    release = msgspec.structs.replace(created(PLAN), step=0)
    often, once = judged(Judge(live=0.5)), judged(Judge(live=0.5))
    for minute in range(60):
        often.came(minute, units(60)[minute : minute + 1])
        often.seen(release, minute)
    once.came(0, units(60))
    assert often.seen(release, 59) == once.seen(release, 59)
    graded = once.seen(release, 59)[0]
    matured = 60 - 15
    assert sum(graded.labelled()) + sum(graded.missing()) == 8 * matured
    assert 100 < sum(graded.labelled()) < 260


def test_Q1_what_comes_after_its_time_is_missing() -> None:
    """A judge that is slower than the guardrail waits, and thumbs that come days later, label nobody."""
    release = msgspec.structs.replace(created(PLAN), step=0)
    late = judged(Judge(live=1.0, live_after_s=1000.0), Rate(metric="feedback.thumbs_down", chance=0.1, after_s=86_400))
    late.came(0, units(60))
    for found in late.seen(release, 59):
        assert sum(found.labelled()) == 0
        assert sum(found.missing()) > 300


def test_Q1_a_drop_that_only_live_grades_show_is_stopped() -> None:
    """Ten points less in production are found in every one of five releases, before all users have seen it."""
    for index in range(5):
        found = rehearse_one(LIVE_DROP, STANDARD, index, 1)
        assert found.end == "rolled_back"
        assert "correctness was" in found.reason


def test_Q1_a_candidate_that_is_graded_alike_goes_live() -> None:
    """And one that nobody grades, though its pipeline wants grades, does not."""
    alike = msgspec.structs.replace(LIVE_DROP, judge=Judge(live=0.5))
    assert rehearse_one(alike, STANDARD, 0, 1).end == "promoted"
    silent = msgspec.structs.replace(LIVE_DROP, judge=Judge(live=0.5, live_after_s=3600.0), horizon_s=86_400.0)
    assert rehearse_one(silent, STANDARD, 0, 1).end == "unfinished"


def test_Q1_a_drop_may_begin_while_the_release_goes_on() -> None:
    """Users who come before it are answered alike in both arms; of those who come later the candidate's are not."""
    release = msgspec.structs.replace(created(PLAN), step=0)
    late = judged(Judge(live=1.0, correct=0.9, noise=0.0, live_drop=0.6, live_drop_from_s=30 * 60.0))
    late.came(0, units(90))
    early = late.seen(release, 44)[0]
    whole = late.seen(release, 89)[0]
    means = [
        (after - before) / (labelled - known) / 1e6
        for before, after, known, labelled in zip(
            (early.strata[0].candidate_total, early.strata[0].control_total),
            (whole.strata[0].candidate_total, whole.strata[0].control_total),
            early.labelled(),
            whole.labelled(),
            strict=True,
        )
    ]
    assert all(0.8 < mean < 1.0 for mean in early.means() if mean is not None)
    assert means[0] < 0.45
    assert means[1] > 0.8
