"""Since when an app's metrics have been measured as they are now: what was measured otherwise is no past of them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from serinus.core.metrics import REGISTRY, Metric, Quantile
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.routing.snapshot import PolicyRule

_TIMED = frozenset({"call.error", "call.left", "call.overdue"})


def measured_since(before: AppState | None, config: AppConfig, now_us: int) -> dict[str, int]:
    """By metric, when its rule last changed (µs UTC); those whose rule never did are not in it."""
    if before is None:
        return {}
    changed = [name for name, judged in REGISTRY.items() if _rule(before.config, judged) != _rule(config, judged)]
    return {**before.measured_since, **dict.fromkeys(changed, now_us)}


def _rule(config: AppConfig, judged: Metric) -> object:
    """What of an app's declaration decides which of the same calls have the event, or how long they take."""
    if isinstance(judged.measure, Quantile) or judged.name in _TIMED:
        return _times(config), config.overdue_s if judged.name == "call.overdue" else None
    match judged.name:
        case "call.invalid_format":
            return config.format_rule
        case "call.policy_violation":
            return _named(msgspec.structs.replace(rule, zero_tolerance=False) for rule in config.rules)
        case "call.zero_tolerance":
            return _named(rule for rule in config.rules if rule.zero_tolerance)
    return None


def _named(rules: Iterable[PolicyRule]) -> list[PolicyRule]:
    return sorted(rules, key=lambda rule: rule.name)


def _times(config: AppConfig) -> object:
    """How long a version is waited for: when the time is up the call has failed, whatever its caller is told then."""
    limits, cached = config.limits, config.fallback_cached
    early = cached if cached is not None and cached.after_s > 0 else None
    return (
        (limits.connect_s, limits.first_token_s, limits.between_tokens_s, limits.total_s),
        config.fallback_after_s,
        early,
    )
