"""An application as it is configured: how units are found, what limits hold, and the plan its releases follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from serinus.core.errors import InvalidInput, NotFound
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.pipeline.notifications import Notifications
from serinus.core.pipeline.plan import Plan
from serinus.core.routing.cached import CONFIDENCE
from serinus.core.routing.snapshot import BUILT_IN, AttributeSource, FormatRule, Limits, PolicyRule, UnitKind


class CachedFallback(msgspec.Struct, frozen=True, kw_only=True):
    """Approved answers come before the fallback message, for questions that are like theirs at least so much; after
    `after_s` without a first byte, too (0: only once the versions have failed)."""

    confidence: float = CONFIDENCE
    after_s: float = 0.0


class AppConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the user declares of an app; fields as in `routing.snapshot.App`. `plan` is None until one is declared.
    `opted_in` are lists of units by name, which steps of the plan may name; changing one takes effect at once.

    `hand_off_message` and `hand_off_json` are said in place of the message where no cached answer is enough like a
    question.
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
    fallback_cached: CachedFallback | None = None
    hand_off_message: str = ""
    hand_off_json: dict[str, Any] = {}
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


def unknown_app(name: str, apps: Iterable[AppState]) -> NotFound:
    """What to say of an app that is not among these."""
    known = ", ".join(one.config.name for one in apps)
    mend = f"known: {known}" if known else "none is declared yet: `serinus apply serinus.yaml` declares those of a file"
    return NotFound(f"no app {name!r}", where="app", mend=mend)


def check_fallback(where: str, config: AppConfig) -> None:
    """Raise InvalidInput when the time after which the fallback message answers cannot be, or there is no message; or
    when it is not as the app's `format` says, so that it would break who parses answers."""
    prefix = where.rpartition(".")[0]
    within = f"{prefix}." if prefix else ""
    _check_json(f"{within}fallback_json", config, config.fallback_message, config.fallback_json)
    _check_hand_off(within, config)
    if config.fallback_cached is not None:
        _check_cached(f"{within}fallback_cached", config, config.fallback_cached)
    after_s = config.fallback_after_s
    if not 0 <= after_s < config.limits.total_s:
        raise InvalidInput(f"{after_s:g} s is no time within the total of a call", where=where, mend="e.g. 5.5 s")
    if after_s and not config.fallback_message:
        raise InvalidInput(
            "there is no message to fall back on", where=where, mend="declare fallback_message, or leave this out"
        )


def _check_cached(where: str, config: AppConfig, cached: CachedFallback) -> None:
    if not config.fallback_message:
        raise InvalidInput(
            "there is no message for questions that no cached answer fits",
            where=where,
            mend="declare fallback_message, too",
        )
    if not 0 < cached.confidence <= 1:
        raise InvalidInput(
            f"{cached.confidence:g} is no likeness of questions", where=f"{where}.confidence", mend="above 0%, e.g. 75%"
        )
    longest_s = config.fallback_after_s or config.limits.first_token_s
    if not 0 <= cached.after_s < longest_s:
        raise InvalidInput(
            f"{cached.after_s:g} s is no time within the {longest_s:g} s that a version is waited for",
            where=f"{where}.after",
            mend="less than fallback_after and limits.first_token, e.g. 5.5 s",
        )


def _check_hand_off(within: str, config: AppConfig) -> None:
    if config.hand_off_message and config.fallback_cached is None:
        raise InvalidInput(
            "nothing measures how sure an answer is, so nobody would be told these words",
            where=f"{within}hand_off_message",
            mend="declare `fallback_cached: {}`, whose likeness of questions says it",
        )
    _check_json(f"{within}hand_off_json", config, config.hand_off_message, config.hand_off_json)


def _check_json(where: str, config: AppConfig, message: str, found: dict[str, Any]) -> None:
    rule = config.format_rule
    if found and not message:
        raise InvalidInput(
            "there is JSON for callers who ask for it, and no message for the others",
            where=where,
            mend=f"declare {where.rpartition('.')[2].removesuffix('json')}message, too",
        )
    if rule is None or rule.kind != "json_object" or not message:
        return
    missing = [key for key in rule.required_keys if key not in found]
    if missing or not found:
        example = ", ".join(f"{key}: …" for key in rule.required_keys) or 'answer: "One moment, please."'
        raise InvalidInput(
            f"`format` asks for a JSON object, and the fallback message is not one with {', '.join(missing)}"
            if missing
            else "`format` asks for a JSON object, and the fallback message is text",
            where=where,
            mend=f"say it in JSON, too: `{where.rpartition('.')[2]}: {{{example}}}`",
        )
