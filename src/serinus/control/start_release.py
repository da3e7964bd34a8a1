"""Start a release of a version, after all that must be declared is declared."""

from __future__ import annotations

import msgspec

from serinus.control.accelerate import has_earned
from serinus.control.assess_risk import assess_risk
from serinus.control.change import audit_release, change_release
from serinus.control.find_lineage import find_lineage, lineage_text, spend_alpha
from serinus.control.frozen import frozen
from serinus.control.lookup import app_of, version_to_serve
from serinus.control.observe_live import own_past
from serinus.control.observe_units import own_yardsticks
from serinus.control.peak_hours import own_hours, with_hours
from serinus.control.plan_first import plan_first, plan_to_forecast
from serinus.control.refuse_incident import refuse_incident
from serinus.control.refuse_mute import mute_hosts, refuse_mute
from serinus.control.refuse_unpriced import refuse_unpriced
from serinus.core.audit.entry import Action
from serinus.core.errors import Conflict, InvalidInput, NotFound
from serinus.core.ids import RELEASE, IdSource
from serinus.core.judging.fallback_fit import check_fallback_fit
from serinus.core.pipeline.app import AppState
from serinus.core.pipeline.effective import effective_plan
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.shadow import applying
from serinus.core.pipeline.stages import RolloutStage, ShadowStage, Stage
from serinus.core.records.live_calls import Past
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.release.transitions import started
from serinus.core.release.yardstick import Yardstick
from serinus.core.versions.content import parse_content
from serinus.core.versions.risk import SILENT, RiskWord, risk_text
from serinus.ports.control_store import ControlStore, ControlTx, StoredVersion
from serinus.ports.retry import run
from serinus.ports.telemetry_store import TelemetryStore


def start_release(
    store: ControlStore,
    now_us: int,
    actor: str,
    ids: IdSource,
    salt: str,
    app: str,
    ref: str,
    reason: str,
    telemetry: TelemetryStore | None = None,
    set_aside: str = "",
    word: RiskWord = SILENT,
) -> Release:
    """The release in its first stage; if that is a rollout, on its first step. `salt` must be fresh, so that no two
    releases expose the same people first (H1). `telemetry` knows the app's busiest hours, for `peak: auto` (E4),
    the control's own latencies of the last day, which those of the release are measured by, and what it usually did,
    by which its own health is judged.

    A later attempt of a lineage goes on with what was seen against the earlier ones, unless a person has
    `set_aside`, with the reason that, it was not the candidate's fault (statistics 5).

    With nothing live it is the app's first release, which follows what its plan says absolutely (H13).

    `word` is what a person says of its risk, which the plan's `risk` may ask more for (M1, M2).

    Refused, with what is missing: no plan or owner (A6), for a first release a message, an approval, absolute
    minimums or gateways that say the message, an override set, the candidate live already, a freeze, an open incident
    where the plan says `block`, or another active release, which is named (H6). `request_release` lets it wait for
    the end of a freeze and of another release.
    """
    hours = own_hours(store, telemetry, now_us, app)
    known = own_yardsticks(store, telemetry, now_us, app)
    mute = mute_hosts(telemetry, now_us)
    past = own_past(store, telemetry, now_us, app, known)

    def work(tx: ControlTx) -> Release:
        plan, control, candidate = plan_release(tx, app, ref, hours, word)
        refuse_mute(app, plan, mute)
        _refuse_frozen(tx, plan, now_us)
        asked = Asked(id=ids.new(RELEASE), salt=salt, actor=actor, reason=reason, set_aside=set_aside)
        asked = msgspec.structs.replace(asked, yardsticks=known, past=past)
        return begin(tx, now_us, actor, asked, app, plan, control, candidate)

    return run(store, work)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for a release, why, and the id and salt that it gets. `yardsticks`: by version, what is known of its
    own latencies, and of its `past`, should it be the control."""

    id: str
    salt: str
    actor: str
    reason: str
    set_aside: str = ""
    yardsticks: dict[str, tuple[Yardstick, ...]] = {}
    past: dict[str, tuple[Past, ...]] = {}


def begin(
    tx: ControlTx,
    now_us: int,
    actor: str,
    asked: Asked,
    app: str,
    plan: Plan,
    control: str,
    candidate: StoredVersion,
    action: Action = Action.RELEASE_STARTED,
) -> Release:
    """Start what `plan_release` found possible in this transaction; `actor` starts what another may have asked for."""
    lineage = find_lineage(tx, app, plan, control, candidate, asked.set_aside)
    spend_alpha(tx, now_us, app, plan)
    created = Release(
        id=asked.id,
        app=app,
        seq=0,
        state=State.CREATED,
        candidate=candidate.digest,
        control=control,
        salt=asked.salt,
        plan=plan,
        created_at_us=now_us,
        created_by=asked.actor,
        reason=asked.reason,
        lineage=lineage,
        yardsticks=asked.yardsticks.get(control, ()),
        past=asked.past.get(control, ()),
    )
    tx.insert_release(created)
    effect = msgspec.json.encode(plan.effect).decode()
    audit_release(tx, now_us, actor, Action.RELEASE_CREATED, None, created, effect)
    what = "first release" if plan.first else "release"
    text = f"{asked.actor} started the {what} {_where(plan)}" + (f": {asked.reason}" if asked.reason else "")
    text += f" ({again})" if (again := lineage_text(plan, lineage)) else ""
    text += f"; {risk_text(risk)}" if (risk := plan.effect.risk) and is_told(plan) else ""
    running = started(created, tx.revision() + 1, text)
    return change_release(tx, now_us, actor, action, created, running)


def plan_release(
    tx: ControlTx, app: str, ref: str, hours: tuple[int, ...] = (), word: RiskWord = SILENT
) -> tuple[Plan, str, StoredVersion]:
    """What a release of this version would be now: its plan with the `effect` of history and risk, the digest of its
    control (empty: nothing is live), and the candidate; refused for all that a start is refused for. `hours` are the
    app's busiest ones (`own_hours`)."""
    plan, control, candidate = plan_later(tx, app, ref, hours, word)
    active = active_release(tx, app)
    if active is not None:
        raise Conflict(
            f"{app} is in release {active.id} ({active.state.value})",
            where="release",
            mend="wait until it has ended, or abort it",
        )
    return plan, control, candidate


def plan_later(
    tx: ControlTx, app: str, ref: str, hours: tuple[int, ...] = (), word: RiskWord = SILENT
) -> tuple[Plan, str, StoredVersion]:
    """As `plan_release`, for one that may have to wait for the end of another one."""
    state = app_of(tx, app)
    plan, control = _plan_of(state), _control_of(state)
    refuse_incident(tx, app, plan)
    if not control:
        plan = plan_first(tx, state.config, plan)
    candidate = version_to_serve(tx, app, ref)
    check_fallback_fit(state.config, candidate.name, parse_content(candidate.content), needed=not control)
    if candidate.digest == control:
        raise Conflict(f"{candidate.name} is live already", where="version", mend="push a changed version")
    risk = assess_risk(tx, app, control, candidate, word)
    plan = effective_plan(with_hours(plan, hours), has_earned(tx, app, plan), risk)
    refuse_unpriced(tx, plan, (control, candidate.digest))
    return plan, control, candidate


def plan_to_see(tx: ControlTx, app: str, ref: str, word: RiskWord = SILENT) -> Plan | None:
    """The plan by which a start is forecast: the effective one, or where a start is refused anyway, what is known of
    it."""
    try:
        return plan_later(tx, app, ref, (), word)[0]
    except (Conflict, InvalidInput, NotFound):
        return plan_to_forecast(tx.app(app))


def is_told(plan: Plan) -> bool:
    """Whether the risk of a release is told where it starts: its plan asks more for risk, or a person has said of it
    what the difference does not."""
    risk = plan.effect.risk
    return plan.risk is not None or (risk is not None and (risk.type != risk.proposed or bool(risk.modifiers)))


def active_release(tx: ControlTx, app: str) -> Release | None:
    """The app's release that has not ended."""
    return next((active for active in tx.active_releases() if active.app == app), None)


def _refuse_frozen(tx: ControlTx, plan: Plan, now_us: int) -> None:
    if why := frozen(tx.freeze(), plan, now_us):
        raise Conflict(why, where="release", mend="wait until the freeze ends, or lift it: `serinus freeze off`")


def _where(plan: Plan) -> str:
    first = plan.stages[0]
    return f"at {100 * plan.candidate_share(0):g} %" if isinstance(first, RolloutStage) else f"with {first.name}"


def _plan_of(app: AppState) -> Plan:
    plan = app.config.plan
    if plan is None:
        raise InvalidInput(
            f"{app.config.name} has no plan: no owner, no steps, no rollback triggers",
            where="app.plan",
            mend="declare one in the app's file: `owner: …`, `steps: [{share: 5%, dwell: 2h}, …]`, `guardrails: […]`",
        )
    if not plan.limits and not any(rail.role != "info" and not rail.dry_run for rail in plan.guardrails):
        raise InvalidInput(
            "the plan names nothing that would take the candidate back",
            where="app.plan.guardrails",
            mend="add at least one: `guardrails: [{metric: call.error}]`",
        )
    for i, stage in enumerate(plan.stages):
        _refuse_blind_shadow(plan, stage, f"app.plan.stages[{i}]")
    if not any(limit.action == "rollback" for limit in plan.limits):
        lack = "every limit of the plan only pauses" if plan.limits else "the plan has no absolute limit"
        raise InvalidInput(
            f"{lack}: at 100 % nothing would take the candidate back, since there is nobody left to compare with",
            where="app.plan.limits",
            mend="add one that rolls back: `limits: [{metric: call.error, above: 0.025}]`, in a project file "
            "`triggers: [{metric: call.error, above: 2.5%, for: 5m}]`",
        )
    if plan.is_watch(0):
        raise InvalidInput(
            "the first step is 100 %: all users at once",
            where="app.plan.steps[0]",
            mend="begin with a smaller one: `- {share: 5%, dwell: 2h}`",
        )
    return plan


def _refuse_blind_shadow(plan: Plan, stage: Stage, where: str) -> None:
    if not isinstance(stage, ShadowStage):
        return
    judged = [rail for rail in applying(stage.guardrails, plan.guardrails) if rail.role != "info" and not rail.dry_run]
    if not judged and not stage.limits and not any(margin.role != "info" for margin in stage.measures):
        raise InvalidInput(
            f"nothing would make {stage.name} stop a candidate",
            where=f"{where}.guardrails",
            mend="add at least one: `guardrails: [{metric: call.invalid_format}]`",
        )


def _control_of(app: AppState) -> str:
    if app.override is not None:
        raise Conflict(
            f"an override pins all traffic of {app.config.name}", where="app.override", mend="clear the override first"
        )
    return app.live or ""
