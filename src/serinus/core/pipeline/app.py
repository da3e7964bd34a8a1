"""An application as it is configured: how units are found, what limits hold, and the plan its releases follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.pipeline.notifications import Notifications
from serinus.core.pipeline.plan import Plan
from serinus.core.routing.snapshot import BUILT_IN, AttributeSource, FormatRule, Limits, PolicyRule, UnitKind


class AppConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the user declares of an app; fields as in `routing.snapshot.App`. `plan` is None until one is declared.
    `opted_in` are lists of units by name, which steps of the plan may name; changing one takes effect at once.

    Kept texts are deleted when they are `payload_days` old; `live_judges` grade a sample of them."""

    name: str
    plan: Plan | None = None
    unit: UnitKind = "user"
    limits: Limits = Limits()
    format_rule: FormatRule | None = None
    fallback_message: str = ""
    fallback_json: dict[str, Any] = {}
    overdue_s: float = 30.0
    payload_share: float = 0.0
    fallback_after_s: float = 0.0
    payload_days: int = 30
    rules: tuple[PolicyRule, ...] = ()
    redact: tuple[str, ...] = BUILT_IN
    redact_patterns: dict[str, str] = {}
    notifications: Notifications = Notifications()
    attributes: tuple[AttributeSource, ...] = ()
    opted_in: dict[str, tuple[str, ...]] = {}
    live_judges: tuple[LiveJudge, ...] = ()


class AppState(msgspec.Struct, frozen=True, kw_only=True):
    """An app and what it serves: digests of the live version and of an override (None: none). `measured_since`: by
    metric, when the rule by which its events are told last changed (µs UTC); those whose rule never did are missing."""

    config: AppConfig
    live: str | None = None
    override: str | None = None
    project: str = "default"
    measured_since: dict[str, int] = {}


def unserved_apps(apps: Iterable[AppState]) -> tuple[str, ...]:
    """The names of the apps whose callers get the fallback message because nothing is live, in order."""
    return tuple(sorted(one.config.name for one in apps if one.live is None and one.config.fallback_message))


def check_fallback(where: str, config: AppConfig) -> None:
    """Raise InvalidInput when the time after which the fallback message answers cannot be, or there is no message; or
    when it is not as the app's `format` says, so that it would break who parses answers."""
    _check_json(where.rpartition(".")[0], config)
    after_s = config.fallback_after_s
    if not 0 <= after_s < config.limits.total_s:
        raise InvalidInput(f"{after_s:g} s is no time within the total of a call", where=where, mend="e.g. 5.5 s")
    if after_s and not config.fallback_message:
        raise InvalidInput(
            "there is no message to fall back on", where=where, mend="declare fallback_message, or leave this out"
        )


def _check_json(prefix: str, config: AppConfig) -> None:
    where = f"{prefix}.fallback_json" if prefix else "fallback_json"
    rule, found = config.format_rule, config.fallback_json
    if found and not config.fallback_message:
        raise InvalidInput(
            "there is JSON for callers who ask for it, and no message for the others",
            where=where,
            mend="declare fallback_message, too",
        )
    if rule is None or rule.kind != "json_object" or not config.fallback_message:
        return
    missing = [key for key in rule.required_keys if key not in found]
    if missing or not found:
        example = ", ".join(f"{key}: …" for key in rule.required_keys) or 'answer: "One moment, please."'
        raise InvalidInput(
            f"`format` asks for a JSON object, and the fallback message is not one with {', '.join(missing)}"
            if missing
            else "`format` asks for a JSON object, and the fallback message is text",
            where=where,
            mend=f"say it in JSON, too: `fallback_json: {{{example}}}`",
        )
