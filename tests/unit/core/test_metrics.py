"""The metric registry."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.metrics import REGISTRY, Metric, metric
from serinus.core.records.record import Event


def test_every_event_of_a_record_has_one_metric() -> None:
    """Each bit is named once, so that nothing is counted twice or not at all."""
    assert sorted(m.event for m in REGISTRY.values() if m.event) == sorted(int(event) for event in Event)


def test_names_are_dotted_and_not_custom() -> None:
    """`custom.` belongs to users; ours begin with what they describe."""
    for name, found in REGISTRY.items():
        assert name == found.name
        assert "." in name
        assert not name.startswith("custom.")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("unit", "ms"),
        ("direction", "higher"),
        ("level", "request"),
        ("event", 2),
        ("maturation_s", 1),
        ("scale", 10),
        ("revision", 2),
    ],
)
def test_a_changed_definition_has_another_digest(field: str, value: Any) -> None:
    """Evidence gathered under one definition is never continued under another (2.10)."""
    before = Metric(name="a.b", title="a", unit="share", direction="lower", level="unit", event=1)
    assert msgspec.structs.replace(before, **{field: value}).digest != before.digest


@pytest.mark.parametrize("field", ["title", "description"])
def test_better_words_keep_the_digest(field: str) -> None:
    """An upgrade that mends a text does not touch the evidence of a running release."""
    before = metric("call.error")
    assert msgspec.structs.replace(before, **{field: "other words"}).digest == before.digest


def test_an_unknown_metric_is_refused_with_the_known_ones() -> None:
    """A typing error in a plan is mended without the manual."""
    with pytest.raises(InvalidInput, match="unknown metric") as refused:
        metric("call.errors")
    assert "call.error" in refused.value.mend
