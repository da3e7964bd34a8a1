"""Since when a metric has been measured as it is now follows from what an app declares."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.pipeline.app import AppConfig, AppState, CachedFallback
from serinus.core.pipeline.measuring import measured_since
from serinus.core.routing.snapshot import FormatRule, Limits, PolicyRule

RULE = PolicyRule(name="no-iban", kind="regex", pattern="DE[0-9]{20}")
ZERO = PolicyRule(name="no-refunds", kind="forbidden_tools", tools=("refund",), zero_tolerance=True)
CONFIG = AppConfig(name="shop", rules=(RULE,))
TIMED = {"call.error", "call.left", "call.overdue"}
WAITS = {f"{of}.{q}" for of in ("latency", "ttft") for q in ("p50", "p95", "p99")}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"format_rule": FormatRule(kind="json_object")}, {"call.invalid_format"}),
        ({"rules": (RULE, ZERO)}, {"call.policy_violation", "call.zero_tolerance"}),
        ({"rules": ()}, {"call.policy_violation"}),
        ({"rules": (msgspec.structs.replace(RULE, zero_tolerance=True),)}, {"call.zero_tolerance"}),
        ({"overdue_s": 9.0}, {"call.overdue"}),
        ({"limits": Limits(total_s=30.0)}, TIMED | WAITS),
        ({"fallback_after_s": 5.5}, TIMED | WAITS),
        ({"fallback_cached": CachedFallback(after_s=2.0)}, TIMED | WAITS),
        ({"fallback_cached": CachedFallback()}, set()),
        ({"fallback_message": "Please call us.", "fallback_json": {"say": "Please call us."}}, set()),
        ({"limits": Limits(body_bytes=1)}, set()),
        ({"payload_share": 0.5}, set()),
    ],
)
def test_2_7_a_changed_rule_begins_the_past_of_its_metrics_anew(changes: dict[str, Any], names: set[str]) -> None:
    """And of no others; what changed before stays. A call that no version answered in time has failed, though its
    caller was told a message or a cached answer: when that is earlier, more calls fail."""
    before = AppState(config=CONFIG, measured_since={"call.refusal": 3})
    found = measured_since(before, msgspec.structs.replace(CONFIG, **changes), 7)
    assert found == {"call.refusal": 3} | dict.fromkeys(names, 7)


def test_2_7_the_order_of_rules_is_no_change_and_a_new_app_has_none() -> None:
    """What is measured stays the same; before an app there is nothing to be measured otherwise."""
    two = msgspec.structs.replace(CONFIG, rules=(RULE, ZERO))
    before = AppState(config=two)
    assert measured_since(before, msgspec.structs.replace(two, rules=(ZERO, RULE)), 7) == {}
    assert measured_since(None, two, 7) == {}


def test_2_7_the_same_declaration_again_begins_nothing_anew() -> None:
    """As it comes back from the store, and beside words that decide nothing."""
    one = msgspec.structs.replace(CONFIG, rules=(RULE, ZERO), format_rule=FormatRule(kind="json_object"))
    state = AppState(config=one, measured_since={"call.error": 3})
    stored = msgspec.json.decode(msgspec.json.encode(state), type=AppState)
    assert measured_since(stored, one, 7) == {"call.error": 3}
    assert measured_since(stored, msgspec.structs.replace(one, fallback_message="Sorry."), 7) == {"call.error": 3}
