"""Plan the first release of an app: what its plan says absolutely, and suites that can say it (H13)."""

from __future__ import annotations

from serinus.core.errors import InvalidInput
from serinus.core.judging.suite import Criterion, parse_suite
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.pipeline.first import first_plan
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.stages import OfflineStage
from serinus.ports.control_store import ControlTx


def plan_first(tx: ControlTx, config: AppConfig, plan: Plan) -> Plan:
    """What applies of the app's plan; InvalidInput as `first_plan`, and for a suite that only compares. A suite that is
    not stored fails its stage by itself."""
    found = first_plan(config.name, plan, config.fallback_message)
    for stage in found.stages:
        for name in stage.suites if isinstance(stage, OfflineStage) and not stage.dry_run else ():
            stored = tx.suite(config.name, name)
            if stored is not None and not any(map(_is_absolute, parse_suite(stored.content).criteria)):
                raise InvalidInput(
                    f"suite {name} only compares with the baseline, and a first release has none",
                    where=f"stage {stage.name}",
                    mend="give a scorer of it a minimum, `min: 90%`, and push it again",
                )
    return found


def _is_absolute(criterion: Criterion) -> bool:
    return criterion.min is not None and not criterion.dry()


def plan_to_forecast(state: AppState | None) -> Plan | None:
    """The plan that a start of the app would follow, as far as its traffic can tell something of it; None when there
    is none, or the start is refused anyway."""
    plan = state.config.plan if state else None
    if state is None or plan is None or state.live is not None:
        return plan
    try:
        return first_plan(state.config.name, plan, state.config.fallback_message)
    except InvalidInput:
        return None
