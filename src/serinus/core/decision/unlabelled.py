"""Missing labels (statistics 2.8): are there any, enough, and of both arms alike? No silence counts as health."""

from __future__ import annotations

import math

import msgspec

from serinus.core.decision.case import Answer, Case, answer
from serinus.core.decision.commands import Pause
from serinus.core.decision.labels import by_metric
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import percent, rarity, span
from serinus.core.metrics import metric
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.records.label_sums import LabelSums
from serinus.core.release.release import Release
from serinus.core.stats import combine, single
from serinus.core.stats.events import Margin

ALPHA = 0.001
"""Chance of a false alarm in a release, over all its metrics: an alarm only pauses, as that of the sample ratio."""
MARGIN = Margin(1.25, 2.0)
"""So many times as often may one arm be without a label, or with one: who is better answered says a little less."""
DIGITS = 6
AWAITED_V = 2
"""The statistics from which on labels are awaited."""


class Unlike(msgspec.Struct, frozen=True, kw_only=True):
    """Matured units with and without a label, per arm, since it counts; and log E against both arms alike."""

    metric: str
    labelled: tuple[int, int]
    missing: tuple[int, int]
    log_e: float


def trigger_of(name: str) -> str:
    """The name of missing labels as a trigger."""
    return f"labels:{name}"


def awaiting(release: Release) -> tuple[Guardrail, ...]:
    """The guardrails that act on what somebody has to tell; none in a release that began before this was asked, since
    nobody has awaited labels of the users that it has."""
    if release.stats_v < AWAITED_V:
        return ()
    return tuple(
        rail for rail in release.plan.guardrails if rail.awaits_labels and rail.role != "info" and not rail.dry_run
    )


def judge_missing(release: Release, sums: LabelSums) -> Unlike:
    """Against H0: a unit of either arm is labelled, and is not, at most `MARGIN` times as often as one of the other."""
    floor = release.rearmed.get(trigger_of(sums.metric), {})
    labelled, missing = (
        (max(0, now[0] - floor.get(f"candidate_{name}", 0)), max(0, now[1] - floor.get(f"control_{name}", 0)))
        for name, now in (("labelled", sums.labelled()), ("missing", sums.missing()))
    )
    sides = [(labelled[0], labelled[1]), (labelled[1], labelled[0]), (missing[0], missing[1]), (missing[1], missing[0])]
    log_e = combine.mixed([single.harm(*pair, MARGIN) for pair in sides], [0.25] * 4)
    return Unlike(metric=sums.metric, labelled=labelled, missing=missing, log_e=round(log_e, DIGITS))


def labels(case: Case) -> Answer:
    """Do labels come from both arms alike? If not, those that come are of other users in one arm than in the other."""
    rails = awaiting(case.release)
    if case.harm is None or not rails:
        return answer("labels", Verdict.PASS, "No labels are waited for")
    known = by_metric(case.seen.labels)
    found = [judge_missing(case.release, known[rail.metric]) for rail in rails if rail.metric in known]
    needed = math.log(len(rails) / ALPHA)
    worst = max(found, key=lambda one: one.log_e, default=None)
    if worst is None or worst.log_e < needed:
        return answer("labels", Verdict.PASS, "Labels come from both arms alike, as far as any have matured")
    text = (
        f"{metric(worst.metric).title}: something was said of {_told(worst, 0)} of the candidate's users, but of "
        f"{_told(worst, 1)} of control's (so unlike in fewer than {rarity(worst.log_e)} releases by chance): those who "
        "were told of are not alike, so nothing can be compared"
    )
    command = None if case.paused else Pause(trigger=trigger_of(worst.metric), reason=text)
    return answer("labels", Verdict.FAIL, text, command)


def unlabelled(case: Case) -> str:
    """Which labels the step still lacks of guardrails that roll back; empty when none. Each arm needs those of its own
    units of this step."""
    if case.harm is None:
        return ""
    known = by_metric(case.seen.labels)
    for rail in awaiting(case.release):
        if rail.role != "guardrail":
            continue
        sums = known.get(rail.metric) or LabelSums(metric=rail.metric)
        candidate, control = sums.labelled(case.release.step)
        if min(candidate, control) >= rail.labels_needed:
            continue
        silent = sum(sums.missing(case.release.step))
        return (
            f"no data on {metric(rail.metric).title}: of {rail.labels_needed:,} labels that each arm needs, "
            f"{candidate:,} came of the candidate's users and {control:,} of control's, within {span(rail.awaited_s)} "
            f"after they were first answered; of {silent:,} users nobody said anything"
        )
    return ""


def _told(found: Unlike, arm: int) -> str:
    whole = found.labelled[arm] + found.missing[arm]
    share = percent(found.labelled[arm] / whole) if whole else "none"
    return f"{share} ({found.labelled[arm]:,} of {whole:,})"
