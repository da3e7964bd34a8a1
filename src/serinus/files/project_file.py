"""The project file `serinus.yaml`: endpoints, apps and the plans of their releases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import ValidationError

from serinus.core.errors import InvalidInput
from serinus.core.judging.live import check_live_judges, check_priced
from serinus.core.pipeline.app import AppConfig, CachedFallback, check_fallback
from serinus.core.pipeline.cohort import check_cohort
from serinus.core.pipeline.freeze import FreezeWindow
from serinus.core.pipeline.incidents import IncidentRules
from serinus.core.pipeline.notifications import Notifications
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.pipeline.stages import Stage
from serinus.core.pipeline.suspicions import SuspicionRules, check_declared_suspicions
from serinus.core.routing.price import Price
from serinus.core.routing.snapshot import BreakerRule, Endpoint, FormatRule, Limits, PolicyRule
from serinus.core.wire.format_rule import check_format
from serinus.core.wire.policy import check_rules
from serinus.core.wire.redaction import check_redaction
from serinus.files.acceleration import acceleration_of
from serinus.files.cohort_model import segments_of
from serinus.files.faults import InvalidFile, fault, refuse
from serinus.files.live_judges import Load, live_judges_of
from serinus.files.monitor_model import monitor_of
from serinus.files.predicates import Segments
from serinus.files.project_faults import core_fault, model_fault
from serinus.files.project_model import (
    AppModel,
    BreakerModel,
    CachedModel,
    EndpointModel,
    GuardrailModel,
    LimitsModel,
    NotificationsModel,
    ProjectModel,
    SuspicionsModel,
)
from serinus.files.risk_rules import risk_rules_of
from serinus.files.stage_model import ApprovalModel, OfflineModel, RolloutModel, ShadowModel
from serinus.files.text import read_text
from serinus.files.triggers import limit_of
from serinus.files.yaml_nodes import parse_yaml
from serinus.ports.prices import PriceTable, price_of

MAX_BYTES = 1024 * 1024
_AS_THEY_ARE = {
    *("unit", "fallback_message", "fallback_json", "hand_off_message", "hand_off_json"),
    *("payload_share", "payload_days", "redact_patterns"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a project file declares, in the order of the file."""

    endpoints: tuple[Endpoint, ...]
    apps: tuple[AppConfig, ...]


def parse_project_file(file: str, raw: bytes, load: Load | None = None, prices: PriceTable | None = None) -> Project:
    """The project in these bytes; InvalidFile with every fault found, each naming `file`, line and how to mend it.
    `load` gives the bytes of files that it names, by the path that stands there; without it, naming one is a fault.
    `prices` is the list of prices, without which nobody asks whether a limit on money can be counted."""
    root = parse_yaml(file, read_text(file, raw, MAX_BYTES))
    if not isinstance(root.value, dict):
        raise InvalidFile([fault(file, root.line, "not a project file", "begin with the line `pipeline: 1`")])
    try:
        model = ProjectModel.model_validate(root.plain())
    except ValidationError as error:
        refuse(model_fault(file, root, details) for details in error.errors(include_url=False))
        raise
    endpoints = {name: _endpoint(name, endpoint) for name, endpoint in model.endpoints.items()}
    faults: list[InvalidInput] = []
    apps: list[AppConfig] = []
    for name, app in model.apps.items():
        try:
            apps.append(_app(name, app, load))
            if prices is not None:
                _check_priced(apps[-1], endpoints, prices)
        except InvalidInput as error:
            faults.append(core_fault(file, root, name, error))
    refuse(faults)
    return Project(endpoints=tuple(endpoints.values()), apps=tuple(apps))


def _check_priced(app: AppConfig, endpoints: Mapping[str, Endpoint], prices: PriceTable) -> None:
    """An endpoint that another file declares is known to whoever has both."""
    for index, live in enumerate(app.live_judges):
        endpoint = endpoints.get(live.judge.endpoint)
        if endpoint is not None:
            is_listed = price_of(prices, endpoint, live.judge.model) is not None
            check_priced(f"live_judges[{index}]", live, is_listed)


def _endpoint(name: str, endpoint: EndpointModel) -> Endpoint:
    prices = {
        model: Price(input=price.input, output=price.output, cached=price.cached_input)
        for model, price in endpoint.prices.items()
    }
    fields = endpoint.model_dump(exclude={"prices", "breaker"})
    return Endpoint(name=name, prices=prices, breaker=_breaker(endpoint.breaker), **fields)


def _breaker(declared: BreakerModel) -> BreakerRule:
    given = declared.model_dump(exclude_none=True)
    return BreakerRule(**{f"{name}_s" if name in ("window", "open") else name: value for name, value in given.items()})


def _app(name: str, app: AppModel, load: Load | None) -> AppConfig:
    given = app.model_dump(include=_AS_THEY_ARE, exclude_none=True)
    if app.fallback_after is not None:
        given["fallback_after_s"] = app.fallback_after
    if app.fallback_cached is not None:
        given["fallback_cached"] = _cached(app.fallback_cached)
    if app.overdue is not None:
        given["overdue_s"] = app.overdue
    if app.redact is not None:
        given["redact"] = tuple(app.redact)
    if app.format is not None:
        given["format_rule"] = msgspec.convert(app.format.model_dump(exclude_none=True), FormatRule)
        check_format("format", given["format_rule"])
    given["notifications"] = _notifications(app.notifications)
    given["rules"] = tuple(msgspec.convert(rule.model_dump(exclude_none=True), PolicyRule) for rule in app.rules)
    check_rules("rules", given["rules"])
    check_redaction("redact", app.redact or (), app.redact_patterns)
    given |= _cohort(app)
    given["live_judges"] = live_judges_of(app.live_judges, load)
    config = AppConfig(name=name, plan=_plan(app), limits=_limits(app.limits), **given)
    check_cohort(config)
    check_fallback("fallback_after", config)
    check_live_judges("live_judges", config.live_judges, config.payload_share, config.plan)
    return config


def _cached(declared: CachedModel) -> CachedFallback:
    given = declared.model_dump(exclude_none=True)
    return CachedFallback(**{"after_s" if name == "after" else name: value for name, value in given.items()})


def _cohort(app: AppModel) -> dict[str, Any]:
    """The fields of an app that its cohort rule declares."""
    cohort = app.cohort
    if cohort is None and app.unit is None:
        raise InvalidInput(
            "no `cohort`: who is exposed first, and what stays on its arm",
            where="cohort",
            mend="add `cohort: {unit: user}`: everyone, by hash of the user",
        )
    if cohort is None:
        return {}
    unit = cohort.unit
    if unit is not None and app.unit is not None:
        raise InvalidInput("the unit is declared twice", where="unit", mend="keep the one in `cohort`")
    units = {name: tuple(listed) for name, listed in cohort.opted_in.items()}
    given: dict[str, Any] = {"attributes": tuple(cohort.attributes), "opted_in": units}
    return given if unit is None else given | {"unit": unit}


def _notifications(declared: NotificationsModel) -> Notifications:
    given = declared.model_dump(exclude={"acknowledge_within"})
    if declared.acknowledge_within is not None:
        given["acknowledge_within_s"] = declared.acknowledge_within
    return msgspec.convert(given, Notifications)


def _limits(limits: LimitsModel) -> Limits:
    times = limits.model_dump(include={"connect", "first_token", "between_tokens", "total"}, exclude_none=True)
    sizes = limits.model_dump(include={"body", "answer"}, exclude_none=True)
    return Limits(**{f"{k}_s": v for k, v in times.items()}, **{f"{k}_bytes": v for k, v in sizes.items()})


_AS_DECLARED = ("alpha", "alpha_per_year", "beta", "holdback", "control_ratio", "when_active")


def _plan(app: AppModel) -> Plan:
    times = app.model_dump(include={"lease", "freshness", "veto_deadline"}, exclude_none=True)
    segments = segments_of(app.cohort)
    monitors = tuple(monitor_of(i, monitor) for i, monitor in enumerate(app.monitors))
    return Plan(
        owner=app.owner,
        stages=tuple(_stage(i, stage, segments) for i, stage in enumerate(app.stages)),
        guardrails=tuple(_guardrail(one) for one in app.guardrails),
        limits=tuple(limit_of(i, trigger) for i, trigger in enumerate(app.triggers)),
        freeze=tuple(FreezeWindow(**window.model_dump(mode="json", exclude_none=True)) for window in app.freeze),
        accelerate=acceleration_of(app.accelerate, monitors) if app.accelerate else None,
        risk=risk_rules_of(app.risk) if app.risk else None,
        monitors=monitors,
        suspicions=_suspicions(app.suspicions),
        incidents=IncidentRules(**app.incidents.model_dump(exclude_none=True)),
        **app.model_dump(include={*_AS_DECLARED}, exclude_none=True),
        **{f"{key}_s": value for key, value in times.items()},
    )


def _suspicions(found: SuspicionsModel) -> SuspicionRules:
    if found.confirm_within is None:
        return SuspicionRules()
    rules = SuspicionRules(confirm_within_s=found.confirm_within)
    check_declared_suspicions(rules)
    return rules


def _guardrail(found: GuardrailModel) -> Guardrail:
    return Guardrail(**found.model_dump(exclude={"matures"}, exclude_none=True), maturation_s=found.matures)


def _stage(index: int, stage: OfflineModel | ShadowModel | ApprovalModel | RolloutModel, segments: Segments) -> Stage:
    """Core's value: what is left out has core's default."""
    given = stage.model_dump(exclude_none=True)
    if isinstance(stage, RolloutModel):
        steps = enumerate(given["steps"])
        given["steps"] = [_step(f"plan.stages[{index}].steps[{i}]", step, segments) for i, step in steps]
    core: Stage = msgspec.convert(_in_seconds(given), Stage)
    return core


def _step(where: str, given: dict[str, Any], segments: Segments) -> dict[str, Any]:
    if "population" in given:
        try:
            given["population"] = msgspec.to_builtins(segments.population(given["population"]))
        except InvalidInput as error:
            raise InvalidInput(error.what, where=f"{where}.population", mend=error.mend) from None
    return _in_seconds(given)


def _in_seconds(given: dict[str, Any]) -> dict[str, Any]:
    return {f"{name}_s" if name in ("budget", "dwell", "sla") else name: value for name, value in given.items()}
