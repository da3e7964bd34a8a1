"""Since when an app's metrics have been measured as they are now: what was measured otherwise is no past of them."""

from __future__ import annotations

from serinus.core.metrics import REGISTRY, Metric, Quantile
from serinus.core.pipeline.app import AppConfig, AppState


def measured_since(before: AppState | None, config: AppConfig, now_us: int) -> dict[str, int]:
    """By metric, when its rule last changed (µs UTC); those whose rule never did are not in it."""
    if before is None:
        return {}
    changed = [name for name, judged in REGISTRY.items() if _rule(before.config, judged) != _rule(config, judged)]
    return {**before.measured_since, **dict.fromkeys(changed, now_us)}


def _rule(config: AppConfig, judged: Metric) -> object:
    """What of an app's declaration decides which of the same calls have the event, or how long they take."""
    limits = config.limits
    times = (limits.connect_s, limits.first_token_s, limits.between_tokens_s, limits.total_s)
    if isinstance(judged.measure, Quantile) or judged.name == "call.left":
        return times, config.fallback_after_s
    match judged.name:
        case "call.error":
            return times
        case "call.overdue":
            return config.overdue_s
        case "call.invalid_format":
            return config.format_rule
        case "call.policy_violation":
            return sorted(config.rules, key=lambda rule: rule.name)
        case "call.zero_tolerance":
            return sorted((rule for rule in config.rules if rule.zero_tolerance), key=lambda rule: rule.name)
    return None
