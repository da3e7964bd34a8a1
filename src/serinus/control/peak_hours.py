"""Peak hours where clocks and traffic are known: the zone of declared ones, an app's own busiest ones (E4)."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.freeze import FreezeWindow
from serinus.core.pipeline.peak import AUTO, HISTORY_DAYS, Peak, busiest, since_us
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.stages import ShadowStage, Stage
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import ControlStore
from serinus.ports.retry import run
from serinus.ports.telemetry_store import TelemetryStore

LOOK_BACK_DAYS = 21
"""An app may be silent on a weekend: its first call must be older than the days that are asked for."""
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_DECLARE = 'declare the hours: `peak: {hours: "09:00-17:00", days: mon-fri, zone: Europe/Berlin}`'


def zone_of(peak: Peak | FreezeWindow, where: str = "peak.zone") -> tzinfo:
    """The zone of a window; InvalidInput when there is none of this name."""
    try:
        return ZoneInfo(peak.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"no time zone {peak.zone!r}", where=where, mend="use an IANA name, such as Europe/Berlin"
        ) from None


def peak_since_us(stage: ShadowStage, at_us: int) -> int:
    """Since when the stage's window has lasted at an instant; 0 when it does not, or there is none."""
    return since_us(stage.peak, at_us, zone_of(stage.peak)) if stage.peak is not None else 0


def own_hours(store: ControlStore, telemetry: TelemetryStore | None, now_us: int, app: str) -> tuple[int, ...]:
    """The app's busiest hours of the week, if its plan asks for them and its history is long enough; else none."""

    def plan_of() -> Plan | None:
        found = run(store, lambda tx: tx.app(app))
        return found.config.plan if found else None

    plan = plan_of()
    if plan is None or telemetry is None or not any(_asks(stage) for stage in plan.stages):
        return ()
    hourly: dict[int, int] = {}
    first_day = now_us // _DAY_US - LOOK_BACK_DAYS
    for day in range(first_day, now_us // _DAY_US + 1):
        with telemetry.tx() as tx:
            for rollup in tx.app_rollups(app, 60, day * _DAY_US, (day + 1) * _DAY_US):
                if rollup.requests and rollup.arm != Arm.SHADOW:  # copies are nobody's calls
                    hour_us = rollup.start_us - rollup.start_us % _HOUR_US
                    hourly[hour_us] = hourly.get(hour_us, 0) + rollup.requests
    # Whole weeks up to the last full hour, so that each hour of the week counts as often as any other.
    end_us = now_us - now_us % _HOUR_US
    start_us = end_us - HISTORY_DAYS * _DAY_US
    if min(hourly, default=now_us) > start_us:
        return ()
    return busiest({hour_us: calls for hour_us, calls in hourly.items() if start_us <= hour_us < end_us})


def with_hours(plan: Plan, hours: tuple[int, ...]) -> Plan:
    """The plan with every window fixed. InvalidInput when one asks for the app's own hours and there are none, or when
    a zone does not exist."""
    stages = []
    for i, stage in enumerate(plan.stages):
        where = f"app.plan.stages[{i}].peak"
        if isinstance(stage, ShadowStage) and stage.peak is not None:
            zone_of(stage.peak, f"{where}.zone")
        stages.append(_with_hours(stage, hours, where) if _asks(stage) else stage)
    return msgspec.structs.replace(plan, stages=tuple(stages), steps=())


def _asks(stage: Stage) -> bool:
    return isinstance(stage, ShadowStage) and stage.peak is not None and stage.peak.hours == AUTO


def _with_hours(stage: Stage, hours: tuple[int, ...], where: str) -> Stage:
    if not isinstance(stage, ShadowStage) or stage.peak is None:
        return stage
    if not hours:
        raise InvalidInput(
            f"the app has less than {HISTORY_DAYS} days of traffic, so its peak hours are not known",
            where=where,
            mend=_DECLARE,
        )
    return msgspec.structs.replace(stage, peak=msgspec.structs.replace(stage.peak, busiest=hours))
