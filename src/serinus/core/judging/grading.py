"""Who grades what a plan looks at: what its author may not know about scores."""

from __future__ import annotations

from collections.abc import Iterator

from serinus.core.judging.lateness import too_slow
from serinus.core.judging.live import POLICY, shortcoming
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.monitor import MetricSource
from serinus.core.pipeline.plan import Plan

_JUDGED = "judge."


def grading_concerns(config: AppConfig) -> Iterator[str]:
    """Sentences: live judges that nothing acts on, and why; scores of the plan that no live judge gives."""
    for live in config.live_judges:
        if short := shortcoming(live):
            follows = "only shown, and raise no suspicion" if live.metric == POLICY else "only shown"
            yield f"scores of {live.metric} are {follows}: {short} (`serinus judge calibrate`)"
        if slow := too_slow(config.plan, live):
            yield slow
    given = {live.metric for live in config.live_judges}
    for metric in sorted(_looked_at(config.plan) - given if config.plan else ()):
        yield (
            f"no live judge gives {metric}: your app has to post it as feedback, or a judge in `live_judges` has to; "
            "without scores there are no data, and no data is never a pass"
        )


def _looked_at(plan: Plan) -> set[str]:
    """Scores of judges that a plan compares, limits or watches."""
    compared = [one.metric for one in plan.guardrails] + [one.metric for one in plan.limits]
    watched = [one.source.metric for one in plan.monitors if isinstance(one.source, MetricSource)]
    return {metric for metric in (*compared, *watched) if metric.startswith(_JUDGED)}
