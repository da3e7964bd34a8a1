"""The plan of an app's first release (H13): nothing is live to compare with, so what is absolute judges alone."""

from __future__ import annotations

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage, Stage

UNMEASURED = "or, where no user is served yet, make it live without being measured: `serinus live`"


def first_plan(app: str, plan: Plan, message: str) -> Plan:
    """What applies of an app's plan while nothing of it is live: every absolute criterion, and no comparison.

    Guardrails and monitors with a relative threshold are named in `not_compared`; a step asks for no more than
    `no_harm`; a shadow stage runs its `requests` instead of a copy of what no version answers; nobody is held back at
    100 %, since the message is no better for them. InvalidInput names what is missing: the fallback `message`, to which
    a rollback leads, an approval before the first traffic, or the requests of a shadow stage.
    """
    if not message:
        raise InvalidInput(
            f"before the first release of {app} nothing is live, so there is nothing that a rollback could lead to",
            where="app.fallback_message",
            mend="write what users get instead: `fallback_message: One moment, please. A colleague will answer.`; "
            + UNMEASURED,
        )
    _refuse_unsigned(app, plan)
    relative = [*(rail.metric for rail in plan.guardrails), *(one.name for one in plan.monitors if one.relative)]
    return msgspec.structs.replace(
        plan,
        first=True,
        not_compared=tuple(relative),
        stages=tuple(_first_stage(stage, f"app.plan.stages[{i}]") for i, stage in enumerate(plan.stages)),
        steps=(),
        guardrails=(),
        holdback=0.0,
    )


def _refuse_unsigned(app: str, plan: Plan) -> None:
    for stage in plan.stages:
        if isinstance(stage, ApprovalStage):
            return
        if isinstance(stage, RolloutStage):
            break
    raise InvalidInput(
        f"before the first release of {app} nothing is live to compare with, and nobody signs before users see it",
        where="app.plan.stages",
        mend="write before the rollout: `- {kind: approval, roles: [ml_lead]}`; " + UNMEASURED,
    )


def _first_stage(stage: Stage, where: str) -> Stage:
    if isinstance(stage, RolloutStage):
        steps = tuple(msgspec.structs.replace(step, require="no_harm") for step in stage.steps)
        return msgspec.structs.replace(stage, steps=steps)
    if not isinstance(stage, ShadowStage):
        return stage
    if not stage.requests:
        raise InvalidInput(
            f"{stage.name} mirrors what the live version answers, and before a first release there is none: it runs on "
            "requests that were imported or recorded",
            where=f"{where}.requests",
            mend="push them as the data set of a suite with absolute minimums (`serinus suite push`), and name it: "
            "`requests: [recorded]`",
        )
    return OfflineStage(name=stage.name, suites=stage.requests, budget_s=stage.budget_s)
