"""All that somebody sees before they start a release: what it would be and see, and what stands against it."""

from __future__ import annotations

from dataclasses import dataclass

from serinus.console.comparison import shortened
from serinus.console.forecast_view import ForecastView, forecast_view
from serinus.console.parts import Parts
from serinus.control.compare_versions import LIVE, Comparison, compare_versions
from serinus.control.find_lineage import find_lineage, lineage_text, spend_alpha
from serinus.control.frozen import frozen
from serinus.control.lookup import app_of, version_of
from serinus.control.name_versions import Names, name_versions
from serinus.control.peak_hours import own_hours
from serinus.control.start_release import active_release, plan_later, plan_release
from serinus.core.errors import Conflict, InvalidInput
from serinus.core.pipeline.app import AppState
from serinus.core.pipeline.plan import Plan
from serinus.core.release.release import Release
from serinus.core.versions.risk import SILENT, RiskWord
from serinus.ports.control_store import ControlTx, StoredVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class StartView:
    """A release of `version` as it would be now. `active`: the release that the app is in already; `refusal`: why none
    can be started; `waits`: the freeze that it would wait for;
    `objection`: what an earlier attempt showed against this one, unless a person sets it aside;
    `again`: what being a later attempt means; `word`: what is said of its risk."""

    state: AppState
    version: StoredVersion
    names: Names
    plan: Plan | None = None
    comparison: Comparison | None = None
    active: Release | None = None
    refusal: InvalidInput | Conflict | None = None
    waits: str = ""
    objection: str = ""
    again: str = ""
    forecast: ForecastView | None = None
    word: RiskWord = SILENT

    @property
    def to_acknowledge(self) -> tuple[str, ...]:
        """What the plan cannot see and a person must say that they know, each in a sentence."""
        return tuple(one.what for one in (self.forecast.stops if self.forecast else ()))


def start_view(parts: Parts, app: str, ref: str, word: RiskWord = SILENT) -> StartView:
    """The view of a start now, with this said of its risk; NotFound without app or version."""
    now_us = parts.clock.now_us()
    hours = own_hours(parts.control, parts.telemetry, now_us, app)
    with parts.control.tx() as tx:
        state, version = app_of(tx, app), version_of(tx, app, ref)
        names = name_versions(tx, [(app, digest) for digest in (state.live, version.digest)])
        active = active_release(tx, app)
        refusal, objection, again, waits, plan = None, "", "", "", state.config.plan
        try:
            plan, control, candidate = plan_later(tx, app, ref, hours, word)
            if plan.when_active == "refuse":
                plan_release(tx, app, ref, hours, word)
            spend_alpha(tx, now_us, app, plan)
            objection, again = _lineage(tx, app, plan, control, candidate)
            waits = frozen(tx.freeze(), plan, now_us)
        except (InvalidInput, Conflict) as error:
            refusal = error
    return StartView(
        state=state,
        version=version,
        names=names,
        plan=plan,
        comparison=_comparison(parts, state, version),
        active=active,
        refusal=refusal,
        waits=waits,
        objection=objection,
        again=again,
        forecast=forecast_view(parts, app, plan) if plan is not None and refusal is None else None,
        word=word,
    )


def _comparison(parts: Parts, state: AppState, version: StoredVersion) -> Comparison | None:
    """What the version changes; None where nothing else is live."""
    if state.live in (None, version.digest):
        return None
    return shortened(compare_versions(parts.control, state.config.name, LIVE, version.digest))


def _lineage(tx: ControlTx, app: str, plan: Plan, control: str, candidate: StoredVersion) -> tuple[str, str]:
    """What earlier attempts say against this one, and what being a later one means."""
    try:
        return "", lineage_text(plan, find_lineage(tx, app, plan, control, candidate))
    except Conflict as error:
        return error.what, ""
