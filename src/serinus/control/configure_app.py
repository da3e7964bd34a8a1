"""Declare an app, or change its declaration."""

from __future__ import annotations

import re

import msgspec

from serinus.control.change import digest_of
from serinus.control.frozen import check_zones
from serinus.control.judges_at_hand import check_judges_at_hand
from serinus.control.publish import publish
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import InvalidInput
from serinus.core.judging.fallback_fit import check_fallback_fit
from serinus.core.judging.live import check_carried, check_live_judges
from serinus.core.pipeline.app import AppConfig, AppState, check_fallback
from serinus.core.pipeline.cohort import check_cohort
from serinus.core.pipeline.measuring import measured_since
from serinus.core.versions.content import parse_content
from serinus.core.wire.format_rule import check_format
from serinus.core.wire.policy import check_rules
from serinus.core.wire.redaction import check_redaction
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run

LONGEST_DAYS = 3650
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def configure_app(store: ControlStore, now_us: int, actor: str, config: AppConfig) -> AppState:
    """The app with this declaration, published at once. A running release keeps the plan it started with.

    The same declaration again changes nothing. InvalidInput names the field that cannot be.
    """
    _check(config)

    def work(tx: ControlTx) -> AppState:
        before = tx.app(config.name)
        if before is not None and before.config == config:
            return before
        since = measured_since(before, config, now_us)
        following = AppState(config=config)
        if before is not None:
            following = msgspec.structs.replace(before, config=config, measured_since=since)
        _refuse_speechless(tx, following)
        _refuse_misfit(tx, following)
        check_judges_at_hand(tx, config)
        if before is None or before.config.live_judges != config.live_judges:
            _refuse_uncarried(tx, config)
        tx.put_app(following)
        tx.append_audit(
            Draft(
                at_us=now_us,
                actor=actor,
                action=Action.APP_CONFIGURED,
                subject=config.name,
                before=digest_of(before.config) if before else "",
                after=digest_of(config),
            )
        )
        publish(tx, now_us)
        return following

    return run(store, work)


def _refuse_speechless(tx: ControlTx, state: AppState) -> None:
    """Nobody takes away the message that a first release would be rolled back to."""
    if state.live is not None or state.config.fallback_message:
        return
    active = next((one for one in tx.active_releases() if one.app == state.config.name), None)
    if active is not None:
        raise InvalidInput(
            f"users outside first release {active.id} get the fallback message, and a rollback leads to it",
            where="app.fallback_message",
            mend="keep a message until that release has ended",
        )


def _refuse_uncarried(tx: ControlTx, config: AppConfig) -> None:
    """Nobody puts a judge that may not carry it under a release that acts on its grades."""
    for one in tx.active_releases():
        if one.app == config.name:
            check_carried("app.live_judges", config.live_judges, one.plan, one.id)


def _refuse_misfit(tx: ControlTx, state: AppState) -> None:
    """Nobody declares a JSON message that is not what callers of a version parse that they are served."""
    served = {state.live} | {one.candidate for one in tx.active_releases() if one.app == state.config.name}
    for stored in tx.versions_of(sorted(digest for digest in served if digest)):
        check_fallback_fit(state.config, stored.name, parse_content(stored.content))


def _check(config: AppConfig) -> None:
    if not _NAME.fullmatch(config.name):
        raise InvalidInput(
            f"{config.name!r} is not an app name",
            where="app.name",
            mend="use up to 63 lower-case letters, digits, dots, hyphens and underscores",
        )
    if config.plan is not None:
        check_zones(config.plan)
    check_cohort(config)
    if config.overdue_s <= 0:
        raise InvalidInput(f"overdue_s {config.overdue_s} is not above 0", where="app.overdue_s", mend="e.g. 30")
    check_format("app.format_rule", config.format_rule)
    check_rules("app.rules", config.rules)
    check_redaction("app.redact", config.redact, config.redact_patterns)
    if not 1 <= config.payload_days <= LONGEST_DAYS:
        raise InvalidInput(
            f"payload_days {config.payload_days} is not from 1 to {LONGEST_DAYS}",
            where="app.payload_days",
            mend="e.g. 30",
        )
    check_fallback("app.fallback_after_s", config)
    check_live_judges("app.live_judges", config.live_judges, config.payload_share, config.plan)
    if not 0 <= config.payload_share <= 1:
        raise InvalidInput(
            f"payload_share {config.payload_share} is not in [0, 1]", where="app.payload_share", mend="e.g. 0.02"
        )
