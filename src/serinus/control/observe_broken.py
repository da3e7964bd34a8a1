"""Look up which rule a candidate broke: only where something with zero tolerance was counted, so that a round in which
nothing was asks nothing."""

from __future__ import annotations

import msgspec

from serinus.core.decision.observations import Observations, RuleBroken
from serinus.core.decision.tolerance import METRIC
from serinus.core.pipeline.app import AppState
from serinus.core.release.release import Release
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import ControlTx
from serinus.ports.telemetry_store import TelemetryTx


def observe_broken(
    tx: TelemetryTx, release: Release, app: AppState | None, seen: Observations
) -> tuple[RuleBroken, ...]:
    """The rules that the newest such answer broke, those that tolerate nothing where the app still declares any. To be
    asked where `counts_broken`."""
    arm = Arm.CANDIDATE if seen.shadow is None else Arm.SHADOW
    found = [one for one in tx.broken_rules(release.id) if one.arm == arm]
    strict = {rule.name for rule in app.config.rules if rule.zero_tolerance} if app else set()
    found = [one for one in found if one.rule in strict] or found
    if not found:
        return ()
    last = max(found, key=lambda one: (one.at_us, one.call))
    return tuple(RuleBroken(rule=o.rule, call=o.call, version=o.version) for o in found if o.call == last.call)


def name_versions_of(tx: ControlTx, app: str, broken: tuple[RuleBroken, ...]) -> tuple[RuleBroken, ...]:
    """With the names that their versions have in the app, in place of digests."""
    names = {one.version: tx.find_version(app, one.version) for one in broken}
    return tuple(
        msgspec.structs.replace(one, version=stored.name) if (stored := names[one.version]) else one for one in broken
    )


def counts_broken(seen: Observations) -> bool:
    """Whether an answer of the candidate broke a rule that tolerates nothing."""
    if seen.shadow is None:
        return seen.positions.get(METRIC, (0, 0))[0] > 0
    found = seen.shadow.totals.event(METRIC)
    return found.candidate_only + found.both > 0
