"""A plan in sentences: what guards a release, what limits it, and how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from serinus.console.stepper import detail
from serinus.core.decision.wording import amount, span
from serinus.core.metrics import REGISTRY
from serinus.core.pipeline.exposure import step_words
from serinus.core.pipeline.plan import Guardrail, Limit, Plan
from serinus.core.routing.snapshot import PolicyRule

_ROLES = {"guardrail": "rolls back", "signal": "pauses", "info": "is shown only"}


def plan_facts(plan: Plan | None, rules: Sequence[PolicyRule] = ()) -> dict[str, Any]:
    """What `parts/plan.html` is filled with: the stages in order, and what takes a candidate back, the
    app's `rules` with zero tolerance included."""
    return {
        "stages": [(stage, detail(stage)) for stage in plan.stages] if plan else [],
        "exposure": partial(step_words, held_back=plan is None or not plan.first),
        "guards": [guardrail_words(one) for one in plan.guardrails] if plan else [],
        "limits": [limit_words(one) for one in plan.limits] if plan else [],
        "strict": [rule_words(one) for one in rules if one.zero_tolerance],
    }


def guardrail_words(guardrail: Guardrail) -> str:
    """What a guardrail does, in one sentence."""
    act = "would act, but is a dry run" if guardrail.dry_run else _ROLES[guardrail.role]
    if guardrail.kind == "score":
        worse = "above" if guardrail.rises else "below"
        return f"{_title(guardrail.metric)}: more than {100 * guardrail.drop:g} points {worse} the control's {act}"
    return f"{_title(guardrail.metric)}: more than {guardrail.max_ratio:g} times the control's {act}"


def rule_words(rule: PolicyRule) -> str:
    """What a rule with zero tolerance does, in one sentence."""
    return f"Rule {rule.name}: one answer of the candidate that breaks it rolls back"


def limit_words(limit: Limit) -> str:
    """What an absolute limit does, in one sentence."""
    if limit.of_scores:
        return _mean_words(limit)
    unit = "minute" if limit.bucket_s == 60 else "second"
    act = "rolls back" if limit.action == "rollback" else "pauses"
    requests = "request" if limit.min_requests == 1 else "requests"
    return (
        f"{_title(limit.metric)}: {limit.side} {_bound(limit)} in {limit.buckets} {unit}s in a row, with at least "
        f"{limit.min_requests:,} {requests} in each{_surely(limit)}, {act}"
    )


def _mean_words(limit: Limit) -> str:
    act = "rolls back" if limit.action == "rollback" else "pauses"
    return (
        f"{_title(limit.metric)}: {limit.side} {_bound(limit)} on average of {span(limit.window_s)}, with at least "
        f"{limit.min_requests:,} scores{_surely(limit)}, {act}"
    )


def _surely(limit: Limit) -> str:
    return f" and by chance at most {100 * limit.by_chance:g} % of the time" if limit.by_chance else ""


def _bound(limit: Limit) -> str:
    found = REGISTRY.get(limit.metric)
    return amount(found.unit if found else "share", limit.bound)


def _title(name: str) -> str:
    found = REGISTRY.get(name)
    return (found.title if found else name).capitalize()
