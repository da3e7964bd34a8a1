"""The type of release that a difference implies, with M1's base risks."""

from __future__ import annotations

from typing import Any

import pytest

from serinus.core.versions.diff import diff
from serinus.core.versions.release_type import BASE_RISK, ReleaseType, propose
from tests.unit.core.versions.test_diff import BASE, content

WORDY = "You are the assistant of a shop. Be kind, be brief, and answer in the customer's own language."


def prompt(text: str) -> dict[str, Any]:
    """A version with this system prompt alone."""
    return {"messages": [{"role": "system", "template": text}]}


def implied(before: dict[str, Any], after: dict[str, Any]) -> ReleaseType:
    """The type implied by a change."""
    return propose(diff(content(**before), content(**after))).type


def test_M1_base_risks_are_those_of_the_table() -> None:
    """The numbers of the requirements."""
    assert [BASE_RISK[one] for one in ReleaseType] == [0, 15, 35, 45, 65, 75, 90]


def test_M1_nothing_for_a_model_is_no_risk() -> None:
    """Equal versions, notes, known issues and descriptions: nothing that a model could see."""
    assert implied({}, {}) is ReleaseType.NONE
    assert implied({}, {"notes": "other", "known_issues": []}) is ReleaseType.NONE
    described = {"variables": {"name": {"type": "string", "description": "Whose?"}}}
    assert implied({}, described) is ReleaseType.NONE


def test_M1_other_words_are_wording() -> None:
    """A few words of one message, with everything around them as it was."""
    found = propose(diff(content(**prompt(WORDY)), content(**prompt(WORDY.replace("kind", "friendly")))))
    assert (found.type, found.base_risk, found.risk) == (ReleaseType.PROMPT_WORDING, 15, 15)
    assert [reason.text for reason in found.reasons] == ["words of the system message"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (prompt(WORDY), prompt("Something else entirely, said in a quite different manner.")),
        (prompt(WORDY), prompt(WORDY + "{% if name %} Hello.{% endif %}")),
        (prompt(WORDY), prompt("# Rules\n" + WORDY)),
        ({}, {"messages": BASE["messages"][:1]}),
        ({}, {"parameters": {"temperature": 1}}),
        ({}, {"response_format": ...}),
        ({}, {"caller_may_set": []}),
        ({}, {"tools": []}),
    ],
)
def test_M1_what_changes_the_build_is_structure(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Rewritten prompts, template logic, headings, messages, parameters, formats and tools are structure."""
    assert implied(before, after) is ReleaseType.PROMPT_STRUCTURE


def test_M1_a_new_tool_raises_the_risk() -> None:
    """A new tool or API sets a floor of 61, whatever the base risk is."""
    tool = {"type": "function", "function": {"name": "pay"}}
    found = propose(diff(content(), content(tools=[*BASE["tools"], tool])))
    assert (found.type, found.base_risk, found.risk) == (ReleaseType.PROMPT_STRUCTURE, 35, 61)
    assert "a new tool: pay" in [reason.text for reason in found.reasons]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("gpt-4o", "gpt-4o-2024-11-20", ReleaseType.BASE_MODEL_UPGRADE),
        ("gpt-4o", "gpt-5", ReleaseType.BASE_MODEL_UPGRADE),
        ("meta-llama/Llama-3.1-8B", "llama-3.3-70b", ReleaseType.BASE_MODEL_UPGRADE),
        ("gpt-4o", "claude-sonnet-4", ReleaseType.FULL_MODEL_REPLACEMENT),
        ("gpt-4o", "o3", ReleaseType.FULL_MODEL_REPLACEMENT),
        ("4o", "5o", ReleaseType.FULL_MODEL_REPLACEMENT),
        ("gpt-4o", "ft:gpt-4o:acme:support:1", ReleaseType.FINE_TUNE_NEW_CAPABILITY),
        ("ft:gpt-4o:acme:support:1", "ft:gpt-4o:acme:support:2", ReleaseType.FINE_TUNE_RECENT_DATA),
        ("ft:gpt-4o:acme:support:1", "ft:gpt-4o:acme:refunds:1", ReleaseType.FINE_TUNE_NEW_CAPABILITY),
        ("ft:gpt-4o:acme:support:1", "ft:gpt-5:acme:support:2", ReleaseType.BASE_MODEL_UPGRADE),
        ("ft:gpt-4o:acme:support:1", "gpt-4o", ReleaseType.BASE_MODEL_UPGRADE),
    ],
)
def test_M1_models_by_family_and_fine_tune(before: str, after: str, expected: ReleaseType) -> None:
    """A newer data set of a fine-tune weighs less than a first one, a new base more, another family most."""
    assert implied({"model": before}, {"model": after}) is expected


def test_M1_the_gravest_reason_decides_and_all_are_told() -> None:
    """A new model with a new prompt is judged by the model; the words are a reason too."""
    changed = {**prompt(WORDY.replace("kind", "friendly")), "model": "claude-sonnet-4"}
    found = propose(diff(content(**prompt(WORDY)), content(**changed)))
    assert (found.type, found.base_risk, found.risk) == (ReleaseType.FULL_MODEL_REPLACEMENT, 90, 90)
    assert [reason.type for reason in found.reasons] == [
        ReleaseType.FULL_MODEL_REPLACEMENT,
        ReleaseType.PROMPT_WORDING,
    ]


def test_M1_another_endpoint_counts_as_another_model() -> None:
    """The same name elsewhere may be other weights: a person may lower it, Serinus does not."""
    assert implied({}, {"endpoint": "azure"}) is ReleaseType.BASE_MODEL_UPGRADE
