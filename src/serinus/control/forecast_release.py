"""What an app's plan would see in its own traffic, and whether a release may start with that."""

from __future__ import annotations

import msgspec

from serinus.core.errors import Conflict, InvalidInput
from serinus.core.lint.false_stops import FalseStop, false_stops
from serinus.core.lint.finding import Finding
from serinus.core.lint.findings import findings
from serinus.core.lint.forecast import forecast
from serinus.core.lint.foreseen import Forecast
from serinus.core.lint.history import traffic_of
from serinus.core.lint.traffic import Traffic
from serinus.core.metrics import REGISTRY
from serinus.core.pipeline.plan import Plan
from serinus.ports.event_log import CallSearch

HISTORY_DAYS = 28
LEAST_DAYS = 1.0
"""With less history than this nothing is refused: a day is the least that shows what a night is."""
_US_PER_DAY = 86_400_000_000


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """A plan beside an app's traffic of the last days."""

    traffic: Traffic
    forecast: Forecast
    findings: tuple[Finding, ...]
    false_stops: tuple[FalseStop, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What a start must be acknowledged for."""
        return tuple(one for one in self.findings if one.level == "error")


def outlook(plan: Plan, traffic: Traffic) -> Outlook:
    """What a plan would see of this traffic."""
    found = forecast(plan, traffic)
    return Outlook(
        traffic=traffic,
        forecast=found,
        findings=tuple(findings(plan, traffic, found)),
        false_stops=false_stops(plan, traffic, found),
    )


def forecast_release(log: CallSearch, now_us: int, app: str, plan: Plan | None, days: int = HISTORY_DAYS) -> Outlook:
    """The outlook of an app's plan on its own calls of the last days. InvalidInput without a plan, Conflict with less
    than an hour of calls."""
    if plan is None:
        raise InvalidInput(f"{app} has no plan", where="app.plan", mend="declare one in the app's file")
    counted = log.traffic(app, now_us - days * _US_PER_DAY, now_us)
    traffic = traffic_of(counted, _EVENTS) if counted else None
    if traffic is None:
        raise Conflict(
            f"{app} has less than an hour of calls to forecast from",
            where="app",
            mend="declare the traffic that you expect: `serinus check serinus.yaml --traffic traffic.yaml`",
        )
    return outlook(plan, traffic)


def refuse_blind(log: CallSearch | None, now_us: int, app: str, plan: Plan | None, acknowledged: str) -> None:
    """Refuse a start whose plan cannot see what it guards, unless somebody acknowledged it with a reason. Where the
    plan, the log or enough of it is missing there is nothing to refuse for here."""
    if plan is None or log is None or acknowledged.strip():
        return
    counted = log.traffic(app, now_us - HISTORY_DAYS * _US_PER_DAY, now_us)
    traffic = traffic_of(counted, _EVENTS) if counted else None
    if traffic is None or traffic.days < LEAST_DAYS:
        return
    errors = outlook(plan, traffic).errors
    if errors:
        more = f" (and {len(errors) - 1} more: `serinus forecast {app}`)" if len(errors) > 1 else ""
        raise Conflict(
            errors[0].what + more,
            where=errors[0].where,
            mend=f"{errors[0].mend}; or start it all the same with --acknowledge and a reason",
        )


_EVENTS = tuple(metric.name for metric in REGISTRY.values() if metric.event)
