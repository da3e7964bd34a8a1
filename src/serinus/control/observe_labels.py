"""Read on what was said of units: those whose time to be labelled is over, each once, in the order of exposure."""

from __future__ import annotations

from serinus.control.reads import Reads, Ripe
from serinus.core.decision.harm import BY_LEVEL_V, compared_steps
from serinus.core.decision.labels import by_metric, read_on
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.records.label_sums import LabelSums
from serinus.core.release.release import Progress, Release

_US = 1_000_000


def ripe_labels(release: Release, stored: Progress | None, watermark_us: int) -> tuple[Ripe, ...]:
    """What is to be read of a release: nothing before the watermark is known, and nothing in the watch, where the
    comparison has closed."""
    if not watermark_us or not release.exposed or release.plan.is_watch(release.step):
        return ()
    known = by_metric(stored.labels if stored else ())
    return tuple(_ripe(rail, known.get(rail.metric), watermark_us) for rail in _rails(release))


def observe_labels(reads: Reads, release: Release, stored: Progress | None, watermark_us: int) -> tuple[LabelSums, ...]:
    """The sums after this round. All records framed before the watermark are in, so that a unit whose maturation has
    passed by then has its label, or has none."""
    known = by_metric(stored.labels if stored else ())
    asked = {ripe.metric: ripe for ripe in ripe_labels(release, stored, watermark_us)}
    found = []
    for rail in _rails(release):
        before = known.get(rail.metric) or LabelSums(metric=rail.metric)
        ripe = asked.get(rail.metric)
        units = reads.ripe(release.id, ripe) if ripe else []
        found.append(read_on(before, rail, compared_steps(release), units, release.stats_v >= BY_LEVEL_V))
    return tuple(found)


def _rails(release: Release) -> tuple[Guardrail, ...]:
    return tuple(rail for rail in release.plan.guardrails if rail.awaits_labels)


def _ripe(rail: Guardrail, known: LabelSums | None, watermark_us: int) -> Ripe:
    after = (known or LabelSums(metric=rail.metric)).at
    return Ripe(rail.metric, after, watermark_us - round(rail.awaited_s * _US))
